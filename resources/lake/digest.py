"""A digest of what a table says, whatever the way in which it is stored."""

import hashlib
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

#: Below this many distinct texts, Python's own sorting is faster than the calls into Arrow
_FEW = 64


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
    return _table_digest(table) if table.num_rows else _empty_digest(table.schema)


@lru_cache(maxsize=64)
def _empty_digest(schema: pa.Schema) -> str:
    """Most sessions have nothing in quarantine."""
    return _table_digest(schema.empty_table())


def _table_digest(table: pa.Table) -> str:
    digest = hashlib.sha256(f"rows={table.num_rows}".encode())
    for field, column in zip(table.schema, table.columns, strict=True):
        kind = _canonical_type(field.type, field.name)
        digest.update(f"\x00{field.name}\x00{kind}\x00".encode())
        _update(digest, _one_chunk(column), field.name)
    return digest.hexdigest()


@lru_cache(maxsize=512)
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
    kind = array.type
    if array.null_count == len(array) > 0 and (pa.types.is_floating(kind) or pa.types.is_temporal(kind)):
        digest.update(_all_null(len(array), kind.bit_width // 8))
        return
    null = _nulls(array)
    if null is not None:
        digest.update(b"nulls")
        digest.update(np.packbits(null))
    if pa.types.is_null(kind):
        return
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        _update_texts(digest, array, null, name)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        lengths = pc.fill_null(pc.list_value_length(array), 0).cast(pa.int64())
        digest.update(lengths.to_numpy())
        _update(digest, pc.list_flatten(array), name)
    elif pa.types.is_floating(kind):
        numbers = _stored(array, kind.to_pandas_dtype()) + kind.to_pandas_dtype()(0.0)  # -0.0 becomes 0.0
        numbers[np.isnan(numbers)] = np.nan
        if null is not None:
            numbers[null] = 0.0
        digest.update(numbers)
    elif pa.types.is_boolean(kind):
        values = pc.fill_null(array, False) if null is not None else array
        digest.update(np.packbits(values.to_numpy(zero_copy_only=False)))
    else:
        whole = _stored(array, f"i{kind.bit_width // 8}")
        digest.update(whole if null is None else np.where(null, whole.dtype.type(0), whole))


@lru_cache(maxsize=64)
def _all_null(rows: int, width: int) -> bytes:
    """What a column of numbers says that a vendor does not deliver: a day has a dozen of them."""
    return b"nulls" + np.packbits(np.ones(rows, dtype=bool)).tobytes() + bytes(rows * width)


@lru_cache(maxsize=64)
def _one_text(text: str, rows: int) -> bytes:
    """What a column says in which one text stands in every row: a root, a currency, a style."""
    return f"{len(text)}:{text}".encode() + bytes(4 * rows)


# Arrow's own functions cost 20 to 50 microseconds a call, which is most of the time for a day's few thousand rows:
# below, the buffers are read in place


def _nulls(array: pa.Array) -> NDArray[np.bool_] | None:
    """Which entries are null; None where none is."""
    if not array.null_count:
        return None
    if pa.types.is_null(array.type):
        return np.ones(len(array), dtype=bool)
    first = array.offset
    bits = np.frombuffer(array.buffers()[0], dtype=np.uint8)
    return np.unpackbits(bits, count=first + len(array), bitorder="little")[first:] == 0


def _stored(array: pa.Array, dtype: Any) -> NDArray[Any]:
    """The numbers as they lie in memory, read-only; what stands under a null is arbitrary."""
    buffer = array.buffers()[1]
    if buffer is None or len(array) == 0:
        return np.zeros(len(array), dtype=dtype)
    return np.frombuffer(buffer, dtype=dtype, count=array.offset + len(array))[array.offset :]


def _update_texts(digest: _Hash, array: pa.Array, null: NDArray[np.bool_] | None, name: str) -> None:
    """Texts, encoded or not: the distinct values in sorted order, and each row's place among them."""
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    values = encoded.dictionary
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        raise TypeError(f"column {name}: only dictionaries of texts have a canonical form")
    if len(values) == 1 and null is None and len(encoded):
        digest.update(_one_text(values[0].as_py(), len(encoded)))
        return
    codes = _stored(encoded.indices, encoded.indices.type.to_pandas_dtype()).astype(np.int64)
    if null is not None:
        codes[null] = len(values)  # one beyond the values stands for null
    used = np.flatnonzero(np.bincount(codes, minlength=len(values) + 1)[: len(values)])
    text: bytes
    places: list[int] | NDArray[np.int64]
    if len(used) < _FEW:
        text, places = _few_texts([values[place].as_py() for place in used.tolist()])
    else:
        text, places = _many_texts(values if len(used) == len(values) else values.take(pa.array(used)))
    remap = np.full(len(values) + 1, -1, dtype="<i4")
    remap[used] = places
    digest.update(text)
    digest.update(remap[codes])


def _few_texts(found: list[str]) -> tuple[bytes, list[int]]:
    """Distinct texts in order, each with its length in front, and the place of every value among them."""
    texts = sorted(set(found))  # a dictionary may hold a text twice
    places = {text: place for place, text in enumerate(texts)}
    return "".join(f"{len(text)}:{text}" for text in texts).encode(), [places[text] for text in found]


def _many_texts(values: pa.Array) -> tuple[bytes, NDArray[np.int64]]:
    """The same of thousands of texts (option symbols), in Arrow: the order of UTF-8 bytes is that of characters."""
    if pc.all(pc.less(values[:-1], values[1:])).as_py():
        # a session of one root is sorted like its symbols
        return _marked(values), np.arange(len(values), dtype=np.int64)
    by_text = pc.array_sort_indices(values)
    ordered = values.take(by_text)
    new = np.ones(len(ordered), dtype=bool)
    new[1:] = np.asarray(pc.not_equal(ordered[1:], ordered[:-1]))
    distinct = ordered if new.all() else ordered.filter(pa.array(new))
    places = np.empty(len(values), dtype=np.int64)
    places[np.asarray(by_text)] = np.cumsum(new) - 1
    return _marked(distinct), places


def _marked(distinct: pa.Array) -> bytes:
    """All texts, one after the other, each with its length in front."""
    data, lengths = _bytes_of(distinct)
    length = int(lengths[0])
    if (lengths == length).all() and (data < 0x80).all():
        # symbols of one length and one byte a character: the mark is the same for all
        mark = np.frombuffer(f"{length}:".encode(), dtype=np.uint8)
        marks = np.broadcast_to(mark, (len(distinct), len(mark)))
        return np.concatenate([marks, data.reshape(len(distinct), length)], axis=1).tobytes()
    kind = distinct.type
    marked = pc.binary_join_element_wise(pc.utf8_length(distinct).cast(kind), distinct, pa.scalar(":", kind))
    return _bytes_of(marked)[0].tobytes()


def _bytes_of(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """All texts, one after the other, as they lie in memory, and the number of bytes of each."""
    _, offsets, data = texts.buffers()
    kind = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    bounds = np.frombuffer(offsets, dtype=kind)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data, dtype=np.uint8)[bounds[0] : bounds[-1]], np.diff(bounds)
