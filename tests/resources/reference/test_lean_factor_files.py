"""Splits and dividends out of Lean's factor files: exact in spite of rounded factors, or refused by line."""

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars import TradingCalendar
from resources.providers.protocol import ProviderError
from resources.reference.corporate_actions.event_rules import InvalidActionsError
from resources.reference.corporate_actions.format import ActionsContext
from resources.reference.corporate_actions.lean_factor_files import parse, shortest_decimal, simplest_fraction
from resources.reference.corporate_actions.lean_map_files import read_map_file
from resources.reference.registry import make_actions

CONTEXT = ActionsContext(TradingCalendar.for_code("XNYS", dt.date(2014, 1, 2), dt.date(2014, 12, 31)), "USD")
AAPL_2014 = (
    "20140205,0.8908440,0.03571430,512.59\n20140507,0.8961764,0.03571430,592.33\n"
    "20140606,0.9011818,0.03571430,645.57\n20140806,0.9011818,0.25,94.97\n20501231,0.9056639,0.25,0"
)


def events(text: str) -> list[tuple]:
    table = parse(text.encode(), "x.csv", CONTEXT).table
    columns = ["effective_date", "new_shares", "old_shares", "cash_amount"]
    return [
        (str(day), *numbers) for day, *numbers in (row.values() for row in table.select(columns).to_pylist())
    ]


def test_apple_s_year_2014_is_three_dividends_and_a_split_of_seven_for_one():
    assert events(AAPL_2014) == [
        ("2014-02-06", 1.0, 1.0, 3.05),
        ("2014-05-08", 1.0, 1.0, 3.29),
        ("2014-06-09", 7.0, 1.0, 0.0),
        ("2014-08-07", 1.0, 1.0, 0.47),
    ]


def test_an_event_is_effective_on_the_next_session_and_known_at_its_open():
    (split,) = parse(b"20140606,1,0.25,645.57\n20501231,1,1,0", "aapl.csv", CONTEXT).table.to_pylist()
    assert split["effective_date"] == dt.date(2014, 6, 9)
    assert split["known_at"] == dt.datetime(2014, 6, 9, 13, 30, tzinfo=dt.UTC)
    assert (split["underlying"], split["source"], split["currency"]) == ("AAPL", "lean_factor_files", "USD")


def test_a_reverse_split_and_a_dividend_of_one_day_are_told_apart():
    # one for ten, and 0.50 per old share on a close of 2.00: 5.00 per share of that day (a run splits before it pays)
    assert events("20140606,0.75,10,2\n20501231,1,1,0") == [
        ("2014-06-09", 1.0, 10.0, 0.0),
        ("2014-06-09", 1.0, 1.0, 5.0),
    ]


def test_what_rounding_explains_is_no_event():
    assert events("20140606,0.9999999,0.50000000,50\n20501231,1,0.50000005,0") == []


@given(
    new=st.integers(1, 30),
    old=st.integers(1, 30),
    after=st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(1, 4), Fraction(2, 3), Fraction(7)]),
)
def test_any_split_of_small_numbers_survives_the_rounding_of_its_factors(new, old, after):
    ratio = Fraction(new, old)
    before = after / ratio

    def written(value: Fraction) -> str:
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        return str(exact.quantize(Decimal("1e-7"), ROUND_HALF_EVEN))

    found = events(f"20140606,1,{written(before)},100\n20501231,1,{written(after)},0")
    expected = [] if ratio == 1 else [("2014-06-09", ratio.numerator, ratio.denominator, 0.0)]
    assert found == expected


def test_the_simplest_numbers_of_an_interval():
    assert simplest_fraction(Fraction(6_999_990, 10**6), Fraction(7_000_010, 10**6)) == 7
    assert simplest_fraction(Fraction(333, 1000), Fraction(334, 1000)) == Fraction(1, 3)
    assert simplest_fraction(Fraction(3, 7), Fraction(3, 7)) == Fraction(3, 7)
    assert shortest_decimal(Fraction(32899, 10**4), Fraction(32902, 10**4)) == Fraction(329, 100)
    assert shortest_decimal(Fraction(20496, 10**5), Fraction(20504, 10**5)) == Fraction(205, 1000)


def test_a_history_begins_after_the_factors_that_lean_could_not_write_and_these_are_set_aside():
    parsed = parse(
        b"20000103,inf,1.6e+6,3\n20010103,1,0,3\n20140606,1,0.5,10\n20501231,1,1,0", "x.csv", CONTEXT
    )
    assert parsed.table["new_shares"].to_pylist() == [2.0]
    assert (parsed.rows_in, parsed.rows_accepted) == (4, 2)
    assert parsed.quarantined_by_reason() == {"unwritable_factor": 2}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("20140606,1,0.5\n20501231,1,inf,0", "line 2: 'inf' is no plain decimal number"),
        ("20140606,1,-0.5,1\n20501231,1,1,0", "line 1: '-0.5' is no plain decimal number"),
        ("20140631,1,1,1\n20501231,1,1,0", "line 1: '20140631' is no date"),
        ("20140606,1,1,1\n20140606,1,0.5,0", "line 2: 2014-06-06 does not come after 2014-06-06"),
        ("20140606,0.9,1\n20501231,1,1,0", "line 1: the price factor changes, but there is no close"),
        ("20140606,1,1,50\n20501231,0.9,1,0", "line 1: the price factor falls to 0.9"),
        (
            "20140606,1,0.0000011,50\n20501231,1,1,0",
            "line 1: the split factors 1.1e-06 and 1.0 have too few digits",
        ),
        ("20140606,1\n20501231,1,1,0", "line 1: 2 cells"),
        ("20501231,1,1,0", "it needs at least a first line"),
        ("18000606,1,0.5,50\n20501231,1,1,0", "line 1: XNYS"),
        ("", "x.csv is empty"),
    ],
)
def test_a_factor_file_with_a_fault_gives_no_event_at_all(text, fault):
    with pytest.raises(InvalidActionsError, match=r"x\.csv") as caught:
        events(text)
    assert fault in str(caught.value)


def test_a_map_file_tells_names_and_delisting():
    history = read_map_file(
        b"19980102,aol,N\n20031015,aol,N\n20090401,twx,N\n20180614,twx.1,N", "map_files/twx.csv"
    )
    assert [history.ticker_on(dt.date(*day)) for day in ((2003, 10, 15), (2003, 10, 16), (2018, 6, 15))] == [
        "AOL",
        "TWX",
        None,
    ]
    assert history.delisted_after == dt.date(2018, 6, 14)
    assert read_map_file(b"19980102,aapl,Q\n20501231,aapl,Q", "a.csv").delisted_after is None


@pytest.mark.parametrize(
    "text", ["19980102,a\n19980102,b", "1998-01-02,a\n20501231,a", "19980102,\n20501231,a", "20501231,a"]
)
def test_a_map_file_with_a_fault_is_refused(text):
    with pytest.raises(InvalidActionsError, match=r"map.csv has 1 fault"):
        read_map_file(text.encode(), "map.csv")


def test_a_universe_takes_its_own_files_out_of_the_folder(make_universe, tmp_path):
    universe = make_universe("AAPL", corporate_actions={"format": "lean_factor_files", "path": "x"})
    (tmp_path / "aapl.csv").write_text(AAPL_2014)
    (tmp_path / "zzz.csv").write_text("no factor file at all")
    parts = make_actions(universe, tmp_path).fetch()
    assert [part.name for part in parts] == ["aapl.csv"]
    table = make_actions(universe, tmp_path / "nowhere").parse(parts).table
    assert table.select(["underlying", "kind", "new_shares"]).to_pylist()[2] == {
        "underlying": "AAPL",
        "kind": "split",
        "new_shares": 7.0,
    }


def test_a_stock_without_a_factor_file_is_no_stock_without_events(make_universe, tmp_path):
    universe = make_universe("AAPL", "MOD", corporate_actions={"format": "lean_factor_files", "path": "x"})
    (tmp_path / "aapl.csv").write_text(AAPL_2014)
    with pytest.raises(ProviderError, match=r"has no file of MOD; check corporate_actions\.path"):
        make_actions(universe, tmp_path).fetch()
