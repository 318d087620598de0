"""When the nightly harvest of a universe begins: what the schedules tick by, and lateness is measured against."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

_EVERY_DAY = frozenset(range(7))
_TUESDAY_TO_SATURDAY = frozenset(range(1, 6))


@dataclass(frozen=True)
class HarvestTick:
    """A wall time on some days of the week.

    Attributes
    ----------
    weekdays
        Monday is 0, as ``datetime.date.weekday`` counts.
    """

    at: dt.time
    weekdays: frozenset[int]
    timezone: str

    @property
    def cron(self) -> str:
        """As a schedule takes it; there Sunday is 0."""
        if self.weekdays == _EVERY_DAY:
            days = "*"
        else:
            numbers = sorted((weekday + 1) % 7 for weekday in self.weekdays)
            unbroken = len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1))
            days = f"{numbers[0]}-{numbers[-1]}" if unbroken else ",".join(map(str, numbers))
        return f"{self.at.minute} {self.at.hour} * * {days}"

    def first_from(self, instant: dt.datetime) -> dt.datetime:
        """The first tick at or after an instant (which has a time zone), in UTC."""
        zone = ZoneInfo(self.timezone)
        day = instant.astimezone(zone).date()
        while True:
            # through UTC: between two wall times of one zone the clock may have been put forward or back
            tick = dt.datetime.combine(day, self.at, zone).astimezone(dt.UTC)
            if day.weekday() in self.weekdays and tick >= instant:
                return tick
            day += dt.timedelta(days=1)


def exchange_tick(timezone: str) -> HarvestTick:
    """The night after each weekday: after midnight of the exchange's zone, Tuesday to Saturday."""
    return HarvestTick(dt.time(0, 30), _TUESDAY_TO_SATURDAY, timezone)


def around_the_clock_tick() -> HarvestTick:
    """Every day, once the UTC day is over."""
    return HarvestTick(dt.time(0, 15), _EVERY_DAY, "UTC")
