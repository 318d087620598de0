"""Tasks: one fails, the others run; a worker that dies is told of by its task."""

import operator
from pathlib import Path
from typing import Any

import pytest

from optix_pipeline import workers
from optix_pipeline.failures import RunFailedError
from optix_pipeline.work_plan import Task
from optix_pipeline.workers import run_in_processes, run_tasks


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

    def ingest(self, universe: str, first: object, last: object) -> None:
        self.run_study(universe)

    def run_study(self, name: str) -> None:
        if name in self._failing:
            raise RunFailedError(f"{name} failed")
        self.done.append(name)


TASKS = [
    Task("condor", "index", study="condor", after=frozenset({"index"})),
    Task("index", "index"),
    Task("stock", "stock"),
    Task("put", "stock", study="put", after=frozenset({"stock"})),
    Task("call", "stock", study="call", after=frozenset({"stock"})),
]


def test_a_failure_keeps_only_what_comes_after_it_from_running() -> None:
    runner: Any = RecordingRunner({"index", "put"})
    with pytest.raises(RunFailedError) as error:
        run_tasks(TASKS, runner, workers=1, tags={})
    assert str(error.value).splitlines() == ["index failed", "put failed"]
    assert runner.done == ["stock", "call"]


def test_a_task_waits_for_those_it_is_after_and_no_failure_is_no_error() -> None:
    runner: Any = RecordingRunner(set())
    run_tasks(TASKS, runner, workers=1, tags={})
    assert runner.done == ["index", "condor", "stock", "put", "call"]


def test_a_worker_that_ends_without_a_word_is_a_failure_of_its_task_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        workers, "_work", operator.is_
    )  # an importable function that takes two values and returns
    runner: Any = RecordingRunner(set())
    more = [
        *TASKS,
        Task("coin", "coin"),
        Task("strangle", "coin", study="strangle", after=frozenset({"coin"})),
    ]
    with pytest.raises(RunFailedError) as error:
        run_tasks(more, runner, workers=2, tags={})
    lines = sorted(str(error.value).splitlines())
    # others take the tasks that wait; those after a failed one are never begun
    assert [line.split(":")[0] for line in lines] == ["coin", "index", "stock"]
    assert all("its worker process ended with exit code 0" in line for line in lines)


def test_what_is_raised_when_a_task_ends_ends_all_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_work", operator.is_)
    ended: list[str] = []

    def stop(task: Task, failure: str) -> None:
        ended.append(f"{task.name} {failure[:3]}")
        raise OSError("the lake is away")

    tasks = [Task(f"task {n}", "u") for n in range(9)]
    with pytest.raises(OSError, match="the lake is away"):
        run_in_processes(tasks, lambda label, done, total: None, workers=1, tags={}, ended=stop)
    assert ended == ["task 0 tas"]


def test_a_worker_that_cannot_open_its_session_says_why_and_takes_no_other_task(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPTIX_HOME", str(tmp_path))
    monkeypatch.setenv("OPTIX_DATABASE_URL", "postgresql://me:sesame@127.0.0.1:1/optix")
    runner: Any = RecordingRunner(set())
    with pytest.raises(RunFailedError) as error:
        run_tasks([*TASKS, Task("coin", "coin")], runner, workers=2, tags={})
    lines = sorted(str(error.value).splitlines())
    assert [line.split(":")[0] for line in lines] == ["coin", "index", "stock"]
    assert lines[0] == "coin: not run, no worker process was left"
    assert all("127.0.0.1" in line and "sesame" not in line for line in lines[1:])
