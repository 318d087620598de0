"""Total volatility ``sigma sqrt(T)`` from a quoted price: the fast path for vectorized loops, and the slow one."""

import math

import numpy as np

from engine.pricing.black_step import black_step
from engine.pricing.bracketed_volatility import bracketed_total_volatility
from engine.pricing.compiled import callable_part, inlined
from engine.pricing.normalised_black import MOST_TOTAL_VOLATILITY
from engine.pricing.vector_math import log
from engine.pricing.volatility_guess import MOST_RATIO, volatility_guess

#: codes of ``IvStatus``, as floats: a loop that is vectorized mixes no types
OK, NO_QUOTE, BELOW_INTRINSIC, ABOVE_MAXIMUM, NO_TIME, NO_FORWARD = 0.0, 1.0, 2.0, 3.0, 4.0, 5.0
#: the fast path does not reach it
SLOW = 100.0
#: time value below this share of the price cannot be told from rounding
_NOISE = 4.0 * float(np.finfo(np.float64).eps)
#: the guess is closer than this wherever it holds, and a step from there leaves nothing to correct
_CLOSE = 1e-3
_MOST_LOG_MONEYNESS = 3.0


@inlined
def fast_total_volatility(
    is_put: bool, forward: float, strike: float, years: float, price: float
) -> tuple[float, float]:
    """Status code and total volatility; the latter holds only with the code OK."""
    ratio = forward / strike
    root = strike * math.sqrt(ratio)
    gap = forward - strike
    exercise = -gap if is_put else gap
    time_value = price - (exercise if exercise > 0.0 else 0.0)
    most = strike if is_put else forward
    x = -abs(log(ratio))
    moneyness = abs(gap) / root
    normalised = time_value / root
    s, table_ratio = volatility_guess(x, moneyness, normalised)
    step = black_step(x, s, normalised)
    total = s + step
    reached = (
        (abs(step) <= _CLOSE * s)
        & (s < MOST_TOTAL_VOLATILITY)
        & (x > -_MOST_LOG_MONEYNESS)
        & (table_ratio < MOST_RATIO)
    )
    code = OK if reached else SLOW
    # later lines win: a missing forward says more than a missing time value
    code = ABOVE_MAXIMUM if price >= most else code
    code = BELOW_INTRINSIC if time_value <= _NOISE * price else code
    code = code if (price > 0.0) & (price < np.inf) else NO_QUOTE
    code = code if (forward > 0.0) & (strike > 0.0) & (ratio > 0.0) & (ratio < np.inf) else NO_FORWARD
    code = code if (years > 0.0) & (years < np.inf) else NO_TIME
    return code, total


@callable_part
def slow_total_volatility(is_put: bool, forward: float, strike: float, price: float) -> float:
    """Total volatility of a quote with the code SLOW."""
    ratio = forward / strike
    gap = forward - strike
    exercise = -gap if is_put else gap
    return bracketed_total_volatility(
        -abs(log(ratio)), (price - max(exercise, 0.0)) / (strike * math.sqrt(ratio))
    )
