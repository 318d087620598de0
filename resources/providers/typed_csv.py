"""Strict reading of delimited text: every cell typed, a row that cannot be typed set aside with its reason.

The common case is one pass of Arrow's reader with the declared types. Only where that fails, the file is read
again as texts and the offending cells are looked for.
"""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from resources.providers.payload_text import UnreadablePayloadError, require_lines

RAGGED = "untyped:row"
#: earlier than any table of prices, and the last moment that is a date in every time zone
_MARKET_TIME = (dt.datetime(1700, 1, 1), dt.datetime(9999, 12, 31))
#: of the vendor's own text, in a sentence about it
_SHOWN = 200


@dataclass(frozen=True)
class CsvLayout:
    """The columns of a format.

    Attributes
    ----------
    columns
        Every column by name, with its type. Their order in the file does not matter.
    required
        Those that may not be empty in any row.
    optional
        Those that a file may lack.
    others_allowed
        Whether a file may have columns that are not named here, for vendors who add some now and then. They are
        not read.
    null_texts
        Cells that mean "none", beside the empty one.
    delimiter
        One character.
    """

    columns: Mapping[str, pa.DataType]
    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    others_allowed: bool = False
    null_texts: tuple[str, ...] = ()
    delimiter: str = ","


@dataclass(frozen=True)
class RejectedRow:
    """A row set aside: why, and the vendor's own text.

    ``known``: columns of a quote that could be typed all the same.
    """

    reasons: tuple[str, ...]
    raw: str
    known: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        """In one line: a quoted cell may hold line ends."""
        return f"{', '.join(self.reasons)}: {' '.join(self.raw.split())[:_SHOWN]}"


@dataclass
class TypedRows:
    """The typed rows of a file, and those that could not be typed.

    ``line_of[i]`` is where row i of ``table`` stands among the file's well-formed rows.
    """

    table: pa.Table
    rejected: list[RejectedRow]
    line_of: NDArray[np.int64]
    _text: bytes = field(repr=False)
    _header: list[str] = field(repr=False)
    _delimiter: str = field(default=",", repr=False)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def column(self, name: str) -> pa.Array:
        """One column in one chunk."""
        return self.table.column(name).combine_chunks()

    @cached_property
    def _cells(self) -> pa.Table:
        return _read_texts(self._text, self._header, self._delimiter)[0]

    def split(self, reasons: Mapping[str, NDArray[np.bool_]]) -> "TypedRows":
        """Without the rows that a mask marks; these join ``rejected`` with every reason that applies."""
        bad = np.zeros(len(self), dtype=bool)
        for mask in reasons.values():
            bad |= mask
        if not bad.any():
            return self
        rows = np.flatnonzero(bad)
        texts = _row_texts(self._cells, self.line_of[rows])
        found = [
            RejectedRow(tuple(sorted(reason for reason, mask in reasons.items() if mask[row])), text)
            for row, text in zip(rows.tolist(), texts, strict=True)
        ]
        kept = self.only(~bad)
        return replace(kept, rejected=self.rejected + found)

    def only(self, mask: NDArray[np.bool_]) -> "TypedRows":
        """The rows that a mask marks; the others are left out, for they are nobody's loss."""
        at = np.flatnonzero(mask)
        return replace(self, table=self.table.take(pa.array(at)), line_of=self.line_of[at])


def read_typed_csv(text: bytes, layout: CsvLayout, name: str) -> TypedRows:
    """Type every row of a comma-separated text with a header line.

    Empty cells are null, and so are times before 1700 (the year 1 means "none"). A row with a cell that cannot
    be typed (``nan`` and ``inf`` are no numbers), or an empty cell where the layout allows none, is rejected with
    ``untyped:<column>``; one with too few or too many cells with ``untyped:row``.

    Raises
    ------
    UnreadablePayloadError
        Missing, unknown or repeated column, or no rows at all.
    """
    require_lines(text, name)
    header = _checked_header(text, layout, name)
    types = {column: layout.columns.get(column, pa.string()) for column in header}
    ragged: list[RejectedRow] = []

    def set_aside(row: csv.InvalidRow) -> str:
        ragged.append(RejectedRow((RAGGED,), row.text.strip()))
        return "skip"

    try:
        table = csv.read_csv(
            pa.BufferReader(text),
            read_options=csv.ReadOptions(
                use_threads=False, block_size=len(text) + 1, column_names=header, skip_rows=1
            ),
            parse_options=csv.ParseOptions(delimiter=layout.delimiter, invalid_row_handler=set_aside),
            convert_options=csv.ConvertOptions(
                column_types=types, null_values=["", *layout.null_texts], strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid:
        return _read_cell_by_cell(text, header, layout, name)
    if any(table.column(column).null_count for column in layout.required if column in types) or any(
        not pc.all(pc.is_finite(column)).as_py()
        if pa.types.is_floating(column.type)
        else _out_of_time(column) is not None
        for column in table.columns
        if column.null_count < len(column)
    ):
        return _read_cell_by_cell(text, header, layout, name)
    if table.num_rows == 0 and not ragged:
        raise UnreadablePayloadError(f"{name} has a header but no rows; fetch it again from the source")
    return TypedRows(table, ragged, np.arange(table.num_rows), text, header, layout.delimiter)


def _checked_header(text: bytes, layout: CsvLayout, name: str) -> list[str]:
    header = [cell.strip() for cell in text.partition(b"\n")[0].decode().strip("\r").split(layout.delimiter)]
    header = [cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell for cell in header]
    missing = [column for column in layout.columns if column not in header and column not in layout.optional]
    unknown = [column for column in header if column not in layout.columns and not layout.others_allowed]
    repeated = sorted({column for column in header if header.count(column) > 1})
    faults = [
        f"{kind} column{'s' if len(found) > 1 else ''} {', '.join(repr(column[:40]) for column in found[:8])}"
        for kind, found in (("missing", missing), ("unknown", unknown), ("repeated", repeated))
        if found
    ]
    if faults:
        raise UnreadablePayloadError(
            f"{name}: {'; '.join(faults)}. The format has exactly: {', '.join(layout.columns)}. "
            "If the vendor has changed it, the adapter must learn the new columns first"
        )
    return header


def _read_texts(text: bytes, header: list[str], delimiter: str) -> tuple[pa.Table, list[RejectedRow]]:
    """Every cell as text, in the columns of the header."""
    ragged: list[RejectedRow] = []

    def set_aside(row: csv.InvalidRow) -> str:
        ragged.append(RejectedRow((RAGGED,), row.text.strip()))
        return "skip"

    table = csv.read_csv(
        pa.BufferReader(text),
        read_options=csv.ReadOptions(
            use_threads=False, block_size=len(text) + 1, column_names=header, skip_rows=1
        ),
        parse_options=csv.ParseOptions(delimiter=delimiter, invalid_row_handler=set_aside),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), null_values=[], strings_can_be_null=False
        ),
    )
    return table, ragged


def _read_cell_by_cell(text: bytes, header: list[str], layout: CsvLayout, name: str) -> TypedRows:
    try:
        cells, ragged = _read_texts(text, header, layout.delimiter)
    except pa.ArrowInvalid as error:
        raise UnreadablePayloadError(f"{name} cannot be read as comma-separated text: {error}") from error
    faults: dict[str, NDArray[np.bool_]] = {}
    columns = {}
    for column in header:
        kind = layout.columns.get(column, pa.string())
        columns[column], bad = _typed(cells.column(column).combine_chunks(), kind, layout.null_texts)
        if column in layout.required:
            bad |= columns[column].is_null().to_numpy(zero_copy_only=False)
        if bad.any():
            faults[f"untyped:{column}"] = bad
    everything = TypedRows(
        pa.table(columns), ragged, np.arange(cells.num_rows), text, header, layout.delimiter
    )
    return everything.split(faults)


def _typed(
    cells: pa.Array, kind: pa.DataType, null_texts: tuple[str, ...]
) -> tuple[pa.Array, NDArray[np.bool_]]:
    """The cells in their type (null where empty, impossible or of no market's time), and which were impossible."""
    none = pc.is_in(cells, pa.array(["", *null_texts]))
    filled = pc.if_else(none, pa.scalar(None, pa.string()), cells)
    bad = np.zeros(len(cells), dtype=bool)
    if pa.types.is_string(kind):
        return filled, bad
    filled = pc.utf8_trim_whitespace(filled)
    try:
        typed_at_once = filled.cast(kind)
    except pa.ArrowInvalid:
        pass
    else:
        if pa.types.is_floating(kind):
            infinite = pc.fill_null(pc.invert(pc.is_finite(typed_at_once)), False)
            bad = infinite.to_numpy(zero_copy_only=False).astype(bool)
            typed_at_once = pc.if_else(infinite, pa.scalar(None, kind), typed_at_once)
        return _within_time(typed_at_once), bad
    encoded = filled.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    typed = [_typed_value(value, kind) for value in values]
    impossible = np.array([value is None for value in typed] + [False])
    bad = impossible[pc.fill_null(encoded.indices, len(values)).to_numpy(zero_copy_only=False)]
    return _within_time(pa.array(typed, type=kind).take(encoded.indices)), bad


def _within_time(column: pa.Array) -> pa.Array:
    """Without dates and instants of no market: the year 1 stands for "none" in many a system, and no time zone
    reaches before it."""
    outside = _out_of_time(column)
    return column if outside is None else pc.if_else(outside, pa.scalar(None, column.type), column)


def _out_of_time(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray | None:
    """Where a date or an instant is of no market; None where none is."""
    kind = column.type
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return None
    first, last = (pa.scalar(moment, pa.timestamp("us")).cast(kind) for moment in _MARKET_TIME)
    outside = pc.fill_null(pc.or_(pc.less(column, first), pc.greater(column, last)), False)
    return outside if pc.any(outside).as_py() else None


def _typed_value(value: str, kind: pa.DataType) -> object:
    """One cell in its type; None where it has none."""
    try:
        scalar = pa.scalar(value, pa.string()).cast(kind)
    except pa.ArrowInvalid:
        return None
    if pa.types.is_floating(kind) and not math.isfinite(scalar.as_py()):
        return None
    return scalar.value if pa.types.is_temporal(kind) else scalar.as_py()


def _row_texts(cells: pa.Table, rows: NDArray[np.int64]) -> list[str]:
    chosen = cells.take(pa.array(rows)).to_pydict()
    return [",".join(row) for row in zip(*chosen.values(), strict=True)]
