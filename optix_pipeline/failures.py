"""Why a run failed, in words short enough for a terminal line or a notification."""

from collections.abc import Iterable

import dagster as dg


class RunFailedError(RuntimeError):
    """A Dagster run failed; the message holds each step's own error."""


class NothingUsableError(RunFailedError):
    """A Dagster run failed only because a blocking check found nothing usable in its whole range."""


def only_checks_failed(events: Iterable[dg.DagsterEvent]) -> bool:
    """Whether steps failed, and each of them by the verdict of a check rather than by an error."""
    failed = [e for e in events if e.event_type == dg.DagsterEventType.STEP_FAILURE]
    errors = [e.step_failure_data.error for e in failed]
    return bool(errors) and all(
        e is not None and e.cls_name == "DagsterAssetCheckFailedError" for e in errors
    )


def step_failures(events: Iterable[dg.DagsterEvent]) -> list[str]:
    """``step: what it raised`` of every failed step among these events."""
    return [
        f"{event.step_key}: {_raised(event)}"
        for event in events
        if event.event_type == dg.DagsterEventType.STEP_FAILURE
    ]


def _raised(event: dg.DagsterEvent) -> str:
    error = event.step_failure_data.error
    # Dagster wraps what an asset raises; below that is our own error, whose message is made to be read
    while error is not None and error.cause is not None and (error.cls_name or "").startswith("Dagster"):
        error = error.cause
    return first_sentence(error.message) if error is not None else "no error recorded"


def first_sentence(message: str) -> str:
    """The first line; where that only announces a list (a colon ends it), the list too."""
    lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
    if not lines:
        return "no error recorded"
    return " ".join(lines) if lines[0].endswith(":") else lines[0]
