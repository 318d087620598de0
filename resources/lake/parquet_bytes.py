"""Tables as the bytes of a Parquet file."""

from functools import lru_cache

import pyarrow as pa
import pyarrow.parquet as pq

#: What a reader of the files may filter by. Statistics of all other columns cost a fifth of the writing.
FILTERED = frozenset({"contract_id", "underlying", "root", "trade_date", "ts", "expiry", "right", "strike"})

#: Below this many distinct values it does not matter.
_FEW = 64


def parquet_bytes(table: pa.Table) -> bytes:
    """zstd, dictionaries only where a key column's values repeat; equal tables give equal bytes.

    Raises
    ------
    pa.ArrowException
        If a column cannot be written.
    """
    return _empty(table.schema) if table.num_rows == 0 else _encoded(table)


@lru_cache(maxsize=64)
def _empty(schema: pa.Schema) -> bytes:
    """Most sessions have nothing in quarantine."""
    return _encoded(schema.empty_table())


def _encoded(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        use_dictionary=[name for name in table.column_names if _repeats(table.column(name))],
        write_statistics=[name for name in table.column_names if name in FILTERED],
    )
    return bytes(sink.getvalue().to_pybytes())


def _repeats(column: pa.ChunkedArray) -> bool:
    """Whether a key column has few values for its rows: option symbols are as many as rows."""
    if not pa.types.is_dictionary(column.type):
        return False
    return all(len(chunk.dictionary) <= max(_FEW, len(chunk) // 2) for chunk in column.chunks)
