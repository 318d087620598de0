"""What reading a reference file gives: a typed table, and every row that is not used with its reasons."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from resources.schemas import REFERENCE_QUARANTINE_SCHEMA


@dataclass(frozen=True)
class RejectedEntry:
    """A row set aside: why, the vendor's own text, and what of it could be read."""

    reasons: tuple[str, ...]
    raw: str
    symbol: str | None = None
    day: dt.date | None = None


@dataclass(frozen=True)
class ParsedReference:
    """One file as read.

    Attributes
    ----------
    file
        As named by its source.
    rows_in
        Rows that the file holds below its header.
    table
        In the schema of the kind of data. One row of a file may give many rows of it (a curve, a tenor each)
        or none (a day without dividend).
    rejected
        ``REFERENCE_QUARANTINE_SCHEMA``, a row for each that is not used, sorted by reasons and text.
    """

    file: str
    rows_in: int
    table: pa.Table
    rejected: pa.Table

    @property
    def rows_accepted(self) -> int:
        return self.rows_in - int(self.rejected.num_rows)

    def quarantined_by_reason(self) -> dict[str, int]:
        """Rows by reason; a row with several counts under each."""
        found = Counter(reason for reasons in self.rejected["reasons"].to_pylist() for reason in reasons)
        return dict(sorted(found.items()))


def parsed_reference(
    source: str, file: str, rows_in: int, table: pa.Table, rejected: Sequence[RejectedEntry]
) -> ParsedReference:
    """Put a result together; the quarantine does not depend on the order of the rows received."""
    return ParsedReference(file, rows_in, table, quarantine_table(source, file, rejected))


def quarantine_table(source: str, file: str, rejected: Sequence[RejectedEntry]) -> pa.Table:
    """``REFERENCE_QUARANTINE_SCHEMA``, sorted by reasons and text."""
    ordered = sorted(rejected, key=lambda entry: (entry.reasons, entry.raw))
    columns = {
        "source": [source] * len(ordered),
        "file": [file] * len(ordered),
        "symbol": [entry.symbol for entry in ordered],
        "day": [entry.day for entry in ordered],
        "reasons": [list(entry.reasons) for entry in ordered],
        "raw": [entry.raw for entry in ordered],
    }
    arrays = [pa.array(columns[f.name], type=f.type) for f in REFERENCE_QUARANTINE_SCHEMA]
    return pa.Table.from_arrays(arrays, schema=REFERENCE_QUARANTINE_SCHEMA)


def joined_quarantine(results: Sequence[ParsedReference]) -> pa.Table:
    """The quarantine of several files, in their order."""
    tables = [result.rejected for result in results]
    return (
        pa.concat_tables(tables).unify_dictionaries() if tables else REFERENCE_QUARANTINE_SCHEMA.empty_table()
    )
