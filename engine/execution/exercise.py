"""Which stock options are exercised at expiry without anybody asking, by date."""

import datetime as dt
from bisect import bisect_right

from engine.instruments.terms import Right

#: First expiration to which the threshold (dollars in the money per share) of OCC's exercise by exception applies to
#: customer accounts: $0.75 for years until $0.25 in September 2004, $0.05 from 21 October 2006 (SEC release 34-54514,
#: 71 FR 58656; it does not say since when the $0.75 held), $0.01 from 21 June 2008.
AUTO_EXERCISE_THRESHOLDS: tuple[tuple[dt.date, float], ...] = (
    (dt.date(1973, 4, 26), 0.75),
    (dt.date(2004, 9, 18), 0.25),
    (dt.date(2006, 10, 21), 0.05),
    (dt.date(2008, 6, 21), 0.01),
)

#: Prices are decimals that binary floats miss by less than this.
_PRICE_TOLERANCE = 1e-9


class UnknownExerciseThresholdError(ValueError):
    """The expiry lies before the first entry of the table."""


def auto_exercise_threshold(expiry: dt.date) -> float:
    """Dollars in the money from which an option of that expiry is exercised automatically.

    Raises
    ------
    UnknownExerciseThresholdError
        Before options were listed: a date that cannot be.
    """
    row = bisect_right([since for since, _ in AUTO_EXERCISE_THRESHOLDS], expiry) - 1
    if row < 0:
        raise UnknownExerciseThresholdError(
            f"expiry {expiry}: no options were listed before {AUTO_EXERCISE_THRESHOLDS[0][0]}, when the table of "
            "exercise thresholds starts; check the expiry"
        )
    return AUTO_EXERCISE_THRESHOLDS[row][1]


def intrinsic(right: Right, strike: float, price: float) -> float:
    """Value at expiry per unit of underlying, in the currency of the strike."""
    return max(price - strike, 0.0) if right is Right.CALL else max(strike - price, 0.0)


def is_auto_exercised(right: Right, strike: float, close: float, expiry: dt.date) -> bool:
    """Whether the option is exercised (long) or assigned (short) at this close."""
    return intrinsic(right, strike, close) >= auto_exercise_threshold(expiry) - _PRICE_TOLERANCE
