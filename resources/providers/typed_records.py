"""Strict typing of records (objects of JSON, rows of Parquet, lines of a CSV with nested cells).

As in ``typed_csv``, a record that cannot be typed is set aside with its reasons and the vendor's own text.
Fields that the layout does not name are ignored: services add some at any time, and the payload is kept whole.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from resources.providers.typed_csv import RejectedRow

_ARROW = {float: pa.float64(), int: pa.int64(), str: pa.string(), bool: pa.bool_()}
#: beyond it an integer is no time and no amount, and does not fit 64 bits
_LARGEST = 2**63 - 1


class _Untypable(ValueError):
    """A value that is not of its field's type."""


@dataclass(frozen=True)
class RecordLayout:
    """The fields that an adapter uses.

    Attributes
    ----------
    fields
        By dotted path (``greeks.delta``): ``float``, ``int``, ``str`` or ``bool``.
    required
        Those that may not be missing or null.
    """

    fields: Mapping[str, type]
    required: frozenset[str]


@dataclass
class TypedRecords:
    """Typed columns, the records that they were made of, and those set aside."""

    table: pa.Table
    records: list[Mapping[str, Any]]
    rejected: list[RejectedRow] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.records)

    def column(self, name: str) -> pa.Array:
        """One column in one chunk; missing values are null."""
        return self.table.column(name).combine_chunks()

    def floats(self, name: str) -> NDArray[np.float64]:
        """A number column with NaN for null."""
        return np.asarray(self.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)

    def split(self, reasons: Mapping[str, NDArray[np.bool_]]) -> "TypedRecords":
        """Without the records that a mask marks; these join ``rejected`` with every reason that applies."""
        bad = np.zeros(len(self), dtype=bool)
        for mask in reasons.values():
            bad |= mask
        if not bad.any():
            return self
        found = [
            RejectedRow(
                tuple(sorted(reason for reason, mask in reasons.items() if mask[row])),
                record_text(self.records[row]),
            )
            for row in np.flatnonzero(bad).tolist()
        ]
        kept = self.keep(~bad)
        return TypedRecords(kept.table, kept.records, self.rejected + found)

    def keep(self, mask: NDArray[np.bool_]) -> "TypedRecords":
        """The marked records only; the others are not this reader's concern."""
        rows = np.flatnonzero(mask)
        return TypedRecords(
            self.table.take(pa.array(rows)), [self.records[row] for row in rows.tolist()], self.rejected
        )


def read_typed_records(records: Sequence[Any], layout: RecordLayout, *, texts: bool = False) -> TypedRecords:
    """Type every record.

    A record that is no object is rejected with ``untyped:row``, one with a field of another type, or without a
    required one, with ``untyped:<field>``.

    Parameters
    ----------
    texts
        Whether numbers come as text, an empty one for missing (the cells of a CSV).
    """
    columns: dict[str, list[object]] = {name: [] for name in layout.fields}
    kept: list[Mapping[str, Any]] = []
    rejected: list[RejectedRow] = []
    for record in records:
        if not isinstance(record, Mapping):
            rejected.append(RejectedRow(("untyped:row",), record_text(record)))
            continue
        values: dict[str, object] = {}
        faults = []
        for name, kind in layout.fields.items():
            try:
                values[name] = _typed(_at(record, name), kind, texts)
            except _Untypable:
                faults.append(f"untyped:{name}")
                continue
            if values[name] is None and name in layout.required:
                faults.append(f"untyped:{name}")
        if faults:
            rejected.append(RejectedRow(tuple(sorted(faults)), record_text(record)))
            continue
        kept.append(record)
        for name, value in values.items():
            columns[name].append(value)
    table = pa.table(
        {name: pa.array(columns[name], type=_ARROW[kind]) for name, kind in layout.fields.items()}
    )
    return TypedRecords(table, kept, rejected)


def record_text(record: Any) -> str:
    """A record as one line, for the quarantine."""
    return json.dumps(record, ensure_ascii=False, default=str, separators=(",", ":"))


def _at(record: Mapping[str, Any], path: str) -> Any:
    if path in record:  # a flattened column may carry the dotted name itself
        return record[path]
    found: Any = record
    for name in path.split("."):
        if found is None:
            return None
        if not isinstance(found, Mapping):
            raise _Untypable(path)
        found = found.get(name)
    return found


def _typed(value: Any, kind: type, texts: bool) -> object:
    if value is None or (texts and value == ""):
        return None
    if kind is str:
        if not isinstance(value, str):
            raise _Untypable(value)
        return value
    if kind is bool:
        if not isinstance(value, bool):
            raise _Untypable(value)
        return value
    if isinstance(value, bool) or (isinstance(value, str) and not texts):
        raise _Untypable(value)
    try:
        # text of an integer goes straight to int: nanoseconds do not fit a float
        number = int(value) if kind is int and isinstance(value, (str, int)) else float(value)
    except (TypeError, ValueError, OverflowError):
        raise _Untypable(value) from None
    if isinstance(number, float) and math.isnan(number):
        return None  # how Parquet and CSV writers spell a missing number
    if math.isinf(number) or abs(number) > _LARGEST:
        raise _Untypable(value)
    if kind is int:
        if number != int(number):
            raise _Untypable(value)
        return int(number)
    return float(number)
