"""A local smile: where quotes are dense they say more than five numbers can.

Weighted least squares of a parabola in log-moneyness around each point, with Epanechnikov weights over the distance and
the inverse variance of each quote: J. Fan and I. Gijbels, "Local polynomial modelling and its applications" (1996),
sections 3.1 and 3.2. The window is as wide as a number of quotes asks, so it is narrow where they are dense.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.arguments import WHOLE_NUMBERS, Floats, as_floats, as_rows, one_number

_NEIGHBOURS = 13
_LEAST_NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class KernelSmile:
    """Local volatilities at n points.

    Attributes
    ----------
    sigma : float64[n]
        Decimal, positive; NaN outside the quotes, and where the nearest are too thin, too far, or so scattered that
        their parabola is not positive.
    standard_error : float64[n]
        Of ``sigma``, from the scatter of the quotes in the window about their parabola, and no less than what the
        quotes' own widths leave.
    quotes : int64[n]
        How many stood in the window.
    """

    sigma: Floats
    standard_error: Floats
    quotes: NDArray[np.int64]


def kernel_smile(
    at: ArrayLike,
    log_moneyness: ArrayLike,
    sigma: ArrayLike,
    error: ArrayLike,
    *,
    widest: float,
    neighbours: int = _NEIGHBOURS,
) -> KernelSmile:
    """Interpolate one expiry's volatilities.

    Parameters
    ----------
    at : float64[n]
        Log-moneyness where volatilities are wanted; one number is a row of one.
    log_moneyness, sigma, error : float64[q]
        Quotes and their errors (half the width of bid to ask, floored), in any order. Those that are not finite are
        left out, and volatilities and errors that are not positive.
    widest : float
        The half width of the window may not exceed it: half a deviation at the money, say. Where the quotes are thinner
        there is no local volatility. Positive; infinite for no bound.
    neighbours : int
        How many quotes the window reaches for.

    Raises
    ------
    ValueError
        For arguments that are no numbers, quotes that are no rows of one length, points that are no row, or a width or
        number that is not positive.
    """
    points = np.atleast_1d(as_floats("at", at))
    if points.ndim > 1:
        raise ValueError(f"at has shape {points.shape}, a row of points is needed: flatten it")
    _, (k, y, e) = as_rows(None, log_moneyness=log_moneyness, sigma=sigma, error=error)
    widest, neighbours = (
        one_number("widest", widest),
        int(one_number("neighbours", neighbours, WHOLE_NUMBERS)),
    )
    if not (widest > 0 and neighbours >= _LEAST_NEIGHBOURS):
        raise ValueError(
            f"widest must be positive and neighbours at least {_LEAST_NEIGHBOURS}; got {widest}, {neighbours}"
        )
    usable = np.isfinite(k) & np.isfinite(y) & np.isfinite(e) & (e > 0) & (y > 0)
    k, y, e = k[usable], y[usable], e[usable]
    value, doubt = np.full(points.size, np.nan), np.full(points.size, np.nan)
    counts = np.zeros(points.size, dtype=np.int64)
    if k.size < _LEAST_NEIGHBOURS:
        return KernelSmile(value, doubt, counts)
    for i, point in enumerate(points):
        if not k.min() <= point <= k.max():
            continue
        distance = np.abs(k - point)
        reach = min(
            float(np.partition(distance, min(neighbours, k.size) - 1)[min(neighbours, k.size) - 1]), widest
        )
        inside = distance < reach * (1.0 + 1e-9)
        counts[i] = inside.sum()
        if counts[i] < _LEAST_NEIGHBOURS:
            continue
        found, its_error = _local(k[inside] - point, y[inside], e[inside], reach)
        if found > 0:
            value[i], doubt[i] = found, its_error
    return KernelSmile(value, doubt, counts)


def _local(x: Floats, y: Floats, error: Floats, reach: float) -> tuple[float, float]:
    """The value at 0 of the parabola through the window, and its standard error."""
    # a little wider than the farthest, whose weight would be 0
    weight = np.maximum(1.0 - (x / (1.1 * reach)) ** 2, 0.0) / error**2
    basis = np.vander(x / reach, 3, increasing=True)
    gram = basis.T @ (weight[:, None] * basis)
    if np.linalg.cond(gram) > 1e12:
        return float("nan"), float("nan")
    smoother = np.linalg.solve(gram, basis.T * weight)[0]
    residual = y - basis @ np.linalg.solve(gram, basis.T @ (weight * y))
    freedom = max(x.size - 3, 1)
    # by how much the quotes scatter more than their widths say, but never less
    excess = max(float(np.sum((residual / error) ** 2)) / freedom, 1.0)
    return float(smoother @ y), float(np.sqrt(excess * np.sum((smoother * error) ** 2)))
