"""One universe of real files through fetch, parse and validation, on a scratch lake and without Dagster."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from assets.closed_days import ClosedDay, closed_days
from assets.corporate_actions import ASSET as CORPORATE_ACTIONS
from assets.corporate_actions import build_month
from assets.day_status import UnderlyingStatus
from assets.validation import QUARANTINED, VALIDATED, validate_days
from engine.calendars import TradingCalendar
from resources.data_quality.suite import ExpectationResult
from resources.harvest import OFF_CALENDAR_QUOTES, RAW_QUOTES
from resources.lake import open_lake
from resources.lake.lake import Lake
from resources.providers.protocol import ParsedDay, ParsedPrices, Provider, RawPart
from resources.raw_store import HarvestRecord, RawStore
from resources.sources import SourcesResource
from resources.universe import UniverseSpec


@dataclass(frozen=True)
class Received:
    """What a parsed payload of one underlying says of its own time."""

    problem: str | None
    payload_ts_us: int | None
    last_trade: dt.datetime | None
    #: time of the market and last trade, by snapshot
    by_snapshot: dict[int, tuple[dt.datetime, dt.datetime | None]]

    @property
    def snapshots(self) -> int:
        return len(self.by_snapshot)


@dataclass(frozen=True)
class Session:
    """One underlying on one day, judged."""

    underlying: str
    status: UnderlyingStatus
    received: Received | None
    results: tuple[ExpectationResult, ...]
    kept: pa.Table
    aside: pa.Table


@dataclass(frozen=True)
class Day:
    """One day of a universe: the record of its payload, the rows of prices read, its underlyings."""

    day: dt.date
    record: HarvestRecord
    price_rows: int
    sessions: tuple[Session, ...] = ()


@dataclass(frozen=True)
class Ingested:
    """A universe's sessions, and the days of its files that are none."""

    universe: UniverseSpec
    days: tuple[Day, ...]
    off_calendar: tuple[HarvestRecord, ...]
    closed: tuple[ClosedDay, ...]


@dataclass
class _Noted:
    """A provider that notes what it parsed, so that nothing is parsed twice for the page."""

    provider: Provider
    received: dict[tuple[dt.date, str], Received] = field(default_factory=dict)
    price_rows: dict[dt.date, int] = field(default_factory=dict)

    @property
    def mode(self) -> Literal["historical", "snapshot_only"]:
        return self.provider.mode

    def available_days(self) -> list[dt.date]:
        return self.provider.available_days()

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        return self.provider.fetch(trade_date)

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        parsed = self.provider.parse(trade_date, parts)
        self.price_rows[trade_date] = parsed.underlying_prices.num_rows
        for name, found in parsed.underlyings.items():
            times = found.quotes.select(["snapshot_id", "ts", "last_trade_ts"]).group_by("snapshot_id")
            by_snapshot = {
                row["snapshot_id"]: (row["ts_max"], row["last_trade_ts_max"])
                for row in times.aggregate([("ts", "max"), ("last_trade_ts", "max")]).to_pylist()
            }
            traded = pc.max(found.quotes["last_trade_ts"]).as_py()
            self.received[trade_date, name] = Received(
                found.problem, found.payload_ts_us, traded, by_snapshot
            )
        return parsed

    def parse_prices(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedPrices:
        return self.provider.parse_prices(trade_date, parts)


def ingest(universe: UniverseSpec, data: Path, scratch: Path) -> Ingested:
    """Every session from the universe's start to its end, and what its files hold for other days."""
    if universe.end is None:
        raise ValueError(f"universe {universe.name}: a page of what there is needs an end")
    lake = open_lake(str(scratch / universe.name))
    sources = SourcesResource(data_folder=str(data), generated_folder=str(scratch / "generated"))
    calendar = TradingCalendar.for_code(universe.calendar, universe.start, universe.end)
    days = calendar.sessions()
    records = sources.harvest(universe, RawStore(lake, universe.name, RAW_QUOTES), days)
    off_calendar = sources.harvest_off_calendar(universe, lake, [universe.start, universe.end])
    _actions(universe, lake, sources, days)
    apart = RawStore(lake, universe.name, OFF_CALENDAR_QUOTES)
    closed = closed_days(universe, lake, sources.provider(universe), off_calendar, apart, calendar)
    noted = _Noted(sources.provider(universe))
    results: list[ExpectationResult] = []
    kept, _ = validate_days(universe, lake, noted, days, calendar, results.extend)
    judged: dict[tuple[dt.date, str], list[ExpectationResult]] = {}
    for result in results:
        judged.setdefault((result.trade_date, result.underlying), []).append(result)

    def session(day: dt.date, name: str, status: UnderlyingStatus) -> Session:
        tables = [_layer(lake, status.path), _layer(lake, status.path.replace(VALIDATED, QUARANTINED))]
        found = tuple(judged.get((day, name), ()))
        return Session(name, status, noted.received.get((day, name)), found, *tables)

    return Ingested(
        universe,
        tuple(
            Day(
                status.trade_date,
                records[status.trade_date],
                noted.price_rows.get(status.trade_date, 0),
                tuple(session(status.trade_date, n, u) for n, u in sorted(status.underlyings.items())),
            )
            for status in kept
        ),
        tuple(off_calendar),
        tuple(closed),
    )


def _layer(lake: Lake, path: str) -> pa.Table:
    table = lake.read_table(path)
    names = [n for n in ("root", "snapshot_id", "harvest_id", "reasons", "raw") if n in table.column_names]
    return table.select(names)


def _actions(universe: UniverseSpec, lake: Lake, sources: SourcesResource, days: list[dt.date]) -> None:
    """The months of corporate actions that the sessions are judged with."""
    if universe.corporate_actions is None:
        return
    store = RawStore(lake, universe.name, CORPORATE_ACTIONS)
    record, source = sources.harvest_actions(universe, store)
    parsed = source.parse(store.load(record))
    for month in sorted({day.replace(day=1) for day in days}):
        build_month(universe, lake, parsed, month, {record.path: record.digest})
