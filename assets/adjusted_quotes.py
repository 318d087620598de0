"""``adjusted_quotes``: validated quotes plus permanent contract identity and adjusted terms, point in time.

``superseded_quotes``, made in the same step, holds the rows that a vendor still lists under terms from before an event.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg
import pyarrow as pa

from assets import adjustment
from assets.adjustment import ASSET, SUPERSEDED, AdjustedStatuses, adjust_days
from assets.layers import daily_asset, daily_result, partition_days
from assets.naming import layer_metadata, universe_key
from assets.validation import LOOKBACK_SESSIONS, QUARANTINED, VALIDATED
from resources.lake.resource import LakeResource
from resources.schemas import ADJUSTED_SCHEMA, SUPERSEDED_SCHEMA
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

CHECK = "listings"


def build_adjusted_quotes(
    universe: UniverseSpec, daily: dg.TimeWindowPartitionsDefinition
) -> dg.AssetsDefinition:
    """The Dagster assets of one universe."""
    common = daily_asset(universe, ASSET, daily, adjustment)
    key, aside = universe_key(universe, ASSET), universe_key(universe, SUPERSEDED)
    deps: list[Any] = [universe_key(universe, VALIDATED)]
    if universe.corporate_actions is not None:
        # near an event a day is compared with the payloads before it, and takes open interest out of quarantine
        reach = dg.TimeWindowPartitionMapping(start_offset=-LOOKBACK_SESSIONS)
        deps = [
            universe_key(universe, VALIDATED),
            universe_key(universe, QUARANTINED),
            dg.AssetDep(universe_key(universe, "raw_quotes"), partition_mapping=reach),
            universe_key(universe, "corporate_actions"),
        ]

    def spec(asset_key: dg.AssetKey, schema: pa.Schema, description: str) -> dg.AssetSpec:
        return dg.AssetSpec(
            asset_key,
            deps=deps,
            description=description,
            group_name=common["group_name"],
            partitions_def=daily,
            code_version=common["code_version"],
            owners=common["owners"],
            tags=common["tags"],
            metadata=layer_metadata(schema),
            kinds={"parquet", "python"},
        )

    @dg.multi_asset(
        name=f"{universe.name}__{ASSET}",
        specs=[
            spec(
                key,
                ADJUSTED_SCHEMA,
                "Validated quotes with a permanent contract_id, and the terms in force that day (strike, multiplier, "
                "deliverable) beside the listed ones. Uses only corporate actions known on the day.",
            ),
            spec(
                aside,
                SUPERSEDED_SCHEMA,
                "Rows that the vendor lists under terms from before an event, with the contract that they were of.",
            ),
        ],
        check_specs=[
            dg.AssetCheckSpec(
                CHECK,
                asset=key,
                description=(
                    "Around a split: no contract vanishes, open interest is in contracts of the day, no row stands "
                    "under old terms. What is found is reconciled and told; blocks nothing."
                ),
            )
        ],
        partitions_def=daily,
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=False,
    )
    def adjusted_quotes(context: dg.AssetExecutionContext, lake: LakeResource, sources: SourcesResource):
        found = adjust_days(
            universe, lake.open(), lambda: sources.provider(universe), partition_days(context)
        )
        yield daily_result(context, [f.adjusted for f in found], key)
        yield daily_result(context, [f.superseded for f in found], aside)
        yield _check(key, found)

    return adjusted_quotes


def _check(key: dg.AssetKey, found: Sequence[AdjustedStatuses]) -> dg.AssetCheckResult:
    """What the listings of a run's days showed around an event; every vanished contract by name."""
    told = [what for day in found for what in day.told]
    vanished = {
        f"{name} {day.adjusted.trade_date}": list(symbols)
        for day in found
        for name, symbols in sorted(day.vanished.items())
    }
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=CHECK,
        passed=not told,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "superseded_rows": sum(day.superseded.rows for day in found),
            "vanished_contracts": sum(len(symbols) for symbols in vanished.values()),
            "vanished": vanished,
        },
        description="; ".join(told) or "listings and open interest as of the day",
    )
