"""Records of JSON and Parquet are typed to the last field, or set aside with the vendor's text."""

import json

import pytest

from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.strict_json import strict_json
from resources.providers.typed_records import RecordLayout, read_typed_records

LAYOUT = RecordLayout({"name": str, "at": int, "price": float, "greeks.delta": float}, frozenset({"name"}))


def read(*records, texts=False):
    return read_typed_records(records, LAYOUT, texts=texts)


def test_nested_and_dotted_fields_are_the_same_field():
    typed = read({"name": "a", "greeks": {"delta": 0.5}}, {"name": "b", "greeks.delta": 0.25}, {"name": "c"})
    assert typed.column("greeks.delta").to_pylist() == [0.5, 0.25, None]
    assert typed.rejected == []


def test_an_integer_of_nanoseconds_stays_exact():
    at = 1787923996366000001
    assert read({"name": "a", "at": at}).column("at").to_pylist() == [at]
    assert read({"name": "a", "at": str(at)}, texts=True).column("at").to_pylist() == [at]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("text", "untyped:row"),
        (["name"], "untyped:row"),
        ({"at": 1}, "untyped:name"),
        ({"name": 7}, "untyped:name"),
        ({"name": "a", "price": True}, "untyped:price"),
        ({"name": "a", "price": "1.5"}, "untyped:price"),
        ({"name": "a", "price": [1]}, "untyped:price"),
        ({"name": "a", "price": 10**400}, "untyped:price"),
        ({"name": "a", "price": float("inf")}, "untyped:price"),
        ({"name": "a", "at": 1.5}, "untyped:at"),
        ({"name": "a", "at": 2**63}, "untyped:at"),
        ({"name": "a", "greeks": 3}, "untyped:greeks.delta"),
    ],
)
def test_what_cannot_be_typed_is_set_aside_with_its_text(record, reason):
    typed = read({"name": "good"}, record)
    assert typed.column("name").to_pylist() == ["good"]
    [rejected] = typed.rejected
    assert rejected.reasons == (reason,)
    assert rejected.raw == json.dumps(record, separators=(",", ":"), ensure_ascii=False)


def test_not_a_number_is_how_tables_spell_missing():
    typed = read({"name": "a", "price": float("nan"), "at": float("nan")})
    assert (typed.column("price").to_pylist(), typed.column("at").to_pylist()) == ([None], [None])


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": NaN}', b'{"a": Infinity}', b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused_by_name(body):
    with pytest.raises(UnreadablePayloadError, match=r"x\.json is no valid JSON"):
        strict_json(body, "x.json")
