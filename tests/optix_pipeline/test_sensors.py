"""The two sensors, ticked one by one on a real instance with a notifier that keeps what it is told."""

import json
from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

CHECKED = dg.AssetKey(["demo_coin", "validated_quotes"])


@pytest.fixture
def bench(build_bench: Callable[..., Any], make_catalog: Callable[..., Any]) -> Any:
    return build_bench(make_catalog())


def run(instance: dg.DagsterInstance, *, fails: bool) -> str:
    """One run of a job of one step; returns its id."""

    @dg.op
    def harvest() -> None:
        if fails:
            try:
                raise OSError("the vendor's server is down\nsecond line")
            except OSError as error:
                raise RuntimeError("no payload") from error

    @dg.job(name="somebody_elses")
    def job() -> None:
        harvest()

    return job.execute_in_process(instance=instance, raise_on_error=False).run_id


def evaluate_check(instance: dg.DagsterInstance, *results: tuple[str, bool, dg.AssetCheckSeverity]) -> None:
    """A run that logs an evaluation of session_quality for each (day, passed, severity)."""

    @dg.asset(key=CHECKED, check_specs=[dg.AssetCheckSpec("session_quality", asset=CHECKED)])
    def validated_quotes(context: dg.AssetExecutionContext):
        yield dg.MaterializeResult()
        for day, passed, severity in results:
            context.log_event(
                dg.AssetCheckEvaluation(
                    asset_key=CHECKED,
                    check_name="session_quality",
                    passed=passed,
                    severity=severity,
                    metadata={},
                    partition=day,
                    description=f"{day}: OXC blocked: repeats the day before",
                )
            )
        yield dg.AssetCheckResult(check_name="session_quality", passed=True)

    assert dg.materialize([validated_quotes], instance=instance).success


def test_a_failed_run_becomes_one_notification_with_what_its_step_raised(bench: Any) -> None:
    before = run(bench.instance, fails=True)
    first = bench.tick("notify_run_failure")
    assert bench.notifications() == [], "what failed before the sensor's first tick is history"
    failed = run(bench.instance, fails=True)
    run(bench.instance, fails=False)
    second = bench.tick("notify_run_failure", first.cursor)
    (told,) = bench.notifications()
    assert before != failed
    assert told.title == f"run {failed[:8]} of somebody_elses failed"
    assert told.text == "harvest: RuntimeError: no payload"
    assert told.severity == "error"
    assert told.dedupe_key == f"run-failure:{failed}"
    bench.tick("notify_run_failure", second.cursor)
    assert len(bench.notifications()) == 1


def test_runs_that_no_code_location_launched_are_watched_too(bench: Any) -> None:
    """The command line and the nightly job make runs in their own process: those have no remote origin."""
    cursor = bench.tick("notify_run_failure").cursor
    failed = run(bench.instance, fails=True)
    assert bench.instance.get_run_by_id(failed).remote_job_origin is None
    # in the daemon the sensor itself belongs to a code location
    bench.tick("notify_run_failure", cursor, repository_name="elsewhere")
    assert [n.dedupe_key for n in bench.notifications()] == [f"run-failure:{failed}"]


def test_failed_checks_become_notifications_from_the_first_tick_on(bench: Any) -> None:
    warn, error = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR
    evaluate_check(bench.instance, ("2025-12-01", False, error))
    first = bench.tick("notify_failed_checks")
    assert first.skip_message == "no check has failed since the last tick"
    assert bench.notifications() == []
    evaluate_check(
        bench.instance,
        ("2025-12-02", True, warn),
        ("2025-12-03", False, warn),
        ("2025-12-04", False, error),
    )
    second = bench.tick("notify_failed_checks", first.cursor)
    told = bench.notifications()
    assert [n.title for n in told] == [
        f"check session_quality of demo_coin/validated_quotes 2025-12-0{day} failed" for day in (3, 4)
    ]
    assert [n.severity for n in told] == ["warning", "error"]
    assert told[0].text == "2025-12-03: OXC blocked: repeats the day before"
    assert len({n.dedupe_key for n in told}) == 2
    third = bench.tick("notify_failed_checks", second.cursor)
    assert third.skip_message and len(bench.notifications()) == 2


def test_the_cursor_passes_evaluations_that_passed(bench: Any) -> None:
    first = bench.tick("notify_failed_checks")
    evaluate_check(bench.instance, ("2025-12-02", True, dg.AssetCheckSeverity.WARN))
    second = bench.tick("notify_failed_checks", first.cursor)
    assert json.loads(second.cursor)["after_id"] > json.loads(first.cursor)["after_id"]


def test_more_failures_than_one_page_holds_are_all_told(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optix_pipeline.sensors._PAGE", 3)
    first = bench.tick("notify_failed_checks")
    days = [f"2025-12-{day:02d}" for day in range(1, 8)]
    evaluate_check(bench.instance, *((day, False, dg.AssetCheckSeverity.WARN) for day in days))
    bench.tick("notify_failed_checks", first.cursor)
    assert [n.text[:10] for n in bench.notifications()] == days


def test_both_sensors_run_without_being_switched_on(bench: Any) -> None:
    sensors = {s.name: s.default_status for s in bench.definitions.sensors}
    assert sensors == {
        "notify_run_failure": dg.DefaultSensorStatus.RUNNING,
        "notify_failed_checks": dg.DefaultSensorStatus.RUNNING,
    }
