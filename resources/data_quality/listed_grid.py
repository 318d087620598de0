"""Strikes and expiries that nobody lists: typed or shifted numbers, learnt from the chain itself."""

import datetime as dt
from typing import Protocol

import numpy as np

from resources.data_quality.chain_shape import ChainShape
from resources.data_quality.columns import Bools, Ints

#: steps in which exchanges list strikes, coarse to fine; cents are what splits leave behind
_STEPS = np.array([10000, 5000, 2500, 1000, 500, 250, 100, 50, 25, 10, 5, 2.5, 1, 0.5, 0.25, 0.1, 0.05, 0.01])
#: strikes of one step from which on that step is the exchange's own
_ENOUGH = 3
_MIN_STRIKES = 20
#: monthly options expired on Saturdays until then
_SATURDAYS_UNTIL = dt.date(2015, 2, 1)
_EPOCH = dt.date(1970, 1, 1)
#: further ahead no calendar is sure of its holidays
_HOLIDAY_HORIZON_DAYS = 270


class ExchangeCalendar(Protocol):
    """The part of ``engine.calendars.TradingCalendar`` that knows which days are sessions."""

    @property
    def always_open(self) -> bool: ...
    def is_session(self, day: dt.date, /) -> bool: ...


def off_grid_strikes(shape: ChainShape) -> Ints:
    """Positions of rows whose strike has a finer step than the strikes of their root have in common."""
    found = []
    for root in np.unique(shape.root):
        mine = np.flatnonzero(shape.root == root)
        strikes = np.unique(shape.strike[mine])
        if len(strikes) < _MIN_STRIKES:
            continue
        step = _step_of(strikes)
        used = np.bincount(step, minlength=len(_STEPS) + 1)
        common = np.flatnonzero(used >= _ENOUGH)
        odd = strikes[step > (common[-1] if len(common) else len(_STEPS))]
        found.append(mine[np.isin(shape.strike[mine], odd)])
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _step_of(strikes: np.ndarray) -> Ints:
    """Position of the coarsest step of which each strike is a multiple; ``len(_STEPS)`` where there is none."""
    quotient = strikes[:, None] / _STEPS
    whole: Bools = np.abs(quotient - np.round(quotient)) < 1e-6 * np.maximum(quotient, 1.0)
    return np.where(whole.any(axis=1), whole.argmax(axis=1), len(_STEPS))


def off_calendar_expiries(
    shape: ChainShape, trade_date: dt.date, calendar: ExchangeCalendar
) -> tuple[list[dt.date], Ints]:
    """Expiries on days on which the exchange is closed, and the positions of their rows."""
    if calendar.always_open:
        return [], np.zeros(0, dtype=np.int64)
    closed = []
    for number in np.unique(shape.expiry).tolist():
        day = _EPOCH + dt.timedelta(days=number)
        if day.weekday() == 5 and day < _SATURDAYS_UNTIL:
            continue
        weekend = day.weekday() >= 5
        soon = 0 <= (day - trade_date).days <= _HOLIDAY_HORIZON_DAYS
        if weekend or (soon and not calendar.is_session(day)):
            closed.append(day)
    numbers = [(day - _EPOCH).days for day in closed]
    return closed, np.flatnonzero(np.isin(shape.expiry, numbers))
