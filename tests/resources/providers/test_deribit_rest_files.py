"""Deribit from saved answers."""

import datetime as dt
import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from resources.providers.deribit_instrument import is_other_instrument, parse_option_name
from resources.providers.protocol import ProviderError
from resources.providers.registry import make_provider
from resources.universe import UniverseSpec
from tests.resources.providers.deribit_service import DAY, coin_universe


def saved(folder: Path, name: str, content: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = json.dumps(content).encode()
    path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)


def summary(name: str, at: str, **fields: Any) -> dict[str, Any]:
    ms = int(dt.datetime.fromisoformat(at).timestamp() * 1000)
    return {"instrument_name": name, "creation_timestamp": ms, "bid_price": 0.01, "ask_price": 0.02, **fields}


def files_provider(folder: Path):
    spec = coin_universe().model_dump()
    spec["provider"] = {
        "format": "deribit_rest",
        "path": str(folder),
        "settings": {"source": "files"},
    }
    return make_provider(UniverseSpec.model_validate(spec), folder)


def test_saved_answers_are_told_apart_by_their_content(tmp_path):
    name = "BTC-27MAR26-74000-C"
    saved(tmp_path, "a/monday.json.gz", [summary(name, "2026-03-16T10:00:00+00:00")])
    both = [summary(name, "2026-03-16T23:00:00+00:00"), summary(name, "2026-03-17T01:00:00+00:00")]
    saved(tmp_path, "b/night.json", {"jsonrpc": "2.0", "result": both})
    saved(tmp_path, "official.json", {"data": [{"date": "2026-03-15", "delivery_price": 7.5}]})
    provider = files_provider(tmp_path)
    assert [day.day for day in provider.available_days()] == [15, 16, 17]
    monday, tuesday = dt.date(2026, 3, 16), dt.date(2026, 3, 17)
    parts = provider.fetch(monday)
    assert [(part.name, part.slice_rule) for part in parts] == [
        ("a/monday.json.gz", None),
        ("b/night.json", "day=2026-03-16"),
    ]
    quotes = provider.parse(monday, parts).underlyings["BTC"].quotes
    assert quotes.column("snapshot_id").to_pylist() == [0, 1]
    assert provider.parse(tuesday, provider.fetch(tuesday)).underlyings["BTC"].quotes.num_rows == 1
    sunday = dt.date(2026, 3, 15)
    day = provider.parse(sunday, provider.fetch(sunday))
    assert (day.underlyings, day.underlying_prices.column("settlement_price").to_pylist()) == ({}, [7.5])


def test_a_delivery_price_that_is_none_is_told_of_in_one_short_line(tmp_path):
    saved(tmp_path, "official.json", {"data": [{"date": "2026-03-15", "delivery_price": "A" * 5000}]})
    provider = files_provider(tmp_path)
    sunday = dt.date(2026, 3, 15)
    (problem,) = provider.parse(sunday, provider.fetch(sunday)).problems
    assert "is stated as AAAA" in problem and len(problem) < 300


def test_a_file_that_cannot_be_read_blocks_the_day_that_it_may_be_of(tmp_path):
    saved(tmp_path, "good.json", [summary("BTC-27MAR26-74000-C", "2026-03-17T10:00:00+00:00")])
    (tmp_path / "half.json").write_bytes(b'{"jsonrpc": "2.0", "result": [')
    provider = files_provider(tmp_path)
    parsed = provider.parse(DAY, provider.fetch(DAY)).underlyings["BTC"]
    assert "half.json is no valid JSON" in (parsed.problem or "")
    assert parsed.quotes.num_rows == 0


def test_a_file_format_without_a_folder_is_refused():
    spec = coin_universe().model_dump()
    spec["provider"] = {"format": "deribit_rest", "settings": {"source": "files"}}
    with pytest.raises(ProviderError, match=r"provider\.path: the format deribit_rest reads a folder"):
        make_provider(UniverseSpec.model_validate(spec), Path())


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"instrument_name": "BTC-31FEB26-74000-C"}, "untyped:instrument_name"),
        ({"instrument_name": "BTC_USDC-27MAR26-74000-C"}, "unknown_root"),
        ({"quote_currency": "USDC"}, "other_quote_currency"),
        ({"creation_timestamp": 1773772200}, "time_out_of_range"),
        ({"creation_timestamp": None}, "untyped:creation_timestamp"),
        ({"mark_iv": "53"}, "untyped:mark_iv"),
        ({"instrument_name": "BTC-27MAR59-74000-C"}, "expiry_out_of_range"),
    ],
)
def test_a_record_that_cannot_be_used_is_set_aside_with_its_reason(tmp_path, fields, reason):
    good = summary("BTC-27MAR26-75000-C", "2026-03-17T10:00:00+00:00")
    bad = {**summary("BTC-27MAR26-74000-C", "2026-03-17T10:00:00+00:00"), **fields}
    saved(tmp_path, "x.json", [good, bad])
    provider = files_provider(tmp_path)
    parsed = provider.parse(DAY, provider.fetch(DAY)).underlyings["BTC"]
    assert parsed.quotes.column("symbol").to_pylist() == ["BTC-27MAR26-75000-C"]
    [reasons] = parsed.rejected.column("reasons").to_pylist()
    assert reason in reasons
    assert str(bad["instrument_name"]) in parsed.rejected.column("raw").to_pylist()[0]


@pytest.mark.parametrize(
    "name", ["BTC-PERPETUAL", "BTC-25JUN21", "BTC_USDC-PERPETUAL", "BTC_USDC", "BTC-CS-27MAR26-74000_76000"]
)
def test_other_instruments_are_no_options(name):
    assert is_other_instrument(name) and parse_option_name(name) is None


@pytest.mark.real_data
def test_real_order_books_of_2021_are_read_as_they_are():
    data = os.environ.get("OPTIX_REAL_DATA")
    if not data:
        pytest.skip("OPTIX_REAL_DATA is not set; it names the folder of real market data")
    provider = files_provider(Path(data) / "g10_vendor_formats" / "deribit_rest_2021")
    day = dt.date(2021, 2, 11)
    assert provider.available_days() == [day]
    parsed = provider.parse(day, provider.fetch(day)).underlyings["BTC"]
    assert (parsed.quotes.num_rows, parsed.rejected.num_rows, parsed.problem) == (976, 0, None)
    ids = parsed.quotes.column("snapshot_id").to_pylist()
    assert (ids.count(0), ids.count(1)) == (488, 488)
    # counted in the file: 480 empty bids, 350 empty asks
    assert (parsed.quotes.column("bid").null_count, parsed.quotes.column("ask").null_count) == (480, 350)
