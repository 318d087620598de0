"""Quotes as quarantined rows, and tables of them put together."""

import pyarrow as pa

from resources.schemas import QUARANTINE_SCHEMA, QUOTE_SCHEMA


def joined(first: pa.Table, second: pa.Table) -> pa.Table:
    """Both tables' rows; the first itself where the second has none."""
    if not second.num_rows:
        return first
    return pa.concat_tables([first, second]).unify_dictionaries()


def quarantined_for(quotes: pa.Table, reasons: list[str]) -> pa.Table:
    """Quotes as quarantined rows, all for the same reasons."""
    columns = {f.name: quotes.column(f.name) for f in QUOTE_SCHEMA}
    columns["reasons"] = pa.array([reasons] * quotes.num_rows, type=pa.list_(pa.string()))
    columns["raw"] = pa.nulls(quotes.num_rows, pa.string())
    return pa.table(columns).cast(QUARANTINE_SCHEMA)
