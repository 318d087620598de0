"""When a trader could know a published value: one rule per kind of source, all in UTC microseconds.

Where a source does not say when it published, the rule takes the latest usual time, never an earlier one.
"""

import datetime as dt

from engine.calendars import wall_time_us

NEW_YORK = "America/New_York"
_ONE_DAY = dt.timedelta(days=1)
MORNING = dt.time(8)
#: the Treasury puts the day's curve on its site before 18:00
TREASURY_EVENING = dt.time(18)


def next_weekday_morning_us(observed: dt.date) -> int:
    """08:00 New York on the weekday after ``observed``.

    When overnight rates and FRED's copies of the day before are out. A holiday on that weekday is not taken
    into account: markets that observe it are closed.
    """
    morning = observed + _ONE_DAY
    while morning.weekday() > 4:
        morning += _ONE_DAY
    return wall_time_us(morning, MORNING, NEW_YORK)


def treasury_evening_us(observed: dt.date) -> int:
    """18:00 New York on the day itself."""
    return wall_time_us(observed, TREASURY_EVENING, NEW_YORK)


def same_morning_us(effective: dt.date) -> int:
    """08:00 New York on the day itself, for what was decided before it and takes effect on it."""
    return wall_time_us(effective, MORNING, NEW_YORK)


def end_of_day_us(day: dt.date) -> int:
    """Midnight New York at the end of the day, for what was published at an unknown hour of it."""
    return wall_time_us(day + _ONE_DAY, dt.time(0), NEW_YORK)
