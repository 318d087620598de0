"""Grid search that forgets nothing: every trial is stored, the failed ones too, because their number counts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.portfolio.ledger import LedgerError

#: What a study calls its objective, and the metric that it is.
OBJECTIVE_METRIC: Mapping[str, str] = {
    "sharpe": "sharpe_ratio",
    "total_return": "total_return",
    "calmar": "calmar_ratio",
    "sortino": "sortino_ratio",
}


class AllTrialsFailedError(RuntimeError):
    """Not one point of the grid could be evaluated."""


class TrialStatus(StrEnum):
    COMPLETED = "completed"
    FAILED = "failed"


def _no_days() -> NDArray[np.int32]:
    return np.zeros(0, dtype=np.int32)


def _no_returns() -> NDArray[np.float64]:
    return np.zeros(0, dtype=np.float64)


@dataclass(frozen=True)
class Trial:
    """One point of the grid, evaluated on one range.

    Attributes
    ----------
    objective
        Value of the objective, higher is better; None where the metric is undefined (no trades, no spread).
    return_days : int32, shape (n,)
        Days since 1970-01-01 of ``returns``.
    returns : float64, shape (n,)
        Simple daily returns of the range.
    error
        Type and message of the exception of a failed trial.
    """

    parameters: Mapping[str, Any]
    status: TrialStatus
    objective: float | None = None
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    return_days: NDArray[np.int32] = field(default_factory=_no_days)
    returns: NDArray[np.float64] = field(default_factory=_no_returns)
    error: str | None = None

    def __post_init__(self) -> None:
        if len(self.return_days) != len(self.returns):
            raise ValueError(
                f"trial {dict(self.parameters)}: {len(self.returns)} returns, {len(self.return_days)} days"
            )

    @classmethod
    def completed(
        cls,
        parameters: Mapping[str, Any],
        metrics: Mapping[str, float | None],
        return_days: NDArray[np.int32],
        returns: NDArray[np.float64],
        objective: str,
    ) -> "Trial":
        """A trial that ran, with its objective taken from its metrics."""
        return cls(
            parameters=dict(parameters),
            status=TrialStatus.COMPLETED,
            objective=objective_value(metrics, objective),
            metrics=dict(metrics),
            return_days=np.asarray(return_days, dtype=np.int32),
            returns=np.asarray(returns, dtype=np.float64),
        )


def objective_value(metrics: Mapping[str, float | None], objective: str) -> float | None:
    """The metric that ``objective`` names.

    Raises
    ------
    ValueError
        For an unknown objective.
    """
    if objective not in OBJECTIVE_METRIC:
        raise ValueError(f"unknown objective {objective!r}; there are {', '.join(OBJECTIVE_METRIC)}")
    return metrics[OBJECTIVE_METRIC[objective]]


def grid_points(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination, in declared order: the last parameter changes fastest.

    Raises
    ------
    ValueError
        For a parameter without values, or one that lists a value twice: it would count as two trials.
    """
    for name, values in grid.items():
        if not values:
            raise ValueError(f"grid.{name} lists no values")
        for position, value in enumerate(values):
            if value in values[:position]:
                raise ValueError(f"grid.{name} lists {value!r} twice; a repeated trial is not a second one")
    return [dict(zip(grid, combination, strict=True)) for combination in product(*grid.values())]


def search(evaluate: Callable[[dict[str, Any]], Trial], points: Sequence[dict[str, Any]]) -> list[Trial]:
    """Evaluate every point, in order; a point that raises becomes a failed trial with what it raised.

    Raises
    ------
    LedgerError
        If the books of any point do not balance: then no result is to be believed.
    AllTrialsFailedError
        If no point could be evaluated; its message shows the first error of each kind.
    ValueError
        For no points.
    """
    if not points:
        raise ValueError("search: no points; give a grid with at least one value")
    trials = []
    for point in points:
        try:
            trials.append(evaluate(dict(point)))
        except (LedgerError, MemoryError):
            # books that do not balance are a fault of the engine, not of the point
            raise
        except Exception as error:
            # recorded, not swallowed: the trial store shows it, and it still counts in the deflated Sharpe
            trials.append(Trial(dict(point), TrialStatus.FAILED, error=f"{type(error).__name__}: {error}"))
    if all(t.status is TrialStatus.FAILED for t in trials):
        kinds = list(dict.fromkeys(str(t.error) for t in trials))
        raise AllTrialsFailedError(f"all {len(trials)} trials failed: " + "; ".join(kinds[:3]))
    return trials


def choose(trials: Sequence[Trial], objective: str) -> Trial:
    """The completed trial with the highest objective; of equals, the first in grid order.

    A trial whose objective is undefined ranks below every defined one. Where none is defined (no trial traded),
    the first completed one is chosen, and its objective of None says that nothing was learned; ``stitch`` flags
    such a window.

    Raises
    ------
    AllTrialsFailedError
        If no trial completed.
    """
    completed = [t for t in trials if t.status is TrialStatus.COMPLETED]
    if not completed:
        raise AllTrialsFailedError(f"none of {len(trials)} trials completed; there is nothing to choose from")
    best, best_value = completed[0], objective_value(completed[0].metrics, objective)
    for trial in completed[1:]:
        value = objective_value(trial.metrics, objective)
        if value is not None and (best_value is None or value > best_value):
            best, best_value = trial, value
    return best
