"""Total volatility ``sigma sqrt(T)`` from a quoted price: the fast path for vectorized loops, and the slow one."""

import math

import numpy as np

from engine.pricing.bracketed_volatility import bracketed_total_volatility
from engine.pricing.compiled import callable_part, inlined
from engine.pricing.normalised_black import MOST_TOTAL_VOLATILITY
from engine.pricing.vector_math import log

#: codes of ``IvStatus``, as floats: a loop that is vectorized mixes no types
OK, NO_QUOTE, BELOW_INTRINSIC, ABOVE_MAXIMUM, NO_TIME, NO_FORWARD = 0.0, 1.0, 2.0, 3.0, 4.0, 5.0
#: the fast path does not reach it
SLOW = 100.0
#: time value below this share of the price cannot be told from rounding
_NOISE = 4.0 * float(np.finfo(np.float64).eps)
#: the guess is closer than this wherever it holds, and a step from there leaves nothing to correct
_CLOSE = 1e-3
_MOST_LOG_MONEYNESS = 3.0
_LEAST = 1e-100  # below it squares in the step leave the range of floats


@inlined
def time_value_of(is_put: bool, forward: float, strike: float, price: float) -> float:
    """The price of the out-of-the-money option with the same strike, by parity."""
    gap = forward - strike
    exercise = -gap if is_put else gap
    return price - (exercise if exercise > 0.0 else 0.0)


@inlined
def status_code(
    is_put: bool,
    forward: float,
    strike: float,
    years: float,
    price: float,
    ratio: float,
    time_value: float,
    reached: bool,
) -> float:
    """Whether a quote has a total volatility, and whether the fast path found it; ``ratio`` is forward over strike."""
    code = OK if reached else SLOW
    most = strike if is_put else forward
    # later lines win: a missing forward says more than a missing time value
    code = ABOVE_MAXIMUM if price >= most else code
    code = BELOW_INTRINSIC if time_value <= _NOISE * price else code
    code = code if (price > 0.0) & (price < np.inf) else NO_QUOTE
    code = code if (forward > 0.0) & (strike > 0.0) & (ratio > 0.0) & (ratio < np.inf) else NO_FORWARD
    return code if (years > 0.0) & (years < np.inf) else NO_TIME


@inlined
def is_reached(x: float, s: float, step: float) -> bool:
    """Whether the fast path holds; ``s`` is 0 where the table had no guess."""
    return (s > _LEAST) & (abs(step) <= _CLOSE * s) & (s < MOST_TOTAL_VOLATILITY) & (x > -_MOST_LOG_MONEYNESS)


@callable_part
def slow_total_volatility(is_put: bool, forward: float, strike: float, price: float) -> float:
    """Total volatility of a quote with the code SLOW."""
    ratio = forward / strike
    gap = forward - strike
    exercise = -gap if is_put else gap
    time_value, root = price - max(exercise, 0.0), strike * math.sqrt(ratio)
    return bracketed_total_volatility(-abs(log(ratio)), time_value / root, log(time_value) - log(root))
