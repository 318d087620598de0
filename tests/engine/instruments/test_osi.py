"""OSI symbols, both written forms."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instruments.osi import (
    OsiSymbol,
    OsiSymbolError,
    format_osi,
    is_adjusted_root,
    parse_osi,
    standard_root,
)
from engine.instruments.terms import Right

SYMBOLS = st.builds(
    OsiSymbol,
    root=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=6),
    expiry=st.dates(dt.date(2010, 1, 1), dt.date(2099, 12, 31)),
    right=st.sampled_from(Right),
    strike=st.integers(1, 99_999_999).map(lambda units: units / 1000),
)


@pytest.mark.parametrize("text", ["SPXW  260918C07550000", "SPXW260918C07550000"])
def test_padded_and_compact_symbols_say_the_same(text):
    assert parse_osi(text) == OsiSymbol("SPXW", dt.date(2026, 9, 18), Right.CALL, 7550.0)


def test_decimal_strikes_and_numbered_roots_are_read():
    assert parse_osi("AAPL7140719P00092140") == OsiSymbol("AAPL7", dt.date(2014, 7, 19), Right.PUT, 92.14)


@given(SYMBOLS, st.booleans())
def test_what_is_written_is_read_again(symbol, padded):
    text = format_osi(symbol.root, symbol.expiry, symbol.right, symbol.strike, padded=padded)
    assert parse_osi(text) == symbol
    assert not padded or len(text) == 21


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SPXW260931C07550000", "2026-09-31 is no date"),
        ("SPXW260918C00000000", "strike is 0"),
        ("SPXW260918X07550000", "no OSI symbol"),
        ("SPXW 260918C07550000", "no OSI symbol"),
        ("spxw260918C07550000", "no OSI symbol"),
        ("BTC-25JUN21-40000-C", "no OSI symbol"),
        ("", "no OSI symbol"),
    ],
)
def test_anything_else_is_refused_with_the_rule(text, reason):
    with pytest.raises(OsiSymbolError, match=reason):
        parse_osi(text)


@pytest.mark.parametrize(
    ("root", "year", "strike", "reason"),
    [
        ("TOOLONG", 2026, 100.0, "1 to 6"),
        ("SPX", 1999, 100.0, "this century"),
        ("SPX", 2026, 0.0, "takes 0.001"),
        ("SPX", 2026, 100_000.0, "takes 0.001"),
        ("SPX", 2026, 92.1428, "finer than 0.001"),
        ("SPX", 2026, float("nan"), "takes 0.001"),
    ],
)
def test_terms_that_osi_cannot_express_are_refused(root, year, strike, reason):
    with pytest.raises(OsiSymbolError, match=reason):
        format_osi(root, dt.date(year, 9, 18), Right.CALL, strike)


@pytest.mark.parametrize(
    ("root", "standard"),
    [
        ("AAPL1", "AAPL"),
        ("AAPL7", "AAPL"),
        ("USO1", "USO"),
        ("GOOGL2", "GOOGL"),
        ("AAPL", "AAPL"),
        ("SPXW", "SPXW"),
        ("BRKB", "BRKB"),
        ("4SPX", "4SPX"),
        ("BTC_USDC", "BTC_USDC"),
    ],
)
def test_a_digit_behind_the_root_marks_another_deliverable(root, standard):
    assert standard_root(root) == standard
    assert is_adjusted_root(root) == (root != standard)


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("AAPL1 140719P00092140", "AAPL1"),
        ("USO1  200515C00002500", "USO1"),
        ("SPXW  260918C07550000", "SPXW"),
        ("BRKB  260918P00450000", "BRKB"),
        ("GOOGL1260918C00150000", "GOOGL1"),
    ],
)
def test_adjusted_roots_go_in_both_directions_padded_and_compact(text, root):
    found = parse_osi(text)
    assert found.root == root and parse_osi(text.replace(" ", "")) == found
    assert format_osi(root, found.expiry, found.right, found.strike) == text
    assert format_osi(root, found.expiry, found.right, found.strike, padded=False) == text.replace(" ", "")


def test_a_root_of_seven_characters_and_one_with_punctuation_are_refused_in_both_directions():
    with pytest.raises(OsiSymbolError, match="no OSI symbol"):
        parse_osi("GOOGLE1260918C00150000")
    for root in ("GOOGLE1", "BRK.B"):
        with pytest.raises(
            OsiSymbolError, match=f"root '{root}': OSI takes 1 to 6 capital letters or digits"
        ):
            format_osi(root, dt.date(2026, 9, 18), Right.CALL, 150.0)


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=5), st.integers(1, 9))
def test_a_digit_put_behind_a_ticker_comes_off_again_and_a_ticker_has_none(ticker, digit):
    assert standard_root(f"{ticker}{digit}") == ticker == standard_root(ticker)
    assert not is_adjusted_root(ticker)
