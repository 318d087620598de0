"""Yahoo's chains: plain data frames of yfinance, several files a day, and what tells a wrong day."""

import datetime as dt
from pathlib import Path

import pytest

from resources.providers.contract import load_case
from resources.providers.registry import make_provider

PLAIN = (
    "contractSymbol,lastTradeDate,strike,lastPrice,bid,ask,change,percentChange,volume,openInterest,"
    "impliedVolatility,inTheMoney,contractSize,currency"
)
DAY = dt.date(2025, 11, 28)


def row(symbol: str, strike: str = "280.0", **cells: str) -> str:
    values = {
        "lastTradeDate": "2025-11-28 17:59:59+00:00",
        "lastPrice": "2.51",
        "bid": "2.49",
        "ask": "2.56",
        "volume": "7.0",
        "openInterest": "5",
        "impliedVolatility": "0.17",
        "contractSize": "REGULAR",
        "currency": "USD",
        **cells,
        "contractSymbol": symbol,
        "strike": strike,
    }
    return ",".join(values.get(column, "0.0") for column in PLAIN.split(","))


CALL, PUT = row("AAPL251205C00280000"), row("AAPL251205P00280000")


@pytest.fixture
def universe():
    return load_case(Path(__file__).parent / "contract_cases" / "yfinance_csv.py").universe


@pytest.fixture
def parse(universe, tmp_path):
    def run(files: dict[str, list[str]], day: dt.date = DAY, header: str = PLAIN):
        for name, rows in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join((header, *rows, "")))
        provider = make_provider(universe, tmp_path)
        assert provider.available_days() == [day]
        return provider.parse(day, provider.fetch(day))

    return run


def test_the_package_s_own_columns_are_enough(parse):
    day = parse({"AAPL/2025-11-28.csv": [CALL, PUT]})
    parsed = day.underlyings["AAPL"]
    assert (parsed.problem, parsed.rejected.num_rows, parsed.payload_ts_us) == (None, 0, None)
    call, put = parsed.quotes.to_pylist()
    assert (call["right"], call["expiry"], call["strike"]) == ("C", dt.date(2025, 12, 5), 280.0)
    assert (put["right"], put["spot"]) == ("P", None)
    # without a column for it nobody knows the price of the underlying
    assert day.underlying_prices.num_rows == 0


def test_the_files_of_a_day_are_one_snapshot_and_each_row_says_whose_it_is(parse):
    files = {"2025/11/28/AAPL/calls_2025-12-05.csv": [CALL], "2025/11/28/AAPL/puts_2025-12-05.csv": [PUT]}
    quotes = parse(files).underlyings["AAPL"].quotes
    assert quotes.num_rows == 2
    assert set(quotes["snapshot_id"].to_pylist()) == {0}
    assert len(set(quotes["harvest_id"].to_pylist())) == 2


def test_a_file_that_cannot_be_read_blocks_the_day_for_its_chain_would_lack_a_part(parse, tmp_path):
    files = {"AAPL/2025-11-28/calls.csv": [CALL], "AAPL/2025-11-28/puts.csv": []}
    parsed = parse(files).underlyings["AAPL"]
    assert parsed.quotes.num_rows == 0
    assert "puts.csv has a header but no rows" in parsed.problem


def test_a_trade_of_a_later_day_shows_that_the_day_is_wrong(parse):
    late = row("AAPL251205P00280000", lastTradeDate="2025-12-01 14:30:00+00:00")
    problem = parse({"AAPL/2025-11-28.csv": [CALL, late]}).underlyings["AAPL"].problem
    assert "holds a trade of 2025-12-01 14:30:00" in problem and "put it under its own day" in problem


def test_a_day_without_a_session_is_a_problem_not_an_error(parse):
    early = row("AAPL251205C00280000", lastTradeDate="2025-11-26 20:59:59+00:00")
    day = parse({"AAPL/2025-11-27.csv": [early]}, dt.date(2025, 11, 27))
    assert "2025-11-27 is no session of XNYS" in day.underlyings["AAPL"].problem
    assert day.underlying_prices.num_rows == 0


def test_each_unusable_row_is_set_aside_with_its_reason(parse):
    rows = [
        CALL,
        row("AAPL251305C00280000"),
        row("AAPL1251205C00280000"),
        row("AAPL"),
        row("AAPL990105C00280000"),
        row("AAPL251205C00285000", "280.0"),
        row("AAPL251205C00290000", "290.0", currency="EUR"),
        row("AAPL251205C00295000", "295.0", contractSize="MINI"),
        row("AAPL251205C00300000", "300.0", bid="much"),
    ]
    parsed = parse({"AAPL/2025-11-28.csv": rows}).underlyings["AAPL"]
    assert parsed.quotes.num_rows == 1
    assert sorted(tuple(reasons) for reasons in parsed.rejected["reasons"].to_pylist()) == [
        ("expiry_out_of_range",),
        ("other_contract_size",),
        ("other_currency",),
        ("symbol_disagrees",),
        ("unknown_root",),
        ("untyped:bid",),
        ("untyped:contractSymbol",),
        ("untyped:contractSymbol",),
    ]


@pytest.mark.parametrize(
    ("added", "reason"),
    [
        ("put,2025-12-05,2025-11-28", "symbol_disagrees"),
        ("call,2025-12-12,2025-11-28", "symbol_disagrees"),
        (",,2025-11-28", "symbol_disagrees"),
        ("call,2025-12-05,2025-11-26", "other_day"),
        ("call,2025-12-05,", "other_day"),
    ],
)
def test_what_a_collector_adds_must_agree_with_the_symbol_and_the_day(parse, added, reason):
    header = f"{PLAIN},type,expiration,snap_date"
    rows = [f"{PUT},put,2025-12-05,2025-11-28", f"{CALL},{added}"]
    parsed = parse({"AAPL/2025-11-28.csv": rows}, header=header).underlyings["AAPL"]
    assert (parsed.problem, parsed.quotes.num_rows) == (None, 1)
    assert parsed.rejected["reasons"].to_pylist() == [[reason]]


def test_unsolved_volatility_is_missing_and_a_small_one_is_not(parse):
    rows = [
        row("AAPL251205C00280000", impliedVolatility="1.0000000000000004e-05"),
        row("AAPL251205P00280000", impliedVolatility="0.0019531250"),
    ]
    quotes = parse({"AAPL/2025-11-28.csv": rows}).underlyings["AAPL"].quotes
    assert quotes["vendor_iv"].to_pylist() == [None, 0.001953125]
