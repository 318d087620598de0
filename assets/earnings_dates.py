"""``earnings_dates``: when the underlyings published results, by month, each date with its known_at."""

import datetime as dt
import sys

import dagster as dg

from assets.monthly_reference import monthly_asset, rows_of_month, write_month
from assets.naming import table_markdown
from resources.lake.layout import partition_path
from resources.lake.resource import LakeResource
from resources.raw_store import RawStore
from resources.schemas import EARNINGS_SCHEMA
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

ASSET = "earnings_dates"
_ALL = "all"


def build_earnings_dates(
    universe: UniverseSpec, monthly: dg.TimeWindowPartitionsDefinition
) -> dg.AssetsDefinition:
    """The Dagster asset of one universe that names earnings."""

    @dg.asset(
        **monthly_asset(universe, ASSET, monthly, sys.modules[__name__], EARNINGS_SCHEMA),
        description=(
            "Dates on which the underlyings published results, known from known_at on and not before. The data "
            "version of a month is its content."
        ),
    )
    def earnings_dates(
        context: dg.AssetExecutionContext, lake: LakeResource, sources: SourcesResource
    ) -> dg.MaterializeResult:
        store = RawStore(lake.open(), universe.name, ASSET)
        record, source = sources.harvest_earnings(universe, store)
        dates, rejected = source.parse(store.load(record))
        month = dt.date.fromisoformat(context.partition_key)
        table = rows_of_month(dates, "earnings_date", month)
        inputs = {record.path: record.digest}
        digest = write_month(universe, lake.open(), ASSET, month, {_ALL: table}, rejected, inputs)
        rows = [(r["earnings_date"], r["underlying"], r["timing"]) for r in table.to_pylist()]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": table.num_rows,
                "path": partition_path(universe.name, ASSET, month.isoformat(), _ALL),
                "dates": table_markdown(("date", "underlying", "timing"), rows),
            },
            data_version=dg.DataVersion(digest[:32]),
        )

    return earnings_dates
