"""Parquet files of somebody else's making: mapped columns in plain types, read in the memory that they declare."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from resources.providers.payload_text import MAX_UNPACKED_BYTES, UnreadablePayloadError
from resources.providers.typed_csv import TypedRows

ColumnKind = Literal["number", "text", "date", "instant"]
_MAGIC = b"PAR1"
#: what a reader may meet in a damaged file
_READ_ERRORS = (pa.ArrowException, OSError, ValueError, KeyError, IndexError, OverflowError)


@dataclass
class PlainRows(TypedRows):
    """Rows that came typed; their raw text is what the columns say."""

    _raw: pa.Table = field(default_factory=lambda: pa.table({}), repr=False)

    @cached_property
    def _cells(self) -> pa.Table:
        columns = {
            name: pc.fill_null(self._raw.column(name).cast(pa.string()), "")
            for name in self._raw.column_names
        }
        return pa.table(columns)


def read_mapped(
    payload: bytes,
    name: str,
    wanted: Mapping[str, tuple[ColumnKind, str]],
    keep: Callable[[pa.Table], NDArray[np.bool_]],
) -> pa.Table:
    """The wanted columns of a parquet file, a row group at a time, of the rows to keep.

    Parameters
    ----------
    wanted
        By column of the file: what it must hold, and the field of the mapping that says so, for messages.
    keep
        Which rows of a row group are used.

    Returns
    -------
    pa.Table
        Numbers as float64 (NaN is null), texts as text, dates as date32 or text, instants as timestamp[us] with
        or without zone, integer or text. Dictionaries are decoded.

    Raises
    ------
    UnreadablePayloadError
        No parquet, damaged, too large, a column that is missing or of another type than the mapping says.
    """
    if not payload.startswith(_MAGIC) or not payload.endswith(_MAGIC):
        raise UnreadablePayloadError(
            f"{name} is no parquet file, or a truncated one; fetch it again from the source"
        )
    try:
        file = pq.ParquetFile(pa.BufferReader(payload))
        _require_columns(file, name, wanted)
        groups = []
        for index in range(file.metadata.num_row_groups):
            group = file.read_row_group(index, columns=list(wanted), use_threads=False)
            plain = pa.table(
                {column: _plain(group.column(column), *wanted[column], name) for column in wanted}
            )
            groups.append(plain.filter(pa.array(keep(plain))))
        return pa.concat_tables(groups).combine_chunks() if groups else file.schema_arrow.empty_table()
    except UnreadablePayloadError:
        raise
    except _READ_ERRORS as error:
        what = " ".join(str(error).split())[:300]
        raise UnreadablePayloadError(
            f"{name} is a damaged parquet file ({what}); fetch it again from the source"
        ) from error


def rows_of(table: pa.Table, required: frozenset[str]) -> PlainRows:
    """A table as rows to judge: those without a required value are set aside."""
    rows = PlainRows(table, [], np.arange(table.num_rows), b"", table.column_names, ",", table)
    infinite = {
        f"untyped:{name}": ~_flags(pc.fill_null(pc.is_finite(table.column(name)), True))
        for name in table.column_names
        if pa.types.is_floating(table.schema.field(name).type)
    }
    missing = {f"untyped:{name}": _flags(table.column(name).is_null()) for name in sorted(required)}
    faults = {
        name: infinite.get(name, False) | missing.get(name, False) for name in sorted({*infinite, *missing})
    }
    return rows.split({name: np.asarray(mask, dtype=bool) for name, mask in faults.items()})  # type: ignore[return-value]


def _require_columns(file: pq.ParquetFile, name: str, wanted: Mapping[str, tuple[ColumnKind, str]]) -> None:
    schema = file.schema_arrow
    for column, (kind, where) in wanted.items():
        if schema.names.count(column) != 1:
            raise UnreadablePayloadError(
                f"{name} has {'no' if column not in schema.names else 'several'} column {column!r}, which "
                f"{where} maps; it has {', '.join(schema.names)[:300]}"
            )
        found = schema.field(column).type
        if not _fits(found, kind):
            raise UnreadablePayloadError(
                f"{name}: column {column!r} is {found}, but {where} needs {kind}; correct the mapping"
            )
    # by row group only: asking a damaged file's metadata for a column ends the process, in pyarrow 26 at least
    groups = range(file.metadata.num_row_groups)
    size = sum(file.metadata.row_group(index).total_byte_size for index in groups)
    if size > MAX_UNPACKED_BYTES or file.metadata.num_rows > MAX_UNPACKED_BYTES:
        raise UnreadablePayloadError(
            f"{name} unpacks to {size >> 20} MB and {file.metadata.num_rows} rows, more than "
            f"{MAX_UNPACKED_BYTES >> 20} MB; split it by day"
        )


def _value_type(found: pa.DataType) -> pa.DataType:
    return found.value_type if pa.types.is_dictionary(found) else found


def _is_text(found: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found)
    )


def _fits(found: pa.DataType, kind: ColumnKind) -> bool:
    found = _value_type(found)
    if kind == "number":
        return bool(
            pa.types.is_floating(found)
            or pa.types.is_integer(found)
            or pa.types.is_decimal(found)
            or pa.types.is_null(found)
        )
    if _is_text(found):
        return True
    if kind == "date":
        return bool(pa.types.is_date(found) or pa.types.is_timestamp(found))
    return kind == "instant" and bool(pa.types.is_timestamp(found) or pa.types.is_integer(found))


def _plain(column: pa.ChunkedArray, kind: ColumnKind, where: str, name: str) -> pa.ChunkedArray:
    found = column.type
    if pa.types.is_dictionary(found):
        column = column.cast(found.value_type)
        found = column.type
    if kind == "number":
        numbers = column.cast(pa.float64(), safe=False)
        return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
    if _is_text(found):
        return column.cast(pa.string())
    if pa.types.is_integer(found):
        return column.cast(pa.string())
    if pa.types.is_timestamp(found):
        # nanoseconds below a microsecond are cut off: no quote is known so well
        return column.cast(pa.timestamp("us", tz=found.tz), safe=False)
    return column.cast(pa.date32())


def _flags(mask: pa.ChunkedArray) -> NDArray[np.bool_]:
    return np.asarray(mask.to_numpy(), dtype=bool)
