"""Days done, rate and time left, by a clock of the test's own."""

from collections.abc import Callable

import pytest

from optix_pipeline.cli.backfill_progress import BackfillProgress, duration, shown
from optix_pipeline.runner import Step
from optix_pipeline.work_plan import Task

TASKS = [
    Task("newer", "u", steps=(Step("events", ()), Step("60 days", (), days=60), Step("months", ()))),
    Task("older", "u", steps=(Step("38 days", (), days=38), Step("2 days", (), days=2))),
]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> BackfillProgress:
    return BackfillProgress(TASKS, clock)


def test_a_day_counts_by_the_layers_that_stand(progress: BackfillProgress, clock: Clock) -> None:
    assert progress.sentence() == "0 of 100 days"
    progress.step("60 days", 3, 6)
    progress.step("events", 1, 1)
    clock.now += 10
    assert progress.sentence() == "30 of 100 days, 3.0 a second, 23 s left"
    progress.step("38 days", 1, 2)
    clock.now += 10
    assert progress.sentence() == "49 of 100 days, 2.5 a second, 21 s left"


def test_slow_work_is_told_by_the_minute(progress: BackfillProgress, clock: Clock) -> None:
    progress.step("2 days", 1, 1)
    clock.now += 60
    assert progress.sentence() == "2 of 100 days, 2.0 a minute, 49 min 00 s left"


def test_a_task_that_ended_well_is_wholly_done_and_a_failed_one_not_at_all(
    progress: BackfillProgress, clock: Clock
) -> None:
    progress.step("60 days", 5, 6)
    progress.step("38 days", 2, 6)
    progress.task_ended(TASKS[0], "it failed")
    progress.task_ended(TASKS[1], "")
    clock.now += 10
    assert progress.sentence() == "40 of 100 days, 4.0 a second, 15 s left"


def test_when_all_is_done_nothing_is_left(progress: BackfillProgress, clock: Clock) -> None:
    for task in TASKS:
        progress.task_ended(task, "")
    clock.now += 10
    assert progress.sentence() == "100 of 100 days, 10.0 a second"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (332, "5 min 32 s"),
        (3600, "1 h 00 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_in_a_log_each_task_that_ended_is_a_line(
    progress: BackfillProgress, capsys: pytest.CaptureFixture[str]
) -> None:
    with shown(progress, quiet=False) as show:
        show(None, "")
        for task, failure in ((TASKS[0], ""), (TASKS[1], "no")):
            progress.task_ended(task, failure)
            show(task, failure)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("  newer done; 60 of 100 days") and second.startswith("  older failed; 60 of 100")


def test_quietly_nothing_is_printed(progress: BackfillProgress, capsys: pytest.CaptureFixture[str]) -> None:
    show: Callable[..., None]
    with shown(progress, quiet=True) as show:
        show(TASKS[0], "")
    assert capsys.readouterr().out == ""
