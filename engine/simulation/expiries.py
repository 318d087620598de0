"""Which expiries a venue lists, and from when: index, stock and coin conventions."""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.calendars.expiry_dates import FRIDAY, last_friday, third_friday


class ExpiryCycle(StrEnum):
    """Why an expiry is listed; decides how early, and with how many strikes."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"


@dataclass(frozen=True, slots=True)
class ListedExpiry:
    """One expiry of one root: ``expiry`` as the symbol says, first and last session with a quote."""

    root: str
    cycle: ExpiryCycle
    expiry: dt.date
    first_session: dt.date
    last_session: dt.date


def session_on_or_before(sessions: Sequence[dt.date], day: dt.date) -> dt.date:
    """The session itself or the nearest before it.

    Raises
    ------
    ValueError
        If the sessions do not reach around the day.
    """
    at = bisect_right(sessions, day)
    if at == 0 or day > sessions[-1] + dt.timedelta(days=7):
        raise ValueError(f"{day} lies outside the sessions {sessions[0]} to {sessions[-1]}")
    return sessions[at - 1]


def _months(start: dt.date, end: dt.date) -> list[tuple[int, int]]:
    count = (end.year - start.year) * 12 + end.month - start.month
    return [
        (start.year + (start.month - 1 + i) // 12, (start.month - 1 + i) % 12 + 1) for i in range(count + 1)
    ]


def _listed(
    root: str,
    cycle: ExpiryCycle,
    expiry: dt.date,
    last: dt.date,
    sessions: Sequence[dt.date],
    days_ahead: int,
) -> ListedExpiry:
    at = bisect_left(sessions, expiry - dt.timedelta(days=days_ahead))
    return ListedExpiry(root, cycle, expiry, sessions[at], last)


def exchange_expiries(
    sessions: Sequence[dt.date],
    *,
    end: dt.date,
    monthly_root: str,
    weekly_root: str,
    am_monthlies: bool,
    weekly_days_ahead: int,
    monthly_days_ahead: int,
    quarterly_days_ahead: int,
    weeklies_on_third_friday: bool,
) -> list[ListedExpiry]:
    """Monthlies on third Fridays and weeklies on the other Fridays; the session before where that is closed.

    Parameters
    ----------
    sessions
        Sorted, reaching at least ``quarterly_days_ahead`` beyond ``end``.
    end
        Last session on which anything is quoted.
    am_monthlies
        Monthlies settle at the open, so the session before their expiry is their last one.
    weeklies_on_third_friday
        The weekly root lists third Fridays too (as SPXW does beside SPX).
    """
    listed = []
    horizon = end + dt.timedelta(days=quarterly_days_ahead)
    thirds = set()
    for year, month in _months(sessions[0], horizon):
        friday = third_friday(year, month)
        thirds.add(friday)
        if not sessions[0] <= friday <= horizon:
            continue
        expiry = session_on_or_before(sessions, friday)
        last = session_on_or_before(sessions, expiry - dt.timedelta(days=1)) if am_monthlies else expiry
        cycle = ExpiryCycle.QUARTERLY if month % 3 == 0 else ExpiryCycle.MONTHLY
        ahead = quarterly_days_ahead if cycle is ExpiryCycle.QUARTERLY else monthly_days_ahead
        listed.append(_listed(monthly_root, cycle, expiry, last, sessions, ahead))
    friday = sessions[0] + dt.timedelta(days=(FRIDAY - sessions[0].weekday()) % 7)
    while friday <= end + dt.timedelta(days=weekly_days_ahead):
        if friday not in thirds or weeklies_on_third_friday:
            expiry = session_on_or_before(sessions, friday)
            listed.append(
                _listed(weekly_root, ExpiryCycle.WEEKLY, expiry, expiry, sessions, weekly_days_ahead)
            )
        friday += dt.timedelta(days=7)
    return listed


def coin_expiries(
    sessions: Sequence[dt.date],
    *,
    end: dt.date,
    root: str,
    daily_days_ahead: int,
    weekly_days_ahead: int,
    monthly_days_ahead: int,
    quarterly_days_ahead: int,
) -> list[ListedExpiry]:
    """Every day, Fridays, last Fridays of months and of quarters, each expiring at 08:00 UTC.

    An expiry is listed once, by its longest cycle. Quotes are taken after 08:00, so the day before the
    expiry is its last with one.
    """
    ahead_of = {
        ExpiryCycle.DAILY: daily_days_ahead,
        ExpiryCycle.WEEKLY: weekly_days_ahead,
        ExpiryCycle.MONTHLY: monthly_days_ahead,
        ExpiryCycle.QUARTERLY: quarterly_days_ahead,
    }
    listed = []
    day = sessions[0] + dt.timedelta(days=1)
    while day <= end + dt.timedelta(days=quarterly_days_ahead):
        cycle = ExpiryCycle.DAILY
        if day.weekday() == FRIDAY:
            cycle = ExpiryCycle.WEEKLY
            if day == last_friday(day.year, day.month):
                cycle = ExpiryCycle.QUARTERLY if day.month % 3 == 0 else ExpiryCycle.MONTHLY
        if day <= end + dt.timedelta(days=ahead_of[cycle]):
            last = day - dt.timedelta(days=1)
            listed.append(_listed(root, cycle, day, last, sessions, ahead_of[cycle]))
        day += dt.timedelta(days=1)
    return listed
