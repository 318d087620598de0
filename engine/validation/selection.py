"""What the trials of all windows say together: was it the search that found the result, and did it waver?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.analytics.ratios import excess_kurtosis, sharpe_ratio, skewness
from engine.validation.overfitting import (
    block_count,
    deflated_sharpe_ratio,
    probabilistic_sharpe_ratio,
    probability_of_backtest_overfitting,
)
from engine.validation.search import Trial, TrialStatus

Floats = NDArray[np.float64]


class SearchedWindow(Protocol):
    @property
    def trials(self) -> tuple[Trial, ...]: ...
    @property
    def chosen(self) -> Trial: ...


def trial_matrix(windows: Sequence[SearchedWindow]) -> Floats:
    """Daily returns of every point of the grid over the train ranges, shape (days, points).

    Train ranges overlap; a day's returns come from the first window that trained on it, so each day counts once.
    A point whose evaluation failed in any window has no complete column and is left out. The runs of each window
    start flat: the column is a patchwork of those runs, not one uninterrupted run.

    Raises
    ------
    ValueError
        If two completed trials of one window cover different days.
    """
    points = range(len(windows[0].trials))
    kept = [p for p in points if all(w.trials[p].status is TrialStatus.COMPLETED for w in windows)]
    if not kept:
        return np.zeros((0, 0))
    seen = np.zeros(0, dtype=np.int32)
    pieces = []
    for window in windows:
        days = window.trials[kept[0]].return_days
        for p in kept[1:]:
            if not np.array_equal(window.trials[p].return_days, days):
                raise ValueError(
                    f"trials {dict(window.trials[kept[0]].parameters)} and {dict(window.trials[p].parameters)} "
                    "of one window cover different days; every trial must run over the same snapshots"
                )
        fresh = ~np.isin(days, seen)
        seen = np.concatenate([seen, days[fresh]])
        pieces.append(np.stack([window.trials[p].returns[fresh] for p in kept], axis=1))
    return np.concatenate(pieces)


def trial_sharpe_variance(matrix: Floats) -> float | None:
    """Variance (n - 1) across trials of their per-day Sharpe ratios; None for fewer than two that have one."""
    ratios = [sharpe_ratio(column[np.isfinite(column)]) for column in matrix.T]
    defined = [r for r in ratios if r is not None]
    return float(np.var(defined, ddof=1)) if len(defined) >= 2 else None


def search_overfitting(matrix: Floats) -> tuple[float | None, int | None, str | None]:
    """Probability of backtest overfitting, blocks, and why it is undefined where it is."""
    if matrix.shape[1] < 2:
        return None, None, f"no probability of overfitting: {matrix.shape[1]} complete trials, 2 are needed"
    if not np.isfinite(matrix).all():
        return None, None, "no probability of overfitting: a trial lost its whole account on a train range"
    blocks = block_count(matrix.shape[0])
    if blocks is None:
        return None, None, f"no probability of overfitting: {matrix.shape[0]} train days are too few"
    return probability_of_backtest_overfitting(matrix, blocks=blocks).probability, blocks, None


def sharpe_confidence(
    returns: Floats, trials: int, variance: float | None
) -> tuple[float | None, float | None, str | None]:
    """Probabilistic Sharpe ratio against 0, deflated Sharpe ratio, and why one is undefined where it is."""
    ratio = sharpe_ratio(returns) if bool(np.isfinite(returns).all()) else None
    skew, excess = skewness(returns), excess_kurtosis(returns)
    if ratio is None or skew is None or excess is None:
        return None, None, "no Sharpe ratio out of sample: too few returns, no spread, or a lost account"
    kurtosis = excess + 3.0
    probabilistic = probabilistic_sharpe_ratio(ratio, 0.0, len(returns), skew=skew, kurtosis=kurtosis)
    if trials > 1 and variance is None:
        return probabilistic, None, "no deflated Sharpe ratio: fewer than two trials have a Sharpe ratio"
    deflated = deflated_sharpe_ratio(
        ratio, len(returns), trials=trials, trial_variance=variance or 0.0, skew=skew, kurtosis=kurtosis
    )
    return probabilistic, deflated, None


def parameter_dispersion(windows: Sequence[SearchedWindow]) -> dict[str, dict[str, float | None]]:
    """How much the choice moved from window to window, by parameter of the grid.

    ``share_changed``: windows that did not choose the most frequent value. ``relative_spread``: standard
    deviation over the absolute mean, None for values that are not numbers or have a mean of zero.
    """
    found: dict[str, dict[str, float | None]] = {}
    for name in windows[0].chosen.parameters:
        values = [w.chosen.parameters[name] for w in windows]
        most = Counter(repr(v) for v in values).most_common(1)[0][1]
        found[name] = {"share_changed": 1.0 - most / len(values), "relative_spread": _relative_spread(values)}
    return found


def _relative_spread(values: Sequence[Any]) -> float | None:
    if len(values) < 2 or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return None
    mean = float(np.mean(values))
    return float(np.std(values, ddof=1)) / abs(mean) if mean != 0.0 else None


def point_key(parameters: Mapping[str, Any]) -> str:
    """One text per point of the grid, whatever the order of its parameters."""
    return repr(sorted(parameters.items()))
