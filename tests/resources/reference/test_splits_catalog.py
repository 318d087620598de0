"""A catalogue of splits: entries that cannot be used are set aside with their reasons."""

import datetime as dt
import json

import pytest

from resources.providers.payload_text import UnreadablePayloadError
from tests.resources.reference.formats import catalog, read_catalog, split


def test_a_split_says_what_settled_its_date():
    (row,) = read_catalog(catalog(split())).table.to_pylist()
    assert row["source"] == "splits_catalog_json, 2020-08-28 settled by note"
    assert (row["effective_date"], row["new_shares"], row["old_shares"]) == (dt.date(2020, 8, 31), 4.0, 1.0)
    assert row["known_at"] == dt.datetime(2020, 8, 31, 13, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("entry", "reasons"),
    [
        (split(notes=""), ["date_uncertain"]),
        (split(notes="Split-adjusted trading began Sep 8, 2020."), ["date_conflict"]),
        (split(symbol=""), ["untyped:symbol"]),
        (split(symbol=7), ["untyped:symbol"]),
        (split(date="28.08.2020"), ["untyped:date"]),
        (split(date=None), ["untyped:date"]),
        (split(date="2019-08-28"), ["other_year"]),
        (split(ratioNew=0), ["no_ratio"]),
        (split(ratioNew=1), ["no_ratio"]),
        (split(ratioNew=True, ratioOld=2), ["no_ratio"]),
        (split(ratioNew="4"), ["no_ratio"]),
        (split(ratioNew=4.0), ["no_ratio"]),
        (split(ratioOld=-1, date="soon"), ["no_ratio", "untyped:date"]),
        (split(notes=["x"]), ["untyped:notes"]),
        ("AAPL", ["untyped:entry"]),
        (None, ["untyped:entry"]),
        ({}, ["no_ratio", "untyped:date", "untyped:symbol"]),
    ],
)
def test_an_entry_that_cannot_be_used_keeps_its_text_and_reasons(entry, reasons):
    parsed = read_catalog(catalog(split("TSLA"), entry))
    assert (parsed.rows_in, parsed.rows_accepted) == (2, 1)
    (row,) = parsed.rejected.to_pylist()
    assert row["reasons"] == reasons
    assert json.loads(row["raw"]) == entry
    assert parsed.table["underlying"].to_pylist() == ["TSLA"]


def test_a_split_that_was_only_announced_is_unconfirmed():
    parsed = read_catalog(catalog(split(date="2020-08-28"), updated="2020-08-27"))
    assert parsed.quarantined_by_reason() == {"unconfirmed": 1}
    assert parsed.rejected["symbol"].to_pylist() == ["AAPL"]


def test_entries_of_one_symbol_and_day_count_once_or_not_at_all():
    assert read_catalog(catalog(split(), split())).quarantined_by_reason() == {"repeated_row": 1}
    parsed = read_catalog(catalog(split(), split(ratioNew=5)))
    assert parsed.quarantined_by_reason() == {"conflicting_rows": 2} and parsed.table.num_rows == 0


def test_a_date_that_no_calendar_reaches_is_set_aside():
    entry = split(date="1926-08-28", notes="")
    assert read_catalog(catalog(entry, year=1926)).quarantined_by_reason() == {"outside_calendar": 1}


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"[", b"[]", b"null", b"7", b'{"year": 2020}', b"{'year': 2020}",
        catalog(year="2020"), catalog(updated="today"), catalog(year=True), catalog(year=None),
        b'{"year": 2020, "updated": "2026-02-09", "splits": {}}',
        b"[" * 100_000, catalog(split()) + b"\x00", catalog(split()).decode().encode("utf-16"),
    ],
)  # fmt: skip
def test_what_is_no_catalogue_is_refused(payload):
    with pytest.raises(UnreadablePayloadError, match=r"2020\.json"):
        read_catalog(payload)
