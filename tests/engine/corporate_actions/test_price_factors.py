"""Prices on the share basis of a later day."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars import days_of_date
from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.corporate_actions.price_factors import price_factor_as_of


def action(day: str, new: float, old: float = 1.0, underlying="AAPL", kind=ActionKind.SPLIT, cash=0.0):
    return CorporateAction(underlying, dt.date.fromisoformat(day), kind, new, old, cash, "USD", 0)


def on(*days: str) -> np.ndarray:
    return np.array([days_of_date(dt.date.fromisoformat(d)) for d in days], np.int32)


AAPL = [action("2014-06-09", 7), action("2020-08-31", 4)]


def test_prices_before_a_split_are_divided_and_those_from_it_on_are_not():
    # closes of 2014-06-06 and 06-09: WIKI prices, adjusted for the split alone
    days = on("2014-06-06", "2014-06-09")
    factors = price_factor_as_of(AAPL, "AAPL", days, int(days[1]))
    assert (np.array([645.57, 93.7]) * factors).tolist() == pytest.approx([645.57 / 7, 93.7])


def test_a_split_to_come_does_not_leak_into_the_factors_of_its_eve():
    days = on("2014-06-05", "2014-06-06")
    assert price_factor_as_of(AAPL, "AAPL", days, int(days[1])).tolist() == [1.0, 1.0]


def test_factors_of_several_splits_multiply():
    (day,) = on("2013-01-02")
    (as_of,) = on("2021-01-04")
    assert price_factor_as_of(AAPL, "AAPL", [day], as_of).tolist() == pytest.approx([1 / 28])


def test_a_reverse_split_raises_past_prices():
    (as_of,) = on("2020-04-29")
    factors = price_factor_as_of([action("2020-04-29", 1, 8, "USO")], "USO", on("2020-04-28"), as_of)
    assert factors.tolist() == [8.0]


def test_dividends_and_other_underlyings_do_not_enter():
    actions = [
        action("2014-08-07", 1, kind=ActionKind.CASH_DIVIDEND, cash=0.47),
        action("2014-08-07", 5, underlying="TSLA"),
    ]
    (as_of,) = on("2014-08-08")
    assert price_factor_as_of(actions, "AAPL", on("2014-08-06"), as_of).tolist() == [1.0]


def test_a_price_from_after_the_day_asked_for_is_refused():
    days = on("2014-06-06", "2014-06-09")
    with pytest.raises(ValueError, match="AAPL: a price of 2014-06-09 cannot be known as of 2014-06-06"):
        price_factor_as_of(AAPL, "AAPL", days, int(days[0]))


def test_a_split_without_shares_is_refused():
    (as_of,) = on("2020-01-02")
    with pytest.raises(ValueError, match="both must be positive"):
        price_factor_as_of([action("2020-01-02", 0)], "AAPL", [], as_of)


@given(st.integers(15_000, 19_000), st.integers(0, 2000), st.integers(0, 2000))
def test_factors_compose_over_any_day_between(day, first, second):
    middle, last = day + first, day + first + second
    (direct,) = price_factor_as_of(AAPL, "AAPL", [day], last)
    (one,) = price_factor_as_of(AAPL, "AAPL", [day], middle)
    (two,) = price_factor_as_of(AAPL, "AAPL", [middle], last)
    assert direct == pytest.approx(one * two)
