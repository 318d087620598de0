"""Delta and gamma of American options against differences of QuantLib's prices.

QuantLib's QdFp engine, of Andersen, Lake and Offengenden's method, gives no Greeks, but prices that are smooth in spot:
the change of central differences of fourth order from twice the step to a hundredth of a deviation is 2e-7 of delta
at most, and 2e-6 of gamma in the same units, and their own error a fifteenth of it.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from engine.pricing.american.andersen_lake import Accuracy
from engine.pricing.american.exercise_boundary import exercise_boundary
from engine.pricing.american.greeks import american_greeks
from engine.pricing.lattice.leisen_reimer import leisen_reimer
from tests.engine.pricing.american.contracts import contracts
from tests.engine.pricing.american.quantlib_american import prices, scheme


@dataclass(frozen=True)
class Differences:
    """Contracts, QuantLib's delta and its gamma times ``S sigma sqrt(T)``, which is of the size of delta."""

    terms: tuple[np.ndarray, ...]
    #: of spot from where it is exercised, in deviations
    from_boundary: np.ndarray
    delta: np.ndarray
    gamma: np.ndarray

    def errors(self, values) -> tuple[np.ndarray, np.ndarray]:
        _, spot, _, years, _, _, sigma = self.terms
        scaled = values.gamma * spot * sigma * np.sqrt(years)
        return np.abs(values.delta - self.delta), np.abs(scaled - self.gamma)


def differences(count: int, name: str) -> Differences:
    """Of contracts that no step carries over the boundary, where gamma jumps."""
    right, spot, strike, years, rate, dividend, sigma = contracts(count, seed=31)
    spread = sigma * np.sqrt(years)
    boundary = exercise_boundary(right, strike, years, rate, dividend, sigma).price
    away = np.abs(np.log(spot / boundary)) / spread
    far = away > 0.05
    right, spot, strike, years, rate, dividend, sigma = terms = tuple(
        c[far] for c in (right, spot, strike, years, rate, dividend, sigma)
    )
    width = 0.01 * spread[far]
    wide, low, at, high, wider = (
        prices(scheme(name), right, spot * (1 + m * width), strike, years, rate, dividend, sigma)
        for m in (-2, -1, 0, 1, 2)
    )
    delta = (8 * (high - low) - (wider - wide)) / (12 * width * spot)
    gamma = (16 * (high + low) - wide - wider - 30 * at) / (12 * width**2 * spot)
    return Differences(terms, away[far], delta, gamma * spread[far])


@pytest.fixture(scope="module")
def many() -> Differences:
    """In the scheme that is fast enough for 2,000: near the boundary its prices are off by up to 3e-4 of 100, and
    their slope by 3e-5."""
    return differences(2_000, "accurate")


@pytest.mark.parametrize(
    ("accuracy", "delta", "usual_delta", "gamma", "usual_gamma"),
    [
        (Accuracy.FAST, 1e-4, 5e-6, 2e-2, 5e-5),
        (Accuracy.ACCURATE, 4e-5, 2e-6, 2e-3, 5e-6),
        (Accuracy.HIGH, 4e-5, 2e-6, 4e-5, 4e-6),
    ],
)
def test_2_000_contracts_by_collocation(accuracy, delta, usual_delta, gamma, usual_gamma, many):
    """The largest error, and that of 98 in 100; nearly all of them QuantLib's."""
    errors = many.errors(american_greeks(*many.terms, accuracy))
    for error, most, usual, truth in zip(
        errors, (delta, gamma), (usual_delta, usual_gamma), (many.delta, many.gamma), strict=True
    ):
        assert np.max(error) < most
        assert np.quantile(error, 0.98) < usual
        assert np.median(np.abs(truth)) > 0.1


def test_a_few_contracts_in_the_scheme_of_high_precision():
    """Which takes 18 ms for a price."""
    few = differences(80, "high")
    delta, gamma = few.errors(american_greeks(*few.terms, Accuracy.HIGH))
    assert np.max(delta) < 1e-7
    assert np.max(gamma) < 1e-6


@pytest.mark.parametrize("steps", [101, 801])
def test_2_000_contracts_on_leisen_and_reimer_s_tree(steps, many):
    """Differences between a tree's first nodes, whose error falls with the number of steps. At 101 of them the three
    nodes of gamma reach two tenths of a deviation either way, and nearer to the boundary than that gamma mixes
    its values on both sides of a jump."""
    delta, gamma = many.errors(leisen_reimer(*many.terms, steps=steps))
    clear = many.from_boundary > 0.2
    assert np.mean(clear) > 0.95
    assert np.max(delta[clear]) < 0.5 / steps
    assert np.max(gamma[clear]) < 3.0 / steps
    assert np.median(delta) < 0.1 / steps
    assert np.median(gamma) < 0.3 / steps
    assert np.max(delta) < 0.7 / steps
    # differences all the same, not the derivatives of the price
    assert np.median(delta) > 0.01 / steps
