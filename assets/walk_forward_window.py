"""``walk_forward_window``: one window, trained by grid search and judged on the months after."""

import datetime as dt
import sys
from typing import Any

import dagster as dg
import numpy as np

from assets.chain_history import (
    LoadedChain,
    StudyInputs,
    load_chain,
    load_inputs,
    months_between,
    study_months,
)
from assets.chain_month import read_month_status
from assets.naming import study_code_version, study_key, table_markdown, universe_key
from assets.result_metrics import result_metrics
from assets.study_results import load_result, save_result
from engine.analytics.daily import daily_returns
from engine.backtest.result import BacktestResult
from engine.backtest.run import run_backtest
from engine.backtest.study import StudySpec, WalkForwardSpec
from engine.validation.search import Trial, TrialStatus, choose, grid_points, search
from engine.validation.stitching import WindowResult
from engine.validation.windows import WalkForwardWindow, month_windows
from resources.lake.lake import Lake
from resources.lake.resource import LakeResource
from resources.universe import UniverseSpec

ASSET = "walk_forward_window"


def walk_forward_spec(study: StudySpec) -> WalkForwardSpec:
    """The study's walk-forward section, which it must have."""
    if study.walk_forward is None:
        raise ValueError(f"study {study.name} has no walk_forward section")
    return study.walk_forward


def study_windows(study: StudySpec) -> list[WalkForwardWindow]:
    """The study's windows in order."""
    spec = walk_forward_spec(study)
    return month_windows(study.period.start, study.period.end, spec.train_months, spec.test_months)


def run_window(
    study: StudySpec,
    universe: UniverseSpec,
    lake: Lake,
    window: WalkForwardWindow,
    chain: LoadedChain | None = None,
) -> tuple[BacktestResult, dict[str, Any]]:
    """Search the grid on the train range, run the chosen point on the test range, save both.

    The test starts flat with the study's capital and closes by the engine's end-of-period rule. The window reads
    nothing outside its own dates; ``chain`` may hold more months than they need.
    """
    spec = walk_forward_spec(study)
    inputs = load_inputs(study, universe, lake, window.train_start, window.test_end, chain)

    def replay(point: dict[str, Any], start: dt.date, end: dt.date) -> BacktestResult:
        return run_backtest(
            study,
            inputs.chain,
            inputs.underlying,
            inputs.actions,
            universe.root_terms(),
            securities=inputs.securities,
            start=start,
            end=end,
            parameters=point,
        )

    def evaluate(point: dict[str, Any]) -> Trial:
        result = replay(point, window.train_start, window.train_end)
        equity = result.tables["equity"]
        daily = daily_returns(equity["ts_us"], equity["nav"], nav_start=result.totals["nav_start"])
        metrics = result_metrics(result, study.annualization)
        return Trial.completed(point, metrics, daily.days, daily.returns, spec.objective)

    trials = search(evaluate, grid_points(spec.grid))
    chosen = choose(trials, spec.objective)
    result = replay(dict(chosen.parameters), window.test_start, window.test_end)
    record = save_result(
        lake, study, ASSET, window.key, result, _extra(study, window, trials, chosen, inputs, result)
    )
    return result, record


def _extra(
    study: StudySpec,
    window: WalkForwardWindow,
    trials: list[Trial],
    chosen: Trial,
    inputs: StudyInputs,
    result: BacktestResult,
) -> dict[str, Any]:
    return {
        "window": {
            "key": window.key,
            "train_start": window.train_start.isoformat(),
            "train_end": window.train_end.isoformat(),
            "test_start": window.test_start.isoformat(),
            "test_end": window.test_end.isoformat(),
            "partial_train": window.partial_train,
            "partial_test": window.partial_test,
        },
        "trials": [
            {
                "parameters": dict(t.parameters),
                "status": t.status.value,
                "objective": t.objective,
                "metrics": dict(t.metrics),
                "return_days": t.return_days.tolist(),
                "returns": t.returns.tolist(),
                "error": t.error,
            }
            for t in trials
        ],
        "chosen": trials.index(chosen),
        "test_metrics": result_metrics(result, study.annualization),
        "inputs_digest": inputs.digest,
        "inputs": {"files": inputs.files, "raw": inputs.raw},
    }


def load_window(study: StudySpec, lake: Lake, key: str) -> tuple[WindowResult, dict[str, Any]]:
    """A stored window as the stitching takes it, and its record."""
    result, record = load_result(lake, study, ASSET, key)
    trials = tuple(
        Trial(
            parameters=t["parameters"],
            status=TrialStatus(t["status"]),
            objective=t["objective"],
            metrics=t["metrics"],
            return_days=np.array(t["return_days"], dtype=np.int32),
            returns=np.array(t["returns"], dtype=np.float64),
            error=t["error"],
        )
        for t in record["trials"]
    )
    dates = {
        k: dt.date.fromisoformat(v) if k.endswith(("_start", "_end")) else v
        for k, v in record["window"].items()
    }
    equity, trades = result.tables["equity"], result.tables["trades"]
    window = WindowResult(
        window=WalkForwardWindow(**dates),
        trials=trials,
        chosen=trials[record["chosen"]],
        test_metrics=record["test_metrics"],
        nav_start=float(result.totals["nav_start"]),
        test_ts_us=equity["ts_us"],
        test_nav=equity["nav"],
        test_exposure=equity["exposure"],
        test_trade_pnl=trades["pnl"],
        test_trade_return_on_risk=trades["return_on_risk"],
    )
    return window, record


def build_walk_forward_window(
    study: StudySpec, universe: UniverseSpec, windows: dg.TimeWindowPartitionsDefinition
) -> dg.AssetsDefinition:
    """The Dagster asset of one study."""
    spec = walk_forward_spec(study)
    months = spec.train_months + spec.test_months
    # the window's own months, by a built-in mapping: lineage shows them, and the webserver can load it
    mapping = dg.TimeWindowPartitionMapping(start_offset=-(months - 1))
    upstream = ["chain_month", *(["corporate_actions"] if universe.corporate_actions else [])]

    @dg.asset(
        key=study_key(study, ASSET),
        group_name=study.name,
        partitions_def=windows,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[dg.AssetDep(universe_key(universe, name), partition_mapping=mapping) for name in upstream],
        code_version=study_code_version(study, sys.modules[__name__]),
        owners=list(study.owners),
        tags={"study": study.name, "universe": universe.name},
        kinds={"numpy", "parquet"},
        description=(
            f"Trains on {_months(spec.train_months)} by grid search ({spec.objective}), judges on the "
            f"{_months(spec.test_months)} after. The partition is the month in which the test range ends."
        ),
    )
    def walk_forward_window(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        by_key = {w.key: w for w in study_windows(study)}
        chosen_windows = {partition: by_key[partition[:7]] for partition in sorted(context.partition_keys)}
        # windows overlap: their chains are decoded once
        wanted = {
            m for w in chosen_windows.values() for m in study_months(universe, w.train_start, w.test_end)
        }
        chain = load_chain(study, universe, lake.open(), sorted(wanted))
        for partition, window in chosen_windows.items():
            _, record = run_window(study, universe, lake.open(), window, chain)
            chosen = record["trials"][record["chosen"]]
            shown = ("total_return", "sharpe_ratio", "max_drawdown", "trade_count")
            context.add_asset_metadata(
                {
                    "train": f"{window.train_start} to {window.train_end}",
                    "test": f"{window.test_start} to {window.test_end}",
                    "chosen": chosen["parameters"],
                    "trials": len(record["trials"]),
                    "failed_trials": sum(t["status"] == "failed" for t in record["trials"]),
                    "in_and_out_of_sample": table_markdown(
                        ("", *shown),
                        [
                            ("train", *(_text(chosen["metrics"].get(k)) for k in shown)),
                            ("test", *(_text(record["test_metrics"][k]) for k in shown)),
                        ],
                    ),
                    "sessions_used": _sessions_used(study, universe, lake.open(), window),
                    "chain_months": sorted(
                        p.split("/")[2][:7] for p in record["inputs"]["files"] if "/chain." in p
                    ),
                    "digest": record["digest"],
                },
                partition_key=partition,
            )
        return dg.MaterializeResult()

    return walk_forward_window


def _sessions_used(
    study: StudySpec, universe: UniverseSpec, lake: Lake, window: WalkForwardWindow
) -> dg.MarkdownMetadataValue:
    """The months and days behind a window; each month leads to its own page."""
    rows = []
    for month in months_between(window.train_start, window.test_end):
        statuses = read_month_status(universe, lake, month)["days"]
        assert isinstance(statuses, dict)
        used, kept_out = [], []
        for day, underlyings in sorted(statuses.items()):
            if not window.train_start.isoformat() <= day <= window.test_end.isoformat():
                continue
            status = underlyings[study.underlying]["status"]
            if status == "ok":
                used.append(day)
            else:
                kept_out.append(f"{day} {status}")
        page = f"/assets/{universe.name}/chain_month?view=partitions&partition={month}"
        part = "train" if month <= window.train_end else "test"
        days = f"{len(used)}: {used[0][8:]} to {used[-1][8:]}" if used else "none"
        rows.append((f"[{month:%Y-%m}]({page})", part, days, ", ".join(kept_out) or "–"))
    return table_markdown(("month", "range", "sessions", "kept out"), rows)


def _months(count: int) -> str:
    return "month" if count == 1 else f"{count} months"


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
