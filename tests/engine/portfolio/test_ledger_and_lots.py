"""The books balance, and a book that does not is caught."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.execution.fill_model import LegPrice
from engine.portfolio.book import Book
from engine.portfolio.corporate_bookings import convert_leg
from engine.portfolio.ledger import PORTFOLIO, Asset, Ledger, LedgerError, Posting, transfer
from engine.portfolio.lots import LotQueue
from engine.portfolio.package import Package
from engine.portfolio.shares import Shares as RunShares

USD = Asset("USD", "USD")
SHARES = Asset("share:U", "USD")


def a_package(package_id: int = 1) -> Package:
    return Package(package_id, "test", 1.0, 0, 0, 1e5, 0.0, 0.0)


def test_an_entry_that_creates_money_is_refused_and_books_nothing() -> None:
    ledger = Ledger()
    with pytest.raises(LedgerError, match="from nowhere"):
        ledger.post(0, "wrong", [Posting(PORTFOLIO, USD, 100.0), Posting("market", USD, -99.99)])
    assert ledger.balance(USD) == 0.0 and not ledger.entries


def test_value_cannot_move_between_assets_without_a_counterparty() -> None:
    with pytest.raises(LedgerError, match="share:U"):
        Ledger().post(0, "wrong", [Posting(PORTFOLIO, SHARES, 1.0), Posting(PORTFOLIO, USD, -1.0)])


@pytest.mark.parametrize("amount", [math.nan, math.inf])
def test_amounts_that_are_no_numbers_are_refused(amount: float) -> None:
    with pytest.raises(LedgerError):
        Ledger().post(0, "wrong", transfer("market", USD, amount))


@pytest.mark.parametrize("damage", ["cash", "position", "lot", "price"])
def test_a_damaged_book_is_caught_at_the_next_check(damage: str) -> None:
    book = Book(100_000.0, "USD", RunShares("U"), 0)
    package = a_package()
    book.packages[1] = package
    book.share_mark = 50.0
    leg = book.trade(0, package, None, 100.0, LegPrice(50.0, 50.0, 50.0), 0.0, entry=True)
    assert book.check(0).nav == 100_000.0
    if damage == "cash":
        book.ledger.post(1, "theft", transfer("nobody", USD, -0.01))
    elif damage == "position":
        book.ledger.post(1, "theft", transfer("nobody", SHARES, -1.0))
    elif damage == "lot":
        leg.lots.lots[0].quantity -= 1e-3
    else:
        leg.lots.lots[0].price += 1e-3
    with pytest.raises(LedgerError, match="at 1"):
        book.check(1)


def test_lots_close_first_in_first_out_and_cross_through_zero() -> None:
    lots = LotQueue(multiplier=100.0)
    lots.apply(2.0, 1.0)
    lots.apply(1.0, 2.0)
    lots.apply(-2.5, 3.0)  # 2 at 1.0 and half of the one at 2.0
    assert lots.realized == pytest.approx((2 * 2.0 + 0.5 * 1.0) * 100)
    assert [(lot.quantity, lot.price) for lot in lots.lots] == [(0.5, 2.0)]
    lots.apply(-1.5, 1.0)  # the rest at a loss of 1.0, then short one
    assert lots.realized == pytest.approx(450.0 - 50.0)
    assert [(lot.quantity, lot.price) for lot in lots.lots] == [(-1.0, 1.0)]


TRADES = st.lists(
    st.tuples(
        st.sampled_from([1, 2]),
        st.floats(-50, 50).map(lambda q: round(q, 1)).filter(lambda q: q != 0),
        st.floats(0.01, 500),
        st.floats(0, 5),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=60)
@given(trades=TRADES, mark=st.floats(0.01, 500), ratio=st.sampled_from([1, 2, 4, 7]), payout=st.floats(0, 5))
def test_nothing_appears_or_vanishes_in_any_sequence_of_trades_splits_and_dividends(
    trades, mark: float, ratio: int, payout: float
) -> None:
    book = Book(1e6, "USD", RunShares("U"), 0)
    book.packages = {i: a_package(i) for i in (1, 2)}
    expected = 1e6
    position = 0.0
    for package_id, quantity, price, fee in trades:
        package = book.packages[package_id]
        book.trade(0, package, None, quantity, LegPrice(price, price, price), fee, entry=True)
        expected -= quantity * price + fee
        position += quantity
    for package in book.packages.values():
        for leg in package.open_legs():
            convert_leg(book, 1, package, leg, ratio, 1.0)
            book.pay_dividend(1, package, leg.quantity * payout)
    expected += position * ratio * payout
    book.share_mark = mark
    value = book.check(2)
    assert value.nav == pytest.approx(expected + position * ratio * mark, rel=1e-9)
    assert value.nav_at_mid == pytest.approx(value.nav, rel=1e-9)
    assert all(abs(total) < 1e-6 for total in book.ledger.trial_balance().values())


@given(
    quantities=st.lists(st.integers(-40, 40).map(lambda n: n / 10).filter(bool), min_size=1, max_size=30),
    ratio=st.sampled_from([2, 3, 10]),
)
def test_the_sum_of_lots_is_the_position_and_a_split_keeps_the_cost(quantities, ratio: int) -> None:
    lots = LotQueue(1.0)
    for i, quantity in enumerate(quantities):
        lots.apply(quantity, 1.0 + i)
    assert lots.quantity == pytest.approx(sum(quantities), abs=1e-7)
    cost = sum(lot.quantity * lot.price for lot in lots.lots)
    profit = lots.unrealized(10.0)
    lots.convert(ratio, 1.0)
    assert sum(lot.quantity * lot.price for lot in lots.lots) == pytest.approx(cost)
    assert lots.unrealized(10.0 / ratio) == pytest.approx(profit, abs=1e-7)
