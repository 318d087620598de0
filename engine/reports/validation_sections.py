"""What the page says of the study's validation: walk-forward windows and Monte Carlo."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from markupsafe import Markup

from engine.analytics.daily import daily_returns
from engine.backtest.result import BacktestResult
from engine.reports.formatting import money, number, percent, value
from engine.reports.performance_plots import equity_plot
from engine.reports.validation_plots import monte_carlo_plot, walk_forward_plot
from engine.validation.monte_carlo import MonteCarloResult, MonteCarloSummary
from engine.validation.stitching import StitchedRecord

#: how each objective is written
_OBJECTIVE_IS_RETURN = frozenset({"total_return"})
_METHODS = {
    "stationary_bootstrap": "Stationary bootstrap of days",
    "parametric": "Normal returns",
    "trade_bootstrap": "Bootstrap of trades",
    "trade_shuffle": "Shuffled trades",
}
_STATISTICS = {
    "terminal_return": "Return at the end",
    "max_drawdown": "Maximum drawdown",
    "sharpe": "Sharpe ratio, annual",
    "sharpe_per_trade": "Sharpe ratio, per trade",
    "risk_of_ruin": "Risk of ruin",
}
_PLAIN_NUMBERS = frozenset({"sharpe", "sharpe_per_trade"})


def sections(
    stitched: StitchedRecord | None,
    monte_carlo: MonteCarloResult | None,
    *,
    currency: str,
    nav_start: float,
    result: BacktestResult,
    ruin_fraction: float | None,
) -> dict[str, Any]:
    """Context of the template; None for a step that the study does not have."""
    return {
        "walk_forward": None if stitched is None else _walk_forward(stitched, currency),
        "monte_carlo": None
        if monte_carlo is None
        else _monte_carlo(monte_carlo, currency, nav_start, result, ruin_fraction),
    }


def _objective(name: str, found: float | None) -> str:
    return percent(found) if name in _OBJECTIVE_IS_RETURN else number(found)


def _walk_forward(stitched: StitchedRecord, currency: str) -> dict[str, Any]:
    objective = stitched.objective
    name = objective.replace("_", " ").capitalize()
    return {
        "objective": name,
        "cards": [
            ("Return out of sample, end to end", percent(stitched.metrics["total_return"])),
            ("Sharpe ratio out of sample, end to end", number(stitched.metrics["sharpe_ratio"])),
            (f"{name} by window, in sample (mean)", _objective(objective, stitched.in_sample_objective)),
            (
                f"{name} by window, out of sample (mean)",
                _objective(objective, stitched.out_of_sample_objective),
            ),
            (f"{name} kept out of sample", percent(stitched.degradation_ratio, 0)),
            ("Profitable windows", percent(stitched.share_profitable, 0)),
            ("Probability of overfitting", percent(stitched.pbo, 0)),
            ("Probabilistic Sharpe ratio", percent(stitched.probabilistic_sharpe, 1)),
            ("Deflated Sharpe ratio", percent(stitched.deflated_sharpe, 1)),
        ],
        "rows": [_window(row, objective) for row in stitched.windows],
        "choices": stitched.distinct_choices,
        "trials": stitched.trials,
        "dispersion": [
            (name, percent(found["share_changed"], 0), percent(found["relative_spread"], 0))
            for name, found in stitched.parameter_dispersion.items()
        ],
        "flags": list(stitched.flags),
        "figure": Markup(walk_forward_plot(stitched.windows, objective=name).svg("windows")),
        "equity": Markup(equity_plot(stitched.ts_us, stitched.nav, currency=currency).svg("stitched")),
    }


def _window(row: Mapping[str, Any], objective: str) -> dict[str, Any]:
    return {
        "window": row["window"],
        "train": f"{row['train_start']} to {row['train_end']}" + (" *" if row["partial_train"] else ""),
        "test": f"{row['test_start']} to {row['test_end']}" + (" *" if row["partial_test"] else ""),
        "parameters": ", ".join(f"{k} {value(v)}" for k, v in row["parameters"].items()),
        "inside": _objective(objective, row["in_sample_objective"]),
        "outside": _objective(objective, row["out_of_sample_objective"]),
        "result": percent(row["out_of_sample_return"]),
        "tone": "gain" if (row["out_of_sample_return"] or 0) > 0 else "loss",
        "trades": row["trades"],
        "trials": f"{row['trials']}" + (f", {row['failed_trials']} failed" if row["failed_trials"] else ""),
    }


def _monte_carlo(
    simulated: MonteCarloResult,
    currency: str,
    nav_start: float,
    result: BacktestResult,
    ruin_fraction: float | None,
) -> dict[str, Any]:
    equity = result.tables["equity"]
    fan = simulated.fans.get("stationary_bootstrap")
    level = None if ruin_fraction is None else ruin_fraction * nav_start
    figure = None
    if fan is not None:
        # the record as the bootstrap saw it: as many of its daily returns as the fan has steps
        returns = daily_returns(equity["ts_us"], equity["nav"], nav_start=nav_start).returns
        actual = nav_start * np.concatenate(([1.0], np.cumprod(1.0 + returns[: int(fan.steps[-1])])))
        figure = Markup(
            monte_carlo_plot(fan, currency=currency, ruin_level=level, actual_nav=actual).svg("fan")
        )
    return {
        "rows": _rows(simulated.summaries),
        "confidence": percent(simulated.confidence, 0),
        "skipped": [(_METHODS.get(name, name), why) for name, why in simulated.skipped.items()],
        "ruin": None if level is None else money(level, currency),
        "figure": figure,
    }


def _rows(summaries: Sequence[MonteCarloSummary]) -> list[dict[str, Any]]:
    """The method stands only in the first of its rows."""
    rows = [_summary(s) for s in summaries]
    for before, row in reversed(list(pairwise(rows))):
        if row["method"] == before["method"]:
            row["method"] = ""
    return rows


def _summary(s: MonteCarloSummary) -> dict[str, Any]:
    form = number if s.statistic in _PLAIN_NUMBERS else percent
    return {
        "method": _METHODS.get(s.method, s.method),
        "statistic": _STATISTICS.get(s.statistic, s.statistic),
        "mean": form(s.mean),
        "median": form(s.median),
        "interval": f"{form(s.lower)} to {form(s.upper)}",
        "error": form(s.std_error),
        "paths": number(s.paths, 0),
    }
