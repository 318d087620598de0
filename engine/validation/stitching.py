"""The out-of-sample record of a walk-forward: test ranges end to end, and what they say of the search."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.analytics.daily import daily_returns
from engine.analytics.metrics import metrics
from engine.validation.search import Trial, TrialStatus, objective_value
from engine.validation.selection import (
    parameter_dispersion,
    point_key,
    search_overfitting,
    sharpe_confidence,
    trial_matrix,
    trial_sharpe_variance,
)
from engine.validation.windows import WalkForwardWindow

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class WindowResult:
    """One window: all trials on its train range, the one chosen, and what that one did on the test range.

    Attributes
    ----------
    test_metrics
        ``engine.analytics.metrics`` of the test range alone.
    test_ts_us, test_nav, test_exposure : shape (k,)
        Every snapshot of the test range, which starts flat with ``nav_start``.
    test_trade_pnl, test_trade_return_on_risk : shape (m,)
    """

    window: WalkForwardWindow
    trials: tuple[Trial, ...]
    chosen: Trial
    test_metrics: Mapping[str, float | None]
    nav_start: float
    test_ts_us: NDArray[np.int64]
    test_nav: Floats
    test_exposure: Floats
    test_trade_pnl: Floats
    test_trade_return_on_risk: Floats


@dataclass(frozen=True)
class StitchedRecord:
    """The test ranges of all windows as one record.

    Attributes
    ----------
    ts_us, nav, exposure : shape (k,)
        Every snapshot of every test range; each range is scaled so that it goes on from where the one before
        ended.
    return_days, returns : shape (n,)
        Daily returns of that record, the first of each range from its own starting capital.
    metrics
        Of the stitched record; trades as they were traded, not rescaled.
    objective
        Name of the objective; ``in_sample_objective`` and ``out_of_sample_objective`` are means over the windows
        where both are defined.
    degradation_difference, degradation_ratio
        Out-of-sample minus, and over, in-sample; the ratio is None unless the in-sample mean is positive.
    share_profitable
        Windows whose test range earned more than nothing.
    distinct_choices
        Different points of the grid chosen over the windows.
    parameter_dispersion
        For each parameter of the grid, ``share_changed`` and ``relative_spread``, see
        ``engine.validation.selection.parameter_dispersion``.
    trials, failed_evaluations, trial_sharpe_variance
        Points of the grid, evaluations that failed over all windows, and the variance across the points of their
        per-day Sharpe ratios: what the deflated Sharpe ratio is computed with.
    pbo
        Probability of backtest overfitting of the search, over the train ranges; see
        ``engine.validation.selection.trial_matrix`` for the rows and columns. ``pbo_blocks`` is CSCV's S.
    probabilistic_sharpe, deflated_sharpe
        Of the stitched record against 0 and against the best of ``trials`` without skill. The record was not
        itself picked as the best of the trials, so the deflated value is on the cautious side.
    flags
        Why something above is undefined, and what a reader must know.
    """

    ts_us: NDArray[np.int64]
    nav: Floats
    exposure: Floats
    return_days: NDArray[np.int32]
    returns: Floats
    trade_pnl: Floats
    nav_start: float
    metrics: Mapping[str, float | None]
    windows: tuple[Mapping[str, Any], ...]
    objective: str
    in_sample_objective: float | None
    out_of_sample_objective: float | None
    degradation_difference: float | None
    degradation_ratio: float | None
    share_profitable: float
    distinct_choices: int
    parameter_dispersion: Mapping[str, Mapping[str, float | None]]
    trials: int
    failed_evaluations: int
    trial_sharpe_variance: float | None
    pbo: float | None
    pbo_blocks: int | None
    probabilistic_sharpe: float | None
    deflated_sharpe: float | None
    flags: tuple[str, ...]


def stitch(results: Sequence[WindowResult], *, objective: str, annualization: int) -> StitchedRecord:
    """Chain the test ranges, and measure how the choices made in-sample held up.

    Raises
    ------
    ValueError
        For no windows, overlapping test ranges, or windows that searched different grids.
    """
    ordered = _checked(results)
    start = ordered[0].nav_start
    ts = np.concatenate([r.test_ts_us for r in ordered])
    nav = _chained_nav(ordered)
    exposure = np.concatenate([r.test_exposure for r in ordered])
    pnl = np.concatenate([r.test_trade_pnl for r in ordered])
    on_risk = np.concatenate([r.test_trade_return_on_risk for r in ordered])
    daily = daily_returns(ts, nav, nav_start=start)
    rows = tuple(window_row(r, objective) for r in ordered)
    inside, outside = _mean_objectives(rows)
    matrix = trial_matrix(ordered)
    variance = trial_sharpe_variance(matrix)
    trials = len(ordered[0].trials)
    failed = sum(t.status is TrialStatus.FAILED for r in ordered for t in r.trials)
    pbo, pbo_blocks, no_pbo = search_overfitting(matrix)
    probabilistic, deflated, no_sharpe = sharpe_confidence(daily.returns, trials, variance)
    flags = []
    unjudged = [row["window"] for row in rows if row["in_sample_objective"] is None]
    if unjudged:
        where = ", ".join(unjudged) if len(unjudged) <= 3 else f"{len(unjudged)} of {len(rows)} windows"
        flags.append(f"{where}: no trial had a defined {objective}; the first point that ran was used")
    if failed:
        flags.append(f"{failed} of {trials * len(ordered)} evaluations failed; see the windows' trials")
    flags += [reason for reason in (no_pbo, no_sharpe) if reason is not None]
    return StitchedRecord(
        ts_us=ts,
        nav=nav,
        exposure=exposure,
        return_days=daily.days,
        returns=daily.returns,
        trade_pnl=pnl,
        nav_start=start,
        metrics=metrics(ts, nav, pnl, on_risk, exposure, annualization, nav_start=start),
        windows=rows,
        objective=objective,
        in_sample_objective=inside,
        out_of_sample_objective=outside,
        degradation_difference=None if inside is None or outside is None else outside - inside,
        degradation_ratio=None if inside is None or outside is None or inside <= 0 else outside / inside,
        share_profitable=float(np.mean([r.test_nav[-1] > r.nav_start for r in ordered])),
        distinct_choices=len({point_key(r.chosen.parameters) for r in ordered}),
        parameter_dispersion=parameter_dispersion(ordered),
        trials=trials,
        failed_evaluations=failed,
        trial_sharpe_variance=variance,
        pbo=pbo,
        pbo_blocks=pbo_blocks,
        probabilistic_sharpe=probabilistic,
        deflated_sharpe=deflated,
        flags=tuple(flags),
    )


def window_row(result: WindowResult, objective: str) -> dict[str, Any]:
    """One window as a row of the walk-forward table: dates, choice, and both sides of the objective."""
    w = result.window
    return {
        "window": w.key,
        "train_start": w.train_start,
        "train_end": w.train_end,
        "test_start": w.test_start,
        "test_end": w.test_end,
        "partial_train": w.partial_train,
        "partial_test": w.partial_test,
        "parameters": dict(result.chosen.parameters),
        "in_sample_objective": objective_value(result.chosen.metrics, objective),
        "out_of_sample_objective": objective_value(result.test_metrics, objective),
        "in_sample_return": result.chosen.metrics["total_return"],
        "out_of_sample_return": result.test_metrics["total_return"],
        "trades": len(result.test_trade_pnl),
        "trials": len(result.trials),
        "failed_trials": sum(t.status is TrialStatus.FAILED for t in result.trials),
    }


def _checked(results: Sequence[WindowResult]) -> list[WindowResult]:
    if not results:
        raise ValueError("stitch: no windows; materialize walk_forward_window first")
    ordered = sorted(results, key=lambda r: r.window.test_start)
    grid = [point_key(t.parameters) for t in ordered[0].trials]
    for before, after in itertools.pairwise(ordered):
        if after.test_ts_us[0] <= before.test_ts_us[-1]:
            raise ValueError(f"stitch: the test ranges of {before.window.key} and {after.window.key} overlap")
        if [point_key(t.parameters) for t in after.trials] != grid:
            raise ValueError(
                f"stitch: {after.window.key} searched another grid than {ordered[0].window.key}; "
                "materialize all windows with the same study"
            )
    return ordered


def _chained_nav(ordered: Sequence[WindowResult]) -> Floats:
    """Each test range scaled to start at the NAV at which the one before ended; a lost account stays at zero."""
    level = ordered[0].nav_start
    pieces = []
    for r in ordered:
        pieces.append(r.test_nav / r.nav_start * level)
        level = max(float(pieces[-1][-1]), 0.0)
    return np.concatenate(pieces)


def _mean_objectives(rows: Sequence[Mapping[str, Any]]) -> tuple[float | None, float | None]:
    pairs = [(row["in_sample_objective"], row["out_of_sample_objective"]) for row in rows]
    defined = [(i, o) for i, o in pairs if i is not None and o is not None]
    if not defined:
        return None, None
    inside, outside = np.mean(defined, axis=0)
    return float(inside), float(outside)
