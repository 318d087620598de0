"""What the monthly reference layers share: the arguments of the asset, a month's rows, its quarantine and status."""

import datetime as dt
from types import ModuleType
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from assets.chain_month import month_end
from assets.naming import layer_metadata, universe_code_version, universe_key
from resources.lake.digest import table_digest
from resources.lake.lake import Lake
from resources.lake.layout import partition_path, status_path
from resources.universe import UniverseSpec

#: no underlying and no history is called so: their names begin with a letter or a digit
QUARANTINED = "_quarantined"


def monthly_asset(
    universe: UniverseSpec,
    asset: str,
    monthly: dg.TimeWindowPartitionsDefinition,
    module: ModuleType,
    schema: pa.Schema,
) -> dict[str, Any]:
    """Arguments of ``@dg.asset`` that the monthly reference layers have in common."""
    return {
        "key": universe_key(universe, asset),
        "group_name": universe.name,
        "partitions_def": monthly,
        # one run a month, so that each month carries a data version of its own content
        "backfill_policy": dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
        "code_version": universe_code_version(universe, module),
        "owners": list(universe.owners),
        "metadata": layer_metadata(schema),
        "tags": {"universe": universe.name},
        "kinds": {"parquet"},
    }


def rows_of_month(table: pa.Table, column: str, month: dt.date, *, or_without: bool = False) -> pa.Table:
    """Rows whose date lies in the month; ``or_without``: also those that have none."""
    days = table[column]
    inside = pc.and_(pc.greater_equal(days, month), pc.less_equal(days, month_end(month)))
    return table.filter(pc.fill_null(inside, or_without))


def write_month(
    universe: UniverseSpec,
    lake: Lake,
    asset: str,
    month: dt.date,
    tables: dict[str, pa.Table],
    rejected: pa.Table,
    inputs: dict[str, str],
) -> str:
    """Write a month's files and its quarantine, then the status that names what they were made from.

    Returns
    -------
    str
        The digest of the tables; the quarantine does not enter, nothing is computed from it.
    """
    key = month.isoformat()
    digests = {name: table_digest(table) for name, table in sorted(tables.items())}
    aside = rows_of_month(rejected, "day", month, or_without=True)
    files = []
    for name, table in (*sorted(tables.items()), (QUARANTINED, aside)):
        written = lake.write_table(partition_path(universe.name, asset, key, name), table)
        files.append({"path": written.path, "sha256": written.sha256, "rows": written.rows})
    digest = next(iter(digests.values())) if len(digests) == 1 else _joined(digests)
    status = {
        "month": key,
        "rows": sum(table.num_rows for table in tables.values()),
        "quarantined": aside.num_rows,
        "digest": digest,
        "files": files,
        "inputs": inputs,
    }
    lake.write_json(status_path(universe.name, asset, key), status)
    return digest


def _joined(digests: dict[str, str]) -> str:
    names = pa.array(sorted(digests), type=pa.string())
    values = pa.array([digests[name] for name in sorted(digests)], type=pa.string())
    return table_digest(pa.table({"name": names, "digest": values}))
