"""Permanent ids by symbol and day: renames, share classes, delistings, tickers that others took over."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instruments.security_master import (
    SecurityMaster,
    SecurityMasterError,
    SymbolInterval,
    UnknownSecurityError,
)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def span(symbol: str, of: str, first: str | None = None, last: str | None = None) -> SymbolInterval:
    return SymbolInterval(symbol, of, day(first) if first else None, day(last) if last else None)


MASTER = SecurityMaster(
    [
        # Facebook's ticker had been FalconStor's before; Alphabet's class A was GOOG until there was a class C
        span("FB", "old fb", "1999-09-29", "2003-03-28"),
        span("FB", "meta", "2012-05-18", "2022-06-08"),
        span("META", "meta", "2022-06-09"),
        span("GOOG", "alphabet a", "2004-08-19", "2014-04-02"),
        span("GOOGL", "alphabet a", "2014-04-03"),
        span("GOOCV", "alphabet c", "2014-03-27", "2014-04-02"),
        span("GOOG", "alphabet c", "2014-04-03"),
        span("SPX", "SPX"),
    ]
)


@pytest.mark.parametrize(
    ("symbol", "on", "permanent_id"),
    [
        ("FB", "2003-03-28", "old fb"),
        ("FB", "2022-06-08", "meta"),
        ("META", "2022-06-09", "meta"),
        ("GOOG", "2014-04-02", "alphabet a"),
        ("GOOG", "2014-04-03", "alphabet c"),
        ("GOOGL", "2014-04-03", "alphabet a"),
        ("SPX", "1985-09-27", "SPX"),
    ],
)
def test_a_symbol_means_who_had_it_that_day_and_the_id_gives_it_back(symbol, on, permanent_id):
    assert MASTER.resolve(symbol, day(on)) == permanent_id
    assert MASTER.symbol_of(permanent_id, day(on)) == symbol


@pytest.mark.parametrize(
    ("symbol", "on"),
    [("FB", "2003-03-29"), ("FB", "2022-06-09"), ("META", "2022-06-08"), ("NOBODY", "2020-01-02")],
)
def test_outside_of_its_intervals_a_symbol_is_nobody(symbol, on):
    with pytest.raises(UnknownSecurityError, match=f"{symbol} on {on}"):
        MASTER.resolve(symbol, day(on))


def test_the_refusal_names_whose_the_symbol_was():
    with pytest.raises(UnknownSecurityError, match="FB of old fb from 1999-09-29 to 2003-03-28; FB of meta"):
        MASTER.resolve("FB", day("2010-01-04"))


def test_a_delisted_security_has_a_last_day_and_no_symbol_after():
    assert MASTER.delisted_after("old fb") == day("2003-03-28") and MASTER.delisted_after("meta") is None
    with pytest.raises(UnknownSecurityError, match="old fb on 2003-03-31"):
        MASTER.symbol_of("old fb", day("2003-03-31"))
    with pytest.raises(UnknownSecurityError, match="'nobody'"):
        MASTER.symbols("nobody")


@pytest.mark.parametrize(
    "intervals",
    [
        [span("FB", "a", None, "2012-05-18"), span("FB", "b", "2012-05-18")],
        [span("FB", "a"), span("FB", "b", "2012-05-18", "2013-01-01")],
        [span("FB", "a", None, "2022-06-09"), span("META", "a", "2022-06-09")],
    ],
    ids=["one symbol of two ids for a day", "one inside the other", "one id with two symbols"],
)
def test_overlapping_intervals_are_refused_by_name(intervals):
    with pytest.raises(SecurityMasterError, match=r"the two overlap; end the first before \d{4}"):
        SecurityMaster(reversed(intervals))


def test_an_interval_must_not_end_before_it_begins():
    with pytest.raises(SecurityMasterError, match="FB of a from 2012-05-18 to 2012-05-17: it ends before"):
        span("FB", "a", "2012-05-18", "2012-05-17")


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=12),
    st.lists(st.sampled_from("ABC"), min_size=12, max_size=12),
)
def test_every_day_of_a_chain_of_symbols_resolves_and_inverts(lengths, names):
    start, intervals, expected = day("2010-01-04"), [], {}
    for length, name in zip(lengths, names, strict=False):
        end = start + dt.timedelta(days=length)
        intervals.append(SymbolInterval(name, "one", start, end))
        expected |= {start + dt.timedelta(days=i): name for i in range(length + 1)}
        start = end + dt.timedelta(days=1)
    master = SecurityMaster(intervals)
    for on, name in expected.items():
        assert master.symbol_of("one", on) == name and master.resolve(name, on) == "one"
