"""Where a Dagster run spends its time: planning, each step, and the events within."""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import dagster as dg


class EventClock:
    """Counts the seconds that an instance's event log takes, by the method that was called from outside."""

    METHODS = ("store_event", "store_event_batch")

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.seconds = 0.0
        self.events = 0
        self._depth = 0
        storage: Any = instance.event_log_storage
        for name in self.METHODS:
            setattr(storage, name, self._timed(getattr(storage, name), batch=name.endswith("batch")))

    def _timed(self, method: Callable[..., Any], *, batch: bool) -> Callable[..., Any]:
        def timed(argument: Any) -> Any:
            if self._depth == 0:
                self.events += len(argument) if batch else 1
            self._depth += 1
            start = time.perf_counter()
            try:
                return method(argument)
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self.seconds += time.perf_counter() - start

        return timed


def step_seconds(instance: dg.DagsterInstance, run_ids: list[str]) -> dict[str, float]:
    """Seconds by step over these runs, from Dagster's own start and success events."""
    started: dict[tuple[str, str], float] = {}
    found: dict[str, float] = defaultdict(float)
    for run_id in run_ids:
        for record in instance.all_logs(run_id):
            event = record.dagster_event
            if event is None or event.step_key is None:
                continue
            key = (run_id, event.step_key)
            if event.event_type == dg.DagsterEventType.STEP_START:
                started[key] = record.timestamp
            elif event.event_type == dg.DagsterEventType.STEP_SUCCESS:
                found[event.step_key] += record.timestamp - started[key]
    return dict(found)
