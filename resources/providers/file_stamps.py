"""The day and time that collectors write into the names of their files."""

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

_STAMP = re.compile(
    r"(?<!\d)(\d{4})[-_/]?(\d{2})[-_/]?(\d{2})"
    r"(?:[T_ /-]{0,2}(\d{2})[-:_.]?(\d{2})(?:[-:_.]?(\d{2}))?)?(?!\d)"
)


@dataclass(frozen=True)
class FileStamp:
    """``time`` is None where only a day is named; neither has a zone."""

    day: dt.date
    time: dt.time | None

    def at_us(self, zone: ZoneInfo) -> int | None:
        """UTC microseconds, where the clock on the collector's wall is that of ``zone``; None without a time."""
        if self.time is None:
            return None
        instant = dt.datetime.combine(self.day, self.time, tzinfo=zone)
        return (instant - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)

    def local_day(self, zone: ZoneInfo, exchange: ZoneInfo) -> dt.date:
        """The date at the exchange: a collector on UTC writes tomorrow's date in the American evening."""
        if self.time is None:
            return self.day
        return dt.datetime.combine(self.day, self.time, tzinfo=zone).astimezone(exchange).date()


def file_stamp(path: str) -> FileStamp | None:
    """The first day, and the time behind it, in a path such as ``2026-08-18/chain_142041.json`` or
    ``AAPL_20260818_142041.csv``; None where there is none."""
    for match in _STAMP.finditer(path):
        year, month, day, hour, minute, second = match.groups()
        try:
            named = dt.date(int(year), int(month), int(day))
            time = None if hour is None else dt.time(int(hour), int(minute), int(second or 0))
        except ValueError:
            continue  # digits that are no date
        if 1990 <= named.year < 2100:
            return FileStamp(named, time)
    return None
