"""Why a run failed, in words short enough for a terminal line or a notification."""

import re
from collections.abc import Iterable
from typing import Any

import dagster as dg


class RunFailedError(RuntimeError):
    """A Dagster run failed; the message holds each step's own error."""


class NothingUsableError(RunFailedError):
    """A Dagster run failed only because a blocking check found nothing usable in its whole range.

    ``runs`` are the ids of the runs that were made, the one that failed last.
    """

    def __init__(self, message: str, runs: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.runs = list(runs)


def only_checks_failed(events: Iterable[dg.DagsterEvent]) -> bool:
    """Whether steps failed, and each of them by the verdict of a check rather than by an error."""
    failed = [e for e in events if e.event_type == dg.DagsterEventType.STEP_FAILURE]
    errors = [e.step_failure_data.error for e in failed]
    return bool(errors) and all(
        e is not None and e.cls_name == "DagsterAssetCheckFailedError" for e in errors
    )


def was_interrupted(events: Iterable[dg.DagsterEvent]) -> bool:
    """Whether a signal (Ctrl-C) ended the run rather than an error of its own."""
    for event in events:
        data: Any = None
        if event.event_type == dg.DagsterEventType.STEP_FAILURE:
            data = event.step_failure_data
        elif event.event_type == dg.DagsterEventType.RUN_FAILURE:
            data = event.job_failure_data
        error = data.error if data is not None else None
        while error is not None:
            if error.cls_name in ("DagsterExecutionInterruptedError", "KeyboardInterrupt"):
                return True
            error = error.cause
    return False


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
    if error is None:
        return "no error recorded"
    return first_sentence(_without_class(error.message, error.cls_name or ""))


#: whose exceptions have messages that are made to be read alone; a KeyError's needs its name
_SPEAKING = ("assets", "engine", "optix_pipeline", "resources", "dagster")


def _without_class(message: str, name: str) -> str:
    """The message alone, where it starts with the path of a class of our own."""
    path = rf"(?:{'|'.join(_SPEAKING)})\.(?:\w+\.)*{re.escape(name)}: "
    return re.sub(rf"\A\s*{path}", "", message)


def first_sentence(message: str) -> str:
    """The first line; where that only announces a list (a colon ends it), the list too."""
    lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
    if not lines:
        return "no error recorded"
    return " ".join(lines) if lines[0].endswith(":") else lines[0]
