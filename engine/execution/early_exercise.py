"""When an American option is exercised before it expires, judged by prices of the evening before.

A call is worth exercising only on the last evening before a dividend that its holder does not get (Merton 1973), and
there if the dividend exceeds what is thrown away with the option, its time value. A put is worth exercising as soon
as the interest on the strike until the next session exceeds its time value and what the next dividend adds to it.
"""

import math
from dataclasses import dataclass

from engine.execution.exercise import intrinsic
from engine.instruments.terms import Right

_PRICE_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Evening:
    """What a holder knows at the last snapshot before an option can be exercised.

    Attributes
    ----------
    price
        Of the option per unit, at which it could be sold instead.
    unit_price
        Of what one unit delivers (the share for a standard contract).
    dividend
        Cash that leaves one unit before the next session, and that only holders of shares get.
    rate
        Continuously compounded, per year; NaN: not known, taken as 0.
    nights
        Calendar days until the next session.
    """

    price: float
    unit_price: float
    dividend: float
    rate: float
    nights: int


def exercise_gain(right: Right, strike: float, evening: Evening) -> float:
    """What exercising now gains over holding until the next session, per unit; negative: it loses.

    NaN where a price is unknown, and always negative out of the money.
    """
    now = intrinsic(right, strike, evening.unit_price)
    if math.isnan(evening.price) or math.isnan(evening.unit_price):
        return math.nan
    if now <= 0.0:
        return -math.inf
    time_value = evening.price - now
    if right is Right.CALL:
        return evening.dividend - time_value if evening.dividend > 0.0 else -math.inf
    rate = 0.0 if math.isnan(evening.rate) else max(evening.rate, 0.0)
    interest = strike * -math.expm1(-rate * evening.nights / 365.0)
    return interest - evening.dividend - time_value


def is_exercised_early(right: Right, strike: float, evening: Evening) -> bool:
    """Whether the gain is more than rounding."""
    return exercise_gain(right, strike, evening) > _PRICE_TOLERANCE
