"""``backtest``: one study over its whole period, with the digest that a rebuild must reach."""

import sys
from typing import Any

import dagster as dg
import numpy as np

from assets.chain_history import StudyInputs, load_inputs
from assets.naming import (
    engine_digest,
    picture,
    study_code_version,
    study_digest,
    study_key,
    table_markdown,
    universe_key,
)
from assets.result_metrics import result_metrics
from assets.study_results import save_result
from engine.backtest.result import BacktestResult
from engine.backtest.run import run_backtest
from engine.backtest.study import StudySpec
from resources.database.run_id import run_id
from resources.lake.lake import Lake
from resources.lake.resource import LakeResource
from resources.universe import UniverseSpec

ASSET = "backtest"
NAME = "full"


def backtest_study(
    study: StudySpec, universe: UniverseSpec, lake: Lake
) -> tuple[BacktestResult, dict[str, Any]]:
    """Run the study over its period and save it; returns the result and its record.

    The record holds ``run_id``, the digests of study, code and inputs, and every input file.
    """
    inputs = load_inputs(study, universe, lake)
    result = run_backtest(
        study,
        inputs.chain,
        inputs.underlying,
        inputs.actions,
        universe.root_terms(),
        securities=inputs.securities,
    )
    record = save_result(lake, study, ASSET, NAME, result, run_identity(study, universe, inputs))
    return result, record


def run_identity(study: StudySpec, universe: UniverseSpec, inputs: StudyInputs) -> dict[str, Any]:
    """Who this run is: the same study, inputs, code and seed have the same run id."""
    study_sha, code_sha = study_digest(study), engine_digest()
    return {
        "run_id": str(run_id(study_sha, inputs.digest, code_sha, study.seed)),
        "study": study.name,
        "universe": universe.name,
        "study_digest": study_sha,
        "code_digest": code_sha,
        "inputs_digest": inputs.digest,
        "seed": study.seed,
        "inputs": {"files": inputs.files, "raw": inputs.raw},
    }


def build_backtest(study: StudySpec, universe: UniverseSpec) -> dg.AssetsDefinition:
    """The Dagster asset of one study."""
    deps = [universe_key(universe, "chain_month")]
    if universe.corporate_actions is not None:
        deps.append(universe_key(universe, "corporate_actions"))

    @dg.asset(
        key=study_key(study, ASSET),
        group_name=study.name,
        deps=deps,
        code_version=study_code_version(study, sys.modules[__name__]),
        owners=list(study.owners),
        tags={"study": study.name, "universe": universe.name},
        kinds={"numpy", "parquet"},
        description=f"{study.description.strip()} Trades, orders, fills, equity and Greeks over time.",
    )
    def backtest(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        from engine.reports.figures import equity_figure

        result, record = backtest_study(study, universe, lake.open())
        equity = result.tables["equity"]
        metrics = result_metrics(result, study.annualization)
        png = equity_figure(equity["ts_us"], equity["nav"], currency=study.capital.base_currency)
        return dg.MaterializeResult(
            metadata={
                "run_id": record["run_id"],
                "digest": record["digest"],
                "equity_curve": picture(png, f"equity of {study.name}"),
                "metrics": table_markdown(
                    ("metric", "value"),
                    [(k, "undefined" if v is None else f"{v:.6g}") for k, v in metrics.items()],
                ),
                "profit": table_markdown(
                    ("at mid", "as modelled", "at the worst side"),
                    [[f"{result.totals[k]:,.2f}" for k in ("pnl_at_mid", "pnl", "pnl_at_worst")]],
                ),
                "trades": len(result.tables["trades"]["pnl"]),
                "coverage": float(result.coverage.get("coverage", np.nan)),
                "flags": list(result.flags),
            },
            data_version=dg.DataVersion(record["digest"][:32]),
        )

    return backtest
