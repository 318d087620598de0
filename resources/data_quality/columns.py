"""Arrow columns as numpy arrays, with null and NaN kept apart.

Some forty measures ask a session's table for the same dozen columns; each is taken out of Arrow once. What is
returned is shared and read-only.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

#: stands for a missing day or instant; far outside of any date that a vendor could send
MISSING_DAYS = np.iinfo(np.int32).min
MISSING_US = np.iinfo(np.int64).min

#: tables whose columns are kept: a session's before and after its row rules, those of the session before, and
#: some to spare for other threads; of larger ones, and of slices of larger ones, nothing is kept, so memory stays
#: bounded
_TABLES, _TABLE_ROWS, _TABLE_BYTES = 12, 30_000, 32 << 20

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


Taken = TypeVar("Taken")
What = ParamSpec("What")
_tables: OrderedDict[int, tuple[pa.Table, dict[Any, Any]]] = OrderedDict()
_lock = Lock()


def remembered(
    take: Callable[Concatenate[pa.Table, What], Taken],
) -> Callable[Concatenate[pa.Table, What], Taken]:
    """Take something out of a table only once; of the tables asked last, which are kept alive for that."""

    @wraps(take)
    def once(table: pa.Table, *what: What.args, **named: What.kwargs) -> Taken:
        if table.num_rows > _TABLE_ROWS:
            return take(table, *what, **named)
        if id(table) not in _tables and table.get_total_buffer_size() > _TABLE_BYTES:
            return take(table, *what, **named)
        with _lock:
            # a table that is kept here cannot lose its id to another
            kept = _tables.setdefault(id(table), (table, {}))[1]
            _tables.move_to_end(id(table))
            if len(_tables) > _TABLES:
                _tables.popitem(last=False)
        key = take, what, tuple(named.items())
        if key not in kept:
            kept[key] = take(table, *what, **named)
        found: Taken = kept[key]
        return found

    return once


def shared_array(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Read-only: others have the same array."""
    values.setflags(write=False)
    return values


class QuoteTableError(ValueError):
    """A table that is no canonical quote table was handed to the data-quality layer."""


def require_columns(table: pa.Table, schema: pa.Schema, what: str) -> None:
    """Refuse a table whose column names or types differ from ``schema`` (nulls are judged row by row)."""
    wanted = {field.name: field.type for field in schema}
    given = {field.name: field.type for field in table.schema}
    if given == wanted:
        return
    missing = sorted(wanted.keys() - given.keys())
    unknown = sorted(given.keys() - wanted.keys())
    typed = [
        f"{name} is {given[name]}, not {wanted[name]}"
        for name in wanted
        if name in given and given[name] != wanted[name]
    ]
    raise QuoteTableError(
        f"{what} does not have the columns of resources.schemas.QUOTE_SCHEMA: "
        f"missing {missing}, unknown {unknown}, wrong types {typed}; let the provider's parse() build it"
    )


def from_row(table: pa.Table, start: int) -> pa.Table:
    """The rows from a position on; the table itself where that is all of it, so that its columns are known."""
    return table.slice(start) if start else table


def _array(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.combine_chunks()


def _integers(array: pa.Array, kind: pa.DataType | None, missing: int) -> Ints:
    """A date, time or integer array by its numbers; what costs a call is done only where there are nulls."""
    numbers = array if kind is None else array.view(kind)
    if numbers.null_count:
        numbers = pc.fill_null(numbers, missing)
    values: Ints = np.asarray(numbers)
    return values


def null_mask(table: pa.Table, name: str) -> Bools | None:
    """Where the column is null; None when nowhere, so that callers can skip the work."""
    column = table.column(name)
    if column.null_count == 0:
        return None
    mask: Bools = np.asarray(pc.is_null(_array(table, name)))
    return mask


@remembered
def floats(table: pa.Table, name: str) -> Floats:
    """A float column with NaN for null."""
    return shared_array(_array(table, name).to_numpy(zero_copy_only=False))


@remembered
def days(table: pa.Table, name: str) -> Ints:
    """A date column as days since 1970-01-01, ``MISSING_DAYS`` for null."""
    return shared_array(_integers(_array(table, name), pa.int32(), int(MISSING_DAYS)).astype(np.int64))


@remembered
def instants_us(table: pa.Table, name: str) -> Ints:
    """A timestamp column as microseconds UTC, ``MISSING_US`` for null."""
    return shared_array(_integers(_array(table, name), pa.int64(), int(MISSING_US)))


@remembered
def codes(table: pa.Table, name: str) -> tuple[Ints, tuple[str, ...]]:
    """A dictionary column as codes into its values; null and the empty string are -1."""
    array = _array(table, name)
    values = array.dictionary.to_pylist()
    indices: Ints = _integers(array.indices, None, -1).astype(np.int64)
    blank = [position for position, value in enumerate(values) if not value]
    if blank:
        indices = np.where(np.isin(indices, blank), -1, indices)
    return shared_array(indices), tuple(value or "" for value in values)


def labels_equal(table: pa.Table, name: str, label: str) -> Bools:
    """Where a dictionary column holds ``label``."""
    indices, values = codes(table, name)
    if label not in values:
        return np.zeros(len(indices), dtype=np.bool_)
    mask: Bools = np.isin(indices, [position for position, value in enumerate(values) if value == label])
    return mask


def bit_patterns(table: pa.Table, name: str) -> Ints:
    """Any fixed-width or dictionary column as integers that are equal exactly where the stored bytes are.

    A null equals a null; a NaN equals a NaN of the same bits; 0.0 and -0.0 differ.
    """
    array = _array(table, name)
    if pa.types.is_dictionary(array.type):
        return np.asarray(pc.fill_null(array.indices, -1)).astype(np.int64)
    if pa.types.is_floating(array.type):
        null_pattern = np.iinfo(np.int64).min + 1  # the bits of a denormal below zero that no vendor sends
        bits: Ints = np.asarray(pc.fill_null(array, 0.0)).view(np.int64).copy()
        if array.null_count:
            bits[np.asarray(pc.is_null(array))] = null_pattern
        return bits
    if pa.types.is_timestamp(array.type):
        return instants_us(table, name)
    if pa.types.is_date32(array.type):
        return days(table, name)
    return np.asarray(pc.fill_null(array.cast(pa.int64()), int(MISSING_US)))
