"""``chain_month``: one sorted file per month, the engine's input, with the month's underlying prices beside it."""

import datetime as dt
import sys

import dagster as dg
import numpy as np
import pyarrow as pa

from assets import engine_arrays as ea
from assets.day_status import DayStatus, MissingLayerError, UnderlyingStatus, read_status
from assets.naming import layer_metadata, universe_code_version, universe_key
from assets.status_files import CHAIN_FILE, PRICES_FILE, month_status, read_status_file
from resources.lake.digest import table_digest
from resources.lake.errors import LakeFileNotFoundError
from resources.lake.lake import Lake
from resources.lake.layout import partition_path, status_path
from resources.lake.resource import LakeResource
from resources.schemas import CHAIN_SCHEMA, UNDERLYING_SCHEMA
from resources.universe import UniverseSpec

ASSET = "chain_month"


def month_end(month: dt.date) -> dt.date:
    """Last day of the month that starts on ``month``."""
    return (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)


def compact_month(
    universe: UniverseSpec, lake: Lake, month: dt.date, sessions: list[dt.date]
) -> dict[str, object]:
    """Sort the month's days into one file, and write what it was made from.

    Parameters
    ----------
    sessions
        The universe's partition days; those of the month that have been materialized are taken, the others are
        recorded as not materialized.

    Returns
    -------
    dict
        The status that stands beside the files: per file path, sha256, digest and rows; per day the status of
        each underlying; and every raw harvest record and reference file that the month goes back to.
    """
    chains, prices, per_day, inputs = [], [], {}, {}
    missing = []
    for day in (d for d in sessions if month <= d <= month_end(month)):
        try:
            chain = read_status(lake, universe, "option_chain", day)
            price = read_status(lake, universe, "underlying_prices", day)
        except MissingLayerError:
            missing.append(day.isoformat())
            continue
        chains += _tables(lake, chain)
        prices += _tables(lake, price)
        per_day[day.isoformat()] = day_entry(chain)
        inputs |= chain.inputs | price.inputs
    if not per_day:
        raise MissingLayerError(
            f"{universe.name}/{ASSET} {month:%Y-%m}: no day of the month has an option_chain; "
            f"materialize the days first (optix harvest {universe.name})"
        )
    table = pa.concat_tables(chains).unify_dictionaries() if chains else CHAIN_SCHEMA.empty_table()
    table = table.take(pa.array(_total_order(table)))
    price_table = pa.concat_tables(prices).unify_dictionaries() if prices else UNDERLYING_SCHEMA.empty_table()
    order = np.lexsort((ea.microseconds(price_table, "ts"), ea.codes(price_table, "underlying")[0]))
    price_table = price_table.take(pa.array(order))
    status: dict[str, object] = {"month": month.isoformat(), "days": per_day, "not_materialized": missing}
    for name, content in ((CHAIN_FILE, table), (PRICES_FILE, price_table)):
        written = lake.write_table(partition_path(universe.name, ASSET, month.isoformat(), name), content)
        status[name] = {
            "path": written.path,
            "sha256": written.sha256,
            "digest": table_digest(content),
            "rows": content.num_rows,
        }
    status["inputs"] = dict(sorted(inputs.items()))
    lake.write_json(status_path(universe.name, ASSET, month.isoformat()), status)
    return status


def day_entry(chain: DayStatus) -> dict[str, dict[str, object]]:
    """What a month's status says of one of its days; a month whose entry is another was compacted before."""
    return {
        name: {"status": u.status, "reasons": list(u.reasons), "digest": u.digest, "rows": u.rows}
        for name, u in sorted(chain.underlyings.items())
    }


def _total_order(table: pa.Table) -> np.ndarray:
    """Row order by underlying, ts, expiry, right, strike, contract_id."""
    keys = (
        ea.codes(table, "underlying")[0],
        ea.microseconds(table, "ts"),
        ea.days(table, "expiry"),
        ea.rights(table),
        ea.floats(table, "strike"),
        table.column("contract_id").to_numpy(),
    )
    return np.lexsort(keys[::-1])


def _tables(lake: Lake, status: DayStatus) -> list[pa.Table]:
    return [_read(lake, u) for _, u in sorted(status.underlyings.items()) if u.rows]


def _read(lake: Lake, u: UnderlyingStatus) -> pa.Table:
    return lake.read_table(u.path, sha256=u.sha256)


def read_month_status(universe: UniverseSpec, lake: Lake, month: dt.date) -> dict[str, object]:
    """The status of one compacted month.

    Raises
    ------
    MissingLayerError
        If the month has not been compacted.
    LakeFormatError
        If its status is none.
    """
    try:
        return read_status_file(lake, status_path(universe.name, ASSET, month.isoformat()), month_status)
    except LakeFileNotFoundError:
        raise MissingLayerError(
            f"{universe.name}/{ASSET} has no partition {month}; materialize it first "
            f"(optix harvest {universe.name})"
        ) from None


def build_chain_month(
    universe: UniverseSpec,
    daily: dg.TimeWindowPartitionsDefinition,
    monthly: dg.TimeWindowPartitionsDefinition,
) -> dg.AssetsDefinition:
    """The Dagster asset of one universe."""

    @dg.asset(
        key=universe_key(universe, ASSET),
        group_name=universe.name,
        partitions_def=monthly,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[universe_key(universe, "option_chain"), universe_key(universe, "underlying_prices")],
        code_version=universe_code_version(universe, sys.modules[__name__]),
        owners=list(universe.owners),
        metadata=layer_metadata(CHAIN_SCHEMA),
        tags={"universe": universe.name},
        kinds={"parquet"},
        description=(
            "The month's option chains in one file, sorted underlying, ts, expiry, right, strike, contract_id, "
            "with the underlying prices beside it: what a backtest reads."
        ),
    )
    def chain_month(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        store = lake.open()
        sessions = [dt.date.fromisoformat(k) for k in daily.get_partition_keys()]
        digests = []
        for key in sorted(context.partition_keys):
            status = compact_month(universe, store, dt.date.fromisoformat(key), sessions)
            chain = status[CHAIN_FILE]
            assert isinstance(chain, dict)
            digests.append(f"{key}:{chain['digest']}")
            days = status["days"]
            assert isinstance(days, dict)
            context.add_asset_metadata(
                {
                    "dagster/row_count": chain["rows"],
                    "path": chain["path"],
                    "sha256": chain["sha256"],
                    "days": len(days),
                    "kept_out": [
                        f"{day} {name}: {u['status']}"
                        for day, names in days.items()
                        for name, u in names.items()
                        if u["status"] != "ok"
                    ],
                    "not_materialized": status["not_materialized"],
                },
                partition_key=key,
            )
        import hashlib

        return dg.MaterializeResult(
            data_version=dg.DataVersion(hashlib.sha256("|".join(digests).encode()).hexdigest()[:32])
        )

    return chain_month
