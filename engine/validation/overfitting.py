"""What is left of a Sharpe ratio after the search that found it; one door to all overfitting statistics."""

import math

import numpy as np
from scipy.special import ndtri

from engine.validation.backtest_overfitting import (
    OverfittingEstimate,
    block_count,
    probability_of_backtest_overfitting,
)
from engine.validation.sharpe_inference import (
    SharpeErrorForm,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
    sharpe_standard_error,
)

__all__ = [
    "OverfittingEstimate",
    "SharpeErrorForm",
    "block_count",
    "deflated_sharpe_ratio",
    "expected_maximum_sharpe",
    "minimum_track_record_length",
    "probabilistic_sharpe_ratio",
    "probability_of_backtest_overfitting",
    "sharpe_standard_error",
]


def expected_maximum_sharpe(trials: int, variance: float = 1.0) -> float:
    """Largest Sharpe ratio to expect from ``trials`` independent strategies without skill.

    ``sqrt(V) * ((1 - g) * Z(1 - 1/N) + g * Z(1 - 1/(N e)))`` with Euler's constant g (Bailey & López de Prado
    2014; the mean over trials taken as zero). One trial expects its own mean: 0.

    Raises
    ------
    ValueError
        For fewer than one trial or a negative variance.
    """
    if trials < 1 or variance < 0:
        raise ValueError(f"{trials} trials with a variance of {variance}: give at least 1, and 0 or more")
    if trials == 1:
        return 0.0
    gamma = float(np.euler_gamma)
    return math.sqrt(variance) * (
        (1.0 - gamma) * float(ndtri(1.0 - 1.0 / trials)) + gamma * float(ndtri(1.0 - 1.0 / (trials * math.e)))
    )


def deflated_sharpe_ratio(
    sharpe: float,
    observations: int,
    *,
    trials: int,
    trial_variance: float,
    skew: float = 0.0,
    kurtosis: float = 3.0,
) -> float:
    """Probability that a ratio is more than the best of as many trials without skill (same paper).

    Parameters
    ----------
    sharpe
        Per period, of the record in question.
    observations
        Returns in that record.
    trials
        Strategies tried, including the ones that failed.
    trial_variance
        Variance across the trials of their per-period Sharpe ratios.
    skew, kurtosis
        Of the record's returns; plain kurtosis (3 for a normal).
    """
    hurdle = expected_maximum_sharpe(trials, trial_variance)
    return probabilistic_sharpe_ratio(sharpe, hurdle, observations, skew=skew, kurtosis=kurtosis)
