"""Splits and dividends from daily bars that carry them on the ex-date's row."""

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from engine.calendars import TradingCalendar
from engine.corporate_actions.events import ActionKind, CorporateAction

#: vendors round a ratio to so many decimals that 1/7 and 3/2 are found again
_LARGEST_SHARES = 1000


def actions_of_bars(
    symbols: Sequence[str],
    days: Sequence[dt.date],
    dividends: NDArray[np.float64],
    ratios: NDArray[np.float64],
    calendar: TradingCalendar,
    currency: str,
    source: str,
) -> list[CorporateAction]:
    """Events of bars: ``dividends`` per share (0 where none), ``ratios`` new shares per old one (1 where none).

    The bars do not say when an event was announced: it counts as known at the open of its ex-date.
    """
    found = []
    for i in np.flatnonzero((dividends != 0) | (ratios != 1)).tolist():
        day, known_at_us = days[i], calendar.open_us(days[i])
        if ratios[i] != 1:
            new, old = shares_of_ratio(float(ratios[i]))
            split = (ActionKind.SPLIT, new, old, 0.0, currency, known_at_us, source)
            found.append(CorporateAction(symbols[i], day, *split))
        if dividends[i] != 0:
            paid = (ActionKind.CASH_DIVIDEND, 1.0, 1.0, float(dividends[i]), currency, known_at_us, source)
            found.append(CorporateAction(symbols[i], day, *paid))
    return found


def shares_of_ratio(ratio: float) -> tuple[float, float]:
    """7.0 is 7 for 1, 1.5 is 3 for 2, 0.142857 is 1 for 7; what is no such ratio stays against 1."""
    simple = Fraction(ratio).limit_denominator(_LARGEST_SHARES)
    if simple > 0 and abs(float(simple) / ratio - 1) < 1e-5:
        return float(simple.numerator), float(simple.denominator)
    return ratio, 1.0
