"""``underlying_prices``: daily prices of the underlyings, from the same payload as the quotes.

A price whose payload belongs to another session is kept out, by the rule that also blocks its quotes.
"""

import datetime as dt
import sys

import dagster as dg
import pyarrow as pa

from assets.day_status import DayStatus, Status, write_status, write_underlying
from assets.layers import daily_asset, daily_result, each_day, partition_days
from assets.naming import universe_key
from engine.calendars import TradingCalendar
from resources.data_quality.profile_columns import local_text
from resources.lake.lake import Lake
from resources.lake.layout import partition_path
from resources.lake.resource import LakeResource
from resources.providers.protocol import ParsedPrices, Provider
from resources.raw_store import RawStore
from resources.schemas import UNDERLYING_SCHEMA
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

ASSET = "underlying_prices"


def price_days(
    universe: UniverseSpec, lake: Lake, provider: Provider, days: list[dt.date], calendar: TradingCalendar
) -> list[DayStatus]:
    """Build the layer for these sessions."""
    store = RawStore(lake, universe.name, "raw_quotes")

    def build(day: dt.date) -> DayStatus:
        record = store.require(day.isoformat())
        parsed = provider.parse_prices(day, store.load(record))
        return _price_day(universe, lake, parsed, {record.path: record.digest}, calendar)

    return each_day(build, days, lake)


def _price_day(
    universe: UniverseSpec,
    lake: Lake,
    parsed: ParsedPrices,
    inputs: dict[str, str],
    calendar: TradingCalendar,
) -> DayStatus:
    day = parsed.trade_date
    underlyings = {}
    for spec in universe.underlyings:
        mask = [name == spec.symbol for name in parsed.table.column("underlying").to_pylist()]
        rows = parsed.table.filter(pa.array(mask, type=pa.bool_()))
        status, reasons = _verdict(universe, spec.symbol, parsed, rows, calendar)
        if status != "ok":
            rows = UNDERLYING_SCHEMA.empty_table()
        path = partition_path(universe.name, ASSET, day.isoformat(), spec.symbol)
        underlyings[spec.symbol] = write_underlying(lake, path, rows, status=status, reasons=reasons)
    found = DayStatus(day, underlyings, inputs)
    write_status(lake, universe, ASSET, found)
    return found


def _verdict(
    universe: UniverseSpec, symbol: str, parsed: ParsedPrices, rows: pa.Table, calendar: TradingCalendar
) -> tuple[Status, tuple[str, ...]]:
    if rows.num_rows == 0:
        return "absent", ("the payload has no price for this session",)
    payload_ts_us = parsed.payload_ts_us.get(symbol)
    if payload_ts_us is not None:
        session = calendar.session_of(payload_ts_us, universe.timezone)
        if session != parsed.trade_date:
            at = local_text(payload_ts_us, universe.timezone)
            return "blocked", (f"the payload ({at}) belongs to session {session}",)
    return "ok", ()


def universe_calendar(universe: UniverseSpec, last: dt.date) -> TradingCalendar:
    """The calendar that the universe's days are judged against."""
    return TradingCalendar.for_code(universe.calendar, universe.start, max(last, universe.end or last))


def build_underlying_prices(
    universe: UniverseSpec, daily: dg.TimeWindowPartitionsDefinition
) -> dg.AssetsDefinition:
    """The Dagster asset of one universe."""

    @dg.asset(
        **daily_asset(universe, ASSET, daily, sys.modules[__name__], UNDERLYING_SCHEMA),
        deps=[universe_key(universe, "raw_quotes")],
        kinds={"parquet"},
        description=(
            "Open, high, low, close and, where the source has one, the official settlement price of each "
            "underlying. A price from a payload of another session is kept out."
        ),
    )
    def underlying_prices(
        context: dg.AssetExecutionContext, lake: LakeResource, sources: SourcesResource
    ) -> dg.MaterializeResult:
        days = partition_days(context)
        calendar = universe_calendar(universe, days[-1])
        statuses = price_days(universe, lake.open(), sources.provider(universe), days, calendar)
        return daily_result(context, statuses)

    return underlying_prices
