"""Return statistics, one definition each. All take per-period simple returns; None where undefined.

Variances of returns use n - 1 (the sample is an estimate); skew and kurtosis use the plain moments, because
that is what the standard error of a Sharpe ratio is written in (Mertens 2002; Bailey & López de Prado 2012).
"""

import math

import numpy as np
from numpy.typing import NDArray

Returns = NDArray[np.float64]

#: a spread of returns below this share of their size is rounding, not risk
_ROUNDING = 1e-12


def standard_deviation(returns: Returns) -> float | None:
    """Sample standard deviation (n - 1); None for fewer than two returns."""
    if len(returns) < 2:
        return None
    return float(np.std(returns, ddof=1))


def has_spread(returns: Returns) -> bool:
    """Whether the returns differ by more than rounding; without it no ratio to risk exists."""
    deviation = standard_deviation(returns)
    return deviation is not None and deviation > _ROUNDING * float(np.max(np.abs(returns)))


def sharpe_ratio(returns: Returns, *, annualization: float = 1.0, benchmark: float = 0.0) -> float | None:
    """Mean excess return over its standard deviation, times the root of periods a year (Sharpe 1994).

    ``benchmark`` is per period. None without spread.
    """
    excess = np.asarray(returns, dtype=np.float64) - benchmark
    deviation = standard_deviation(excess)
    if deviation is None or not has_spread(excess):
        return None
    return float(excess.mean() / deviation * math.sqrt(annualization))


def sortino_ratio(
    returns: Returns, *, annualization: float = 1.0, minimum_return: float = 0.0
) -> float | None:
    """Mean excess over the target downside deviation (Sortino & van der Meer 1991).

    The downside deviation is the root of the mean over *all* periods of ``min(r - minimum, 0) ** 2``;
    averaging over the losing periods only would reward having few of them twice. None where none fell short.
    """
    excess = np.asarray(returns, dtype=np.float64) - minimum_return
    if len(excess) < 2:
        return None
    downside = math.sqrt(float(np.mean(np.minimum(excess, 0.0) ** 2)))
    if downside <= _ROUNDING * float(np.max(np.abs(excess))) or downside == 0.0:
        return None
    return float(excess.mean() / downside * math.sqrt(annualization))


def omega_ratio(returns: Returns, *, minimum_return: float = 0.0) -> float | None:
    """Sum of the excesses above the minimum over the sum of the shortfalls (Keating & Shadwick 2002)."""
    excess = np.asarray(returns, dtype=np.float64) - minimum_return
    shortfall = float(-np.minimum(excess, 0.0).sum())
    if shortfall == 0.0:
        return None
    return float(np.maximum(excess, 0.0).sum() / shortfall)


def value_at_risk(returns: Returns, *, level: float = 0.95) -> float | None:
    """Historical one-period value at risk: the loss that a share ``1 - level`` of the periods reached.

    Minus the empirical quantile (Hyndman & Fan 1996, type 7); positive is a loss. None where the sample is
    too short to hold one observation in the tail (fewer than ``1 / (1 - level)``).
    """
    if len(returns) < round(1.0 / (1.0 - level)):
        return None
    return float(-np.quantile(returns, 1.0 - level))


def conditional_value_at_risk(returns: Returns, *, level: float = 0.95) -> float | None:
    """Mean loss at or beyond the value at risk (Rockafellar & Uryasev 2000); positive is a loss."""
    threshold = value_at_risk(returns, level=level)
    if threshold is None:
        return None
    # the minimum is always in the tail, also when interpolation puts the threshold a rounding below it
    tail = returns[returns <= max(-threshold, float(np.min(returns)))]
    return float(-tail.mean())


def skewness(returns: Returns) -> float | None:
    """Third standardized moment, ``m3 / m2**1.5`` with plain (1/n) moments."""
    if len(returns) < 3 or not has_spread(returns):
        return None
    centred = returns - returns.mean()
    return float(np.mean(centred**3) / np.mean(centred**2) ** 1.5)


def excess_kurtosis(returns: Returns) -> float | None:
    """Fourth standardized moment minus 3 (0 for a normal), ``m4 / m2**2 - 3`` with plain (1/n) moments."""
    if len(returns) < 4 or not has_spread(returns):
        return None
    centred = returns - returns.mean()
    return float(np.mean(centred**4) / np.mean(centred**2) ** 2 - 3.0)
