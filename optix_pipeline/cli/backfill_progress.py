"""How far a backfill is: days done, how many a second, how long the rest takes."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from optix_pipeline.work_plan import Task


class BackfillProgress:
    """Counts days by the layers that stand: a day of which half of the layers are built is half a day.

    Parameters
    ----------
    clock
        Seconds that only go forward.
    """

    def __init__(self, tasks: Sequence[Task], clock: Callable[[], float] = time.monotonic) -> None:
        self._days = {step.label: step.days for task in tasks for step in task.steps if step.days}
        self._share: dict[str, float] = {}
        self._clock = clock
        self._began = clock()
        self.total = sum(self._days.values())

    def step(self, label: str, done: int, total: int) -> None:
        """``done`` of ``total`` layers of a step stand."""
        if label in self._days:
            self._share[label] = done / total

    def task_ended(self, task: Task, failure: str) -> None:
        """A failed task's days count no more; of one that ended well all do, blocked ones too."""
        for step in task.steps:
            if step.label in self._days:
                self._share[step.label] = 0.0 if failure else 1.0

    @property
    def done(self) -> float:
        return sum(self._days[label] * share for label, share in self._share.items())

    def sentence(self) -> str:
        """``310 of 5,036 days, 14.2 a second, 5 min 32 s left``."""
        done, seconds = self.done, self._clock() - self._began
        text = f"{int(done + 1e-9):,} of {self.total:,} days"
        if done and seconds > 0:
            rate = done / seconds
            text += f", {rate:.1f} a second" if rate >= 1 else f", {rate * 60:.1f} a minute"
            if done < self.total:
                text += f", {duration((self.total - done) / rate)} left"
        return text


def duration(seconds: float) -> str:
    """Two units are enough: ``8 s``, ``5 min 32 s``, ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


@contextmanager
def shown(progress: BackfillProgress, *, quiet: bool) -> Iterator[Callable[[Task | None, str], None]]:
    """Hands out what to call when a step moved (with None) and when a task ended.

    On a terminal it is one bar; in a log each ended task is a line.
    """
    if quiet:
        yield lambda task, failure: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console()
    if not console.is_terminal:

        def line(task: Task | None, failure: str) -> None:
            if task is not None:
                said = "failed" if failure else "done"
                print(f"  {task.name} {said}; {progress.sentence()}", flush=True)

        yield line
        return
    with Progress(
        BarColumn(bar_width=28), TextColumn("{task.fields[said]}"), TimeElapsedColumn(), console=console
    ) as bars:
        bar = bars.add_task("", total=progress.total, said=progress.sentence())

        def move(task: Task | None, failure: str) -> None:
            bars.update(bar, completed=progress.done, said=progress.sentence())
            if failure:
                bars.console.print(f"{task.name if task else ''} failed", highlight=False)

        yield move
