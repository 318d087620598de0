"""The columns of a profile row, an empty one, and what a payload's own time says."""

import datetime as dt
from typing import Any, Protocol
from zoneinfo import ZoneInfo

DAY_US = 86_400 * 10**6
Profile = dict[str, Any]


class SessionCalendar(Protocol):
    """The part of ``engine.calendars.TradingCalendar`` that a profile needs."""

    def session_of(self, ts_us: int, timezone: str, /) -> dt.date: ...
    def open_us(self, day: dt.date, /) -> int: ...
    def close_us(self, day: dt.date, /) -> int: ...
    def previous(self, day: dt.date, /) -> dt.date: ...
    def is_session(self, day: dt.date, /) -> bool: ...
    def early_close_shift_us(self, day: dt.date, /) -> int: ...
    @property
    def always_open(self) -> bool: ...


def absent_profile(trade_date: dt.date, underlying: str) -> Profile:
    """The profile of a session for which no payload was delivered."""
    return {**empty_profile(trade_date, underlying), "absent": True}


def empty_profile(trade_date: dt.date, underlying: str) -> Profile:
    """Every column; None is a number that does not exist, and no expectation judges it."""
    nothing: Profile = dict.fromkeys(PROFILE_COLUMNS)
    nothing.update(
        trade_date=trade_date,
        underlying=underlying,
        part="whole",
        absent=False,
        quarantined_by_rule={},
        missing_fraction={},
        measures={},
        named={},
    )
    return nothing


PROFILE_COLUMNS = (
    *("trade_date", "underlying", "snapshot_id", "part", "snapshots", "absent", "problem"),
    *("payload_session", "payload_local", "payload_in_session"),
    *("rows", "rows_untyped", "rows_clean", "rows_quoted", "rows_quarantined"),
    *("quarantined_fraction", "quarantined_by_rule", "expired"),
    *("missing_fraction", "missing_worst_field", "missing_worst_fraction"),
    *("crossed", "locked", "one_sided", "no_quote", "wide"),
    *("expiries", "strikes", "roots", "duplicate_keys"),
    *("last_trade_max_date", "quote_age_median_seconds", "quote_age_max_seconds", "stale"),
    *("previous_rows", "row_ratio", "common_contracts", "equal_fraction"),
    *("traded_contracts", "traded_equal_fraction", "snapshot_contracts", "snapshot_equal_fraction"),
    *("measures", "named"),
)


def payload_time(ts_us: int, trade_date: dt.date, calendar: SessionCalendar, timezone: str) -> Profile:
    session = calendar.session_of(ts_us, timezone)
    profile: Profile = {"payload_session": session, "payload_local": local_text(ts_us, timezone)}
    if session == trade_date:
        opened, closed = calendar.open_us(trade_date), calendar.close_us(trade_date)
        # a market that never closes has no end of session that a payload could miss
        round_the_clock = closed - opened >= DAY_US - 60 * 10**6
        profile["payload_in_session"] = not round_the_clock and ts_us < closed
    return profile


def local_text(ts_us: int, timezone: str) -> str:
    """An instant as a reader of that exchange writes it: ``2026-07-22 21:14 New York``."""
    instant = dt.datetime.fromtimestamp(ts_us / 1e6, tz=ZoneInfo(timezone))
    return f"{instant:%Y-%m-%d %H:%M} {timezone.rsplit('/', 1)[-1].replace('_', ' ')}"
