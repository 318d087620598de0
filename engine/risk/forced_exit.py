"""When a package must be closed now to be out before its options expire."""

import math

from engine.calendars import TradingCalendar, date_of_days, days_of_date


def advance_sessions(day: int, sessions: int, calendar: TradingCalendar) -> int:
    """The day ``sessions`` sessions after ``day`` by the exchange's calendar, which is known in advance.

    It must not be taken from the chain's own later sessions: which of them have data is not known in advance.
    """
    date = date_of_days(day)
    for _ in range(sessions):
        date = calendar.next(date)
    return days_of_date(date)


def must_exit_now(
    trade_day: int,
    expiry_days: int,
    *,
    exit_before_days: int,
    lag_snapshots: int,
    snapshots_per_session: int,
    calendar: TradingCalendar,
) -> bool:
    """Whether an exit decided at the *next* snapshot would fill later than ``exit_before_days`` before expiry."""
    if exit_before_days == 0:
        return False
    sessions = math.ceil((lag_snapshots + 1) / max(1, snapshots_per_session))
    return advance_sessions(trade_day, sessions, calendar) > expiry_days - exit_before_days
