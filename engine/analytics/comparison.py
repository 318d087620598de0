"""Studies side by side: correlation of daily returns, tail co-loss, and an equal-weight overlay."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: two-sided 95% quantile of the normal distribution
_Z95 = 1.959963984540054
#: fewer common days than this say nothing
MIN_COMMON_DAYS = 20


@dataclass(frozen=True)
class Comparison:
    """Pairwise figures of ``names``; NaN where fewer than ``MIN_COMMON_DAYS`` days are shared.

    Attributes
    ----------
    correlation, correlation_low, correlation_high
        [n, n] Pearson correlation of daily returns on common days with Fisher's 95% interval.
    tail_co_loss
        [n, n] share of the row study's worst 5% of days on which the column study had one of its own worst 5%.
    common_days
        [n, n] days on which both have a return.
    overlay_days, overlay_nav
        An equal-weight portfolio, rebalanced daily over the studies that have a return that day; starts at 1.
    """

    names: tuple[str, ...]
    correlation: Floats
    correlation_low: Floats
    correlation_high: Floats
    tail_co_loss: Floats
    common_days: NDArray[np.int64]
    overlay_days: NDArray[np.int64]
    overlay_nav: Floats


def compare(equity: Mapping[str, tuple[NDArray[np.int64], Floats]]) -> Comparison:
    """Compare studies by their equity.

    Parameters
    ----------
    equity
        Study name -> (days since 1970-01-01, NAV at each day's last snapshot), days ascending.

    Notes
    -----
    Interval by Fisher (1921): atanh(r) ± 1.96 / sqrt(n - 3).
    """
    names = tuple(sorted(equity))
    returns = {name: _daily_returns(*equity[name]) for name in names}
    n = len(names)
    correlation, low, high, tail = (np.full((n, n), np.nan) for _ in range(4))
    common = np.zeros((n, n), dtype=np.int64)
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            days, in_a, in_b = np.intersect1d(returns[a][0], returns[b][0], return_indices=True)
            common[i, j] = len(days)
            if len(days) < MIN_COMMON_DAYS:
                continue
            x, y = returns[a][1][in_a], returns[b][1][in_b]
            tail[i, j] = _tail_co_loss(x, y)
            if x.std() == 0.0 or y.std() == 0.0:
                continue
            r = float(np.clip(np.corrcoef(x, y)[0, 1], -1.0, 1.0))
            correlation[i, j] = r
            half = _Z95 / np.sqrt(len(days) - 3)
            with np.errstate(divide="ignore"):
                low[i, j], high[i, j] = np.tanh(np.arctanh(r) - half), np.tanh(np.arctanh(r) + half)
    overlay_days, overlay_nav = _overlay([returns[name] for name in names])
    return Comparison(names, correlation, low, high, tail, common, overlay_days, overlay_nav)


def _daily_returns(days: NDArray[np.int64], nav: Floats) -> tuple[NDArray[np.int64], Floats]:
    # the last snapshot of each day
    last = np.r_[days[1:] != days[:-1], True] if len(days) else np.zeros(0, dtype=bool)
    days, nav = days[last], nav[last]
    return days[1:], nav[1:] / nav[:-1] - 1.0


def _tail_co_loss(x: Floats, y: Floats) -> float:
    in_tail = x <= np.quantile(x, 0.05)
    return float(np.mean(y[in_tail] <= np.quantile(y, 0.05)))


def _overlay(returns: list[tuple[NDArray[np.int64], Floats]]) -> tuple[NDArray[np.int64], Floats]:
    if not returns:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    days = np.unique(np.concatenate([d for d, _ in returns]))
    total, count = np.zeros(len(days)), np.zeros(len(days))
    for d, r in returns:
        at = np.searchsorted(days, d)
        total[at] += r
        count[at] += 1
    nav = np.cumprod(1.0 + total / np.maximum(count, 1))
    return days.astype(np.int64), np.asarray(nav, dtype=np.float64)
