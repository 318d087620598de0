"""Options that need no lattice: those never exercised early, and those whose future is certain."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.pricing.arguments import Floats
from engine.pricing.compiled import fma, inlined, kernel
from engine.pricing.lattice.inputs import OptionInputs
from engine.pricing.vector_math import INV_SQRT_TWO_PI, exp, log, ndtr

#: |d1| and |d2| beyond it: the normal probabilities are 0 or 1 to the last bit of a double
CERTAIN_DEVIATIONS = 38.0
LATTICE, EUROPEAN, CERTAIN = range(3)


@kernel("i1[] f8[] f8[] f8[] f8[] f8[] f8[] -> i1[]")
def way_to_price(right, spot, strike, year_fraction, rate, dividend_yield, sigma, out) -> None:  # type: ignore[no-untyped-def]
    """Write LATTICE, EUROPEAN or CERTAIN for every option.

    A call is never exercised early without a positive yield unless the rate is lower still, a put never without a
    positive rate unless the yield is lower still.
    """
    for i in range(spot.size):
        spread = sigma[i] * math.sqrt(year_fraction[i])
        drift = fma(rate[i] - dividend_yield[i], year_fraction[i], log(spot[i] / strike[i]))
        certain = (abs(drift) > CERTAIN_DEVIATIONS * spread + 0.5 * spread * spread) | (spread <= 0.0)
        certain = certain | (spot[i] <= 0.0) | (strike[i] <= 0.0)
        put = right[i] == 1
        gain = rate[i] if put else dividend_yield[i]
        other = dividend_yield[i] if put else rate[i]
        held = (gain <= 0.0) & (other >= gain)
        out[i] = CERTAIN if certain else (EUROPEAN if held else LATTICE)


def never_exercised(options: OptionInputs) -> NDArray[np.bool_]:
    """Whether waiting always pays, bool[n]: the condition for EUROPEAN, whatever the volatility."""
    put = options.right == 1
    gain = np.where(put, options.rate, options.dividend_yield)
    other = np.where(put, options.dividend_yield, options.rate)
    return np.asarray((gain <= 0.0) & (other >= gain))


@inlined
def european(
    sign: float, spot: float, strike: float, t: float, rate: float, dividend_yield: float, sigma: float
) -> tuple[float, float, float, float]:
    """Price, delta, gamma and vega (per 1.00) of a European option; ``sign`` is 1 for calls and -1 for puts.

    R. Merton, "Theory of rational option pricing", Bell Journal of Economics 4 (1973), with a continuous yield.
    """
    spread = sigma * math.sqrt(t)
    d1 = fma(rate - dividend_yield, t, log(spot / strike)) / spread + 0.5 * spread
    carried = exp(-dividend_yield * t)
    paid = strike * exp(-rate * t)
    share = ndtr(sign * d1)
    price = sign * (spot * carried * share - paid * ndtr(sign * (d1 - spread)))
    density = INV_SQRT_TWO_PI * exp(-0.5 * d1 * d1) * carried
    return max(price, 0.0), sign * carried * share, density / (spot * spread), spot * density * math.sqrt(t)


@kernel("i1[] f8[] f8[] f8[] f8[] f8[] f8[] -> f8[,]")
def price_european(right, spot, strike, year_fraction, rate, dividend_yield, sigma, out) -> None:  # type: ignore[no-untyped-def]
    """Write price, delta and gamma of every option, a row each."""
    for i in range(spot.size):
        price, delta, gamma, _vega = european(
            1.0 - 2.0 * right[i], spot[i], strike[i], year_fraction[i], rate[i], dividend_yield[i], sigma[i]
        )
        out[0, i] = price
        out[1, i] = delta
        out[2, i] = gamma


def price_certain(options: OptionInputs) -> Floats:
    """Price, delta and gamma, float64[3, n], of options whose underlying moves at its drift and no other way.

    Exercise is worth ``S exp(-q t) - K exp(-r t)`` after t years (or its negative); that has one extremum at most, so
    the best instant is now, expiry or there.
    """
    sign = np.where(options.right == 1, -1.0, 1.0)
    s, k, r, q, t = options.spot, options.strike, options.rate, options.dividend_yield, options.year_fraction
    with np.errstate(all="ignore"):
        best = np.log(r * k / (q * s)) / (r - q)
        best = np.where((best > 0) & (best < t), best, 0.0)
    value, delta = np.zeros(s.size), np.zeros(s.size)
    for instant in (np.zeros(s.size), best, t):
        carried = np.exp(-q * instant)
        worth = sign * (s * carried - k * np.exp(-r * instant))
        better = worth > value
        value[better] = worth[better]
        delta[better] = (sign * carried)[better]
    return np.stack([value, delta, np.zeros(s.size)])
