"""Volatilities and prices of contracts without quotes, each with an uncertainty and its source."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.arguments import Floats, coded_columns
from engine.pricing.black import black_derivatives
from engine.pricing.surface.kernel_smile import kernel_smile
from engine.pricing.surface.quotes import SIGMA_ERROR_FLOOR
from engine.pricing.surface.surface import SliceSource, VolatilitySurface
from engine.pricing.surface.svi import total_variance

#: the window of the local smile and of the residuals, in deviations at the money
_WINDOW = 0.5
_NEAREST = 15
#: beyond the last quote a slice is unsure of this share of its volatility for each deviation
EXTRAPOLATION_PER_DEVIATION = 0.04
#: and so is one that SSVI drew, of this share of it everywhere
SSVI_SHARE = 0.05


class MarkSource(IntEnum):
    """What a mark comes from."""

    #: the expiry is unknown to the surface, it has no slice, or the strike is not positive and finite
    NONE = 0
    #: the expiry's SVI slice
    SVI = 1
    #: a slice that SSVI drew, for want of quotes
    SSVI = 2
    #: the local smile among dense quotes
    KERNEL = 3

    @property
    def label(self) -> str:
        """As stored: ``kernel``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks of n contracts.

    Attributes
    ----------
    sigma : float64[n]
        Decimal volatility; NaN with the source NONE.
    uncertainty : float64[n]
        About one standard deviation of ``sigma``, of a mid quote that might have been.
    price : float64[n]
        Discounted, per unit of underlying; NaN also where the discount is not positive and finite.
    price_uncertainty : float64[n]
        Vega times ``uncertainty``.
    source : int8[n]
        Codes of :class:`MarkSource`.
    """

    sigma: Floats
    uncertainty: Floats
    price: Floats
    price_uncertainty: Floats
    source: NDArray[np.int8]


def mark_contracts(
    surface: VolatilitySurface, *, code: ArrayLike, right: ArrayLike, strike: ArrayLike, discount: ArrayLike
) -> Marks:
    """Mark contracts.

    Among dense quotes the local smile is taken, which follows them; elsewhere the slice. The uncertainty of the local
    smile is its standard error and the quotes' own half width; that of a slice is the root mean square of its residuals
    at the nearest fifteen quotes, those nearer counting more, and, beyond the last quote, a share that grows with the
    distance from it.

    Parameters
    ----------
    code : int[n]
        The expiry, as in the surface's quotes.
    right : int8[n]
        0 call, 1 put.
    strike : float64[n]
    discount : float64[n]
        Discount factors.

    Raises
    ------
    ValueError
        For arguments that are no numbers or do not broadcast, and rights that are neither 0 nor 1.
    """
    _, (codes, rights), (strikes, factors) = coded_columns(
        {"code": code, "right": right}, {"strike": strike, "discount": discount}
    )
    q = surface.quotes
    sigma, doubt = np.full(codes.size, np.nan), np.full(codes.size, np.nan)
    source = np.full(codes.size, MarkSource.NONE, dtype=np.int8)
    forward, years = np.full(codes.size, np.nan), np.full(codes.size, np.nan)
    residuals = surface.residuals()
    for j in np.flatnonzero(np.isin(q.code, codes) & (surface.source != SliceSource.NONE)):
        rows = np.flatnonzero((codes == q.code[j]) & (strikes > 0) & (strikes < np.inf))
        k = np.log(strikes[rows] / q.forward[j])
        forward[rows], years[rows] = q.forward[j], q.year_fraction[j]
        sigma[rows], doubt[rows], source[rows] = _of_expiry(surface, int(j), k, residuals[q.of(int(j))])
    values = black_derivatives(rights, forward, strikes, years, sigma)
    factors = np.where((factors > 0) & (factors < np.inf), factors, np.nan)
    return Marks(sigma, doubt, factors * values.price, factors * values.vega * doubt, source)


def _of_expiry(
    surface: VolatilitySurface, j: int, k: Floats, residual: Floats
) -> tuple[Floats, Floats, NDArray[np.int8]]:
    q, part = surface.quotes, surface.quotes.of(j)
    here = surface.parameters.at(j)
    quoted, width = q.log_moneyness[part], q.half_width[part]
    deviation = float(np.sqrt(total_variance(0.0, here)))
    sigma = np.sqrt(total_variance(k, here) / q.year_fraction[j])
    doubt = _dispersion(k / deviation, quoted / deviation, residual)
    beyond = np.full(k.size, np.abs(k) / deviation)
    if quoted.size:
        beyond = np.maximum(np.maximum(quoted[0] - k, k - quoted[-1]), 0.0) / deviation
    drawn = surface.source[j] == SliceSource.SSVI
    doubt = np.hypot(doubt, EXTRAPOLATION_PER_DEVIATION * beyond * sigma)
    if drawn:
        doubt = np.hypot(doubt, SSVI_SHARE * sigma)
    source = np.full(k.size, MarkSource.SSVI if drawn else MarkSource.SVI, dtype=np.int8)
    error = np.hypot(width, SIGMA_ERROR_FLOOR)
    local = kernel_smile(k, quoted, q.sigma[part], error, widest=_WINDOW * deviation)
    dense = np.isfinite(local.sigma)
    if dense.any():
        own = np.interp(k, quoted, width)
        sigma = np.where(dense, local.sigma, sigma)
        doubt = np.where(dense, np.hypot(local.standard_error, own), doubt)
        source[dense] = MarkSource.KERNEL
    return sigma, doubt, source


def _dispersion(at: Floats, quoted: Floats, residual: Floats) -> Floats:
    """Root mean square of the residuals at the quotes nearest to each point, all in deviations."""
    if not quoted.size:
        return np.full(at.size, SIGMA_ERROR_FLOOR)
    distance = np.abs(at[:, None] - quoted)
    count = min(_NEAREST, quoted.size)
    nearest = np.argpartition(distance, count - 1, axis=1)[:, :count]
    weight = 1.0 / (_WINDOW**2 + np.take_along_axis(distance, nearest, axis=1) ** 2)
    mean = np.sum(weight * residual[nearest] ** 2, axis=1) / np.sum(weight, axis=1)
    return np.asarray(np.hypot(np.sqrt(mean), SIGMA_ERROR_FLOOR))
