"""Early exercise: known bounds of American options on a stock with dividends."""

import numpy as np
import pytest

from engine.simulation.carry import Carry, forwards
from engine.simulation.early_exercise import early_exercise_value
from engine.simulation.valuation import value_on_forward

STRIKES = np.arange(60.0, 141.0, 5.0)


def carry(cash: float, ex_years: float = 0.25) -> Carry:
    return Carry(np.array([1.0]), np.array([0.05]), 0.0, np.array([ex_years]), np.array([cash]))


def values(is_put: bool, years: float, dividends: Carry):
    n = len(STRIKES)
    to = np.full(n, years)
    forward, discount = forwards(100.0, to, dividends)
    sigma = np.full(n, 0.25)
    european = value_on_forward(np.full(n, is_put), STRIKES, forward, discount, sigma, to).value
    early = early_exercise_value(
        np.full(n, is_put),
        STRIKES,
        to,
        spot=100.0,
        carry=dividends,
        volatility=lambda k, t: np.full(len(k), 0.25),
    )
    return european, early, np.maximum(european, early)


def test_no_option_is_worth_less_than_exercise_and_the_bound_is_convex():
    for is_put in (False, True):
        _, _, american = values(is_put, 0.5, carry(3.0))
        payoff = np.maximum(STRIKES - 100.0 if is_put else 100.0 - STRIKES, 0.0)
        assert (american >= payoff).all()
        assert (np.diff(american, 2) > -1e-9).all()


def test_a_call_without_dividends_is_its_european_twin():
    european, _, american = values(False, 0.5, carry(0.0))
    assert american == pytest.approx(european)


def test_a_dividend_makes_early_exercise_of_deep_calls_worth_more_than_waiting():
    european, early, _ = values(False, 0.5, carry(3.0))
    deep = STRIKES < 80.0
    assert (early[deep] > european[deep] + 1.0).all()
    # Black (1975): the twin that ends just before the ex-date, without the dividend
    twin, _, _ = values(False, 0.25 - 1e-9, carry(3.0))
    assert early == pytest.approx(np.maximum(twin, np.maximum(100.0 - STRIKES, 0.0)), abs=1e-6)


def test_a_longer_call_is_not_worth_less_across_an_ex_date():
    _, _, short = values(False, 0.24, carry(3.0))
    _, _, long = values(False, 0.26, carry(3.0))
    assert (long >= short - 1e-9).all()
