"""``monte_carlo``: bootstrap, shuffle and parametric resampling of the backtest's record."""

import dataclasses
import hashlib
import json
import sys
from typing import Any

import dagster as dg
import numpy as np

from assets import backtest as backtest_module
from assets.naming import picture, study_code_version, study_key, table_markdown
from assets.study_results import load_result, read_document
from assets.walk_forward import plain
from engine.analytics.daily import daily_returns
from engine.backtest.result import BacktestResult
from engine.backtest.study import StudySpec
from engine.validation.monte_carlo import MonteCarloResult, simulate
from resources.lake.lake import Lake
from resources.lake.layout import study_path
from resources.lake.resource import LakeResource

ASSET = "monte_carlo"


def record_path(study: StudySpec) -> str:
    return study_path(study.name, ASSET, "record.json")


def resample(study: StudySpec, result: BacktestResult) -> MonteCarloResult:
    """The study's Monte Carlo on one result; the study's seed gives the same paths every time.

    A record that lost its account ends, for the methods that draw days, with the day of the loss: what is gone
    has no returns.
    """
    equity, start = result.tables["equity"], float(result.totals["nav_start"])
    daily = daily_returns(equity["ts_us"], equity["nav"], nav_start=start)
    gone = np.flatnonzero(np.isnan(daily.returns))
    return simulate(
        daily.returns[: gone[0]] if len(gone) else daily.returns,
        result.tables["trades"]["pnl"],
        start,
        study.monte_carlo,
        study.seed,
        annualization=study.annualization,
    )


def simulate_study(study: StudySpec, lake: Lake) -> tuple[MonteCarloResult, dict[str, Any]]:
    """Resample the stored backtest and save the summaries; returns result and document."""
    result, record = load_result(lake, study, backtest_module.ASSET, backtest_module.NAME)
    found = resample(study, result)
    document: dict[str, Any] = plain(
        {
            "run_id": record["run_id"],
            "seed": study.seed,
            "summaries": [dataclasses.asdict(s) for s in found.summaries],
            "fans": {
                name: {"steps": f.steps, "percentiles": f.percentiles, "nav": f.nav}
                for name, f in found.fans.items()
            },
            "skipped": dict(found.skipped),
        }
    )
    document["digest"] = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    lake.write_bytes(record_path(study), json.dumps(document, indent=1, sort_keys=True).encode())
    return found, document


def read_simulation(study: StudySpec, lake: Lake) -> dict[str, Any]:
    """The stored simulation.

    Raises
    ------
    LookupError
        If it has not been materialized.
    """
    return read_document(lake, study, ASSET, record_path(study))


def build_monte_carlo(study: StudySpec) -> dg.AssetsDefinition:
    """The Dagster asset of one study."""

    @dg.asset(
        key=study_key(study, ASSET),
        group_name=study.name,
        deps=[study_key(study, backtest_module.ASSET)],
        code_version=study_code_version(study, sys.modules[__name__]),
        owners=list(study.owners),
        tags={"study": study.name},
        kinds={"numpy", "json"},
        description=(
            "Stationary bootstrap of daily returns and of trades, shuffled trades, parametric paths: intervals of "
            "return, drawdown and Sharpe, and the risk of ruin."
        ),
    )
    def monte_carlo(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        from engine.reports.figures import monte_carlo_figure

        found, document = simulate_study(study, lake.open())
        rows = [
            (s.method, s.statistic, f"{s.mean:.4g}", f"{s.lower:.4g} to {s.upper:.4g}", s.paths)
            for s in found.summaries
        ]
        metadata: dict[str, Any] = {
            "summaries": table_markdown(("method", "statistic", "mean", "interval", "paths"), rows),
            "digest": document["digest"],
            "skipped": document["skipped"],
        }
        fan = found.fans.get("stationary_bootstrap")
        if fan is not None:
            metadata["fan"] = picture(
                monte_carlo_figure(fan, currency=study.capital.base_currency), "resampled NAV"
            )
        return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(document["digest"][:32]))

    return monte_carlo
