"""When a package must be closed now to be out before its options expire."""

import math

_SATURDAY_OFFSET = 2  # 1970-01-01 was a Thursday


def _is_weekend(day: int) -> bool:
    return (day - _SATURDAY_OFFSET) % 7 in (0, 1)


def advance_sessions(day: int, sessions: int, *, every_day: bool) -> int:
    """The day ``sessions`` sessions after ``day``, by weekdays alone (or all days on 24/7 venues).

    Exchange holidays are not known here, so the estimate can be a day early. It must not be taken from the
    chain's own later sessions: which of them have data is not known in advance.
    """
    if every_day:
        return day + sessions
    while sessions > 0:
        day += 1
        if not _is_weekend(day):
            sessions -= 1
    return day


def must_exit_now(
    trade_day: int,
    expiry_days: int,
    *,
    exit_before_days: int,
    lag_snapshots: int,
    snapshots_per_session: int,
    every_day: bool,
) -> bool:
    """Whether an exit decided at the *next* snapshot would fill later than ``exit_before_days`` before expiry."""
    if exit_before_days == 0:
        return False
    sessions = math.ceil((lag_snapshots + 1) / max(1, snapshots_per_session))
    return advance_sessions(trade_day, sessions, every_day=every_day) > expiry_days - exit_before_days
