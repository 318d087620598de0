"""Parquet as the lake writes it: equal tables, equal bytes; statistics and dictionaries only where they serve."""

import io

import pyarrow as pa
import pyarrow.parquet as pq

from resources.lake.parquet_bytes import parquet_bytes
from resources.schemas import ADJUSTED_SCHEMA, QUARANTINE_SCHEMA


def table(rows: int = 400) -> pa.Table:
    return pa.table(
        {
            "root": pa.array(["SPX"] * rows).dictionary_encode(),
            "symbol": pa.array([f"SPX{i}" for i in range(rows)]).dictionary_encode(),
            "strike": pa.array([float(i) for i in range(rows)]),
            "bid": pa.array([None if i % 3 else float(i) for i in range(rows)]),
        }
    )


def column(data: bytes, name: str) -> pq.ColumnChunkMetaData:
    file = pq.ParquetFile(io.BytesIO(data))
    return file.metadata.row_group(0).column(file.schema_arrow.get_field_index(name))


def test_a_table_comes_back_as_it_was():
    for given in (
        table(),
        table(1),
        table().slice(7, 100),
        table().slice(0, 0),
        QUARANTINE_SCHEMA.empty_table(),
    ):
        found = pq.ParquetFile(io.BytesIO(parquet_bytes(given))).read()
        assert found.schema.equals(given.schema)
        assert found.to_pylist() == given.to_pylist()


def test_equal_tables_have_equal_bytes():
    assert parquet_bytes(table()) == parquet_bytes(table())
    assert parquet_bytes(ADJUSTED_SCHEMA.empty_table()) == parquet_bytes(ADJUSTED_SCHEMA.empty_table())
    assert parquet_bytes(ADJUSTED_SCHEMA.empty_table()) != parquet_bytes(QUARANTINE_SCHEMA.empty_table())


def test_values_that_repeat_are_written_once_and_symbols_as_they_are():
    data = parquet_bytes(table())
    assert "RLE_DICTIONARY" in column(data, "root").encodings
    assert "RLE_DICTIONARY" not in column(data, "symbol").encodings
    assert column(data, "bid").compression == "ZSTD"


def test_what_readers_filter_by_has_statistics():
    data = parquet_bytes(table())
    assert column(data, "strike").statistics.max == 399.0
    assert column(data, "bid").statistics is None
