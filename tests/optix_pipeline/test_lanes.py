"""Lanes: one fails, the others run; a worker that dies is told of by its universe."""

import operator
from typing import Any

import pytest

from optix_pipeline import lanes
from optix_pipeline.failures import RunFailedError
from optix_pipeline.lanes import Lane, run_lanes


class RecordingRunner:
    """Stands in for the runner where only the order of its calls and their failures matter."""

    def __init__(self, failing: set[str]) -> None:
        self.catalog = self
        self.done: list[str] = []
        self._failing = failing
        self.progress = lambda label, done, total: None

    def universe(self, name: str) -> str:
        return name

    study = universe

    def ingest(self, universe: str) -> None:
        self._do(universe)

    def run_studies(self, studies: list[str]) -> None:
        for study in studies:
            self._do(study)

    def _do(self, name: str) -> None:
        if name in self._failing:
            raise RunFailedError(f"{name} failed")
        self.done.append(name)


LANES = [Lane("index", ("condor",)), Lane("stock", ("put", "call")), Lane("coin", ("strangle",))]


def test_a_lane_that_fails_keeps_no_other_from_running_and_no_study_runs_on_old_data() -> None:
    runner: Any = RecordingRunner({"index", "put"})
    with pytest.raises(RunFailedError) as error:
        run_lanes(LANES, runner, workers=1, tags={})
    assert str(error.value).splitlines() == ["index failed", "put failed"]
    assert runner.done == ["stock", "coin", "strangle"]


def test_no_failure_no_error() -> None:
    runner: Any = RecordingRunner(set())
    run_lanes(LANES, runner, workers=1, tags={})
    assert runner.done == ["index", "condor", "stock", "put", "call", "coin", "strangle"]


def test_a_worker_that_ends_without_a_word_is_a_failure_of_its_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        lanes, "_work", operator.is_
    )  # any importable function that takes two values and returns
    runner: Any = RecordingRunner(set())
    with pytest.raises(RunFailedError) as error:
        run_lanes(LANES, runner, workers=2, tags={})
    index, stock, coin = sorted(
        str(error.value).splitlines(), key=lambda line: ["i", "s", "c"].index(line[0])
    )
    assert index.startswith("index: its worker process ended with exit code 0")
    assert stock.startswith("stock: its worker process ended with exit code 0")
    assert coin == "coin: not run, no worker process was left"
