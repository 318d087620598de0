"""A digest says what a table says, not how it is stored."""

import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.lake.digest import table_digest
from resources.schemas import TS


def _table(**columns) -> pa.Table:
    return pa.table(columns)


BASE = _table(
    root=pa.array(["SPX", None, "SPXW", "SPX"]),
    strike=pa.array([1.0, None, math.nan, 0.0]),
    day=pa.array([1, 2, None, 4], type=pa.date32()),
    ts=pa.array([1, 2, None, 4], type=TS),
    n=pa.array([1, 2, 3, 4], type=pa.int32()),
    flag=pa.array([True, None, False, True]),
    reasons=pa.array([["a"], None, [], ["b", "a"]], type=pa.list_(pa.string())),
)


def test_storage_does_not_matter():
    encoded = BASE.set_column(0, "root", BASE.column("root").dictionary_encode())
    other_order = pa.DictionaryArray.from_arrays(
        pa.array([2, None, 1, 2], type=pa.int8()), pa.array(["unused", "SPXW", "SPX"])
    )
    null_inside = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, 0]), pa.array(["SPX", None, "SPXW"]))
    chunked = pa.concat_tables([encoded.slice(0, 1), encoded.slice(1, 2), BASE.slice(3).cast(encoded.schema)])
    variants = [
        encoded,
        BASE.set_column(0, "root", other_order),
        BASE.set_column(0, "root", null_inside),
        BASE.set_column(0, "root", BASE.column("root").cast(pa.large_string())),
        chunked,
        pa.concat_tables([BASE, BASE]).slice(4),
        BASE.replace_schema_metadata({"made": "by somebody"}),
        BASE.set_column(1, "strike", pa.array([1.0, None, -math.nan, -0.0])),
    ]
    assert {table_digest(variant) for variant in variants} == {table_digest(BASE)}


@pytest.mark.parametrize(
    "column, values",
    [
        ("root", pa.array(["SPX", None, "SPX", "SPXW"])),
        ("root", pa.array(["SPX", "", "SPXW", "SPX"])),
        ("strike", pa.array([1.0, math.nan, math.nan, 0.0])),
        ("strike", pa.array([1.0, 0.0, math.nan, 0.0])),
        ("strike", pa.array([math.nextafter(1.0, 2), None, math.nan, 0.0])),
        ("strike", pa.array([1.0, None, math.nan, 0.0], type=pa.float32())),
        ("day", pa.array([1, 2, 0, 4], type=pa.date32())),
        ("ts", pa.array([1, 2, None, 4], type=pa.timestamp("ns", tz="UTC"))),
        ("ts", pa.array([1, 2, None, 4], type=pa.timestamp("us"))),
        ("n", pa.array([1, 2, 3, 4], type=pa.int64())),
        ("flag", pa.array([True, False, False, True])),
        ("reasons", pa.array([["a"], [], [], ["b", "a"]], type=pa.list_(pa.string()))),
        ("reasons", pa.array([["a", "b"], None, [], ["a"]], type=pa.list_(pa.string()))),
    ],
)
def test_any_change_of_content_or_type_changes_it(column, values):
    position = BASE.column_names.index(column)
    assert table_digest(BASE.set_column(position, column, values)) != table_digest(BASE)


def test_names_order_of_columns_and_order_of_rows_matter():
    renamed = BASE.rename_columns(["root2", *BASE.column_names[1:]])
    reordered = BASE.select(BASE.column_names[::-1])
    reversed_rows = BASE.take(pa.array([3, 2, 1, 0]))
    digests = {
        table_digest(t) for t in (BASE, renamed, reordered, reversed_rows, BASE.slice(0, 3), BASE.slice(0, 0))
    }
    assert len(digests) == 6


def test_a_column_of_nothing_counts_its_rows_and_may_be_encoded():
    three, four = pa.nulls(3), pa.nulls(4)
    assert table_digest(_table(a=three)) != table_digest(_table(a=four))
    assert table_digest(_table(a=three.dictionary_encode())) == table_digest(_table(a=three))
    assert table_digest(_table(a=pa.array([[None], []]))) != table_digest(
        _table(a=pa.array([[None, None], []]))
    )


def test_a_type_without_canonical_form_is_refused_by_column():
    with pytest.raises(TypeError, match="column price"):
        table_digest(_table(price=pa.array([1], type=pa.decimal128(10, 2))))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.none() | st.text(max_size=3), st.none() | st.floats()), max_size=8),
    st.integers(0, 8),
)
def test_chunks_and_encoding_never_matter(rows, cut):
    table = _table(
        a=pa.array([a for a, _ in rows], type=pa.string()),
        b=pa.array([b for _, b in rows], type=pa.float64()),
    )
    encoded = table.set_column(0, "a", table.column("a").dictionary_encode())
    pieces = pa.concat_tables([encoded.slice(0, cut), encoded.slice(cut)])
    assert table_digest(pieces) == table_digest(table)


def test_many_texts_and_few_texts_have_one_canonical_form(monkeypatch):
    """Two ways of ordering distinct texts, by their number, must not be told apart by the digest."""
    texts = [f"{prefix}{i}" for prefix in ("SPX", "é", "日本", "\U0001f600", "a\x00", "") for i in range(40)]
    rows = pa.array([*texts, None, *texts[::-3]])
    index = pa.array(range(2 * len(texts)))
    twice = pa.DictionaryArray.from_arrays(index, pa.array([*texts[::-1], *texts]))
    tables = [pa.table({"a": rows}), pa.table({"a": twice}), pa.table({"a": twice.slice(7, 200)})]
    large = [table.cast(pa.schema([("a", pa.large_string())])) for table in tables]
    by_arrow = [table_digest(table) for table in tables + large]
    monkeypatch.setattr("resources.lake.digest._FEW", 10**9)
    assert by_arrow == [table_digest(table) for table in tables + large]
    assert len(set(by_arrow)) == 3
