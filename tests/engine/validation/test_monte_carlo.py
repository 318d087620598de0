"""Resampling against theory: block lengths, gambler's ruin, moments; and independence of how it is run."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from engine.backtest.study import MonteCarloSpec
from engine.validation import resampling
from engine.validation.monte_carlo import Method, simulate
from engine.validation.risk_of_ruin import gamblers_ruin_probability, ruined, share_interval

GOLDEN = Path(__file__).parents[2] / "golden" / "validation_cases.json"
CASES = {c["id"]: c for c in json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]}
RNG = np.random.default_rng(11)
RETURNS = 0.0005 + 0.01 * RNG.standard_normal(250)
PNL = RNG.normal(40, 300, 60)


def by_name(result):
    return {(s.method, s.statistic): s for s in result.summaries}


def test_optimal_block_length_is_the_published_value():
    case = CASES["politis-white-block-length"]
    series = np.random.RandomState(0).standard_normal(10_100)
    for t in range(1, len(series)):
        series[t] += 0.3 * series[t - 1]
    stationary, circular = resampling.optimal_block_length(series[100:])
    assert stationary == pytest.approx(case["expected"]["stationary"], abs=case["tolerance"])
    assert circular == pytest.approx(case["expected"]["circular"], abs=case["tolerance"])


def test_block_length_of_too_little_data_is_refused():
    with pytest.raises(ValueError, match="at least 20"):
        resampling.optimal_block_length(np.ones(50))


@pytest.mark.parametrize("row", ["gambler-0.5-5-10", "gambler-0.6-5-10"])
def test_gamblers_ruin_closed_form_and_simulation_agree(row):
    case = CASES[row]
    i = case["inputs"]
    exact = gamblers_ruin_probability(i["p_win"], i["start_units"], i["target_units"])
    assert exact == pytest.approx(case["expected"], abs=case["tolerance"])
    wins = np.random.default_rng(2).random((20_000, 600)) < i["p_win"]
    nav = i["start_units"] + np.cumsum(np.where(wins, 1, -1), axis=1)
    count = int(ruined(nav.astype(float), 0.0, float(i["target_units"])).sum())
    low, high = share_interval(count, 20_000, 3.5)
    assert low < exact < high
    # without the target, going on after it was reached, more are ruined: another question
    assert ruined(nav.astype(float), 0.0).sum() > count


def test_trade_bootstrap_finds_the_ruin_of_a_gambler_without_a_target():
    # 60 wins and 40 losses of 1 from 5 units, ruin at 2 of 5 after a 3-unit fall: (q/p)**3 over a long run
    pnl = np.repeat([1.0, -1.0], [240, 160])
    spec = MonteCarloSpec(paths=8_000, ruin_fraction=0.4, confidence=0.999)
    found = by_name(simulate(RETURNS, pnl, 5.0, spec, 1))["trade_bootstrap", "risk_of_ruin"]
    assert found.lower < gamblers_ruin_probability(0.6, 3) < found.upper


def test_stationary_bootstrap_draws_runs_of_the_stated_mean_length_and_wraps_around():
    generator = resampling.block_generator(3, 1, 0)
    drawn = resampling.stationary_indices(generator, 256, 400, 50, 8.0)
    assert drawn.min() == 0 and drawn.max() == 49
    breaks = (np.diff(drawn, axis=1) % 50 != 1).mean()
    # a restart lands on the next observation by chance once in 50 times
    assert breaks == pytest.approx(1 / 8 * 49 / 50, rel=0.03)
    assert np.bincount(drawn.ravel(), minlength=50).std() / (256 * 8) < 0.2


def test_a_mean_block_length_of_one_is_the_independent_bootstrap():
    drawn = resampling.stationary_indices(resampling.block_generator(3, 1, 0), 256, 400, 50, 1.0)
    assert (np.diff(drawn, axis=1) % 50 == 1).mean() == pytest.approx(1 / 50, rel=0.2)


def test_paths_do_not_depend_on_how_many_are_drawn_or_in_which_order():
    few = resampling.stationary_indices(resampling.block_generator(9, 1, 0), 10, 30, 100, 5.0)
    many = resampling.stationary_indices(resampling.block_generator(9, 1, 0), 256, 30, 100, 5.0)
    assert np.array_equal(few, many[:10])
    later = resampling.independent_indices(resampling.block_generator(9, 2, 7), 4, 5, 100)
    again = resampling.independent_indices(resampling.block_generator(9, 2, 7), 4, 5, 100)
    assert np.array_equal(later, again)
    assert not np.array_equal(
        later, resampling.independent_indices(resampling.block_generator(9, 2, 8), 4, 5, 100)
    )


def test_same_seed_same_result_other_seed_another():
    spec = MonteCarloSpec(paths=300)
    first, again = simulate(RETURNS, PNL, 1e5, spec, 7), simulate(RETURNS, PNL, 1e5, spec, 7)
    assert first.summaries == again.summaries
    assert simulate(RETURNS, PNL, 1e5, spec, 8).summaries != first.summaries


def test_parametric_paths_have_the_moments_of_their_normal():
    spec = MonteCarloSpec(paths=20_000)
    found = by_name(simulate(RETURNS, PNL, 1e5, spec, 7))
    mean, sd, n = RETURNS.mean(), RETURNS.std(ddof=1), len(RETURNS)
    terminal = found["parametric", "terminal_return"]
    exact = (1 + mean) ** n - 1
    exact_sd = math.sqrt(((1 + mean) ** 2 + sd**2) ** n - (1 + mean) ** (2 * n))
    assert terminal.mean == pytest.approx(exact, abs=4 * exact_sd / math.sqrt(20_000))
    assert terminal.std_error == pytest.approx(exact_sd, rel=0.03)
    sharpe = found["parametric", "sharpe"]
    assert sharpe.mean == pytest.approx(mean / sd * math.sqrt(252), abs=0.05)
    # the sampling error of an annualized Sharpe ratio near zero is the root of years' inverse
    assert sharpe.std_error == pytest.approx(math.sqrt(252 / n), rel=0.03)


def test_summaries_are_ordered_and_their_intervals_hold_the_median():
    for s in simulate(RETURNS, PNL, 1e5, MonteCarloSpec(paths=500), 7).summaries:
        assert s.lower <= s.upper and s.paths == 500
        assert s.median is None or s.lower <= s.median <= s.upper


def test_shuffling_keeps_the_end_so_only_the_way_is_reported():
    result = simulate(RETURNS, PNL, 1e5, MonteCarloSpec(paths=500), 7)
    assert {s.statistic for s in result.summaries if s.method == "trade_shuffle"} == {
        "max_drawdown",
        "risk_of_ruin",
    }
    ends = result.fans["trade_shuffle"].nav[:, -1]
    assert ends == pytest.approx(np.full(5, 1e5 + PNL.sum()))


def test_fan_starts_at_the_start_and_its_percentiles_do_not_cross():
    fan = simulate(RETURNS, PNL, 1e5, MonteCarloSpec(paths=500), 7).fans["stationary_bootstrap"]
    assert fan.steps[0] == 0 and fan.steps[-1] == 250 and len(fan.steps) == 121
    assert np.all(fan.nav[:, 0] == 1e5)
    assert np.all(np.diff(fan.nav, axis=0) >= 0)


def test_a_ruined_account_stays_ruined():
    pnl = np.array([-150.0, 400.0] * 10)
    found = by_name(simulate(RETURNS, pnl, 100.0, MonteCarloSpec(paths=2_000), 7))
    # half of the shuffles begin with the loss that ends the account, and none of those recovers
    shuffled = found["trade_shuffle", "max_drawdown"]
    assert shuffled.upper == 1.0
    assert found["trade_bootstrap", "terminal_return"].lower == -1.0


def test_without_trades_the_trade_methods_are_left_out_and_the_reason_stands_there():
    result = simulate(RETURNS, np.array([5.0]), 1e5, MonteCarloSpec(paths=100), 7)
    assert {s.method for s in result.summaries} == {"stationary_bootstrap", "parametric"}
    assert set(result.skipped) == {Method.TRADE_BOOTSTRAP.label, Method.TRADE_SHUFFLE.label}
    assert "1 closed trades" in result.skipped["trade_shuffle"]


def test_without_daily_returns_their_methods_are_left_out_and_the_reason_stands_there():
    result = simulate(np.array([0.1]), PNL, 1e5, MonteCarloSpec(paths=100), 7)
    assert {s.method for s in result.summaries} == {"trade_bootstrap", "trade_shuffle"}
    assert "1 daily returns" in result.skipped["stationary_bootstrap"]
    assert "1 daily returns" in result.skipped["parametric"]
    nothing = simulate(np.zeros(0), np.zeros(0), 1e5, MonteCarloSpec(paths=100), 7)
    assert nothing.summaries == () and len(nothing.skipped) == 4


def test_a_record_that_never_moved_has_no_sharpe_row():
    result = simulate(np.zeros(30), np.zeros(0), 1e5, MonteCarloSpec(paths=100), 7)
    assert ("stationary_bootstrap", "sharpe") not in by_name(result)
    assert by_name(result)["stationary_bootstrap", "max_drawdown"].upper == 0.0


@pytest.mark.parametrize(
    ("returns", "pnl", "start", "message"),
    [
        (np.array([0.1, np.nan]), PNL, 1e5, "daily return 1 is undefined"),
        (RETURNS, np.array([1.0, np.inf]), 1e5, "trade P&L 1"),
        (RETURNS, PNL, 0.0, "start NAV of 0"),
    ],
)
def test_bad_input_is_refused(returns, pnl, start, message):
    with pytest.raises(ValueError, match=message):
        simulate(returns, pnl, start, MonteCarloSpec(paths=100), 7)
