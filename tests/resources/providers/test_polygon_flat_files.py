"""Flat files of Polygon: which datasets are there decides what is known, and nothing later than the instant is."""

import datetime as dt
import gzip
from pathlib import Path
from typing import Any

import pytest

from resources.providers.polygon_ticks import QUOTES_V1, market_lines
from resources.providers.protocol import ProviderError
from resources.providers.registry import make_provider
from resources.universe import UniverseSpec

DAY = dt.date(2026, 11, 27)  # a half day: SPX options stop at 13:15 New York, 18:15 UTC
BARS = "ticker,volume,open,close,high,low,window_start,transactions"
QUOTES = (
    "ticker,ask_exchange,ask_price,ask_size,bid_exchange,bid_price,bid_size,sequence_number,sip_timestamp"
)
MIDNIGHT = int(dt.datetime(2026, 11, 27, 5, tzinfo=dt.UTC).timestamp()) * 10**9
CALL = "O:SPXW261218C06400000"


def ns(text: str) -> int:
    at = dt.datetime.fromisoformat(f"2026-11-27T{text}+00:00")
    return int(at.timestamp()) * 10**9


def write(folder: Path, place: str, *lines: str, day: str = "2026-11-27", header: str = BARS) -> Path:
    path = folder / place / day[:4] / day[5:7] / f"{day}.csv.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("\n".join((header, *lines, "")).encode(), mtime=0))
    return path


def spx(folder: Path, **settings: Any):
    def root(name: str, settlement: str) -> dict[str, Any]:
        return {
            "root": name,
            "style": "E",
            "settlement_time": settlement,
            "settlement_type": "cash",
            "multiplier": 100,
            "trading_close": "16:15",
        }

    spec = {
        "name": "spx",
        "description": "test",
        "provider": {"format": "polygon_flat_files", "path": str(folder), "settings": settings},
        "calendar": "XNYS",
        "timezone": "America/New_York",
        "start": "2026-11-02",
        "quote_currency": "USD",
        "settlement_currency": "USD",
        "underlyings": [
            {
                "symbol": "SPX",
                "vendor_symbol": "I:SPX",
                "kind": "index",
                "roots": [root("SPX", "AM"), root("SPXW", "PM")],
            }
        ],
    }
    return make_provider(UniverseSpec.model_validate(spec), folder)


def parsed(folder: Path, day: dt.date = DAY, **settings: Any):
    provider = spx(folder, **settings)
    result = provider.parse(day, provider.fetch(day))
    return result, result.underlyings.get("SPX")


def test_the_bars_of_a_day_are_known_at_its_close_and_not_before(tmp_path):
    write(tmp_path, "us_options_opra/day_aggs_v1", f"{CALL},7,80.0,82.5,83.0,79.0,{MIDNIGHT},3")
    write(tmp_path, "us_indices/day_aggs_v1", f"I:SPX,0,6400.0,6405.5,6410.0,6390.0,{MIDNIGHT},1")
    day, chain = parsed(tmp_path)
    [row] = chain.quotes.to_pylist()
    assert (row["last"], row["volume"], row["bid"], row["spot"]) == (82.5, 7.0, None, 6405.5)
    assert row["ts"] == dt.datetime(2026, 11, 27, 18, 15, tzinfo=dt.UTC)
    [price] = day.underlying_prices.to_pylist()
    assert (price["open"], price["close"], price["high"]) == (6400.0, 6405.5, 6410.0)
    _, before = parsed(tmp_path, snapshot_times=["12:00"])
    assert before.quotes.num_rows == 0


def test_minutes_count_when_they_are_over(tmp_path):
    write(
        tmp_path,
        "us_options_opra/minute_aggs_v1",
        f"{CALL},3,80.0,81.0,81.0,80.0,{ns('16:58')},2",
        f"{CALL},4,81.0,82.0,82.0,81.0,{ns('16:59')},2",
        f"{CALL},5,82.0,99.0,99.0,82.0,{ns('17:00')},2",
    )
    _, chain = parsed(tmp_path, snapshot_times=["11:59", "12:00"])
    found = [(q["snapshot_id"], q["last"], q["volume"]) for q in chain.quotes.to_pylist()]
    assert found == [(0, 81.0, 3.0), (1, 82.0, 7.0)]


def test_of_two_quotes_of_one_instant_the_later_in_sequence_counts(tmp_path):
    at = ns("16:00")
    lines = [f"{CALL},1,82.5,1,1,82.0,1,12,{at}", f"{CALL},1,81.5,1,1,81.0,1,11,{at}"]
    for number, order in enumerate((lines, lines[::-1])):
        folder = tmp_path / str(number)
        write(folder, "us_options_opra/quotes_v1", *order, header=QUOTES)
        _, chain = parsed(folder)
        assert chain.quotes.column("bid").to_pylist() == [82.0]


def test_lines_of_the_rest_of_the_market_are_not_typed(tmp_path):
    lines = [f"O:AAPL261218C00200000,nonsense,{ns('16:00')}", f"{CALL},1,82.5,1,1,82.0,1,12,{ns('16:00')}"]
    path = write(tmp_path, "us_options_opra/quotes_v1", *lines, header=QUOTES)
    found = market_lines(path.read_bytes(), path.name, QUOTES_V1, ["O:SPX", "O:SPXW"])
    assert (found.tickers, found.rejected) == ([CALL], [])


def test_a_line_that_cannot_be_typed_is_set_aside(tmp_path):
    lines = [f"{CALL},1,cheap,1,1,82.0,1,12,{ns('16:00')}", f"{CALL},1,82.5,1,1,82.0,1,13,1764259200"]
    write(tmp_path, "us_options_opra/quotes_v1", *lines, header=QUOTES)
    _, chain = parsed(tmp_path)
    reasons = sorted(reason for row in chain.rejected.column("reasons").to_pylist() for reason in row)
    assert (chain.quotes.num_rows, reasons) == (0, ["time_out_of_range", "untyped:ask_price"])


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("us_options_opra/day_aggs_v1", "holds lines of 2026-11-25, not of 2026-11-27"),
        ("us_indices/day_aggs_v1", "us_indices/day_aggs_v1 of 2026-11-27 holds lines of 2026-11-25"),
    ],
)
def test_a_file_of_another_day_blocks(tmp_path, place, problem):
    old = MIDNIGHT - 2 * 86_400 * 10**9
    for where, ticker in (("us_options_opra/day_aggs_v1", CALL), ("us_indices/day_aggs_v1", "I:SPX")):
        start = old if where == place else MIDNIGHT
        write(tmp_path, where, f"{ticker},7,80.0,82.5,83.0,79.0,{start},3")
    _, chain = parsed(tmp_path)
    assert problem in chain.problem
    assert chain.quotes.num_rows == 0


def test_two_files_of_one_dataset_contradict_each_other(tmp_path):
    path = write(tmp_path, "us_options_opra/day_aggs_v1", f"{CALL},7,80.0,82.5,83.0,79.0,{MIDNIGHT},3")
    path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
    _, chain = parsed(tmp_path)
    assert "both hold us_options_opra/day_aggs_v1; remove one" in chain.problem


def test_an_underlying_that_did_not_trade_is_absent(tmp_path):
    write(
        tmp_path,
        "us_options_opra/day_aggs_v1",
        f"O:AAPL261218C00200000,7,80.0,82.5,83.0,79.0,{MIDNIGHT},3",
    )
    day, chain = parsed(tmp_path)
    assert (day.problems, chain) == ((), None)


@pytest.mark.parametrize("times", [["25:00"], ["16:00", "09:45"], ["12:00", "12:00"], ["noon"]])
def test_times_that_are_none_are_refused(tmp_path, times):
    with pytest.raises(ProviderError, match=r"provider\.settings\.snapshot_times"):
        spx(tmp_path, snapshot_times=times)
