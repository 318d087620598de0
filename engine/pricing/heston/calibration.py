"""Heston's parameters from a surface of implied volatilities.

Least squares of volatility errors, each taken as price error over vega, with the analytic gradient of the prices: Y.
Cui, S. del Bano Rollin and G. Germano, "Full and fast calibration of the Heston stochastic volatility model", European
Journal of Operational Research 263 (2017).
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

from engine.pricing.arguments import Floats, numeric_columns
from engine.pricing.black import black_derivatives
from engine.pricing.heston.model import HestonParameters
from engine.pricing.heston.price import heston_price_gradient

_LEAST_VARIANCE = 1e-5
_LOW = np.array([_LEAST_VARIANCE, 1e-2, _LEAST_VARIANCE, 1e-2, -0.995])
_HIGH = np.array([5.0, 30.0, 5.0, 8.0, 0.995])
_EDGE = 1e-3  # of what is searched
_LEAST_QUOTES = 5
#: of the forward, vega below which a price does not show its volatility
_NO_VEGA = 1e-8
_POOR = 0.25  # root mean square error over the median volatility
#: vegas below this share of the largest are raised to it: a price error there is no volatility error to speak of
_LEAST_VEGA = 1e-3


class CalibrationStatus(IntEnum):
    """What became of a calibration."""

    OK = 0
    #: the evaluations ended first
    NOT_CONVERGED = 1
    #: quotes at fewer moneynesses and expiries than there are parameters
    TOO_FEW_QUOTES = 2
    #: converged, and off by more than a quarter of the median volatility: these quotes are none of Heston's
    POOR_FIT = 3

    @property
    def label(self) -> str:
        """As stored: ``not_converged``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class HestonCalibration:
    """A calibrated model.

    Attributes
    ----------
    model : HestonParameters or None
        None with the status TOO_FEW_QUOTES.
    status : CalibrationStatus
    rms_volatility_error : float
        Root mean square of model less quoted volatility, weighted as in the fit, decimal; NaN without a model.
    feller_ratio : float
        ``2 kappa theta / vol_of_vol^2``, reported and not forced: below 1 variance reaches 0.
    at_bounds : tuple of str
        Parameters that ended at the edge of what was searched: the quotes do not determine them.
    """

    model: HestonParameters | None
    status: CalibrationStatus
    rms_volatility_error: float
    feller_ratio: float
    at_bounds: tuple[str, ...]


def calibrate_heston(
    forward: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    sigma: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    start: HestonParameters | None = None,
    most_evaluations: int = 200,
) -> HestonCalibration:
    """Fit the five parameters to implied volatilities.

    Parameters
    ----------
    forward, strike, year_fraction, sigma : float64[n]
        Broadcast; quotes that are not finite and positive are left out, and those whose price does not depend on
        volatility any more.
    weight : float64[n], optional
        One over the error of each volatility; equal by default.
    start : HestonParameters, optional
        Where to begin, e.g. the day before.
    most_evaluations
        Of the whole surface.

    Raises
    ------
    ValueError
        For arguments that are no numbers or do not broadcast, weights that are negative, or no evaluations.
    """
    if most_evaluations < 1:
        raise ValueError(f"most_evaluations is {most_evaluations}: at least one is needed")
    _, (f, k, t, vol, wt) = numeric_columns(
        {
            "forward": forward,
            "strike": strike,
            "year_fraction": year_fraction,
            "sigma": sigma,
            "weight": 1.0 if weight is None else weight,
        }
    )
    if np.any(wt < 0):
        raise ValueError("weight must not be negative")
    usable = (wt > 0) & np.isfinite(wt)
    for values in (f, k, t, vol):
        usable &= np.isfinite(values) & (values > 0)
    usable[usable] = black_derivatives(0, *(v[usable] for v in (f, k, t, vol))).vega > _NO_VEGA * f[usable]
    f, k, t, vol, wt = (v[usable] for v in (f, k, t, vol, wt))
    if np.unique(np.stack([k / f, t]), axis=1).shape[1] < _LEAST_QUOTES:
        return HestonCalibration(None, CalibrationStatus.TOO_FEW_QUOTES, np.nan, np.nan, ())
    quoted = black_derivatives((k < f).astype(np.int8), f, k, t, vol)
    vega = np.maximum(quoted.vega, _LEAST_VEGA * quoted.vega.max())
    factor = wt / np.sqrt(np.mean(wt**2)) / vega
    groups = [np.flatnonzero(t == time) for time in np.unique(t)]

    def evaluate(x: Floats) -> tuple[Floats, Floats]:
        model = HestonParameters(*map(float, x))
        price, slopes = np.empty(f.size), np.empty((5, f.size))
        for rows in groups:
            price[rows], slopes[:, rows] = heston_price_gradient(f[rows], k[rows], float(t[rows[0]]), model)
        return factor * (price - quoted.price), (factor * slopes).T

    cached: dict[bytes, tuple[Floats, Floats]] = {}

    def at(x: Floats) -> tuple[Floats, Floats]:
        key = x.tobytes()
        if key not in cached:
            cached.clear()  # residuals and gradient are asked for one after the other
            cached[key] = evaluate(x)
        return cached[key]

    first = np.clip((start or _guess(f, k, t, vol)).as_array(), 1.001 * _LOW, 0.999 * _HIGH)
    first[4] = np.clip(first[4], -0.99, 0.99)
    found = least_squares(
        lambda x: at(x)[0],
        first,
        jac=lambda x: at(x)[1],
        bounds=(_LOW, _HIGH),
        x_scale=np.array([0.05, 2.0, 0.05, 0.5, 0.5]),
        max_nfev=most_evaluations,
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-14,
    )
    model = HestonParameters(*map(float, found.x))
    names = ("v0", "kappa", "theta", "vol_of_vol", "rho")
    near = _EDGE * (_HIGH - _LOW)
    # variances may be small without being at the edge
    edge = (found.x - _LOW < np.where(_LOW == _LEAST_VARIANCE, 0.1 * _LOW, near)) | (_HIGH - found.x < near)
    error = (found.fun / factor) / vega
    rms = float(np.sqrt(np.sum((wt * error) ** 2) / np.sum(wt**2)))
    status = CalibrationStatus.OK if rms <= _POOR * np.median(vol) else CalibrationStatus.POOR_FIT
    return HestonCalibration(
        model=model,
        status=status if found.status > 0 else CalibrationStatus.NOT_CONVERGED,
        rms_volatility_error=rms,
        feller_ratio=model.feller_ratio,
        at_bounds=tuple(name for name, is_at in zip(names, edge, strict=True) if is_at),
    )


def _guess(f: Floats, k: Floats, t: Floats, vol: Floats) -> HestonParameters:
    """Variance near the money at both ends of time, and a skew towards puts as indices have it."""
    distance = np.abs(np.log(k / f)) / np.sqrt(t)
    near = distance <= np.quantile(distance, 0.3)
    soon = near & (t <= t[near].min() + 1e-9)
    late = near & (t >= t[near].max() - 1e-9)
    return HestonParameters(float(np.mean(vol[soon] ** 2)), 2.0, float(np.mean(vol[late] ** 2)), 0.6, -0.5)
