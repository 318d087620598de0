"""Each ratio against a published or hand-computed value, and where it is undefined."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.analytics import ratios

GOLDEN = Path(__file__).parents[2] / "golden" / "validation_cases.json"
CASES = {c["id"]: c for c in json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]}
RETURNS = arrays(np.float64, st.integers(4, 60), elements=st.floats(-0.2, 0.2).map(lambda x: round(x, 6)))


def test_sharpe_ratio_is_the_published_value_and_divides_by_n_minus_1():
    case = CASES["sharpe-12"]
    returns = np.array(case["inputs"]["returns"])
    found = ratios.sharpe_ratio(returns, benchmark=case["inputs"]["benchmark"])
    assert found == pytest.approx(case["expected"], abs=case["tolerance"])
    # the variant that divides by n is rejected by the same row
    excess = returns - case["inputs"]["benchmark"]
    assert excess.mean() / excess.std() != pytest.approx(case["expected"], abs=case["tolerance"])


def test_omega_ratio_is_the_published_value():
    case = CASES["omega-12"]
    found = ratios.omega_ratio(np.array(case["inputs"]["returns"]), minimum_return=case["inputs"]["mar"])
    assert found == pytest.approx(case["expected"], abs=case["tolerance"])


def test_sortino_averages_the_shortfall_over_all_periods_not_only_the_losing_ones():
    returns = np.array([0.02, -0.01, 0.03, -0.03])
    by_hand = returns.mean() / np.sqrt((0.01**2 + 0.03**2) / 4)
    assert ratios.sortino_ratio(returns) == pytest.approx(by_hand)
    assert ratios.sortino_ratio(returns) != pytest.approx(returns.mean() / np.sqrt((0.01**2 + 0.03**2) / 2))


def test_annualization_is_by_the_root_of_periods():
    returns = np.array([0.01, -0.02, 0.015, 0.003])
    daily, yearly = ratios.sharpe_ratio(returns), ratios.sharpe_ratio(returns, annualization=365)
    assert yearly == pytest.approx(daily * np.sqrt(365))


def test_value_at_risk_and_its_tail_mean_by_hand():
    returns = np.linspace(-0.10, 0.10, 101)
    assert ratios.value_at_risk(returns) == pytest.approx(0.09)
    assert ratios.conditional_value_at_risk(returns) == pytest.approx(np.arange(0.09, 0.1001, 0.002).mean())


def test_value_at_risk_is_undefined_where_the_tail_holds_no_observation():
    assert ratios.value_at_risk(np.zeros(19)) is None
    assert ratios.value_at_risk(np.full(20, -0.01)) == pytest.approx(0.01)


def test_skew_and_excess_kurtosis_agree_with_scipy_plain_moments():
    from scipy import stats

    returns = np.random.default_rng(0).standard_t(5, 500)
    assert ratios.skewness(returns) == pytest.approx(stats.skew(returns))
    assert ratios.excess_kurtosis(returns) == pytest.approx(stats.kurtosis(returns))


@pytest.mark.parametrize("returns", [np.zeros(0), np.array([0.01]), np.full(50, 0.01), np.zeros(50)], ids=len)
def test_ratios_to_risk_are_undefined_without_spread(returns):
    assert ratios.sharpe_ratio(returns) is None
    assert ratios.skewness(returns) is None
    assert ratios.excess_kurtosis(returns) is None
    assert ratios.sortino_ratio(returns) is None


@given(RETURNS, st.floats(0.01, 100))
def test_sharpe_ratio_does_not_depend_on_leverage(returns, leverage):
    before, after = ratios.sharpe_ratio(returns), ratios.sharpe_ratio(returns * leverage)
    assert (before is None) == (after is None)
    if before is not None:
        assert after == pytest.approx(before, rel=1e-6, abs=1e-9)


@given(arrays(np.float64, st.integers(20, 80), elements=st.floats(-0.5, 0.5)))
def test_tail_mean_is_never_below_the_value_at_risk(returns):
    assert ratios.conditional_value_at_risk(returns) >= ratios.value_at_risk(returns) - 1e-12
