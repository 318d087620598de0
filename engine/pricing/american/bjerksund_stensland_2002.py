"""American options exercised at two flat prices, one after the other (P. Bjerksund and G. Stensland, "Closed form
valuation of American options", Norwegian School of Economics (2002))."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engine.pricing.american.andersen_lake import AmericanPrice
from engine.pricing.american.bjerksund_stensland_1993 import perpetual_power, stopped
from engine.pricing.american.formula import price_by
from engine.pricing.compiled import callable_part, kernel
from engine.pricing.vector_math import exp, log, ndtr

#: the share of time to expiry until which the higher price holds
_FIRST_PART = 0.5 * (math.sqrt(5.0) - 1.0)
_ANGLE = math.asin(math.sqrt(_FIRST_PART))
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_SINES = tuple(math.sin(0.5 * _ANGLE * (1.0 + float(x))) for x in _POINTS)
_MASSES = tuple(0.25 * _ANGLE / math.pi * float(w) for w in _WEIGHTS)


def bjerksund_stensland_2002(
    right: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sigma: ArrayLike,
) -> AmericanPrice:
    """American prices from below: what a holder gets who exercises at one price, and after 62% of the time at another.

    Puts by symmetry. Too low by less than 3e-5 of the strike in half of all cases, 2e-2 in 99 of 100 and 0.13 at worst
    (above 0.1 in 3 of a million), for lives from a week to three years, volatilities from 8 to 80%, and rates and
    yields to 10%: better than the formula of 1993 in nine of ten cases, and worse for long lives with high rates, where
    the paper's rule puts both trigger prices too near to the strike. Parameters, status and exceptions as for
    :func:`~engine.pricing.american.andersen_lake.american_price`.
    """
    return price_by(two_boundaries, right, spot, strike, year_fraction, rate, dividend_yield, sigma)


@kernel("f8[] f8[] f8[] f8[] f8[] -> f8[]")
def two_boundaries(sign: Any, spot: Any, s: Any, r: Any, q: Any, price: Any) -> None:
    """Prices in strikes."""
    for i in range(s.size):
        if sign[i] > 0.0:
            price[i] = _call(spot[i], s[i], r[i], q[i])
        else:
            price[i] = spot[i] * _call(1.0 / spot[i], s[i], q[i], r[i])


@callable_part
def _call(spot: float, s: float, r: float, q: float) -> float:
    beta = perpetual_power(s, r, q)
    forever, first = beta / (beta - 1.0), max(1.0, r / q)
    t = _FIRST_PART
    scale = 1.0 / ((forever - first) * first)
    early = first + (forever - first) * (1.0 - exp(-(r - q + 2.0 * s) * scale))
    late = first + (forever - first) * (1.0 - exp(-((r - q) * t + 2.0 * s * math.sqrt(t)) * scale))
    late = max(late, 1.0)
    early = max(early, late)
    if spot >= early:
        return spot - 1.0
    x, high, low = log(spot), log(early), log(late)
    value = (early - 1.0) * (
        exp(beta * (x - high)) - exp(-beta * high) * stopped(x, beta, high, high, t, s, r, q)
    )
    value += stopped(x, 1.0, high, high, t, s, r, q) - stopped(x, 1.0, low, high, t, s, r, q)
    value -= stopped(x, 0.0, high, high, t, s, r, q) - stopped(x, 0.0, low, high, t, s, r, q)
    per_power = (late - 1.0) * exp(-beta * low)
    value += per_power * (stopped(x, beta, low, high, t, s, r, q) - _twice(x, beta, low, high, low, s, r, q))
    value += _twice(x, 1.0, low, high, low, s, r, q) - _twice(x, 1.0, 0.0, high, low, s, r, q)
    return value - _twice(x, 0.0, low, high, low, s, r, q) + _twice(x, 0.0, 0.0, high, low, s, r, q)


@callable_part
def _twice(
    x: float, gamma: float, end: float, high: float, low: float, s: float, r: float, q: float
) -> float:
    """Value of ``S^gamma`` at expiry, paid below ``end`` if neither boundary was touched while it held (2002, eq. B1).

    x, end, high and low are logarithms.
    """
    t = _FIRST_PART
    v, part = s, s * math.sqrt(t)
    drift = r - q + (gamma - 0.5) * s * s
    kappa = 2.0 * (r - q) / (s * s) + 2.0 * gamma - 1.0
    rate = -r + gamma * (r - q) + 0.5 * gamma * (gamma - 1.0) * s * s + gamma * x
    e1, e2 = (x - low + drift * t) / part, (2.0 * high - x - low + drift * t) / part
    e3, e4 = (x - low - drift * t) / part, (2.0 * high - x - low - drift * t) / part
    f1, f2 = (x - end + drift) / v, (2.0 * high - x - end + drift) / v
    f3, f4 = (2.0 * low - x - end + drift) / v, (x + 2.0 * low - end - 2.0 * high + drift) / v
    value = _paid(rate, -e1, -f1, 1.0) - _paid(rate + kappa * (high - x), -e2, -f2, 1.0)
    return (
        value
        - _paid(rate + kappa * (low - x), -e3, -f3, -1.0)
        + _paid(rate + kappa * (low - high), -e4, -f4, -1.0)
    )


@callable_part
def _paid(exponent: float, a: float, b: float, sign: float) -> float:
    """``exp(exponent)`` times the bivariate normal distribution at (a, b) with correlation +-sqrt(0.62).

    Z. Drezner and G. Wesolowsky, "On the computation of the bivariate normal integral", Journal of Statistical
    Computation and Simulation 35 (1990), in the angle as A. Genz (2004) has it: 1e-15 for this correlation.
    """
    total = 0.0
    for i in range(len(_SINES)):
        sine = sign * _SINES[i]
        total += _MASSES[i] * exp(-0.5 * (a * a + b * b - 2.0 * a * b * sine) / (1.0 - sine * sine))
    probability = ndtr(a) * ndtr(b) + sign * total
    return exp(exponent) * probability if probability > 0.0 else 0.0
