"""OptionsDX month files: brackets, blanks, percent, coin prices, US Eastern clocks."""

import datetime as dt
import gzip

import pytest

from resources.providers.registry import make_provider
from resources.raw_store import parts_digest

DAY = dt.date(2021, 6, 1)
COLUMNS = [
    "QUOTE_UNIXTIME",
    "QUOTE_READTIME",
    "QUOTE_DATE",
    "QUOTE_TIME_HOURS",
    "INSTRUMENT_NAME",
    "BASE_CURRENCY",
    "CONTRACT_SIZE",
    "UNDERLYING_INDEX",
    "UNDERLYING_PRICE",
    "EXPIRY_DATE",
    "EXPIRY_UNIX",
    "EXPIRY_TIME",
    "DTE",
    "OPTION_RIGHT",
    "STRIKE",
    "BID_SIZE",
    "BID_PRICE",
    "ASK_PRICE",
    "ASK_SIZE",
    "OPEN_INTEREST",
    "VOLUME",
    "DELTA",
    "GAMMA",
    "VEGA",
    "THETA",
    "RHO",
    "MARK_IV",
    "STRIKE_DISTANCE_PCT",
]


def _unix(text: str) -> int:
    return int(dt.datetime.fromisoformat(text + "+00:00").timestamp())


def _row(day: str = "2021-06-01", strike: int = 40000, right: str = "call", **cells: object) -> str:
    values: dict[str, object] = {
        "QUOTE_UNIXTIME": _unix(f"{day} 04:00:46"),  # midnight in New York
        "QUOTE_READTIME": f"{day} 00:00",
        "QUOTE_DATE": day,
        "INSTRUMENT_NAME": f"BTC-25JUN21-{strike}-{right[0].upper()}",
        "BASE_CURRENCY": "BTC",
        "CONTRACT_SIZE": "1.000000",
        "UNDERLYING_INDEX": "BTC-25JUN21",
        "UNDERLYING_PRICE": 36700.5,
        "EXPIRY_DATE": "2021-06-25",
        "EXPIRY_UNIX": _unix("2021-06-25 08:00:00"),
        "EXPIRY_TIME": 4.0,
        "OPTION_RIGHT": right,
        "STRIKE": f"{strike}.000000",
        "BID_SIZE": 12.5,
        "BID_PRICE": 0.0635,
        "ASK_PRICE": 0.0655,
        "ASK_SIZE": 43.0,
        "VOLUME": "",
        "MARK_IV": 88.01,
        **cells,
    }
    return ", ".join(str(values.get(column, "0.000000")) for column in COLUMNS)


@pytest.fixture
def write(tmp_path):
    def run(rows: list[str], name: str = "btc_eod_202106.txt.gz") -> None:
        header = ", ".join(f"[{column}]" for column in COLUMNS)
        text = "\r\n".join((header, *rows, "")).encode()
        (tmp_path / name).write_bytes(gzip.compress(text, mtime=0) if name.endswith(".gz") else text)

    return run


@pytest.fixture
def provider(optionsdx_universe, tmp_path):
    return make_provider(optionsdx_universe, tmp_path)


def _parse(provider, day=DAY):
    return provider.parse(day, provider.fetch(day))


def test_a_quote_in_coin_with_its_true_times(write, provider):
    write([_row(), _row(right="put", BID_PRICE=0, BID_SIZE=0, VOLUME=3.5, UNDERLYING_PRICE=36690.0)])
    parsed = _parse(provider).underlyings["BTC"]
    call, put = parsed.quotes.to_pylist()
    assert (call["symbol"], call["root"], call["right"]) == ("BTC-25JUN21-40000-C", "BTC", "C")
    assert call["ts"] == dt.datetime(2021, 6, 1, 4, 0, 46, tzinfo=dt.UTC)
    assert call["quote_ts"] == call["ts"]
    assert call["settles_at"] == dt.datetime(2021, 6, 25, 8, tzinfo=dt.UTC)
    assert (call["bid"], call["ask"], call["bid_size"]) == (0.0635, 0.0655, 12.5)
    assert call["vendor_iv"] == pytest.approx(0.8801, abs=1e-12)
    assert (call["volume"], put["volume"]) == (None, 3.5)
    assert (put["bid"], put["bid_size"]) == (None, None)
    assert (call["vendor_forward"], put["vendor_forward"]) == (36700.5, 36690.0)
    assert (call["quote_currency"], call["settlement_currency"], call["settlement_time"]) == (
        "BTC",
        "BTC",
        "08UTC",
    )
    assert parsed.payload_ts_us == _unix("2021-06-01 04:00:46") * 1_000_000


def test_spot_is_the_median_forward_of_the_nearest_expiry_still_alive(write, provider):
    near = {"EXPIRY_DATE": "2021-06-01", "EXPIRY_UNIX": _unix("2021-06-01 08:00")}
    gone = {"EXPIRY_DATE": "2021-05-31", "EXPIRY_UNIX": _unix("2021-05-31 08:00")}
    write(
        [_row(strike=k, UNDERLYING_PRICE=price, **near) for k, price in ((1, 100), (2, 102), (3, 110))]
        + [_row(strike=4, UNDERLYING_PRICE=500.0), _row(strike=5, UNDERLYING_PRICE=1.0, **gone)]
    )
    day = _parse(provider)
    assert set(day.underlyings["BTC"].quotes["spot"].to_pylist()) == {102.0}
    (price,) = day.underlying_prices.to_pylist()
    assert (price["close"], price["settlement_price"], price["currency"]) == (102.0, None, "USD")


def test_the_price_file_beside_it_is_no_settlement_price(write, provider, tmp_path):
    write([_row()])
    (tmp_path / "bitcoin_10pm_price.csv").write_text("6/1/2021,36000\n")
    assert [part.name for part in provider.fetch(DAY)] == ["btc_eod_202106.txt.gz"]
    assert _parse(provider).underlying_prices["settlement_price"].to_pylist() == [None]


def test_days_are_slices_of_one_file(write, provider, optionsdx_universe, tmp_path):
    write([_row("2021-06-01"), _row("2021-06-02"), _row("2021-06-02", strike=50000)])
    assert provider.available_days() == [DAY, dt.date(2021, 6, 2)]
    assert _parse(provider).underlyings["BTC"].quotes.num_rows == 1
    assert _parse(provider, dt.date(2021, 6, 2)).underlyings["BTC"].quotes.num_rows == 2
    assert provider.fetch(dt.date(2021, 6, 3)) == []
    before = parts_digest(provider.fetch(DAY))
    write([_row("2021-06-01"), _row("2021-06-02"), _row("2021-06-03")])
    grown = make_provider(optionsdx_universe, tmp_path)
    assert parts_digest(grown.fetch(DAY)) == before
    assert grown.fetch(DAY)[0].slice_rule == "QUOTE_DATE=2021-06-01"
    write([_row("2021-06-01", BID_PRICE=0.07), _row("2021-06-02")])
    assert parts_digest(make_provider(optionsdx_universe, tmp_path).fetch(DAY)) != before


def test_a_stored_payload_is_parsed_without_the_folder(write, provider, optionsdx_universe, tmp_path):
    write([_row()])
    parts = provider.fetch(DAY)
    elsewhere = make_provider(optionsdx_universe, tmp_path / "gone")
    assert (
        elsewhere.parse(DAY, parts)
        .underlyings["BTC"]
        .quotes.equals(_parse(provider).underlyings["BTC"].quotes)
    )


def test_several_read_times_are_several_snapshots(write, provider):
    later = {"QUOTE_READTIME": "2021-06-01 01:00", "QUOTE_UNIXTIME": _unix("2021-06-01 05:00:02")}
    write([_row(**later), _row(), _row(strike=50000, QUOTE_UNIXTIME=_unix("2021-06-01 04:00:50"))])
    parsed = _parse(provider).underlyings["BTC"]
    quotes = parsed.quotes.to_pylist()
    assert [q["snapshot_id"] for q in quotes] == [0, 0, 1]
    # a snapshot has one time, that of its last row; each row keeps its own beside it
    assert [q["ts"].second for q in quotes] == [50, 50, 2]
    assert [q["quote_ts"].second for q in quotes] == [46, 50, 2]


@pytest.mark.parametrize(
    "cells, reason",
    [
        ({"BID_PRICE": "none"}, "untyped:BID_PRICE"),
        ({"STRIKE": ""}, "untyped:STRIKE"),
        ({"OPTION_RIGHT": "straddle"}, "untyped:OPTION_RIGHT"),
        ({"BASE_CURRENCY": "ETH"}, "unknown_root"),
        ({"QUOTE_UNIXTIME": _unix("2021-06-02 04:00:00")}, "other_day"),
        ({"EXPIRY_UNIX": _unix("2021-06-25 12:00")}, "expiry_time_disagrees"),
        ({"CONTRACT_SIZE": 10}, "contract_size_disagrees"),
    ],
)
def test_rows_that_contradict_themselves_are_set_aside(write, provider, cells, reason):
    write([_row(), _row(strike=50000, **cells)])
    parsed = _parse(provider).underlyings["BTC"]
    assert parsed.quotes.num_rows == 1
    assert [r["reasons"] for r in parsed.rejected.to_pylist()] == [[reason]]


def test_a_damaged_month_blocks_the_days_that_its_name_claims(provider, tmp_path):
    (tmp_path / "btc_eod_202106.txt.gz").write_bytes(gzip.compress(b"x" * 1000)[:-9])
    (tmp_path / "btc_eod_202105.txt").write_text("[A], [B]\n1, 2\n")
    parsed = _parse(provider).underlyings["BTC"]
    assert "btc_eod_202106.txt.gz is a truncated" in parsed.problem
    assert "has no column QUOTE_DATE" in _parse(provider, dt.date(2021, 5, 31)).underlyings["BTC"].problem
    assert provider.fetch(dt.date(2021, 7, 1)) == []


def test_a_day_in_two_files_is_a_problem(write, provider):
    write([_row()])
    write([_row()], "btc_eod_202105.txt")
    assert "both hold BTC on 2021-06-01" in _parse(provider).underlyings["BTC"].problem


def test_a_new_column_is_a_problem(write, provider, tmp_path):
    write([_row()])
    path = tmp_path / "btc_eod_202106.txt.gz"
    text = gzip.decompress(path.read_bytes()).replace(b"[RHO]", b"[RHO2]")
    path.write_bytes(gzip.compress(text))
    problem = _parse(provider).underlyings["BTC"].problem
    assert "missing column 'RHO'" in problem and "unknown column 'RHO2'" in problem
