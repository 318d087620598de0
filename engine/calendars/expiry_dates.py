"""Days of the month on which listed options expire, as sessions allow: third Fridays, month ends, VIX Wednesdays.

Dates only; which root lists which of them is in ``engine.instruments.expiry_rules``.
"""

import datetime as dt
from collections.abc import Iterator

import numpy as np

from engine.calendars.epoch import date_of_days, days_of_date
from engine.calendars.trading_calendar import TradingCalendar

MONDAY, FRIDAY = 0, 4

#: Standard monthly expirations before it are Saturdays, from it on third Fridays: OCC rule change SR-OCC-2013-04,
#: SEC release 34-69480 (78 FR 26413), approved by 34-69772 (78 FR 37645).
FRIDAY_EXPIRIES_FROM = dt.date(2015, 2, 1)


def third_friday(year: int, month: int) -> dt.date:
    """The third Friday of a month, session or not."""
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(FRIDAY - first.weekday()) % 7 + 14)


def last_friday(year: int, month: int) -> dt.date:
    """The last Friday of a month, session or not."""
    last = last_day(year, month)
    return last - dt.timedelta(days=(last.weekday() - FRIDAY) % 7)


def last_day(year: int, month: int) -> dt.date:
    """The last day of a month."""
    return dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)


def months_between(first: dt.date, last: dt.date) -> Iterator[tuple[int, int]]:
    """(year, month) from the month of ``first`` to that of ``last``, both included."""
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield number // 12, number % 12 + 1


def session_at_or_before(calendar: TradingCalendar, day: dt.date) -> dt.date:
    """The session itself or the nearest before it.

    Raises
    ------
    CalendarRangeError
        The day lies outside what ``calendar`` knows.
    """
    return date_of_days(int(calendar.at_or_before(np.array([days_of_date(day)], dtype=np.int32))[0]))


def standard_monthly(calendar: TradingCalendar, year: int, month: int) -> dt.date:
    """The expiry of standard monthly US options.

    Expiries before February 2015: the Saturday after the third Friday, whatever that Friday is. Since: the third
    Friday, or the session before where it is none (Good Friday; the third Friday of June 2026).
    """
    friday = third_friday(year, month)
    saturday = friday + dt.timedelta(days=1)
    return saturday if saturday < FRIDAY_EXPIRIES_FROM else session_at_or_before(calendar, friday)


def weekday_expiry(calendar: TradingCalendar, day: dt.date) -> dt.date:
    """The expiry of the weekly option of a weekday that may be closed.

    A closed Monday moves to the session after, every other weekday to the session before (Cboe, XSP and SPX
    specifications; Cboe's notice of SPY Monday expirations of February 2018).
    """
    if calendar.is_session(day):
        return day
    return calendar.next(day) if day.weekday() == MONDAY else session_at_or_before(calendar, day)


def last_session(calendar: TradingCalendar, year: int, month: int) -> dt.date:
    """The last session of a month: month-end and quarter-end options expire on it."""
    return session_at_or_before(calendar, last_day(year, month))


def vix_monthly(calendar: TradingCalendar, year: int, month: int) -> dt.date:
    """The expiry of the VIX option of a month: 30 days before the third Friday of the month after.

    See :func:`vix_wednesday` for closed days.
    """
    following = third_friday(year + month // 12, month % 12 + 1)
    return vix_wednesday(calendar, following - dt.timedelta(days=30))


def vix_wednesday(calendar: TradingCalendar, wednesday: dt.date) -> dt.date:
    """The expiry of the VIX option of a Wednesday.

    The session before where that Wednesday, or the Friday 30 days after it, is closed (Cboe, VIX options product
    specification, "Expiration Date").
    """
    friday = wednesday + dt.timedelta(days=30)
    if calendar.is_session(wednesday) and calendar.is_session(friday):
        return wednesday
    return calendar.previous(wednesday)
