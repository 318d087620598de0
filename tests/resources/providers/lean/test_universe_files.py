"""``lean_universe``: what a file does not say, and files that are none."""

import datetime as dt
import gzip

import pytest

from resources.providers.registry import make_provider

HEADER = "#expiry,strike,right,open,high,low,close,volume,open_interest,implied_volatility,delta,gamma,vega,theta,rho"
ROW = "20140719,645,C,15,21.85,14.65,19.99,5277,4057,0.2413,0.5031,0.0067,0.8765,-0.2011,0.312"
DAY = dt.date(2014, 6, 4)


@pytest.fixture
def parsed(lean_universe, tmp_path):
    """AAPL of 2014-06-04 from these lines; ``names`` are the files that hold them."""

    def parse(*lines: str, names=("aapl/20140604.csv",), day=DAY, header=HEADER):
        for name in names:
            path = tmp_path / "option" / "usa" / "universes" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            text = "\n".join((header, *lines, "")).encode()
            path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        universe = lean_universe("AAPL", {"security_type": "option"}, "lean_universe")
        provider = make_provider(universe, tmp_path)
        assert provider.available_days() == [day]
        return provider.parse(day, provider.fetch(day)).underlyings["AAPL"]

    return parse


def test_a_close_is_a_last_trade_only_where_there_is_volume(parsed):
    rows = parsed(ROW, ROW.replace("645", "650").replace("5277", "0")).quotes.to_pylist()
    assert [(row["mark"], row["last"], row["volume"]) for row in rows] == [
        (19.99, 19.99, 5277.0),
        (19.99, None, 0.0),
    ]
    assert {row["bid"] for row in rows} == {row["ask"] for row in rows} == {None}


def test_an_unsolved_volatility_has_no_greeks(parsed):
    (row,) = parsed(ROW.replace("0.2413", "0")).quotes.to_pylist()
    assert {row[f"vendor_{name}"] for name in ("iv", "delta", "gamma", "vega", "theta")} == {None}


def test_a_line_of_the_underlying_with_nothing_but_zeros_gives_no_spot(parsed):
    assert parsed(",,,0,0,0,0,0,,,,,,,", ROW).quotes["spot"].to_pylist() == [None]
    assert parsed(",,,638.2,638.3,638.1,638.2,382,,,,,,,", ROW).quotes["spot"].to_pylist() == [638.2]


def test_two_lines_of_the_underlying_block_the_file(parsed):
    line = ",,,638.2,638.3,638.1,638.2,382,,,,,,,"
    assert "aapl/20140604.csv has 2 lines without a contract" in parsed(line, line, ROW).problem


def test_plain_and_packed_files_of_one_day_block_it(parsed):
    problem = parsed(ROW, names=("aapl/20140604.csv", "aapl/20140604.csv.gz")).problem
    assert "20140604.csv.gz is a second file of AAPL on 2014-06-04; remove one" in problem


def test_the_older_columns_are_refused_by_name(parsed):
    problem = parsed("x,y", header="#symbol_id,symbol_value").problem
    assert "20140604.csv: missing columns 'expiry'" in problem and "unknown columns '#symbol_id'" in problem


def test_a_file_of_a_day_without_session_is_refused(parsed):
    found = parsed(ROW, names=("aapl/20140607.csv",), day=dt.date(2014, 6, 7))
    assert "2014-06-07 is no session of XNYS" in found.problem


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (ROW.replace("20140719", "20140731x"), "untyped:expiry"),
        (ROW.replace(",C,", ",,"), "untyped:right"),
        (ROW.replace(",C,", ",X,"), "untyped:right"),
        (ROW.replace("645", "a lot"), "untyped:strike"),
        (ROW.replace("645", "-645"), "no_osi_symbol"),
        (ROW.replace("20140719", "20660719"), "expiry_out_of_range"),
    ],
)
def test_a_row_that_names_no_contract_is_rejected(parsed, row, reason):
    found = parsed(ROW, row)
    assert found.quotes.num_rows == 1
    assert found.rejected.select(["reasons", "raw"]).to_pylist() == [{"reasons": [reason], "raw": row}]
