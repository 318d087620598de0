"""The jobs, executed in process over two generated weeks."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from optix_pipeline.catalog import Catalog

UNIVERSE, STUDY = "demo_coin", "coin_short_strangle"


@pytest.fixture
def bench(build_bench: Callable[..., Any], make_catalog: Callable[..., Any]) -> Any:
    return build_bench(make_catalog())


def execute(bench: Any, job: str, op: str, **config: Any) -> dg.ExecuteInProcessResult:
    return bench.definitions.resolve_job_def(job).execute_in_process(
        instance=bench.instance, run_config={"ops": {op: {"config": config}}}, raise_on_error=False
    )


def materialized(bench: Any, universe_or_study: str, asset: str) -> set[str]:
    """Partitions of an asset that the instance knows as materialized."""
    return set(bench.instance.get_materialized_partitions(dg.AssetKey([universe_or_study, asset])))


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    """What the job's step raised."""
    (event,) = [e for e in result.all_events if e.event_type is dg.DagsterEventType.STEP_FAILURE]
    return str(event.step_failure_data.error)


def events(bench: Any, *key: str) -> int:
    return len(bench.instance.fetch_materializations(dg.AssetKey(list(key)), limit=100).records)


def test_ingest_builds_every_layer_of_the_days_asked_for(bench: Any) -> None:
    result = execute(
        bench, "ingest", "ingest_universes", universes=[UNIVERSE], first="2025-12-03", last="2025-12-05"
    )
    assert result.success
    days = {"2025-12-03", "2025-12-04", "2025-12-05"}
    made = ("validated_quotes", "quarantined_quotes", "adjusted_quotes", "superseded_quotes", "option_chain")
    for asset in ("raw_quotes", *made):
        assert materialized(bench, UNIVERSE, asset) == days, asset
    assert materialized(bench, UNIVERSE, "chain_month") == {"2025-12-01"}
    assert events(bench, STUDY, "backtest") == 0
    made = bench.instance.get_runs(dg.RunsFilter(tags={"optix/started_by": "ingest"}))
    assert {run.tags["dagster/parent_run_id"] for run in made} == {result.run_id}
    assert all(run.is_success for run in made) and len(made) == 2


def test_ingest_leaves_ended_universes_out_unless_they_are_named(bench: Any) -> None:
    assert execute(bench, "ingest", "ingest_universes", first="2025-12-03", last="2025-12-03").success
    assert materialized(bench, UNIVERSE, "raw_quotes") == set()


def test_ingest_of_an_unknown_universe_fails_before_anything_runs(bench: Any) -> None:
    result = execute(bench, "ingest", "ingest_universes", universes=["spx"])
    assert not result.success
    assert "no universe is named spx; known: demo_coin" in failure_of(result)
    assert len(bench.instance.get_runs()) == 1


def test_nightly_ingests_then_runs_every_study_and_the_comparison(bench: Any) -> None:
    result = execute(
        bench, "nightly", "ingest_then_study", universes=[UNIVERSE], first="2025-12-01", last="2025-12-14"
    )
    assert result.success, [e.message for e in result.all_events if e.is_failure]
    assert len(materialized(bench, UNIVERSE, "option_chain")) == 14
    for asset in ("backtest", "monte_carlo", "metrics", "tear_sheet"):
        assert events(bench, STUDY, asset) == 1, asset
    assert events(bench, "strategy_comparison") == 1
    assert list(bench.folder.rglob(f"{STUDY}.html"))


def test_nightly_of_a_live_universe_takes_its_newest_closed_session(
    build_bench: Callable[..., Any], make_catalog: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source has nothing for last night: the session is absent, nothing downstream is built, the run fails."""
    bench = build_bench(make_catalog(end=None))
    result = execute(bench, "nightly", "ingest_then_study", studies=[STUDY])
    assert not result.success
    yesterday = (dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)).isoformat()
    assert materialized(bench, UNIVERSE, "raw_quotes") == {yesterday}
    assert materialized(bench, UNIVERSE, "option_chain") == set()
    assert events(bench, STUDY, "backtest") == 0
    assert f"1 day: {UNIVERSE}__validate: " in failure_of(result) and "session_quality" in failure_of(result)
    key = dg.AssetCheckKey(dg.AssetKey([UNIVERSE, "validated_quotes"]), "session_quality")
    history = bench.instance.event_log_storage.get_asset_check_execution_history(key, limit=5)
    evaluation = history[0].event.dagster_event.event_specific_data
    assert not evaluation.passed and evaluation.severity is dg.AssetCheckSeverity.ERROR
    assert (
        evaluation.description
        == f"{yesterday}: OXC absent: the calendar has a session, but no payload was delivered"
    )


def test_a_universe_that_fails_does_not_keep_the_others_from_their_night(
    build_bench: Callable[..., Any], make_catalog: Callable[..., Any]
) -> None:
    catalog = make_catalog()
    missing = catalog.universe(UNIVERSE).model_copy(
        update={
            "name": "absent",
            "provider": catalog.universe(UNIVERSE).provider.model_copy(update={"path": "/nowhere"}),
        }
    )
    study = catalog.study(STUDY)
    other = study.model_copy(update={"name": "other_study", "universe": "absent"})
    bench = build_bench(
        Catalog({"absent": missing, **catalog.universes}, {STUDY: study, "other_study": other}, {})
    )
    result = execute(
        bench,
        "nightly",
        "ingest_then_study",
        universes=["absent", UNIVERSE],
        first="2025-12-01",
        last="2025-12-14",
    )
    assert not result.success
    assert "absent: 14 days from 2025-12-01: " in failure_of(result)
    assert len(materialized(bench, UNIVERSE, "option_chain")) == 14
    assert events(bench, STUDY, "tear_sheet") == 1
    assert events(bench, "other_study", "backtest") == 0, "its universe has no new data"


def test_backtests_is_every_studys_unpartitioned_assets_and_the_comparison(bench: Any) -> None:
    job = bench.definitions.resolve_job_def("backtests")
    assert {key.to_user_string() for key in job.asset_layer.executable_asset_keys} == {
        f"{STUDY}/backtest",
        f"{STUDY}/monte_carlo",
        f"{STUDY}/metrics",
        f"{STUDY}/tear_sheet",
        "strategy_comparison",
    }
    assert job.partitions_def is None


def test_a_walk_forward_study_adds_the_stitched_record_to_backtests() -> None:
    from optix_pipeline.catalog import load_catalog
    from optix_pipeline.definitions import build_definitions

    job = build_definitions(catalog=load_catalog()).resolve_job_def("backtests")
    keys = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert "index_iron_condor/walk_forward" in keys
    assert not any(key.endswith("/walk_forward_window") for key in keys), "partitioned, so not in this job"
