"""Progress bars for long work: on a terminal they move, in a log each finished step is one line."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bars(*, quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """Hands out ``report(label, done, total)``; the bar of a label appears with its first report."""
    if quiet:
        yield lambda label, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    console = Console()
    if not console.is_terminal:
        yield _line_reporter()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def report(label: str, done: int, total: int) -> None:
            if label not in tasks:
                tasks[label] = bars.add_task(label, total=total)
            bars.update(tasks[label], completed=done, total=total)

        yield report


def _line_reporter() -> Callable[[str, int, int], None]:
    started: dict[str, float] = {}

    def report(label: str, done: int, total: int) -> None:
        started.setdefault(label, time.monotonic())
        if done >= total:
            print(f"  {label} ... done in {time.monotonic() - started[label]:.1f} s", flush=True)

    return report
