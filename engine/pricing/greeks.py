"""Discounted prices and spot-style Greeks in the units that traders use.

The forward is read as ``F = S exp((r - q) T)`` and the discount as ``D = exp(-r T)``: r and q are what the
two of them imply. The Greeks are those of Black, Scholes and Merton on the spot (J. C. Hull, Options,
Futures, and Other Derivatives, 7th ed., chapter 17, with a continuous yield), expressed through the forward.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing import black_terms as terms
from engine.pricing.arguments import Floats, as_columns
from engine.pricing.black import black_derivatives, price_loop
from engine.pricing.compiled import kernel

DAYS_PER_YEAR = 365.0
_YEARS_PER_DAY = 1.0 / DAYS_PER_YEAR
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class SpotGreeks:
    """Discounted price and Greeks per unit of underlying, float64 arrays of one shape.

    Attributes
    ----------
    price
        Discounted.
    delta
        dPrice/dSpot, the forward moving in proportion: ``D F / S`` times the forward delta.
    gamma
        d2Price/dSpot2.
    vega_per_vol_point
        Change for volatility up by 0.01.
    theta_per_day
        Change over one calendar day (1/365 year), spot, rate and yield held.
    rho_per_pct
        Change for the rate up by 0.01, spot and yield held.
    """

    price: Floats
    delta: Floats
    gamma: Floats
    vega_per_vol_point: Floats
    theta_per_day: Floats
    rho_per_pct: Floats


@dataclass(frozen=True, slots=True)
class HigherGreeks:
    """Derivatives of second and third order, discounted and on the spot, float64 arrays of one shape.

    Attributes
    ----------
    vanna_per_vol_point
        Change of delta for volatility up by 0.01.
    volga_per_vol_point
        Change of ``vega_per_vol_point`` for volatility up by 0.01.
    charm_per_day
        Change of delta over one calendar day, spot, rate and yield held.
    speed
        dGamma/dSpot.
    """

    vanna_per_vol_point: Floats
    volga_per_vol_point: Floats
    charm_per_day: Floats
    speed: Floats


def spot_greeks(
    right: ArrayLike,
    spot: ArrayLike,
    forward: ArrayLike,
    discount: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    sigma: ArrayLike,
) -> SpotGreeks:
    """Price and Greeks of European options from spot, forward and discount.

    Parameters
    ----------
    right : int8
        0 call, 1 put.
    spot, forward, discount, strike, year_fraction, sigma : float64
        Broadcast. ``year_fraction`` must be positive: at 0 neither rate nor yield can be read from forward
        and discount, and theta and rho are NaN. Without a spot there still are price, vega and rho, which do not depend
        on it.

    Raises
    ------
    ValueError
        See :func:`engine.pricing.arguments.as_columns`.

    Notes
    -----
    theta = r V - (r - q) D F delta_F - D dV/dT, with V the discounted price and delta_F the forward delta;
    rho = T (D F delta_F - V).
    """
    shape, rights, columns = as_columns(
        right,
        spot=spot,
        forward=forward,
        discount=discount,
        strike=strike,
        year_fraction=year_fraction,
        sigma=sigma,
    )
    columns[0], columns[2] = _positive(columns[0]), _positive(columns[2])
    _, f, d, k, t, v = columns
    undiscounted = np.empty(rights.size)
    price_loop(rights, f, k, t, v, undiscounted)
    rate, carry = implied_rates(columns[0], f, d, t)
    made = [np.empty(rights.size) for _ in range(5)]
    greek_loop(rights, *columns, undiscounted, rate, carry, *made)
    return SpotGreeks((d * undiscounted).reshape(shape), *(m.reshape(shape) for m in made))


def implied_rates(
    spot: Floats, forward: Floats, discount: Floats, year_fraction: Floats
) -> tuple[Floats, Floats]:
    """Rate r and carry r - q, continuously compounded, that forward and discount stand for; NaN without time."""
    with np.errstate(invalid="ignore", divide="ignore"):
        per_year = np.where(year_fraction > 0, 1.0 / year_fraction, np.nan)
        return -np.log(discount) * per_year, np.log(forward / spot) * per_year


def higher_greeks(
    right: ArrayLike,
    spot: ArrayLike,
    forward: ArrayLike,
    discount: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    sigma: ArrayLike,
) -> HigherGreeks:
    """Vanna, volga, charm and speed; parameters and errors as for :func:`spot_greeks`. Volga needs no spot.

    Notes
    -----
    charm = r delta - D F / S (d delta_F/dT + (r - q) (delta_F + F gamma_F)): the negative of what a year more would
    add to delta, where both ``D F / S`` and the forward move with time.
    """
    shape, rights, columns = as_columns(
        right,
        spot=spot,
        forward=forward,
        discount=discount,
        strike=strike,
        year_fraction=year_fraction,
        sigma=sigma,
    )
    s, f, d, k, t, v = columns
    s, d = _positive(s), _positive(d)
    black = black_derivatives(rights, f, k, t, v)
    rate, carry = implied_rates(s, f, d, t)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = f / s
        delta = d * ratio * black.delta
        lengthening = d * ratio * (black.delta_decay + carry * (black.delta + f * black.gamma))
        made = (
            0.01 * d * ratio * black.vanna,
            1e-4 * d * black.volga,
            (rate * delta - lengthening) / DAYS_PER_YEAR,
            d * ratio**3 * black.speed,
        )
    return HigherGreeks(*(m.reshape(shape) for m in made))


def _positive(values: Floats) -> Floats:
    """NaN where a price or a discount is none."""
    return np.where((values > 0.0) & (values < np.inf), values, np.nan)


@kernel("i1[] f8[] f8[] f8[] f8[] f8[] f8[] f8[] f8[] f8[] -> f8[] f8[] f8[] f8[] f8[]")
def greek_loop(
    right: NDArray[np.int8],
    spot: Floats,
    forward: Floats,
    discount: Floats,
    strike: Floats,
    years: Floats,
    sigma: Floats,
    undiscounted: Floats,
    rate: Floats,
    carry: Floats,
    delta: Floats,
    gamma: Floats,
    vega_per_vol_point: Floats,
    theta_per_day: Floats,
    rho_per_pct: Floats,
) -> None:
    """Greeks of n options from their prices: a loop for each, since one that writes several is not vectorized."""
    root, per_s, d1 = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    bell, exposure, weight = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    per_spot, value = np.empty(_BLOCK), np.empty(_BLOCK)
    for first in range(0, delta.size, _BLOCK):
        n = min(_BLOCK, delta.size - first)
        f, k = forward[first : first + n], strike[first : first + n]
        t, v = years[first : first + n], sigma[first : first + n]
        s, d = spot[first : first + n], discount[first : first + n]
        r, p = right[first : first + n], undiscounted[first : first + n]
        b, c = rate[first : first + n], carry[first : first + n]
        for i in range(n):
            root[i] = math.sqrt(t[i])
        for i in range(n):
            per_s[i] = terms.per_total_volatility(v[i] * root[i])
        for i in range(n):
            per_spot[i] = 1.0 / s[i]
        for i in range(n):
            d1[i] = terms.d1_of(f[i], k[i], t[i], v[i], root[i], per_s[i])
        for i in range(n):
            bell[i] = terms.bell_of(d1[i])
        for i in range(n):
            exposure[i] = d[i] * f[i] * terms.delta_of(r[i] == 1, d1[i], bell[i])
        for i in range(n):
            weight[i] = d[i] * f[i] * terms.density_of(bell[i])
        for i in range(n):
            value[i] = d[i] * p[i]
        out = delta[first : first + n]
        for i in range(n):
            out[i] = exposure[i] * per_spot[i]
        out = gamma[first : first + n]
        for i in range(n):
            # gamma on the forward is divided by it, and the square of forward over spot takes that back
            out[i] = weight[i] * per_spot[i] * per_spot[i] * per_s[i]
        out = vega_per_vol_point[first : first + n]
        for i in range(n):
            out[i] = 0.01 * weight[i] * root[i]
        out = theta_per_day[first : first + n]
        for i in range(n):
            decay = 0.5 * weight[i] * v[i] * (v[i] * per_s[i])
            out[i] = (b[i] * value[i] - c[i] * exposure[i] - decay) * _YEARS_PER_DAY
        out = rho_per_pct[first : first + n]
        for i in range(n):
            out[i] = 0.01 * t[i] * (exposure[i] - value[i]) + 0.0 * b[i]
