"""A backtest's tables in the lake: one Parquet file a table, and a JSON record that names them."""

import json
from typing import Any

import numpy as np
import pyarrow as pa

from assets import engine_arrays as ea
from engine.backtest.result import RESULT_TABLES, BacktestResult, Columns
from engine.backtest.study import StudySpec
from resources.lake.errors import LakeFileNotFoundError
from resources.lake.lake import Lake
from resources.lake.layout import study_path

_ARROW = {"i8": pa.int64(), "f8": pa.float64(), "bool": pa.bool_(), "str": pa.string()}


def to_arrow(table: str, columns: Columns) -> pa.Table:
    """One result table for storage; undefined numbers are null."""
    spec = RESULT_TABLES[table]
    return pa.table(
        {
            name: ea.nullable(np.asarray(columns[name], dtype=np.float64))
            if kind == "f8"
            else pa.array(columns[name].tolist(), type=_ARROW[kind])
            for name, kind in spec.items()
        }
    )


def from_arrow(table: str, stored: pa.Table) -> Columns:
    """One result table as the engine's columns."""
    columns: Columns = {}
    for name, kind in RESULT_TABLES[table].items():
        if kind == "f8":
            columns[name] = ea.floats(stored, name)
        elif kind == "str":
            columns[name] = np.array(stored.column(name).to_pylist(), dtype=object)
        else:
            dtype = np.bool_ if kind == "bool" else np.int64
            columns[name] = np.array(stored.column(name).to_pylist(), dtype=dtype)
    return columns


def save_result(
    lake: Lake, study: StudySpec, asset: str, name: str, result: BacktestResult, extra: dict[str, Any]
) -> dict[str, Any]:
    """Write the tables, then the record that completes them; returns the record."""
    files = {}
    for table in RESULT_TABLES:
        written = lake.write_table(
            study_path(study.name, asset, f"{name}/{table}.parquet"), to_arrow(table, result.tables[table])
        )
        files[table] = {"path": written.path, "sha256": written.sha256, "rows": written.rows}
    record = {
        "digest": result.digest(),
        "totals": dict(result.totals),
        "coverage": dict(result.coverage),
        "flags": list(result.flags),
        "parameters": dict(result.parameters),
        "files": files,
        **extra,
    }
    lake.write_bytes(record_path(study, asset, name), json.dumps(record, indent=1, sort_keys=True).encode())
    return record


def record_path(study: StudySpec, asset: str, name: str) -> str:
    return study_path(study.name, asset, f"{name}/record.json")


def read_record(lake: Lake, study: StudySpec, asset: str, name: str) -> dict[str, Any]:
    """The record of a saved result; raises as ``read_document``."""
    return read_document(lake, study, asset, record_path(study, asset, name))


def read_document(lake: Lake, study: StudySpec, asset: str, path: str) -> dict[str, Any]:
    """A JSON document that one of a study's assets stored.

    Raises
    ------
    LookupError
        If the asset has not been materialized.
    """
    try:
        document: dict[str, Any] = lake.read_json(path)
    except LakeFileNotFoundError:
        raise LookupError(
            f"{study.name}/{asset} has not been materialized; run: optix run {study.name}"
        ) from None
    return document


def load_result(lake: Lake, study: StudySpec, asset: str, name: str) -> tuple[BacktestResult, dict[str, Any]]:
    """A saved result and its record.

    Raises
    ------
    ValueError
        If the stored tables no longer have the digest that the record states.
    """
    record = read_record(lake, study, asset, name)
    tables = {
        t: from_arrow(t, lake.read_table(f["path"], sha256=f["sha256"])) for t, f in record["files"].items()
    }
    result = BacktestResult(
        tables=tables,
        totals=record["totals"],
        coverage=record["coverage"],
        flags=tuple(record["flags"]),
        parameters=record["parameters"],
    )
    if result.digest() != record["digest"]:
        raise ValueError(
            f"{record_path(study, asset, name)}: the stored tables differ from the digest they were written with; "
            f"run it again: optix run {study.name}"
        )
    return result, record
