"""Dates, day numbers and wall times as the engine counts them: days and microseconds since 1970-01-01 UTC."""

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

US_PER_SECOND = 1_000_000
US_PER_MINUTE = 60 * US_PER_SECOND
US_PER_DAY = 86_400 * US_PER_SECOND

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()


def days_of_date(day: dt.date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH_ORDINAL


def date_of_days(days: int) -> dt.date:
    """Inverse of :func:`days_of_date`."""
    return dt.date.fromordinal(int(days) + _EPOCH_ORDINAL)


def wall_time_us(day: dt.date, time: dt.time, timezone: str) -> int:
    """UTC microseconds of a local wall time.

    In the hour that repeats when clocks go back, the first pass is meant (``fold=0``); no exchange opens,
    closes or settles in it.
    """
    delta = dt.datetime.combine(day, time, tzinfo=_zone(timezone)) - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * US_PER_SECOND + delta.microseconds


def local_date(ts_us: int, timezone: str) -> dt.date:
    """The date on the wall of ``timezone`` at a UTC instant in microseconds."""
    return (_EPOCH + dt.timedelta(microseconds=int(ts_us))).astimezone(_zone(timezone)).date()


def parse_wall_time(text: str) -> dt.time:
    """``"16:15"`` as a time; anything else than HH:MM raises ``ValueError``."""
    try:
        return dt.datetime.strptime(text, "%H:%M").time()
    except ValueError:
        raise ValueError(f"wall time {text!r}: write it as HH:MM, e.g. '16:15'") from None


@lru_cache(maxsize=64)
def _zone(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)
