"""``index_history``: daily bars of the indices that a universe names beside its underlyings, by month.

A session without a bar is told in the metadata: an index without a value cannot be seen from the rows that are
there.
"""

import datetime as dt
import sys

import dagster as dg
import pyarrow as pa

from assets.chain_month import month_end
from assets.monthly_reference import monthly_asset, rows_of_month, write_month
from assets.naming import table_markdown
from engine.calendars import TradingCalendar
from resources.lake.layout import partition_folder
from resources.lake.resource import LakeResource
from resources.raw_store import RawStore
from resources.reference.parsed import ParsedReference, joined_quarantine
from resources.schemas import INDEX_HISTORY_SCHEMA
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

ASSET = "index_history"


def missing_sessions(table: pa.Table, month: dt.date, universe: UniverseSpec) -> list[dt.date]:
    """Sessions of the month between the first and the last bar of a whole history on which it has none."""
    days = table["trade_date"].to_pylist()
    if not days:
        return []
    first, last = max(month, min(days)), min(month_end(month), max(days))
    if last < first:
        return []
    there = set(days)
    calendar = TradingCalendar.for_code(universe.calendar, first, last)
    return [day for day in calendar.sessions() if day not in there]


def build_index_history(
    universe: UniverseSpec, monthly: dg.TimeWindowPartitionsDefinition
) -> dg.AssetsDefinition:
    """The Dagster asset of one universe that names index histories."""

    @dg.asset(
        **monthly_asset(universe, ASSET, monthly, sys.modules[__name__], INDEX_HISTORY_SCHEMA),
        description=(
            "Daily bars of the universe's index histories, one file each, known from known_at on and not "
            "before. The data version of a month is its content."
        ),
    )
    def index_history(
        context: dg.AssetExecutionContext, lake: LakeResource, sources: SourcesResource
    ) -> dg.MaterializeResult:
        store = RawStore(lake.open(), universe.name, ASSET)
        record, source = sources.harvest_index_histories(universe, store)
        parsed = source.parse(store.load(record))
        month = dt.date.fromisoformat(context.partition_key)
        tables = {name: rows_of_month(history.table, "trade_date", month) for name, history in parsed.items()}
        rejected = joined_quarantine(list(parsed.values()))
        inputs = {record.path: record.digest}
        digest = write_month(universe, lake.open(), ASSET, month, tables, rejected, inputs)
        rows = [_row(name, history, tables[name], month, universe) for name, history in parsed.items()]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(table.num_rows for table in tables.values()),
                "path": partition_folder(universe.name, ASSET, month.isoformat()),
                "histories": table_markdown(
                    ("history", "bars", "sessions without", "file", "rows", "quarantined"), rows
                ),
            },
            data_version=dg.DataVersion(digest[:32]),
        )

    return index_history


def _row(
    name: str, history: ParsedReference, table: pa.Table, month: dt.date, universe: UniverseSpec
) -> tuple[object, ...]:
    without = ", ".join(map(str, missing_sessions(history.table, month, universe))) or "none"
    by_reason = ", ".join(f"{r} {n}" for r, n in history.quarantined_by_reason().items()) or "none"
    return name, table.num_rows, without, history.file, history.rows_in, by_reason
