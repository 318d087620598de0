"""Lines that hold a call and a put: from one line to two rows, calls first."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from resources.providers import osi_columns
from resources.providers.quote_table import QuoteRows
from resources.providers.typed_csv import TypedRows


@dataclass(frozen=True)
class Lines:
    """What a call and a put of one line share, one entry a line."""

    roots: list[str]
    expiry_days: NDArray[np.int32]
    strikes: NDArray[np.float64]
    ts_us: NDArray[np.int64]
    snapshot_ids: NDArray[np.int32]
    values: Mapping[str, pa.Array]


def legs(call: pa.Array, put: pa.Array) -> pa.Array:
    """A column of the calls' values and then the puts'."""
    return pa.concat_arrays([call, put])


def leg_columns(rows: TypedRows, call: str, put: str) -> pa.Array:
    """:func:`legs` of two columns of a file."""
    return legs(rows.column(call), rows.column(put))


def option_rows(lines: Lines, leg_values: Mapping[str, pa.Array]) -> QuoteRows:
    """Two options per line, each with a compact OSI symbol.

    Parameters
    ----------
    leg_values
        Columns that differ between call and put, as :func:`legs` makes them.
    """
    n = len(lines.strikes)
    rights = ["C"] * n + ["P"] * n
    expiry_days, strikes = np.tile(lines.expiry_days, 2), np.tile(lines.strikes, 2)
    roots = lines.roots * 2
    return QuoteRows(
        roots=pa.array(roots, type=pa.string()),
        symbols=osi_columns.written(roots, expiry_days, rights, strikes),
        rights=pa.array(rights, type=pa.string()),
        expiry_days=expiry_days,
        strikes=strikes,
        ts_us=np.tile(lines.ts_us, 2),
        snapshot_ids=np.tile(lines.snapshot_ids, 2),
        values={**{name: legs(column, column) for name, column in lines.values.items()}, **leg_values},
    )


def repeated(*columns: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Which rows share all their values with another row."""
    if not len(columns[0]):
        return np.zeros(0, dtype=bool)
    codes = [np.unique(column, return_inverse=True)[1] for column in columns]
    _, inverse, counts = np.unique(np.stack(codes, axis=1), axis=0, return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse.reshape(-1)] > 1, dtype=bool)
