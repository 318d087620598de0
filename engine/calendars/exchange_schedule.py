"""The one place that asks the exchange_calendars package: sessions, opens and closes of an exchange."""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

# One schedule per exchange serves every universe: it costs the same 0.12 s for two years as for fifty. It
# reaches beyond today because listed expiries do.
_FIRST = dt.date(1990, 1, 1)
_LAST = dt.date(2045, 12, 31)

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class ExchangeSchedule:
    """Sessions of one exchange, in order.

    Attributes
    ----------
    session_days : int32[n]
        Days since 1970-01-01.
    opens_us, closes_us : int64[n]
        UTC microseconds.
    ordinary_closes
        (first date it holds from, or None for ever; local wall time), in order.
    timezone
        The exchange's own.
    """

    session_days: NDArray[np.int32]
    opens_us: NDArray[np.int64]
    closes_us: NDArray[np.int64]
    ordinary_closes: tuple[tuple[dt.date | None, dt.time], ...]
    timezone: str


def knows_exchange(code: str) -> bool:
    """Whether the package has an exchange of that code.

    A code of its own has a module of its own, which answers without the import of the package (half a second and
    pandas, for a command that may need neither); other names are asked of it.
    """
    package = find_spec("exchange_calendars")
    folders = package.submodule_search_locations if package is not None else None
    module = f"exchange_calendar_{code.lower()}.py"
    if (
        code.isalnum()
        and code.isupper()
        and any((Path(folder) / module).is_file() for folder in folders or ())
    ):
        return True
    return code in exchange_codes()


def exchange_codes() -> list[str]:
    """Every code and alias that the package knows, sorted."""
    import exchange_calendars

    return sorted(exchange_calendars.get_calendar_names(include_aliases=True))


def load_exchange_schedule(code: str, start: dt.date, end: dt.date) -> ExchangeSchedule:
    """The schedule of an exchange over at least ``start`` to ``end``, wider where the package knows more.

    Raises
    ------
    ValueError
        The package has no such exchange, or does not know it over the range asked for.
    """
    return _load(code, min(start, _FIRST), max(end, _LAST), start, end)


@lru_cache(maxsize=32)
def _load(code: str, first: dt.date, last: dt.date, start: dt.date, end: dt.date) -> ExchangeSchedule:
    try:
        return _build(code, first, last)
    except ValueError:
        # Some exchanges (Shanghai, Tel Aviv) are known over a bounded time only: then exactly what was asked
        # for. Later questions beyond it raise CalendarRangeError.
        return _build(code, start, end)


@lru_cache(maxsize=32)
def _build(code: str, first: dt.date, last: dt.date) -> ExchangeSchedule:
    import exchange_calendars
    from exchange_calendars.errors import InvalidCalendarName

    try:
        calendar = exchange_calendars.get_calendar(code, start=first.isoformat(), end=last.isoformat())
    except InvalidCalendarName:
        raise ValueError(
            f"calendar {code!r}: neither '24/7' nor a code that exchange_calendars knows (e.g. 'XNYS')"
        ) from None
    closes = tuple((None if since is None else since.date(), time) for since, time in calendar.close_times)
    return ExchangeSchedule(
        session_days=_days(calendar.sessions.to_numpy()),
        opens_us=_microseconds(calendar.opens.dt.tz_localize(None).to_numpy()),
        closes_us=_microseconds(calendar.closes.dt.tz_localize(None).to_numpy()),
        ordinary_closes=closes,
        timezone=str(calendar.tz),
    )


def _days(sessions: NDArray[np.datetime64]) -> NDArray[np.int32]:
    return _frozen(sessions.astype("datetime64[D]").astype(np.int64).astype(np.int32))


def _microseconds(instants: NDArray[np.datetime64]) -> NDArray[np.int64]:
    return _frozen(instants.astype("datetime64[us]").astype(np.int64))


def _frozen(values: NDArray[T]) -> NDArray[T]:
    values.setflags(write=False)
    return values
