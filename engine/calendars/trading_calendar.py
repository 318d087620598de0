"""Which days are sessions, and when they open and close."""

import datetime as dt
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.calendars.epoch import US_PER_DAY, date_of_days, days_of_date, local_date, wall_time_us
from engine.calendars.exchange_schedule import ExchangeSchedule, load_exchange_schedule

ALWAYS_OPEN = "24/7"


class CalendarRangeError(ValueError):
    """A question about days that the calendar does not cover."""


class NotASessionError(ValueError):
    """An open or a close was asked of a day without a session."""


class TradingCalendar:
    """Sessions of an exchange, or of a venue that never closes.

    ``start`` and ``end`` bound what :meth:`sessions` and :meth:`non_sessions` list. The other methods also
    answer about days around that range (the session before the first, expiries years ahead), as far as the
    schedule of the exchange is known.

    A 24/7 venue has a session every day, from 00:00 UTC to 24:00 UTC.
    """

    __slots__ = ("_schedule", "code", "end", "start")

    def __init__(self, code: str, start: dt.date, end: dt.date, schedule: ExchangeSchedule | None) -> None:
        if end < start:
            raise ValueError(f"calendar {code}: end {end} is before start {start}")
        self.code = code
        self.start = start
        self.end = end
        self._schedule = schedule

    @classmethod
    def for_code(cls, code: str, start: dt.date, end: dt.date) -> Self:
        """The calendar of ``code`` ("24/7" or one of exchange_calendars, such as "XNYS").

        Schedules are built once per process and exchange (about 0.1 s, and the import of the package
        before it); "24/7" needs neither.

        Raises
        ------
        ValueError
            Unknown code, a range that the exchange is not known over, or ``end`` before ``start``.
        """
        if end < start:
            raise ValueError(f"calendar {code}: end {end} is before start {start}")
        schedule = None if code == ALWAYS_OPEN else load_exchange_schedule(code, start, end)
        return cls(code, start, end, schedule)

    def __repr__(self) -> str:
        return f"TradingCalendar({self.code!r}, {self.start}, {self.end})"

    @property
    def always_open(self) -> bool:
        """True for a venue that trades around the clock, every day."""
        return self._schedule is None

    def sessions(self) -> list[dt.date]:
        """Sessions from ``start`` to ``end``, both included."""
        return [date_of_days(d) for d in self.session_days().tolist()]

    def session_days(self) -> NDArray[np.int32]:
        """:meth:`sessions` as day numbers, int32[n]."""
        first, last = days_of_date(self.start), days_of_date(self.end)
        if self._schedule is None:
            return np.arange(first, last + 1, dtype=np.int32)
        days = self._schedule.session_days
        return days[np.searchsorted(days, first) : np.searchsorted(days, last, side="right")]

    def non_sessions(self) -> list[dt.date]:
        """Days from ``start`` to ``end`` that are no session, weekends included."""
        every_day = np.arange(days_of_date(self.start), days_of_date(self.end) + 1, dtype=np.int32)
        return [date_of_days(d) for d in np.setdiff1d(every_day, self.session_days()).tolist()]

    def is_session(self, day: dt.date) -> bool:
        """Whether the market holds a session on ``day``."""
        if self._schedule is None:
            return True
        number = days_of_date(day)
        position = self._position_at_or_before(number)
        return int(self._schedule.session_days[position]) == number

    def at_or_before(self, days: NDArray[np.int32]) -> NDArray[np.int32]:
        """The latest session on or before each day number, int32[n]."""
        if self._schedule is None:
            return days.astype(np.int32)
        self._check_range(days)
        known = self._schedule.session_days
        return known[np.searchsorted(known, days, side="right") - 1]

    def before(self, days: NDArray[np.int32]) -> NDArray[np.int32]:
        """The latest session strictly before each day number, int32[n]."""
        return self.at_or_before((np.asarray(days) - 1).astype(np.int32))

    def previous(self, day: dt.date) -> dt.date:
        """The last session strictly before ``day``."""
        return date_of_days(int(self.before(np.array([days_of_date(day)], dtype=np.int32))[0]))

    def next(self, day: dt.date) -> dt.date:
        """The first session strictly after ``day``."""
        if self._schedule is None:
            return day + dt.timedelta(days=1)
        known = self._schedule.session_days
        position = self._position_at_or_before(days_of_date(day)) + 1
        if position >= len(known):
            raise CalendarRangeError(f"{self.code}: no session after {day} is known; {self._covers()}")
        return date_of_days(int(known[position]))

    def open_us(self, day: dt.date) -> int:
        """UTC microseconds of the session's open."""
        if self._schedule is None:
            return days_of_date(day) * US_PER_DAY
        return int(self._schedule.opens_us[self._session_position(day)])

    def close_us(self, day: dt.date) -> int:
        """UTC microseconds of the session's close; on a half day the early one."""
        if self._schedule is None:
            return (days_of_date(day) + 1) * US_PER_DAY
        return int(self._schedule.closes_us[self._session_position(day)])

    def early_close_shift_us(self, day: dt.date) -> int:
        """How much earlier (negative microseconds) than on an ordinary session the market closes.

        0 on ordinary sessions and around the clock.
        """
        if self._schedule is None:
            return 0
        time = next(
            wall for since, wall in reversed(self._schedule.ordinary_closes) if since is None or since <= day
        )
        return self.close_us(day) - wall_time_us(day, time, self._schedule.timezone)

    def session_of(self, ts_us: int, timezone: str) -> dt.date:
        """The latest session that had opened by ``ts_us`` (UTC microseconds).

        A payload taken before the open shows the session before. Around the clock it is the date on the
        wall of ``timezone``; an exchange has its own opens, and ``timezone`` does not matter.
        """
        if self._schedule is None:
            return local_date(ts_us, timezone)
        position = int(np.searchsorted(self._schedule.opens_us, ts_us, side="right")) - 1
        day = local_date(ts_us, self._schedule.timezone)
        self._check_range(np.array([days_of_date(day)], dtype=np.int32))
        return date_of_days(int(self._schedule.session_days[position]))

    def _session_position(self, day: dt.date) -> int:
        assert self._schedule is not None
        number = days_of_date(day)
        position = self._position_at_or_before(number)
        if int(self._schedule.session_days[position]) != number:
            raise NotASessionError(
                f"{self.code}: {day} is no session; the one before is {self.previous(day)}"
            )
        return position

    def _position_at_or_before(self, number: int) -> int:
        assert self._schedule is not None
        self._check_range(np.array([number], dtype=np.int32))
        return int(np.searchsorted(self._schedule.session_days, number, side="right")) - 1

    def _check_range(self, days: NDArray[np.int32]) -> None:
        assert self._schedule is not None
        known = self._schedule.session_days
        if days.size and (int(days.min()) < int(known[0]) or int(days.max()) > int(known[-1])):
            asked = int(days.min()) if int(days.min()) < int(known[0]) else int(days.max())
            raise CalendarRangeError(f"{self.code}: {date_of_days(asked)} is not covered; {self._covers()}")

    def _covers(self) -> str:
        assert self._schedule is not None
        first, last = self._schedule.session_days[[0, -1]].tolist()
        return (
            f"sessions are known from {date_of_days(first)} to {date_of_days(last)}; "
            "build the calendar with a start and end that include it"
        )
