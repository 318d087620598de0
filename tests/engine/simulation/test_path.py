"""Paths: consistent prices, clustered variance, jumps; bridges with the right law."""

from dataclasses import replace

import numpy as np
import pytest

from engine.simulation.bridge import bridge_extremes, bridge_points
from engine.simulation.path import PathParameters, bounded_autoregression, simulate_path

PARAMETERS = PathParameters(
    start_price=100.0,
    drift_per_year=0.05,
    volatility_per_year=0.2,
    news=0.04,
    leverage=0.10,
    persistence=0.97,
    jumps_per_year=4.0,
    jump_mean=-0.01,
    jump_sd=0.03,
    overnight_variance_share=0.3,
    sessions_per_year=252,
)


def path_of(seed: int, sessions: int = 5000, **changes: float):
    return simulate_path(replace(PARAMETERS, **changes), sessions, np.random.default_rng(seed))


def test_high_and_low_enclose_open_and_close():
    path = path_of(1)
    assert np.all(path.high >= np.maximum(path.open, path.close))
    assert np.all(path.low <= np.minimum(path.open, path.close))
    assert np.all(path.low > 0.0)


def test_the_same_seed_gives_the_same_path_and_another_seed_another():
    first, again, other = path_of(1), path_of(1), path_of(2)
    assert np.array_equal(first.close, again.close) and np.array_equal(first.high, again.high)
    assert not np.array_equal(first.close, other.close)


def test_variance_clusters_and_without_news_it_does_not():
    def memory(path):
        squares = np.diff(np.log(path.close)) ** 2
        return np.corrcoef(squares[:-1], squares[1:])[0, 1]

    clustered = [memory(path_of(s, jumps_per_year=0.0)) for s in range(6)]
    plain = [memory(path_of(s, jumps_per_year=0.0, news=0.0, leverage=0.0)) for s in range(6)]
    assert np.mean(clustered) > 0.08
    assert abs(np.mean(plain)) < 0.03


def test_realized_volatility_is_near_the_long_run_one():
    realized = [np.std(np.diff(np.log(path_of(s).close))) * np.sqrt(252) for s in range(8)]
    assert np.mean(realized) == pytest.approx(np.sqrt(PARAMETERS.long_run_variance_per_year), rel=0.08)


def test_jumps_come_as_often_as_said():
    counts = [np.count_nonzero(path_of(s).jump) for s in range(8)]
    assert np.mean(counts) == pytest.approx(4.0 * 5000 / 252, rel=0.12)


def test_falls_raise_variance_more_than_rises():
    path = path_of(3, jumps_per_year=0.0)
    shock = np.log(path.close[1:] / path.close[:-1])
    change = path.variance_per_year[1:] - path.variance_per_year[:-1]
    large = np.abs(shock) > 0.015
    assert change[large & (shock < 0)].mean() > change[large & (shock > 0)].mean() + 0.001


def test_a_dividend_leaves_the_price_at_its_open():
    cash = np.zeros(10)
    cash[5] = 2.0
    plain = path_of(4, sessions=10)
    paid = simulate_path(PARAMETERS, 10, np.random.default_rng(4), cash_dividends=cash)
    assert np.array_equal(plain.close[:5], paid.close[:5])
    assert plain.open[5] - paid.open[5] == pytest.approx(2.0, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"persistence": 1.0}, "persistence below 1"),
        ({"news": 0.99}, "non-negative"),
        ({"jump_sd": 0.5}, "more variance than the diffusion"),
        ({"start_price": 0.0}, "must be positive"),
        ({"overnight_variance_share": 1.0}, "not in"),
    ],
)
def test_parameters_that_make_no_process_are_refused(change, rule):
    with pytest.raises(ValueError, match=rule):
        replace(PARAMETERS, **change)


def test_a_dividend_above_the_price_is_refused():
    with pytest.raises(ValueError, match="exceeds the price"):
        simulate_path(PARAMETERS, 3, np.random.default_rng(0), cash_dividends=np.array([0.0, 500.0, 0.0]))


def test_bridge_maximum_has_its_law():
    # P(max > m) = exp(-2 (m - a)(m - b) / v) for a bridge from a to b
    n, a, b, v, m = 200_000, 0.0, 0.05, 0.01, 0.12
    high, low = bridge_extremes(np.full(n, a), np.full(n, b), np.full(n, v), np.random.default_rng(0))
    assert np.mean(high > m) == pytest.approx(np.exp(-2 * (m - a) * (m - b) / v), abs=0.004)
    assert np.mean(low < -0.07) == pytest.approx(np.exp(-2 * (0.07 + a) * (0.07 + b) / v), abs=0.004)


def test_bridge_points_have_their_mean_and_covariance():
    n, v = 200_000, 0.04
    points = bridge_points(
        np.zeros(n), np.ones(n), np.full(n, v), np.array([0.25, 0.75]), np.random.default_rng(0)
    )
    assert points.mean(axis=0) == pytest.approx([0.25, 0.75], abs=0.002)
    expected = v * np.array([[0.25 * 0.75, 0.25 * 0.25], [0.25 * 0.25, 0.75 * 0.25]])
    assert np.cov(points.T) == pytest.approx(expected, rel=0.02)


def test_bridge_points_outside_the_interval_are_refused():
    with pytest.raises(ValueError, match="increase within"):
        bridge_points(np.zeros(1), np.zeros(1), np.ones(1), np.array([0.5, 1.0]), np.random.default_rng(0))


def test_autoregression_stays_in_its_bounds_and_near_its_mean():
    series = bounded_autoregression(4000, 1.0, 0.9, 0.1, 0.85, 1.15, np.random.default_rng(0))
    assert series.min() >= 0.85 and series.max() <= 1.15
    assert series.mean() == pytest.approx(1.0, abs=0.02)
