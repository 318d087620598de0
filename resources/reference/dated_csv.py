"""Comma-separated files of one row a day (or a day and a symbol): typing, dates, repeated days."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from resources.providers.payload_text import unpacked
from resources.providers.typed_csv import CsvLayout, TypedRows, read_typed_csv
from resources.reference.parsed import ParsedReference, RejectedEntry, parsed_reference

REPEATED_ROW = "repeated_row"
CONFLICTING_ROWS = "conflicting_rows"
DateReader = Callable[[str], dt.date]

_COMPACT = re.compile(r"[0-9]{8}")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH_FIRST = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")


def iso_date(text: str) -> dt.date:
    """``2026-07-22``, and nothing looser: other ISO 8601 forms are not what these files write."""
    if not _ISO.fullmatch(text):
        raise ValueError(f"{text!r} is no date like 2026-07-22")
    return _plausible(dt.date.fromisoformat(text))


def compact_date(text: str) -> dt.date:
    """``20260722``."""
    if not _COMPACT.fullmatch(text):
        raise ValueError(f"{text!r} is no date like 20260722")
    return _plausible(dt.date(int(text[:4]), int(text[4:6]), int(text[6:])))


def month_first_date(text: str) -> dt.date:
    """``7/22/2026``."""
    found = _MONTH_FIRST.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no date like 7/22/2026")
    month, day, year = map(int, found.groups())
    return _plausible(dt.date(year, month, day))


def _plausible(day: dt.date) -> dt.date:
    """9999-12-31 and the like are placeholders, and no calendar reaches them."""
    if not 1800 <= day.year < 2200:
        raise ValueError(f"{day} is no day on which anything was published")
    return day


@dataclass(frozen=True)
class DatedRows:
    """Typed rows of a file, each with its day; by day (then symbol), whatever the order in the file."""

    source: str
    file: str
    rows: TypedRows
    days: list[dt.date]
    symbols: list[str] | None
    rows_in: int
    _day_of: Callable[[str], dt.date | None]
    _symbol_of: Callable[[str], str | None]

    def column(self, name: str) -> NDArray[np.float64]:
        """A number column, NaN where empty."""
        return np.asarray(self.rows.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)

    def without(self, reasons: Mapping[str, NDArray[np.bool_]]) -> "DatedRows":
        """Set aside the rows that a mask marks."""
        bad = np.zeros(len(self.days), dtype=bool)
        for mask in reasons.values():
            bad |= mask
        keep = np.flatnonzero(~bad).tolist()
        return replace(
            self,
            rows=self.rows.split(reasons),
            days=[self.days[i] for i in keep],
            symbols=None if self.symbols is None else [self.symbols[i] for i in keep],
        )

    def result(self, table: pa.Table) -> ParsedReference:
        """The table with everything that was set aside on the way."""
        rejected = [
            RejectedEntry(row.reasons, row.raw, self._symbol_of(row.raw), self._day_of(row.raw))
            for row in self.rows.rejected
        ]
        return parsed_reference(self.source, self.file, self.rows_in, table, rejected)


def read_dated_csv(
    payload: bytes,
    name: str,
    layout: CsvLayout,
    *,
    source: str,
    date_column: str,
    read_date: DateReader,
    symbol_column: str | None = None,
) -> DatedRows:
    """Rows by day and symbol.

    A day that cannot be read is ``untyped:<column>``. Of rows that are equal in every cell the first counts
    (``repeated_row``); of rows of one day and symbol that differ none does (``conflicting_rows``): which one
    is right cannot be told.

    Raises
    ------
    UnreadablePayloadError
        If the file as a whole cannot be read.
    """
    rows = read_typed_csv(unpacked(payload, name), layout, name)
    header = rows.table.column_names
    rows_in = len(rows) + len(rows.rejected)
    day_at = header.index(date_column)
    symbol_at = None if symbol_column is None else header.index(symbol_column)

    def day_of(raw: str) -> dt.date | None:
        return _day_or_none(_cell(raw, day_at), read_date)

    def symbol_of(raw: str) -> str | None:
        return None if symbol_at is None else _cell(raw, symbol_at) or None

    found = [_day_or_none(text, read_date) for text in rows.column(date_column).to_pylist()]
    rows = rows.split({f"untyped:{date_column}": np.array([day is None for day in found], dtype=bool)})
    days = [day for day in found if day is not None]
    symbols = None if symbol_column is None else rows.column(symbol_column).to_pylist()
    dated = DatedRows(source, name, rows, days, symbols, rows_in, day_of, symbol_of)
    return _sorted(dated.without(_repetitions(dated)))


def _cell(raw: str, position: int) -> str:
    cells = raw.split(",")
    return cells[position].strip().strip('"') if len(cells) > position else ""


def _day_or_none(text: str, read_date: DateReader) -> dt.date | None:
    try:
        return read_date(text.strip())
    except ValueError:
        return None


def _repetitions(dated: DatedRows) -> dict[str, NDArray[np.bool_]]:
    """Rows that share day and symbol, told apart by whether they say the same."""
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for i, day in enumerate(dated.days):
        groups[(day, None if dated.symbols is None else dated.symbols[i])].append(i)
    repeated = np.zeros(len(dated.days), dtype=bool)
    conflicting = np.zeros(len(dated.days), dtype=bool)
    shared = [places for places in groups.values() if len(places) > 1]
    for places in shared:
        cells = dated.rows.table.take(pa.array(places)).to_pylist()
        if all(row == cells[0] for row in cells):
            repeated[places[1:]] = True
        else:
            conflicting[places] = True
    return {REPEATED_ROW: repeated, CONFLICTING_ROWS: conflicting}


def _sorted(dated: DatedRows) -> DatedRows:
    keys = list(zip(dated.days, dated.symbols or [""] * len(dated.days), strict=True))
    order = sorted(range(len(keys)), key=keys.__getitem__)
    if order == list(range(len(keys))):
        return dated
    places = np.array(order, dtype=np.int64)
    rows = dated.rows
    return replace(
        dated,
        rows=replace(rows, table=rows.table.take(pa.array(places)), line_of=rows.line_of[places]),
        days=[dated.days[i] for i in order],
        symbols=None if dated.symbols is None else [dated.symbols[i] for i in order],
    )


def table_of(schema: pa.Schema, columns: Mapping[str, Sequence[object] | pa.Array]) -> pa.Table:
    """A table of ``schema`` from its columns by name."""
    arrays = [
        columns[f.name] if isinstance(columns[f.name], pa.Array) else pa.array(columns[f.name], type=f.type)
        for f in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
