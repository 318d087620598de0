"""Arrow columns as the engine's arrays: times int64 microseconds, dates int32 days, missing floats NaN."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_RIGHT_CODE = {"C": 0, "P": 1}


def floats(table: pa.Table, name: str) -> NDArray[np.float64]:
    """A float column, null as NaN."""
    column = table.column(name).combine_chunks()
    if column.null_count:
        column = pc.fill_null(column, float("nan"))
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)


def microseconds(table: pa.Table, name: str) -> NDArray[np.int64]:
    """A timestamp column as UTC microseconds; null as the smallest int64."""
    column = table.column(name).combine_chunks().cast(pa.int64())
    if column.null_count:
        column = pc.fill_null(column, np.iinfo(np.int64).min)
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.int64)


def days(table: pa.Table, name: str) -> NDArray[np.int32]:
    """A date column as days since 1970-01-01."""
    return np.asarray(
        table.column(name).combine_chunks().cast(pa.int32()).to_numpy(zero_copy_only=False), dtype=np.int32
    )


def codes(table: pa.Table, name: str) -> tuple[NDArray[np.int32], list[str]]:
    """A dictionary column as codes into the sorted distinct values of its rows: the same for any dictionary."""
    column = table.column(name).combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    values = column.dictionary.to_pylist()
    indices = column.indices.to_numpy(zero_copy_only=False)
    # a filtered or joined column keeps in its dictionary what no row has any more
    order = sorted({values[i] for i in np.unique(indices).tolist()})
    position = {v: i for i, v in enumerate(order)}
    remap = np.array([position.get(v, 0) for v in values] or [0], dtype=np.int32)
    return remap[indices].astype(np.int32), order


def rights(table: pa.Table) -> NDArray[np.int8]:
    """0 for calls, 1 for puts."""
    index, values = codes(table, "right")
    remap = np.array([_RIGHT_CODE[v] for v in values] or [0], dtype=np.int8)
    return remap[index]


def texts(table: pa.Table, name: str) -> NDArray[Any]:
    """A text column as an object array."""
    column = table.column(name)
    return np.asarray(column.cast(pa.string()).to_numpy(), dtype=object)


def nullable(values: NDArray[np.float64]) -> pa.Array:
    """Floats for storage: NaN becomes null."""
    return pa.array(values, type=pa.float64(), mask=np.isnan(values))


def dictionary(values: NDArray[Any] | list[str]) -> pa.DictionaryArray:
    """Texts for storage, dictionary-encoded."""
    return pa.array(values, type=pa.string()).dictionary_encode()


def encoded(codes: NDArray[Any], labels: Sequence[str]) -> pa.DictionaryArray:
    """Texts for storage, given as places in a list of labels."""
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int32)), pa.array(list(labels), type=pa.string())
    )
