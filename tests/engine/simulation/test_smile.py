"""The surface of every day is free of static arbitrage, and the check that says so can fail."""

import itertools

import numpy as np
import pytest

from engine.simulation.smile import (
    ArbitrageableSmileError,
    SsviParameters,
    atm_total_variance,
    implied_volatility,
    total_variance,
)

YEARS = np.array([1.0, 7.0, 30.0, 91.0, 365.0]) / 365.0
K = np.linspace(-1.5, 1.5, 1201)


def theta_of(variance: float = 0.09) -> np.ndarray:
    return atm_total_variance(
        YEARS,
        variance_per_year=variance,
        long_run_variance_per_year=0.03,
        mean_reversion_per_year=6.0,
        premium=0.2,
    )


def butterfly(theta: float, smile: SsviParameters) -> np.ndarray:
    """Durrleman's g(k), the sign of the density (Gatheral and Jacquier 2014, equation 2.1), by differences."""
    w = total_variance(K, np.full(len(K), theta), smile)
    first = np.gradient(w, K)
    second = np.gradient(first, K)
    g = (1 - K * first / (2 * w)) ** 2 - first**2 / 4 * (1 / w + 0.25) + second / 2
    return g[5:-5]


@pytest.mark.parametrize("rho", [-0.72, -0.3, 0.0, 0.25])
@pytest.mark.parametrize("gamma", [0.3, 0.5])
def test_no_butterfly_and_no_calendar_arbitrage_at_the_edge_of_the_region(rho, gamma):
    smile = SsviParameters(rho, 2.0 / (1.0 + abs(rho)), gamma)
    slices = [total_variance(K, np.full(len(K), t), smile) for t in theta_of()]
    # short slices are steep: differences need a fine grid there, so the butterfly starts at a month
    assert all(butterfly(t, smile).min() > -1e-6 for t in theta_of()[2:])
    assert all(np.all(later >= earlier) for earlier, later in itertools.pairwise(slices))


def test_the_butterfly_check_catches_a_smile_that_breaks_the_condition():
    broken = object.__new__(SsviParameters)
    for name, value in (("rho", -0.9), ("eta", 4.0), ("gamma", 0.5)):
        object.__setattr__(broken, name, value)
    assert butterfly(0.3, broken).min() < -1e-3
    with pytest.raises(ArbitrageableSmileError, match="butterfly"):
        SsviParameters(-0.9, 4.0, 0.5)


@pytest.mark.parametrize(("rho", "eta", "gamma"), [(1.0, 0.5, 0.4), (0.0, 0.0, 0.4), (0.0, 1.0, 0.6)])
def test_parameters_outside_their_range_are_refused(rho, eta, gamma):
    with pytest.raises(ArbitrageableSmileError, match="SSVI needs"):
        SsviParameters(rho, eta, gamma)


@pytest.mark.parametrize("variance", [0.004, 0.03, 0.4])
def test_total_variance_rises_with_maturity_from_calm_and_from_panic(variance):
    assert np.all(np.diff(theta_of(variance)) > 0)


def test_atm_volatility_follows_the_variance_at_the_short_end_and_forgets_it_at_the_long():
    calm, panic = theta_of(0.01), theta_of(0.25)
    ratio = panic / calm
    assert ratio[0] == pytest.approx(25.0, rel=0.03)
    assert ratio[-1] < 3.0


def test_the_volatility_at_the_forward_is_the_atm_one_and_a_negative_rho_tilts_the_wings():
    smile = SsviParameters(-0.6, 1.0, 0.4)
    theta, years = np.full(3, 0.01), np.full(3, 0.25)
    low, middle, high = implied_volatility(np.array([-0.2, 0.0, 0.2]), theta, years, smile)
    assert middle == pytest.approx(np.sqrt(0.01 / 0.25), rel=1e-12)
    assert low > middle and low > high
