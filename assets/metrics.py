"""``metrics``: everything about a run in Postgres, in one transaction of idempotent writes."""

import datetime as dt
import sys
import uuid
from typing import Any

import dagster as dg

from assets import backtest as backtest_module
from assets.naming import study_code_version, study_key, table_markdown
from assets.result_metrics import result_metrics
from assets.study_digests import stored_digests
from assets.study_results import load_result
from assets.walk_forward import read_stitched
from assets.walk_forward_window import load_window, study_windows
from engine.backtest.study import StudySpec
from engine.validation.stitching import window_row
from resources.database.resource import DatabaseResource
from resources.database.run_record import (
    FULL,
    OUT_OF_SAMPLE,
    MonteCarloRecord,
    RunInputRecord,
    RunRecord,
    WindowRecord,
    window_scope,
)
from resources.environment import environment
from resources.lake.lake import Lake
from resources.lake.resource import LakeResource
from resources.universe import UniverseSpec

ASSET = "metrics"


def run_record(study: StudySpec, universe: UniverseSpec, lake: Lake, completed_at: dt.datetime) -> RunRecord:
    """What the lake holds of a study's run, as Postgres takes it."""
    from assets.monte_carlo import read_simulation

    result, record = load_result(lake, study, backtest_module.ASSET, backtest_module.NAME)
    metrics: dict[str, dict[str, Any]] = {FULL: result_metrics(result, study.annualization)}
    stitched = read_stitched(study, lake)
    windows: list[WindowRecord] = []
    inputs = dict(record["inputs"]["files"]), dict(record["inputs"]["raw"])
    if stitched is not None:
        metrics[OUT_OF_SAMPLE] = {**stitched["metrics"], **_overfitting(stitched)}
        for window in study_windows(study):
            row, window_record, files = _window(study, lake, window.key)
            windows.append(row)
            metrics[window_scope(window.key)] = window_record["test_metrics"]
            inputs[0].update(files["files"])
            inputs[1].update(files["raw"])
    simulation = read_simulation(study, lake)
    return RunRecord(
        id=uuid.UUID(record["run_id"]),
        study=study.name,
        universe=universe.name,
        config={
            "study": study.model_dump(mode="json"),
            "universe": universe.model_dump(mode="json"),
            # jsonb reorders keys, and the order of a grid decides ties: a rebuild reads these
            "study_json": study.model_dump_json(),
            "universe_json": universe.model_dump_json(),
            "digests": stored_digests(study, lake),
        },
        base_currency=study.capital.base_currency,
        quote_currency=universe.quote_currency,
        code_digest=record["code_digest"],
        study_digest=record["study_digest"],
        inputs_digest=record["inputs_digest"],
        result_digest=record["digest"],
        seed=study.seed,
        completed_at=completed_at,
        tables=result.tables,
        environment=environment(),
        flags=[*result.flags, *(stitched["flags"] if stitched else [])],
        metrics=metrics,
        windows=windows,
        monte_carlo=[
            MonteCarloRecord(confidence=study.monte_carlo.confidence, **s) for s in simulation["summaries"]
        ],
        inputs=[_input("layer", p, d) for p, d in sorted(inputs[0].items())]
        + [_input("raw", p, d) for p, d in sorted(inputs[1].items())],
    )


def _overfitting(stitched: dict[str, Any]) -> dict[str, float | None]:
    names = ("pbo", "probabilistic_sharpe", "deflated_sharpe", "degradation_ratio", "degradation_difference",
             "share_profitable", "in_sample_objective", "out_of_sample_objective")  # fmt: skip
    return {name: stitched[name] for name in names}


def _window(study: StudySpec, lake: Lake, key: str) -> tuple[WindowRecord, dict[str, Any], dict[str, Any]]:
    result, record = load_window(study, lake, key)
    assert study.walk_forward is not None
    objective = study.walk_forward.objective
    row = window_row(result, objective)
    kept = ("parameters", "status", "objective", "metrics", "error")
    return (
        WindowRecord(
            window_key=key,
            train_start=row["train_start"],
            train_end=row["train_end"],
            test_start=row["test_start"],
            test_end=row["test_end"],
            objective=objective,
            parameters=row["parameters"],
            in_sample=row["in_sample_objective"],
            out_of_sample=row["out_of_sample_objective"],
            trials=[{name: t[name] for name in kept} for t in record["trials"]],
            result_digest=record["digest"],
        ),
        record,
        record["inputs"],
    )


def _input(kind: str, path: str, digest: str) -> RunInputRecord:
    parts = path.split("/")
    key = parts[3] if kind == "raw" else parts[2]
    return RunInputRecord(kind=kind, path=path, sha256=digest, universe=parts[0], dataset=parts[1], key=key)


def build_metrics(study: StudySpec, universe: UniverseSpec) -> dg.AssetsDefinition:
    """The Dagster asset of one study."""
    upstream = ["backtest", "monte_carlo", *(["walk_forward"] if study.walk_forward else [])]

    @dg.asset(
        key=study_key(study, ASSET),
        group_name=study.name,
        deps=[study_key(study, a) for a in upstream],
        code_version=study_code_version(study, sys.modules[__name__]),
        owners=list(study.owners),
        tags={"study": study.name, "universe": universe.name},
        kinds={"postgres"},
        description=(
            "The run in Postgres: trades, orders, fills, equity, metrics by scope, windows, Monte Carlo, and every "
            "input with its digest. The same run again leaves the same rows."
        ),
    )
    def metrics(
        context: dg.AssetExecutionContext, lake: LakeResource, database: DatabaseResource
    ) -> dg.MaterializeResult:
        record = run_record(study, universe, lake.open(), dt.datetime.now(dt.UTC))
        database.write_run(record)
        rows = [
            (scope, name, "undefined" if value is None else f"{value:.6g}")
            for scope in (FULL, OUT_OF_SAMPLE)
            for name, value in record.metrics.get(scope, {}).items()
        ]
        return dg.MaterializeResult(
            metadata={
                "run_id": str(record.id),
                "dagster/row_count": sum(len(next(iter(t.values()))) for t in record.tables.values()),
                "inputs": len(record.inputs),
                "metrics": table_markdown(("scope", "metric", "value"), rows),
            },
            data_version=dg.DataVersion(record.result_digest[:32]),
        )

    return metrics
