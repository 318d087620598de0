"""What all daily layers share: the arguments of the asset, its days, and how a run of many days reports."""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, TypeVar

import dagster as dg
import pyarrow as pa

from assets.day_status import DayStatus
from assets.naming import layer_metadata, universe_code_version, universe_key
from resources.lake.lake import Lake
from resources.universe import UniverseSpec

Built = TypeVar("Built")


def daily_asset(
    universe: UniverseSpec,
    asset: str,
    daily: dg.TimeWindowPartitionsDefinition,
    module: ModuleType,
    schema: pa.Schema | None = None,
) -> dict[str, Any]:
    """Arguments of ``@dg.asset`` that every daily layer has in common: one run covers any range of days."""
    return {
        "key": universe_key(universe, asset),
        "group_name": universe.name,
        "partitions_def": daily,
        "backfill_policy": dg.BackfillPolicy.single_run(),
        "code_version": universe_code_version(universe, module),
        "owners": list(universe.owners),
        "metadata": layer_metadata(schema),
        "tags": {"universe": universe.name},
    }


def partition_days(context: dg.AssetExecutionContext) -> list[dt.date]:
    """The run's partition keys as dates, in order."""
    return sorted(dt.date.fromisoformat(k) for k in context.partition_keys)


def each_day(build: Callable[[dt.date], Built], days: Sequence[dt.date], lake: Lake) -> list[Built]:
    """``build`` of every day, in order; days of one layer don't depend on each other.

    They overlap where the lake makes a thread wait. On a folder they don't: a day is hundreds of short calls, and
    threads that hand the interpreter lock back and forth between them take longer than one.
    """
    return list(lake.overlapped(build, days))


def day_metadata(status: DayStatus) -> dict[str, Any]:
    """What the UI shows for one partition."""
    metadata: dict[str, Any] = {"dagster/row_count": status.rows}
    first = next(iter(status.underlyings.values()), None)
    if first is not None and first.path:
        metadata["path"] = first.path.rsplit("/", 1)[0]
    metadata["sha256"] = {name: u.sha256 for name, u in sorted(status.underlyings.items()) if u.sha256}
    found = kept_out(status)
    if found:
        metadata["kept_out"] = found
    return metadata


def kept_out(status: DayStatus) -> dict[str, str]:
    """Why each underlying that is not usable was kept out, without the words that its place says already."""
    return {
        name: f"{u.status}: {'; '.join(_without_place(r, name, status) for r in u.reasons)}"
        for name, u in sorted(status.underlyings.items())
        if u.status != "ok"
    }


def _without_place(reason: str, underlying: str, status: DayStatus) -> str:
    return reason.removeprefix(f"{underlying} {status.trade_date}: ")


def content_version(statuses: list[DayStatus]) -> dg.DataVersion:
    """One data version for all partitions of a run, from the content of each."""
    h = hashlib.sha256()
    for status in statuses:
        for name, u in sorted(status.underlyings.items()):
            h.update(f"{status.trade_date}|{name}|{u.status}|{u.digest}\n".encode())
    return dg.DataVersion(h.hexdigest()[:32])


def daily_result(
    context: dg.AssetExecutionContext,
    statuses: list[DayStatus],
    asset_key: dg.AssetKey | None = None,
    of_day: Mapping[dt.date, Mapping[str, Any]] | None = None,
    **extra: Any,
) -> dg.MaterializeResult:
    """Report every day of the run: metadata per partition (``of_day`` adds to it), one data version for the run."""
    for status in statuses:
        metadata = {**day_metadata(status), **(of_day or {}).get(status.trade_date, {})}
        key = status.trade_date.isoformat()
        if asset_key is None:
            context.add_asset_metadata(metadata, partition_key=key)
        else:
            context.add_asset_metadata(metadata, asset_key=asset_key, partition_key=key)
    return dg.MaterializeResult(asset_key=asset_key, metadata=extra, data_version=content_version(statuses))
