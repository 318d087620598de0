"""From terms and expiry to instants: when quotes stop, when the option settles, how long that is."""

import datetime as dt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.calendars.epoch import US_PER_DAY, date_of_days, parse_wall_time, wall_time_us
from engine.calendars.trading_calendar import TradingCalendar
from engine.instruments.terms import RootTerms, SettlementTime

_OPENING_PRINT = dt.time(9, 30)
_ORDINARY_CLOSE = dt.time(16, 0)
_YEAR_US = 365 * US_PER_DAY


def trading_close_us(terms: RootTerms, day: dt.date, calendar: TradingCalendar) -> int:
    """UTC microseconds at which the root's quotes stop on a session.

    The root's own wall time on ordinary sessions; on a half day moved by as much as the exchange's close is
    (SPX and SPY options then stop at 13:15 New York, stock options at 13:00). A venue that never closes
    stops with the local day.

    Raises
    ------
    NotASessionError
        ``day`` is no session of ``calendar``.
    """
    if calendar.always_open:
        return wall_time_us(day + dt.timedelta(days=1), dt.time(0), terms.timezone)
    ordinary = wall_time_us(day, parse_wall_time(terms.trading_close), terms.timezone)
    return ordinary + calendar.early_close_shift_us(day)


def settlement_instants_us(
    terms: RootTerms, expiry_days: ArrayLike, calendar: TradingCalendar | None = None
) -> NDArray[np.int64]:
    """The instant to which an option's time is measured, UTC microseconds, int64[n].

    AM: 09:30 of the root's time zone on expiry day. PM: 16:00; with a calendar, the early close on half
    days. 08UTC: 08:00 UTC. With a calendar, an expiry that is no session (monthly options expired on
    Saturdays until January 2015) settles on the session before it; without one the expiry is taken as it is.

    Raises
    ------
    CalendarRangeError
        An expiry lies outside what ``calendar`` knows.
    """
    days, inverse = np.unique(np.asarray(expiry_days, dtype=np.int32), return_inverse=True)
    settled_at = terms.settlement_time
    if settled_at is SettlementTime.UTC08:
        instants = days.astype(np.int64) * US_PER_DAY + 8 * US_PER_DAY // 24
        return instants[inverse]
    if calendar is not None:
        days = calendar.at_or_before(days)
    wall = _OPENING_PRINT if settled_at is SettlementTime.AM else _ORDINARY_CLOSE
    instants = np.empty(len(days), dtype=np.int64)
    for i, number in enumerate(days.tolist()):
        day = date_of_days(number)
        instants[i] = wall_time_us(day, wall, terms.timezone)
        if calendar is not None and settled_at is SettlementTime.PM:
            instants[i] += calendar.early_close_shift_us(day)
    return instants[inverse]


def last_trade_days(terms: RootTerms, expiry_days: ArrayLike, calendar: TradingCalendar) -> NDArray[np.int32]:
    """The last session on which the option trades, int32[n] day numbers.

    AM-settled options stop on the session before the one that they settle on; all others trade on expiry
    day, or on the session before where expiry day is none.

    Raises
    ------
    CalendarRangeError
        An expiry lies outside what ``calendar`` knows.
    """
    settles_on = calendar.at_or_before(np.asarray(expiry_days, dtype=np.int32))
    if terms.settlement_time is SettlementTime.AM:
        return calendar.before(settles_on)
    return settles_on


def year_fraction(ts_us: ArrayLike, settles_us: ArrayLike) -> NDArray[np.float64]:
    """Years from ``ts_us`` to ``settles_us`` (UTC microseconds; broadcast), actual/365, negative if past."""
    elapsed = np.asarray(settles_us, dtype=np.int64) - np.asarray(ts_us, dtype=np.int64)
    return np.asarray(elapsed / _YEAR_US, dtype=np.float64)
