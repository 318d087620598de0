"""A digest of what a table says, whatever the way in which it is stored."""

import hashlib
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


class _Hash(Protocol):
    def update(self, data: Any, /) -> None: ...


def table_digest(table: pa.Table) -> str:
    """SHA-256 (hex) over the table's canonical typed rows.

    Equal column names, types, rows and order of rows give an equal digest, independent of chunking,
    dictionary encoding and order, slicing, nullability flags, schema metadata and Parquet encoding. All NaN
    count as one value, and so do the two zeros; NaN and null differ.

    Raises
    ------
    TypeError
        For a column whose type has no canonical form here (decimals, structs, maps, ...).
    """
    digest = hashlib.sha256(f"rows={table.num_rows}".encode())
    for field, column in zip(table.schema, table.columns, strict=True):
        kind = _canonical_type(field.type, field.name)
        digest.update(f"\x00{field.name}\x00{kind}\x00".encode())
        _update(digest, _one_chunk(column), field.name)
    return digest.hexdigest()


def _canonical_type(kind: pa.DataType, name: str) -> str:
    if pa.types.is_dictionary(kind):
        return _canonical_type(kind.value_type, name)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "string"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list<{_canonical_type(kind.value_type, name)}>"
    if pa.types.is_primitive(kind) or pa.types.is_null(kind):
        return str(kind)
    raise TypeError(f"column {name}: type {kind} has no canonical form; cast it before taking the digest")


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    if pa.types.is_dictionary(column.type) and column.num_chunks != 1:
        # chunks may carry dictionaries of their own
        column = column.unify_dictionaries()
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _update(digest: _Hash, array: pa.Array, name: str) -> None:
    if pa.types.is_dictionary(array.type) and array.dictionary.null_count:
        array = array.dictionary_decode()  # a null may also hide in the dictionary itself
    if array.null_count:
        digest.update(b"nulls")
        digest.update(np.packbits(array.is_null().to_numpy(zero_copy_only=False)).tobytes())
    kind = array.type
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        _update_keys(digest, array, name)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        lengths = pc.fill_null(pc.list_value_length(array), 0).cast(pa.int64())
        digest.update(lengths.to_numpy().tobytes())
        _update(digest, pc.list_flatten(array), name)
    elif pa.types.is_floating(kind):
        values = pc.fill_null(array, 0.0) if array.null_count else array
        numbers = values.to_numpy(zero_copy_only=False) + kind.to_pandas_dtype()(0.0)  # -0.0 becomes 0.0
        numbers[np.isnan(numbers)] = np.nan
        digest.update(numbers.tobytes())
    elif pa.types.is_boolean(kind):
        values = pc.fill_null(array, False) if array.null_count else array
        digest.update(np.packbits(values.to_numpy(zero_copy_only=False)).tobytes())
    elif not pa.types.is_null(kind):
        storage = array.view(_integer_of(kind))
        values = pc.fill_null(storage, 0) if storage.null_count else storage
        digest.update(values.to_numpy(zero_copy_only=False).tobytes())


def _integer_of(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_integer(kind):
        return kind
    return {32: pa.int32(), 64: pa.int64()}[kind.bit_width]


def _update_keys(digest: _Hash, array: pa.Array, name: str) -> None:
    """Texts, encoded or not: the distinct values in sorted order, and each row's place among them."""
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    if not all(isinstance(value, str) for value in values):
        raise TypeError(f"column {name}: only dictionaries of texts have a canonical form")
    indices = encoded.indices
    if indices.null_count:
        indices = pc.fill_null(indices, -1)
    codes = indices.to_numpy(zero_copy_only=False)
    used = np.unique(codes[codes >= 0]).tolist()
    texts = sorted({values[code] for code in used})
    places = {text: place for place, text in enumerate(texts)}
    remap = np.full(len(values) + 1, -1, dtype="<i4")  # the last one stands for null
    for code in used:
        remap[code] = places[values[code]]
    digest.update("".join(f"{len(text)}:{text}" for text in texts).encode())
    digest.update(remap[codes].tobytes())
