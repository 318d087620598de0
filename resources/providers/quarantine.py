"""Rejected rows as a quarantine table."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from resources.providers.typed_csv import RejectedRow
from resources.schemas import QUARANTINE_SCHEMA


def rejected_table(
    rows: Sequence[RejectedRow], *, underlying: str, trade_date: dt.date, source: str, harvest_id: str
) -> pa.Table:
    """``QUARANTINE_SCHEMA`` with the reasons, the vendor's text and what of a quote is known; other columns null.

    Sorted by reasons and text, so the order in the file does not matter.
    """
    ordered = sorted(rows, key=lambda row: (row.reasons, row.raw))
    count = len(ordered)
    columns: dict[str, list[Any]] = {
        "underlying": [underlying] * count,
        "trade_date": [trade_date] * count,
        "source": [source] * count,
        "harvest_id": [harvest_id] * count,
        "reasons": [list(row.reasons) for row in ordered],
        "raw": [row.raw for row in ordered],
    }
    for name in {name for row in ordered for name in row.known}:
        columns[name] = [row.known.get(name) for row in ordered]
    arrays = [
        pa.array(columns[f.name], type=f.type) if f.name in columns else pa.nulls(count, f.type)
        for f in QUARANTINE_SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=QUARANTINE_SCHEMA)
