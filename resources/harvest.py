"""Harvesting: from a provider into the raw store, the same way for the command line and the assets."""

import datetime as dt

from engine.calendars import TradingCalendar
from resources.providers.protocol import Provider, ProviderError
from resources.raw_store import HarvestRecord, RawStore
from resources.universe import UniverseSpec

RAW_QUOTES = "raw_quotes"
OFF_CALENDAR_QUOTES = "off_calendar_quotes"


class SnapshotOnlyError(ProviderError):
    """A past day was asked of a source that only shows the market as it is now."""


class NoSessionError(ValueError):
    """A harvest was asked for a day on which the universe has no session."""


def harvest_day(
    universe: UniverseSpec,
    provider: Provider,
    store: RawStore,
    trade_date: dt.date,
    *,
    received_at: dt.datetime,
) -> HarvestRecord:
    """Fetch one session and keep what was received.

    The same content as the latest harvest is a no-op. A historical source that has nothing leaves a record
    without parts, so that the gap itself is on record.

    Parameters
    ----------
    received_at
        Now, with a time zone; recorded, never part of a digest.

    Raises
    ------
    SnapshotOnlyError
        For a past session of a snapshot-only source: what it shows now is not what it showed then.
    NoSessionError
        If the day is no session (see ``harvest_off_calendar``), or, of a snapshot-only source, has not begun.
    """
    calendar = _calendar(universe)
    if not calendar.is_session(trade_date):
        raise NoSessionError(
            f"{universe.name}: {trade_date} is no session of {universe.calendar}; what a source has for such "
            "days goes to the off-calendar store"
        )
    if provider.mode == "snapshot_only":
        _require_current(universe, calendar, trade_date, received_at)
    return store.put(trade_date.isoformat(), provider.fetch(trade_date), received_at=received_at)


def harvest_off_calendar(
    universe: UniverseSpec,
    provider: Provider,
    store: RawStore,
    *,
    received_at: dt.datetime,
    start: dt.date | None = None,
    end: dt.date | None = None,
) -> list[HarvestRecord]:
    """Keep what a source has for days that are no session, apart from the sessions.

    Such a payload is a defect to look at (a copy of the session before, a wrong date), never data.

    Parameters
    ----------
    store
        Of the dataset ``off_calendar_quotes``.
    start, end
        Both included; the universe's own range by default.
    """
    calendar = _calendar(universe)
    first = start or universe.start
    last = end or universe.end
    return [
        store.put(day.isoformat(), provider.fetch(day), received_at=received_at)
        for day in provider.available_days()
        if day >= first and (last is None or day <= last) and not calendar.is_session(day)
    ]


def _calendar(universe: UniverseSpec) -> TradingCalendar:
    # is_session and session_of also answer beyond this range
    return TradingCalendar.for_code(universe.calendar, universe.start, universe.end or universe.start)


def _require_current(
    universe: UniverseSpec, calendar: TradingCalendar, trade_date: dt.date, at: dt.datetime
) -> None:
    if at.tzinfo is None:
        raise ValueError(f"received_at {at} has no time zone")
    at_us = (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
    current = calendar.session_of(at_us, universe.timezone)
    if trade_date > current:
        raise NoSessionError(f"{universe.name}: session {trade_date} has not begun at {at.isoformat()}")
    if trade_date < current:
        raise SnapshotOnlyError(
            f"{universe.name}: its source shows only the market of now (session {current}), so {trade_date} "
            "cannot be harvested any more; what was harvested on that day stays as it is"
        )
