"""The metrics of one backtest result."""

import numpy as np

from engine.analytics.metrics import metrics
from engine.backtest.result import BacktestResult


def result_metrics(result: BacktestResult, annualization: int) -> dict[str, float | None]:
    """All metrics of ``engine.analytics.metrics`` with the run's coverage beside them; None where undefined."""
    equity, trades = result.tables["equity"], result.tables["trades"]
    found = dict(
        metrics(
            equity_ts_us=equity["ts_us"],
            nav=equity["nav"],
            trade_pnl=trades["pnl"],
            trade_return_on_risk=trades["return_on_risk"],
            exposure=equity["exposure"],
            annualization=annualization,
            nav_start=float(result.totals["nav_start"]),
        )
    )
    for name in ("pnl", "pnl_at_mid", "pnl_at_worst", "fees", "nav_end"):
        found[name] = float(result.totals[name])
    coverage = float(result.coverage.get("coverage", np.nan))
    found["quote_coverage"] = None if np.isnan(coverage) else coverage
    return found
