"""Early exercise of generated options: known bounds of American options on a stock with dividends."""

import numpy as np
import pytest

from engine.simulation.carry import Carry, forwards
from engine.simulation.early_exercise import early_exercise_premium
from engine.simulation.valuation import value_on_forward

STRIKES = np.arange(60.0, 141.0, 5.0)


def carry(cash: float, ex_years: float = 0.25) -> Carry:
    return Carry(np.array([1.0]), np.array([0.05]), 0.0, np.array([ex_years]), np.array([cash]))


def values(is_put: bool, years: float, dividends: Carry):
    """European and American values."""
    n = len(STRIKES)
    to = np.full(n, years)
    forward, discount = forwards(100.0, to, dividends)
    sigma = np.full(n, 0.25)
    european = value_on_forward(np.full(n, is_put), STRIKES, forward, discount, sigma, to).value
    premium = early_exercise_premium(np.full(n, is_put), STRIKES, to, sigma, spot=100.0, carry=dividends)
    payoff = np.maximum(STRIKES - 100.0 if is_put else 100.0 - STRIKES, 0.0)
    return european, np.maximum(european + premium, payoff)


@pytest.mark.parametrize("is_put", [False, True])
def test_no_option_is_worth_less_than_its_european_twin_and_values_are_convex(is_put):
    european, american = values(is_put, 0.5, carry(3.0))
    assert (american >= european).all()
    assert (np.diff(american, 2) > -2e-3).all()  # the lattice's own error


def test_a_call_without_dividends_is_its_european_twin():
    european, american = values(False, 0.5, carry(0.0))
    assert american == pytest.approx(european, abs=1e-12)


def test_a_call_is_worth_at_least_its_twin_that_ends_just_before_the_ex_date():
    """F. Black, "Fact and fantasy in the use of options", Financial Analysts Journal 31 (1975)."""
    european, american = values(False, 0.5, carry(3.0))
    twin, _ = values(False, 0.25 - 1e-9, carry(3.0))
    deep = STRIKES < 80.0
    assert (american[deep] > european[deep] + 1.0).all()
    assert (american >= twin - 0.02).all()


def test_a_longer_call_is_not_worth_less_across_an_ex_date():
    _, short = values(False, 0.24, carry(3.0))
    _, long = values(False, 0.26, carry(3.0))
    # but for the escrowed model's own step: from the ex-date's maturity on volatility is that of a smaller spot
    assert (long >= short - 0.03).all()


def test_a_put_deep_in_the_money_is_worth_what_exercise_pays():
    _, american = values(True, 0.5, carry(0.0))
    assert american[STRIKES == 140.0] == pytest.approx(40.0, abs=1e-9)


def test_at_expiry_there_is_no_premium():
    n = len(STRIKES)
    found = early_exercise_premium(
        np.full(n, True), STRIKES, np.zeros(n), np.full(n, 0.25), spot=100.0, carry=carry(1.0)
    )
    np.testing.assert_array_equal(found, 0.0)
