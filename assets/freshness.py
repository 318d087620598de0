"""The check "the latest session is present": backfilling an old day must not make an asset look fresh."""

import datetime as dt
from zoneinfo import ZoneInfo

import dagster as dg

from assets.naming import universe_key
from resources.raw_store import RawStore
from resources.universe import UniverseSpec

FRESHNESS_CHECK = "latest_session_present"


def latest_session_result(
    universe: UniverseSpec, daily: dg.TimeWindowPartitionsDefinition, store: RawStore
) -> dg.AssetCheckResult:
    """Whether the newest session that is over has a payload; an ended universe's is its last.

    Of a snapshot-only universe the running session exists as a partition too, but is not due yet.
    """
    expected = daily.get_last_partition_key()
    if universe.provider.mode == "snapshot_only" and universe.end is None:
        today = dt.datetime.now(ZoneInfo(universe.timezone)).date().isoformat()
        expected = next((key for key in reversed(daily.get_partition_keys()) if key < today), None)
    record = store.latest(expected) if expected else None
    present = record is not None and bool(record.parts)
    latest = next((k for k in reversed(store.keys()) if (r := store.latest(k)) is not None and r.parts), None)
    return dg.AssetCheckResult(
        asset_key=universe_key(universe, "raw_quotes"),
        check_name=FRESHNESS_CHECK,
        passed=present,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"expected {expected or 'no session yet'}, newest present {latest or 'none'}",
        metadata={"latest_expected": expected or "none", "latest_present": latest or "none"},
    )
