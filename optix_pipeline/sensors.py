"""Sensors: a failed run and a failed check each become one notification."""

import json
from typing import Any

import dagster as dg

from optix_pipeline.failures import step_failures
from resources.notifier import Notification, Notifier


def build_sensors() -> list[Any]:
    """``notify_run_failure`` and ``notify_failed_checks``."""

    @dg.run_failure_sensor(
        name="notify_run_failure",
        default_status=dg.DefaultSensorStatus.RUNNING,
        # runs of the command line and those that the nightly job makes belong to no code location
        monitor_all_code_locations=True,
        description="Notifies of every failed run, with the error of each failed step.",
    )
    def notify_run_failure(context: dg.RunFailureSensorContext, notifier: Notifier) -> None:
        run = context.dagster_run
        notifier.notify(
            Notification(
                title=f"run {run.run_id[:8]} of {run.job_name} failed",
                text="; ".join(_reasons(context)),
                severity="error",
                dedupe_key=f"run-failure:{run.run_id}",
            )
        )

    @dg.sensor(
        name="notify_failed_checks",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Notifies of every asset check evaluation that did not pass.",
    )
    def notify_failed_checks(context: dg.SensorEvaluationContext, notifier: Notifier) -> dg.SkipReason | None:
        cursor = json.loads(context.cursor) if context.cursor else {"after_id": _newest_id(context.instance)}
        failed = []
        newest = cursor["after_id"]
        while True:
            records = _evaluations(context.instance, newest)
            for record in records:
                newest = max(newest, record.storage_id)
                event = record.event_log_entry.dagster_event
                evaluation = event.asset_check_evaluation_data if event else None
                if evaluation is not None and not evaluation.passed:
                    failed.append((record, evaluation))
            if len(records) < _PAGE:
                break
        for record, evaluation in failed:
            day = f" {evaluation.partition}" if evaluation.partition else ""
            notifier.notify(
                Notification(
                    title=f"check {evaluation.check_name} of {evaluation.asset_key.to_user_string()}{day} failed",
                    text=evaluation.description or f"severity {evaluation.severity.value}",
                    severity="error" if evaluation.severity is dg.AssetCheckSeverity.ERROR else "warning",
                    dedupe_key=f"check:{record.storage_id}",
                )
            )
        context.update_cursor(json.dumps({"after_id": newest}))
        return None if failed else dg.SkipReason("no check has failed since the last tick")

    return [notify_run_failure, notify_failed_checks]


def _reasons(context: dg.RunFailureSensorContext) -> list[str]:
    """Each failed step's innermost error; the run's own message where no step failed."""
    found = step_failures(context.get_step_failure_events())
    return found or [(context.failure_event.message or "no message").strip()]


_PAGE = 1000


def _evaluations(instance: dg.DagsterInstance, after_id: int) -> Any:
    from dagster._core.event_api import EventRecordsFilter

    return instance.event_log_storage.get_event_records(
        EventRecordsFilter(dg.DagsterEventType.ASSET_CHECK_EVALUATION, after_cursor=after_id),
        limit=_PAGE,
        ascending=True,
    )


def _newest_id(instance: dg.DagsterInstance) -> int:
    """Where a fresh sensor starts: history is not news."""
    from dagster._core.event_api import EventRecordsFilter

    records = instance.event_log_storage.get_event_records(
        EventRecordsFilter(dg.DagsterEventType.ASSET_CHECK_EVALUATION), limit=1, ascending=False
    )
    return records[0].storage_id if records else 0
