"""When exercise before expiry gains: hand-computed evenings, and the textbook's cases in which it never does."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.execution.early_exercise import Evening, exercise_gain, is_exercised_early
from engine.instruments.terms import Right

CALL, PUT = Right.CALL, Right.PUT


def evening(price: float, unit_price: float, **changes) -> Evening:
    return Evening(price, unit_price, **{"dividend": 0.0, "rate": 0.0, "nights": 1, **changes})


@pytest.mark.parametrize(
    ("price", "dividend", "gain"),
    [(10.05, 0.50, 0.45), (10.49, 0.50, 0.01), (10.50, 0.50, 0.0), (10.80, 0.50, -0.30)],
)
def test_a_call_is_exercised_when_the_dividend_exceeds_its_time_value(
    price: float, dividend: float, gain: float
) -> None:
    view = evening(price, 110.0, dividend=dividend)
    assert exercise_gain(CALL, 100.0, view) == pytest.approx(gain)
    assert is_exercised_early(CALL, 100.0, view) is (gain > 0.001)


def test_a_call_is_never_exercised_without_a_dividend_nor_out_of_the_money() -> None:
    assert not is_exercised_early(CALL, 100.0, evening(9.0, 110.0, rate=0.05))
    assert not is_exercised_early(CALL, 100.0, evening(0.0, 99.0, dividend=5.0))


def test_a_put_is_exercised_when_a_nights_interest_on_the_strike_exceeds_its_time_value() -> None:
    # 5% for three nights on 100: 100 (1 - exp(-0.05 x 3 / 365)) = 0.041087
    weekend = {"rate": 0.05, "nights": 3}
    assert exercise_gain(PUT, 100.0, evening(20.02, 80.0, **weekend)) == pytest.approx(0.021087, abs=1e-6)
    assert is_exercised_early(PUT, 100.0, evening(20.02, 80.0, **weekend))
    assert not is_exercised_early(PUT, 100.0, evening(20.02, 80.0, rate=0.05))  # one night: 0.0137
    # the share loses its dividend tomorrow, and the put gains it
    assert not is_exercised_early(PUT, 100.0, evening(20.02, 80.0, dividend=0.5, **weekend))


def test_without_a_rate_or_with_a_negative_one_no_interest_is_gained() -> None:
    for rate in (math.nan, -0.02):
        assert exercise_gain(PUT, 100.0, evening(20.02, 80.0, rate=rate)) == pytest.approx(-0.02)


def test_what_has_no_price_cannot_be_judged() -> None:
    assert math.isnan(exercise_gain(CALL, 100.0, evening(math.nan, 110.0, dividend=1.0)))
    assert not is_exercised_early(CALL, 100.0, evening(math.nan, 110.0, dividend=1.0))


@given(
    strike=st.floats(1, 500),
    spot=st.floats(1, 500),
    above=st.floats(0.001, 50),
    dividend=st.floats(0, 0.0009),
)
def test_an_option_that_sells_for_more_than_exercise_and_payout_is_kept(
    strike, spot, above, dividend
) -> None:
    for right in (CALL, PUT):
        now = max(spot - strike, 0.0) if right is CALL else max(strike - spot, 0.0)
        assert not is_exercised_early(right, strike, evening(now + above, spot, dividend=dividend))
