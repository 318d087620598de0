"""Total volatility from a price where the fast path does not reach: far wings and huge volatilities, one at a time."""

import math

from engine.pricing.black_step import householder
from engine.pricing.compiled import callable_part, fma
from engine.pricing.normalised_black import MOST_TOTAL_VOLATILITY, scaled_difference
from engine.pricing.vector_math import SQRT_HALF, erfcx_of_positive, exp, log

_SQRT_HALF_PI = math.sqrt(0.5 * math.pi)
_SQRT_TWO_PI = math.sqrt(2.0 * math.pi)
_LINEAR = 1e-9  # prices at the money up to it are in proportion to volatility, to all digits
_LARGEST = 80.0  # N(-40) is 0: no price asks for more
_SMALL_PRICE = 1e-2  # of the largest price
_SMALLEST = 1e-280  # below it the ratio to a price might overflow
_SETTLED = 1e-8  # the steps are of fourth order: what moved less stands to full precision
_MAX_STEPS = 200


@callable_part
def bracketed_total_volatility(x: float, price: float, log_price: float) -> float:
    """Steps of fourth order inside a shrinking bracket, bisecting where one would leave it.

    Below the inflection point of the price they are taken on its logarithm, above it on the logarithm of what is
    missing to the largest price, unless the price is so small that its digits drown in the complement.

    Parameters
    ----------
    x
        ``-|ln(F/K)|``, finite.
    price
        Out-of-the-money price over ``sqrt(F K)``, strictly between 0 and ``exp(x/2)``.
    log_price
        Its logarithm, which has all digits where the price itself is below the least normal number.

    Returns
    -------
    NaN if it does not settle; that is a defect, not a bad price, and the caller says so.
    """
    if x == 0.0 and price < _LINEAR:
        return _SQRT_TWO_PI * price
    largest = exp(0.5 * x)
    low, high = 0.0, _LARGEST
    s = min(math.sqrt(-2.0 * x) + 0.1, 0.5 * high)
    for _ in range(_MAX_STEPS):
        h, t = x / s, 0.5 * s
        if s * s < -2.0 * x or price < _SMALL_PRICE * largest:
            if s < MOST_TOTAL_VOLATILITY or h + t <= 0.75:
                scaled = scaled_difference(h, t)
                gain = log(0.5 * scaled / price) if price > _SMALLEST else log(0.5 * scaled) - log_price
                objective = gain - 0.5 * fma(h, h, t * t)
            else:
                # a small price cannot need this much: any sign that sends the bracket down will do
                scaled, objective = 1.0, 1.0
            per_slope = _SQRT_HALF_PI * scaled
        else:
            scaled = erfcx_of_positive(abs(h + t) * SQRT_HALF) + erfcx_of_positive((t - h) * SQRT_HALF)
            objective = log(0.5 * scaled / (largest - price)) - 0.5 * fma(h, h, t * t)
            per_slope = -_SQRT_HALF_PI * scaled
        step, newton = householder(objective, per_slope, h, t, 1.0 / s)
        if newton < 0.0:
            high = s
        else:
            low = s
        proposal = s + step
        inside = low <= proposal <= high and abs(step) <= 2.0 * abs(newton)
        if inside and abs(newton) <= _SETTLED * s:
            return proposal
        if high - low <= 4e-16 * high:
            return s
        s = proposal if inside else (math.sqrt(low * high) if low > 0.0 else 0.5 * high)
    return math.nan
