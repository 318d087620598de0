"""``raw_quotes``: each session's payload exactly as received, content-addressed, append-only."""

import datetime as dt
import sys

import dagster as dg

from assets.closed_days import check_result, check_spec, closed_days, quality_rows
from assets.freshness import FRESHNESS_CHECK, latest_session_result
from assets.harvest_tick import HarvestTick
from assets.layers import daily_asset, partition_days
from assets.naming import universe_key
from assets.underlying_prices import universe_calendar
from assets.validation import LOOKBACK_SESSIONS
from resources.database.resource import DatabaseResource
from resources.harvest import OFF_CALENDAR_QUOTES
from resources.lake.resource import LakeResource
from resources.raw_store import HarvestRecord, RawStore
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

ASSET = "raw_quotes"


def harvest_row(record: HarvestRecord) -> dict[str, object]:
    """A harvest record as its row in Postgres."""
    return {
        "universe": record.universe,
        "dataset": record.dataset,
        "key": record.key,
        "sequence": record.sequence,
        "digest": record.digest,
        "received_at": dt.datetime.fromisoformat(record.received_at),
        "parts": record.to_json()["parts"],
    }


def build_raw_quotes(
    universe: UniverseSpec, daily: dg.TimeWindowPartitionsDefinition, tick: HarvestTick
) -> dg.AssetsDefinition:
    """The Dagster asset of one universe."""

    @dg.asset(
        **daily_asset(universe, ASSET, daily, sys.modules[__name__]),
        kinds={"file"},
        check_specs=[
            dg.AssetCheckSpec(
                FRESHNESS_CHECK,
                asset=universe_key(universe, ASSET),
                description=(
                    "The latest session that should be here is here: by its calendar, its end, the tick of its "
                    "schedule, and when its quotes are known. An error once several are missing."
                ),
            ),
            check_spec(universe),
        ],
        description=(
            "The payload of each session exactly as received, under its own sha256, with a record of source, time "
            "and digest. The same bytes again are a no-op, other bytes a new version beside the old one."
        ),
    )
    def raw_quotes(
        context: dg.AssetExecutionContext,
        lake: LakeResource,
        sources: SourcesResource,
        database: DatabaseResource,
    ):
        store = RawStore(lake.open(), universe.name, ASSET)
        days = partition_days(context)
        before = sources.harvest_before(universe, store, days[0], LOOKBACK_SESSIONS)
        records = sources.harvest(universe, store, days)
        for day, record in records.items():
            metadata: dict[str, object] = {
                "digest": record.digest,
                "version": record.sequence,
                "new": record.new,
            }
            if record.parts:
                metadata["received_from"] = [p.name for p in record.parts]
                metadata["bytes"] = sum(p.size for p in record.parts)
            else:
                metadata["received_from"] = "nothing: the source has no payload for this session"
            context.add_asset_metadata(metadata, partition_key=day.isoformat())
        off_calendar = sources.harvest_off_calendar(universe, lake.open(), days)
        database.write_harvests([harvest_row(r) for r in (*before, *records.values(), *off_calendar)])
        closed = (
            closed_days(
                universe,
                lake.open(),
                sources.provider(universe),
                off_calendar,
                RawStore(lake.open(), universe.name, OFF_CALENDAR_QUOTES),
                universe_calendar(universe, days[-1]),
            )
            if off_calendar
            else []
        )
        database.write_quality(quality_rows(universe, closed))
        digest = "".join(r.digest for r in records.values())
        yield dg.MaterializeResult(
            metadata={"off_calendar_days": [r.key for r in off_calendar]} if off_calendar else {},
            data_version=dg.DataVersion(_short(digest)),
        )
        yield latest_session_result(universe, tick, store.lake, dt.datetime.now(dt.UTC))
        yield check_result(universe, closed)

    return raw_quotes


def _short(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:32]
