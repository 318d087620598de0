"""Monte Carlo against the loop that one would write first: a path at a time, in numpy."""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import Figure, paired_seconds
from engine.backtest.study import MonteCarloSpec
from engine.validation.monte_carlo import simulate

DAYS = 504
PATHS = 2_000


def naive(returns: np.ndarray, spec: MonteCarloSpec, seed: int) -> dict[str, tuple[float, float]]:
    """Percentile intervals of the same two methods (stationary bootstrap, normal returns), one path at a time."""
    rng = np.random.default_rng(seed)
    n = len(returns)
    found: dict[str, list[tuple[float, float, float]]] = {"stationary_bootstrap": [], "parametric": []}
    for _ in range(spec.paths):
        indices = np.empty(n, dtype=np.int64)
        indices[0] = rng.integers(n)
        for i in range(1, n):
            jump = rng.random() < 1.0 / spec.mean_block_length
            indices[i] = rng.integers(n) if jump else (indices[i - 1] + 1) % n
        found["stationary_bootstrap"].append(_statistics(returns[indices]))
        found["parametric"].append(_statistics(rng.normal(returns.mean(), returns.std(ddof=1), n)))
    return {
        method: tuple(np.percentile([row[1] for row in rows], (2.5, 97.5)).tolist())
        for method, rows in found.items()
    }


def _statistics(drawn: np.ndarray) -> tuple[float, float, float]:
    nav = np.cumprod(1.0 + drawn)
    peak = np.maximum(np.maximum.accumulate(nav), 1.0)
    sharpe = float(drawn.mean() / drawn.std(ddof=1) * np.sqrt(252))
    return float(nav[-1] - 1.0), float((1.0 - nav / peak).max()), sharpe


def run(work: Path) -> list[Figure]:
    """Two methods, the same statistics; the drawdown intervals must agree within their sampling error."""
    returns = np.random.default_rng(5).standard_t(4, DAYS) * 0.006 + 0.0003
    spec = MonteCarloSpec(paths=PATHS)
    none = np.empty(0)

    def ours() -> Any:
        return simulate(returns, none, 100_000.0, spec, 7)

    seconds, peer = paired_seconds(ours, lambda: naive(returns, spec, 7), 3)
    theirs = naive(returns, spec, 7)
    gap = 0.0
    for s in ours().summaries:
        if s.statistic == "max_drawdown":
            low, high = theirs[s.method]
            gap = max(gap, abs(s.lower / low - 1.0), abs(s.upper / high - 1.0))
    if gap > 0.1:
        raise RuntimeError(
            f"the naive loop finds other drawdown intervals (by {gap:.0%}): one of the two is wrong"
        )
    rate = 2 * PATHS * DAYS / seconds
    return [
        Figure(
            f"Monte Carlo, 2 methods x {PATHS:,} paths x {DAYS} days",
            f"{1000 * seconds:.0f} ms",
            "",
            f"{rate / 1e6:.0f} M days a second, with fan and intervals",
        ),
        Figure(
            "  against a loop over paths",
            f"{peer / seconds:.0f} x as fast",
            "",
            f"loop {peer:.1f} s; the 95% drawdown intervals of both agree within {gap:.1%}",
        ),
    ]
