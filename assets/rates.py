"""``rates``: the zero curve that was known on each session."""

import datetime as dt
import sys
from typing import Any

import dagster as dg
import numpy as np
from numpy.typing import NDArray

from assets import engine_arrays as ea
from assets.day_status import DayStatus, read_status, write_status, write_underlying
from assets.layers import daily_asset, daily_result, partition_days
from resources.database.resource import DatabaseResource
from resources.lake.lake import Lake
from resources.lake.layout import partition_path
from resources.lake.resource import LakeResource
from resources.raw_store import RawStore
from resources.schemas import RATES_SCHEMA
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

ASSET = "rates"


def rate_days(
    universe: UniverseSpec, lake: Lake, sources: SourcesResource, days: list[dt.date]
) -> list[DayStatus]:
    """Build the layer for these sessions: harvest the rate files, keep the curve that was known.

    A session without a usable observation has an empty table and says why; what needs a curve then falls back
    by the rule of its own method, which it names.
    """
    store = RawStore(lake, universe.name, ASSET)
    source = sources.rates(universe)
    if source is None or universe.rates is None:
        raise ValueError(f"universe {universe.name} names no rates")
    currency = universe.rates.currency
    statuses = []
    for day in days:
        record = sources.harvest_rates(universe, store, day)
        found = source.rates_as_of(day, store.load(record))
        path = partition_path(universe.name, ASSET, day.isoformat(), currency)
        entry = write_underlying(
            lake,
            path,
            found.table,
            status="ok" if found.table.num_rows else "absent",
            reasons=() if found.table.num_rows else (found.problem or "no rate is known",),
            warnings=(found.problem,) if found.problem and found.table.num_rows else (),
        )
        status = DayStatus(day, {currency: entry}, {record.path: record.digest})
        write_status(lake, universe, ASSET, status)
        statuses.append(status)
    return statuses


def quality_row(universe: UniverseSpec, status: DayStatus) -> dict[str, Any]:
    """Whether a session's rate files could be read and gave a curve, as its row in Postgres.

    A file that cannot be read costs its tenors, never the session: who trades on must be told.
    """
    ((currency, entry),) = status.underlyings.items()
    problems = (*entry.reasons, *entry.warnings)
    return {
        "universe": universe.name,
        "asset": ASSET,
        "trade_date": status.trade_date,
        "underlying": currency,
        "check": "rate_files",
        "severity": "warning",
        "passed": not problems,
        "observed": entry.rows,
        "limit": "every file read, at least one tenor",
        "message": "; ".join(problems),
    }


def rate_curve(
    universe: UniverseSpec, lake: Lake, day: dt.date
) -> tuple[NDArray[np.int32], NDArray[np.float64], dict[str, str]]:
    """Tenors in days, continuously compounded rates, and the inputs behind them; empty without rates."""
    nothing = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float64)
    if universe.rates is None:
        return *nothing, {}
    status = read_status(lake, universe, ASSET, day)
    entry = status.underlyings[universe.rates.currency]
    if entry.status != "ok":
        return *nothing, status.inputs
    table = lake.read_table(entry.path, sha256=entry.sha256)
    tenor = np.asarray(table.column("tenor_days").to_numpy(), dtype=np.int32)
    return tenor, ea.floats(table, "rate"), status.inputs


def build_rates(universe: UniverseSpec, daily: dg.TimeWindowPartitionsDefinition) -> dg.AssetsDefinition:
    """The Dagster asset of one universe."""

    @dg.asset(
        **daily_asset(universe, ASSET, daily, sys.modules[__name__], RATES_SCHEMA),
        kinds={"parquet"},
        description="Zero rates by tenor as they were known when the session opened, each with its known_at.",
    )
    def rates(
        context: dg.AssetExecutionContext,
        lake: LakeResource,
        sources: SourcesResource,
        database: DatabaseResource,
    ) -> dg.MaterializeResult:
        statuses = rate_days(universe, lake.open(), sources, partition_days(context))
        database.write_quality([quality_row(universe, status) for status in statuses])
        return daily_result(context, statuses)

    return rates
