"""European prices under Heston's model, all strikes of an expiry at once, with an error estimate.

    out-of-the-money price = min(F, K) - sqrt(F K) / pi  Re int exp(i z x) psi(z - i / 2) / (z^2 + 1 / 4) dz

with ``x = ln(F / K)``: A. Lewis, "A simple option formula for general jump-diffusion and other exponential Levy
processes" (2001). The line of integration is turned towards where the integrand decays without oscillating, as by
L. Andersen and M. Lake, "Robust high-precision option pricing by Fourier transforms" (2018), and the integral is the
trapezoidal rule after the double-exponential substitution ``exp(s - exp(-s))``, refined until two rules agree.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from engine.pricing.arguments import REAL_NUMBERS, Floats, as_columns, numeric_columns
from engine.pricing.heston.model import (
    Complexes,
    HestonParameters,
    log_characteristic,
    log_characteristic_gradient,
)

#: angles of the line of integration; each strike takes the nearest to its best
_ANGLES = np.pi / 12 * np.arange(-2, 3)
_FIRST = -3.7  # exp(-3.7 - exp(3.7)) is 1e-19: nothing is left below
_NEGLIGIBLE = -44.0  # of the logarithm of the integrand
_FARTHEST = 1e12
_FIRST_NODES, _MOST_NODES = 64, 8192
_AGREEMENT = 1e-9  # halving the step squares the error
_CHUNK = 1 << 22


@dataclass(frozen=True, slots=True)
class HestonPrices:
    """Undiscounted prices.

    Attributes
    ----------
    price : float64[...]
        NaN where an input is NaN or outside its domain, or the integral did not settle.
    error : float64[...]
        Estimate of the error of the price, same unit: what arithmetic leaves, about 1e-15 of the forward.
    """

    price: Floats
    error: Floats


def heston_price(
    right: ArrayLike, forward: ArrayLike, strike: ArrayLike, year_fraction: ArrayLike, model: HestonParameters
) -> HestonPrices:
    """Undiscounted European prices; the arguments broadcast.

    Parameters
    ----------
    right : int8
        0 call, 1 put.
    forward, strike : float64
        Positive.
    year_fraction : float64
        Not negative; at 0 the intrinsic value.

    Raises
    ------
    ValueError
        See :func:`engine.pricing.arguments.as_columns`.
    """
    shape, rights, (f, k, t) = as_columns(right, forward=forward, strike=strike, year_fraction=year_fraction)
    is_put = rights == 1
    price, error = np.full(f.shape, np.nan), np.full(f.shape, np.nan)
    valid = (f > 0) & (k > 0) & (t >= 0) & np.isfinite(f) & np.isfinite(k) & np.isfinite(t)
    for time in np.unique(t[valid]):
        rows = np.flatnonzero(valid & (t == time))
        scale = np.sqrt(f[rows] * k[rows])
        least = np.minimum(f[rows], k[rows])
        if time == 0:
            otm, doubt = np.zeros(rows.size), np.zeros(rows.size)
        else:
            integral, moved, _ = _integrals(np.log(f[rows] / k[rows]), float(time), model, gradient=False)
            otm = np.maximum(least - scale / np.pi * integral, 0.0)
            doubt = scale / np.pi * moved + 4.0 * np.finfo(np.float64).eps * (least + scale)
        intrinsic = np.maximum(np.where(is_put[rows], k[rows] - f[rows], f[rows] - k[rows]), 0.0)
        price[rows], error[rows] = otm + intrinsic, doubt
    return HestonPrices(price.reshape(shape), error.reshape(shape))


def heston_price_gradient(
    forward: ArrayLike, strike: ArrayLike, year_fraction: float, model: HestonParameters
) -> tuple[Floats, Floats]:
    """Undiscounted out-of-the-money prices of one expiry, and their derivatives to the parameters.

    Returns
    -------
    float64[n], float64[5, n]
        Derivatives to v0, kappa, theta, vol_of_vol, rho: the same for calls and puts.

    Raises
    ------
    ValueError
        For arguments that are not positive and finite.
    """
    _, (f, k, t) = numeric_columns(
        {"forward": forward, "strike": strike, "year_fraction": year_fraction}, REAL_NUMBERS
    )
    if not np.all((f > 0) & (k > 0) & (t > 0) & np.isfinite(f) & np.isfinite(k)) or not np.isfinite(
        year_fraction
    ):
        raise ValueError("forward, strike and year_fraction must be positive and finite")
    scale = np.sqrt(f * k)
    integral, _, slopes = _integrals(np.log(f / k), float(year_fraction), model, gradient=True)
    return np.minimum(f, k) - scale / np.pi * integral, -scale / np.pi * slopes


def _integrals(
    x: Floats, t: float, model: HestonParameters, *, gradient: bool
) -> tuple[Floats, Floats, Floats]:
    """The integral for each x, an estimate of its error, and its derivatives to the parameters."""
    value, moved = np.empty(x.size), np.empty(x.size)
    slopes = np.zeros((5, x.size if gradient else 0))
    # far out the integrand is exp(-z (a + i b))
    reach = (model.v0 + model.kappa * model.theta * t) / model.vol_of_vol
    best = np.arctan2(x - reach * model.rho, reach * np.sqrt(1.0 - model.rho**2))
    # turned against the strike's own wave the integrand grows before it decays
    best = np.where(best * x > 0, best, 0.0)
    nearest = np.abs(best[:, None] - _ANGLES).argmin(axis=1)
    for place in np.unique(nearest):
        rows = np.flatnonzero(nearest == place)
        for start in range(0, rows.size, 256):
            some = rows[start : start + 256]
            ray = complex(1.0, np.tan(_ANGLES[place]))
            value[some], moved[some], part = _on_ray(x[some], t, model, ray, gradient=gradient)
            if gradient:
                slopes[:, some] = part
    return value, moved, slopes


def _on_ray(
    x: Floats, t: float, model: HestonParameters, ray: complex, *, gradient: bool
) -> tuple[Floats, Floats, Floats]:
    last = np.log(_end(x, t, model, ray))
    nodes = _FIRST_NODES
    step = (last - _FIRST) / nodes
    total = step * _sum(x, t, model, ray, _FIRST + step * np.arange(nodes + 1), gradient=gradient)
    while True:
        between = _sum(x, t, model, ray, _FIRST + step * (np.arange(nodes) + 0.5), gradient=gradient)
        finer = 0.5 * (total + step * between)
        change = np.abs(finer[0] - total[0])
        nodes, step, total = 2 * nodes, 0.5 * step, finer
        if not np.any(change > _AGREEMENT):
            # the rules converge geometrically: the next change would be about the square of this one
            return total[0], change**2, total[1:]
        if nodes >= _MOST_NODES:
            settled = change <= _AGREEMENT
            return np.where(settled, total[0], np.nan), np.where(settled, change**2, np.nan), total[1:]


def _sum(x: Floats, t: float, model: HestonParameters, ray: complex, s: Floats, *, gradient: bool) -> Floats:
    """Sum of the integrand, and of its derivatives, over the nodes s, for each x: shape (1 or 6, n)."""
    shrink = np.exp(-s)
    distance = np.exp(s - shrink)
    z = distance * ray
    u = z - 0.5j
    if gradient:
        log, by = log_characteristic_gradient(u, t, model)
    else:
        log, by = log_characteristic(u, t, model), np.empty((0, s.size), dtype=np.complex128)
    factor = ray / (z * z + 0.25) * distance * (1.0 + shrink)
    rows: Complexes = np.vstack([factor, factor * by]) if gradient else factor[None]
    waves = np.exp(1j * z * x[:, None] + log)
    return np.asarray((rows @ waves.T).real)


def _end(x: Floats, t: float, model: HestonParameters, ray: complex) -> float:
    """How far out the integrand matters for any of the x."""
    far = np.exp2(np.arange(0.0, np.log2(_FARTHEST)))
    z = far * ray
    size = (
        log_characteristic(z - 0.5j, t, model).real
        + (1j * z * x[:, None]).real.max(axis=0)
        - 2.0 * np.log(far)
    )
    below = np.flatnonzero(size < _NEGLIGIBLE)
    return float(far[below[0]]) if below.size else _FARTHEST
