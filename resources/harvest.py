"""Harvesting: from a provider into the raw store, the same way for the command line and the assets."""

import datetime as dt

from engine.calendars import TradingCalendar
from resources.providers.protocol import Provider, ProviderError, ResumableProvider
from resources.raw_store import HarvestRecord, RawPart, RawStore
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

    The same content as the latest harvest is a no-op. Of a snapshot-only source, each harvest adds a snapshot to
    those of the day. A historical source that has nothing leaves a record
    without parts, so that the gap itself is on record.

    Parameters
    ----------
    received_at
        Now, with a time zone; recorded, never part of a digest.

    Raises
    ------
    SnapshotOnlyError
        For a past session of a snapshot-only source of which no snapshot was taken: what it shows now is not
        what it showed then. With snapshots, their record is the answer.
    NoSessionError
        If the day is no session (see ``harvest_off_calendar``), or, of a snapshot-only source, has not begun.
    """
    calendar = _calendar(universe)
    if not calendar.is_session(trade_date):
        raise NoSessionError(
            f"{universe.name}: {trade_date} is no session of {universe.calendar}; what a source has for such "
            "days goes to the off-calendar store"
        )
    key = trade_date.isoformat()
    if provider.mode == "snapshot_only":
        current = current_session(universe, received_at)
        if trade_date > current:
            raise NoSessionError(
                f"{universe.name}: session {trade_date} has not begun at {received_at.isoformat()}"
            )
        if trade_date < current:
            return _close_day(universe, provider, store, trade_date, current, received_at)
    parts = provider.fetch(trade_date)
    if provider.mode == "snapshot_only":
        parts = _with_earlier_snapshots(store, key, parts)
    record = store.put(key, parts, received_at=received_at)
    if isinstance(provider, ResumableProvider):
        provider.stored(trade_date)
    return record


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


def _with_earlier_snapshots(store: RawStore, key: str, parts: list[RawPart]) -> list[RawPart]:
    """A day's snapshots stand side by side: what was harvested before, and what is new."""
    latest = store.latest(key)
    if latest is None or not parts:
        return parts
    fresh = {(part.kind, part.underlying, part.name) for part in parts}
    kept = [p for p in store.load(latest) if (p.kind, p.underlying, p.name) not in fresh]
    return [*kept, *parts]


def _calendar(universe: UniverseSpec) -> TradingCalendar:
    # is_session and session_of also answer beyond this range
    return TradingCalendar.for_code(universe.calendar, universe.start, universe.end or universe.start)


def _close_day(
    universe: UniverseSpec,
    provider: Provider,
    store: RawStore,
    trade_date: dt.date,
    current: dt.date,
    at: dt.datetime,
) -> HarvestRecord:
    """What was harvested of a past session while it ran; nothing is asked of the source."""
    key = trade_date.isoformat()
    if isinstance(provider, ResumableProvider):
        pending = provider.pending(trade_date)
        if pending:
            record = store.put(key, _with_earlier_snapshots(store, key, pending), received_at=at)
            provider.stored(trade_date)
            return record
    latest = store.latest(key)
    if latest is None:
        raise SnapshotOnlyError(
            f"{universe.name}: its source shows only the market of now (session {current}), and no snapshot of "
            f"{trade_date} was taken: {trade_date} cannot be harvested any more"
        )
    return latest


def current_session(universe: UniverseSpec, at: dt.datetime) -> dt.date:
    """The session that the market shows at an instant: the running one, or after its end the last."""
    if at.tzinfo is None:
        raise ValueError(f"received_at {at} has no time zone")
    at_us = (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
    return _calendar(universe).session_of(at_us, universe.timezone)
