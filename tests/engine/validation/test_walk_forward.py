"""Windows, search, choice and the stitched record."""

import datetime as dt
import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.ratios import sharpe_ratio
from engine.backtest.study import MonteCarloSpec
from engine.portfolio.ledger import LedgerError
from engine.validation import records
from engine.validation.monte_carlo import simulate
from engine.validation.selection import trial_matrix
from engine.validation.walk_forward import (
    AllTrialsFailedError,
    Trial,
    TrialStatus,
    WalkForwardPeriodError,
    WalkForwardWindow,
    choose,
    grid_points,
    month_windows,
    search,
    stitch,
)

D = dt.date
POINTS = grid_points({"delta": [0.1, 0.2], "days": [30, 45]})
NONE = np.zeros(0)


def ok(point, value):
    return Trial.completed(point, {"sharpe_ratio": value}, NONE, NONE, "sharpe")


def test_windows_are_whole_months_clipped_to_the_period():
    assert month_windows(D(2024, 1, 15), D(2024, 5, 10), 3, 1) == [
        WalkForwardWindow(
            "2024-04", D(2024, 1, 15), D(2024, 3, 31), D(2024, 4, 1), D(2024, 4, 30), partial_train=True
        ),
        WalkForwardWindow(
            "2024-05", D(2024, 2, 1), D(2024, 4, 30), D(2024, 5, 1), D(2024, 5, 10), partial_test=True
        ),
    ]


def test_windows_move_by_the_test_length_so_that_no_day_is_tested_twice():
    found = month_windows(D(2023, 1, 1), D(2024, 2, 29), 6, 3)
    assert [w.key for w in found] == ["2023-09", "2023-12"]
    assert [(w.test_start, w.test_end) for w in found] == [
        (D(2023, 7, 1), D(2023, 9, 30)),
        (D(2023, 10, 1), D(2023, 12, 31)),
    ]


@given(
    st.dates(D(2000, 1, 1), D(2030, 12, 31)),
    st.integers(0, 1500),
    st.integers(1, 12),
    st.integers(1, 6),
)
def test_windows_never_overlap_in_test_never_train_on_what_they_test_and_stay_inside(
    start, length, train, test
):
    end = start + dt.timedelta(days=length)
    try:
        found = month_windows(start, end, train, test)
    except WalkForwardPeriodError:
        months = (end.year - start.year) * 12 + end.month - start.month + 1
        assert months < train + test
        return
    for w in found:
        assert start <= w.train_start <= w.train_end < w.test_start <= w.test_end <= end
        assert w.train_end + dt.timedelta(days=1) == w.test_start
        assert w.key == f"{w.test_end:%Y-%m}"
    for before, after in itertools.pairwise(found):
        assert before.test_end + dt.timedelta(days=1) == after.test_start


def test_a_period_too_short_names_what_it_needs():
    with pytest.raises(WalkForwardPeriodError, match=r"touches 1 months; 2 to train and 1 to test need 3"):
        month_windows(D(2021, 6, 1), D(2021, 6, 30), 2, 1)


def test_grid_points_come_in_declared_order_the_last_parameter_fastest():
    assert POINTS == [
        {"delta": 0.1, "days": 30},
        {"delta": 0.1, "days": 45},
        {"delta": 0.2, "days": 30},
        {"delta": 0.2, "days": 45},
    ]


def test_a_repeated_value_in_a_grid_is_refused():
    with pytest.raises(ValueError, match=r"grid\.delta lists 0\.1 twice"):
        grid_points({"delta": [0.1, 0.2, 0.1]})


def test_search_stores_failures_with_what_was_raised_and_goes_on():
    def evaluate(point):
        if point["delta"] == 0.2:
            raise LookupError("no chain that day")
        return ok(point, 1.0)

    trials = search(evaluate, POINTS)
    assert [t.status for t in trials] == [TrialStatus.COMPLETED] * 2 + [TrialStatus.FAILED] * 2
    assert trials[3].parameters == POINTS[3]
    assert trials[3].error == "LookupError: no chain that day"


def test_search_does_not_record_books_that_do_not_balance_as_a_failed_point():
    def evaluate(point):
        if point["delta"] == 0.2:
            raise LedgerError("lots hold 1.0, the ledger 2.0")
        return ok(point, 1.0)

    with pytest.raises(LedgerError, match="lots hold"):
        search(evaluate, POINTS)


def test_search_does_not_survive_an_interrupt():
    def evaluate(point):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(evaluate, POINTS)


def test_search_in_which_everything_failed_raises_with_the_kinds_of_errors():
    def evaluate(point):
        raise ValueError(f"bad days {point['days']}")

    with pytest.raises(
        AllTrialsFailedError, match="all 4 trials failed: ValueError: bad days 30; ValueError: bad"
    ):
        search(evaluate, POINTS)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 2.0, 2.0, 0.0], 1),  # the first of equals
        ([None, -3.0, None, -4.0], 1),  # defined beats undefined, however bad
        ([None, None, None, None], 0),
        (["failed", None, "failed", 0.5], 3),
    ],
)
def test_choice_is_deterministic(values, expected):
    trials = [
        Trial(p, TrialStatus.FAILED, error="x") if v == "failed" else ok(p, v)
        for p, v in zip(POINTS, values, strict=True)
    ]
    assert choose(trials, "sharpe").parameters == POINTS[expected]


def test_nothing_to_choose_from_raises():
    with pytest.raises(AllTrialsFailedError, match="none of 1 trials"):
        choose([Trial(POINTS[0], TrialStatus.FAILED, error="x")], "sharpe")


def test_an_unknown_objective_is_refused():
    with pytest.raises(ValueError, match="unknown objective 'alpha'"):
        choose([ok(POINTS[0], 1.0)], "alpha")


WINDOWS = month_windows(D(2024, 1, 1), D(2024, 7, 31), 3, 1)


def test_stitched_record_chains_the_test_ranges_and_counts_every_trial(make_window):
    results = [make_window(w, POINTS, seed=i) for i, w in enumerate(WINDOWS)]
    record = stitch(results[::-1], objective="sharpe", annualization=365)
    growth = np.prod([r.test_nav[-1] / r.nav_start for r in results])
    assert record.metrics["total_return"] == pytest.approx(growth - 1)
    assert np.prod(1 + record.returns) == pytest.approx(growth)
    assert len(record.returns) == sum(len(r.test_nav) for r in results)
    assert record.metrics["trade_count"] == 12
    inside = np.mean([r.chosen.objective for r in results])
    outside = np.mean([r.test_metrics["sharpe_ratio"] for r in results])
    assert record.degradation_difference == pytest.approx(outside - inside)
    assert record.degradation_ratio == pytest.approx(outside / inside)
    assert record.share_profitable == np.mean([r.test_nav[-1] > 1000 for r in results])
    assert record.trials == 4 and record.failed_evaluations == 0
    assert 0 <= record.pbo <= 1 and record.pbo_blocks == 16
    assert 0 <= record.deflated_sharpe <= record.probabilistic_sharpe <= 1
    assert record.flags == ()


def test_each_train_day_counts_once_in_the_trial_matrix_from_the_first_window_that_saw_it(make_window):
    results = [make_window(w, POINTS, seed=i) for i, w in enumerate(WINDOWS)]
    matrix = trial_matrix(results)
    days = (WINDOWS[-1].train_end - WINDOWS[0].train_start).days + 1
    assert matrix.shape == (days, 4)
    first = results[0].trials[2].returns
    np.testing.assert_array_equal(matrix[: len(first), 2], first)
    np.testing.assert_array_equal(matrix[-30:, 1], results[-1].trials[1].returns[-30:])


def test_variance_across_trials_is_that_of_their_daily_sharpe_ratios(make_window):
    results = [make_window(w, POINTS, seed=i) for i, w in enumerate(WINDOWS)]
    record = stitch(results, objective="sharpe", annualization=365)
    ratios = [sharpe_ratio(column) for column in trial_matrix(results).T]
    assert record.trial_sharpe_variance == pytest.approx(np.var(ratios, ddof=1))


def test_failed_trials_are_counted_flagged_and_left_out_of_the_matrix(make_window):
    results = [make_window(w, POINTS, seed=i, failed=(1,) if i == 2 else ()) for i, w in enumerate(WINDOWS)]
    record = stitch(results, objective="sharpe", annualization=365)
    assert trial_matrix(results).shape[1] == 3
    assert record.trials == 4 and record.failed_evaluations == 1
    assert "1 of 16 evaluations failed" in record.flags[0]
    assert record.windows[2]["failed_trials"] == 1


def test_a_window_in_which_no_trial_had_an_objective_is_flagged(make_window):
    results = [make_window(w, POINTS, seed=i, flat=True) for i, w in enumerate(WINDOWS)]
    record = stitch(results, objective="sharpe", annualization=365)
    assert record.flags[0].startswith("4 of 4 windows: no trial had a defined sharpe")
    assert record.in_sample_objective is None and record.degradation_ratio is None
    assert record.deflated_sharpe is None and record.probabilistic_sharpe is not None
    assert "fewer than two trials have a Sharpe ratio" in record.flags[-1]


def test_few_windows_without_an_objective_are_named(make_window):
    results = [make_window(w, POINTS, seed=i, flat=i == 0) for i, w in enumerate(WINDOWS)]
    record = stitch(results, objective="sharpe", annualization=365)
    assert record.flags[0].startswith("2024-04: no trial had a defined sharpe")


def test_one_point_has_no_probability_of_overfitting_and_is_not_deflated(make_window):
    results = [make_window(w, POINTS[:1], seed=i) for i, w in enumerate(WINDOWS)]
    record = stitch(results, objective="sharpe", annualization=365)
    assert record.pbo is None and "1 complete trials" in record.flags[0]
    assert record.deflated_sharpe == record.probabilistic_sharpe
    assert record.distinct_choices == 1
    assert record.parameter_dispersion["days"] == {"share_changed": 0.0, "relative_spread": 0.0}


def test_a_lost_account_stays_lost_in_the_windows_after_it(make_window):
    results = [make_window(w, POINTS, seed=i) for i, w in enumerate(WINDOWS)]
    results[1].test_nav[-1] = -5.0
    record = stitch(results, objective="sharpe", annualization=365)
    assert record.nav[-1] == 0.0
    assert record.metrics["sharpe_ratio"] is None
    assert any("lost account" in flag for flag in record.flags)


def test_windows_that_overlap_or_searched_another_grid_are_refused(make_window):
    results = [make_window(w, POINTS, seed=i) for i, w in enumerate(WINDOWS)]
    with pytest.raises(ValueError, match="2024-05 and 2024-05 overlap"):
        stitch([results[1], results[1]], objective="sharpe", annualization=365)
    other = make_window(WINDOWS[1], POINTS[:3])
    with pytest.raises(ValueError, match="2024-05 searched another grid than 2024-04"):
        stitch([results[0], other], objective="sharpe", annualization=365)
    with pytest.raises(ValueError, match="no windows"):
        stitch([], objective="sharpe", annualization=365)


def test_documents_survive_json_exactly(make_window):
    results = [make_window(w, POINTS, seed=i, failed=(3,)) for i, w in enumerate(WINDOWS)]
    results[0].test_exposure[2] = np.nan
    read = [records.window_result_from(json.loads(json.dumps(records.to_document(r)))) for r in results]
    assert [records.to_document(r) for r in read] == [records.to_document(r) for r in results]
    record = stitch(results, objective="sharpe", annualization=365)
    assert records.to_document(stitch(read, objective="sharpe", annualization=365)) == records.to_document(
        record
    )
    stored = json.loads(json.dumps(records.to_document(record), allow_nan=False))
    again = records.stitched_record_from(stored)
    np.testing.assert_array_equal(again.nav, record.nav)
    assert again.windows == record.windows and again.flags == record.flags
    simulated = simulate(record.returns, record.trade_pnl, 1000.0, MonteCarloSpec(paths=100), 1)
    stored = json.loads(json.dumps(records.to_document(simulated), allow_nan=False))
    again_simulated = records.monte_carlo_from(stored)
    assert again_simulated.summaries == simulated.summaries
    np.testing.assert_array_equal(again_simulated.fans["parametric"].nav, simulated.fans["parametric"].nav)
