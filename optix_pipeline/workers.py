"""Tasks shared among worker processes.

An ingestion is bound by the interpreter, not by the disk, so tasks overlap only as processes. A worker opens a
session of its own on the same database server and Dagster instance. It ends with the process that started it,
however that one ends.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from optix_pipeline.failures import RunFailedError
from optix_pipeline.runner import Progress, Runner
from optix_pipeline.work_plan import Task, run_task

#: called in the parent with each task that has ended and its failure (empty: none); what it raises ends all work
Ended = Callable[[Task, str], None]

_QUIET_TRACKER = "ignore:resource_tracker:UserWarning"
#: a worker that was told to end and has not by then is ended
_GOODBYE_SECONDS = 10.0


@dataclass(frozen=True)
class _Report:
    """What a worker tells: how far a step is, or (``failure`` is not None) how its task ended; ``last`` says that
    it takes no other."""

    label: str = ""
    done: int = 0
    total: int = 0
    failure: str | None = None
    last: bool = False


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


class _Agenda:
    """Which task is next, and what failed; a task after one that failed is never begun."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._waiting = list(tasks)
        self._done: set[str] = set()
        self._failed: set[str] = set()
        self.failures: list[str] = []

    @property
    def waits(self) -> bool:
        """Whether there are tasks that nobody has begun."""
        return any(not task.after & self._failed for task in self._waiting)

    def next(self) -> Task | None:
        """The first task that waits for nothing; None where there is none, now or at all."""
        # on data of which a part failed a study would silently use what was there before
        self._waiting = [task for task in self._waiting if not task.after & self._failed]
        for task in self._waiting:
            if task.after <= self._done:
                self._waiting.remove(task)
                return task
        return None

    def end(self, task: Task, failure: str) -> None:
        """The task is over; ``failure`` empty is well."""
        if failure:
            self._failed.add(task.name)
            self.failures.append(failure)
        else:
            self._done.add(task.name)

    def give_up(self, reason: str) -> None:
        """Nobody is left to do what waits."""
        self.failures += [f"{task.name}: {reason}" for task in self._waiting if not task.after & self._failed]


def run_tasks(tasks: Sequence[Task], runner: Runner, *, workers: int, tags: dict[str, str]) -> None:
    """Do every task, the first ones first, ``workers`` at a time; with one worker, in this process by ``runner``.

    ``tags`` are those of the runner; the workers' runs carry them too.

    Raises
    ------
    RunFailedError
        After the last task, if any failed: one line each. A failed task keeps only those after it from running.
    """
    if min(workers, len(tasks)) <= 1:
        agenda = _Agenda(tasks)
        while (task := agenda.next()) is not None:
            agenda.end(task, run_task(runner, task))
        failures = agenda.failures
    else:
        failures = run_in_processes(tasks, runner.progress, workers=workers, tags=tags)
    if failures:
        raise RunFailedError("\n".join(failures))


def run_in_processes(
    tasks: Sequence[Task],
    progress: Progress,
    *,
    workers: int,
    tags: dict[str, str],
    ended: Ended = lambda task, failure: None,
) -> list[str]:
    """As ``run_tasks``, in processes of their own even for one worker; returns what failed, a line each."""
    agenda = _Agenda(tasks)
    if tasks:
        _share(agenda, min(workers, len(tasks)), progress, tags, ended)
    return agenda.failures


def _share(agenda: _Agenda, workers: int, progress: Progress, tags: dict[str, str], ended: Ended) -> None:
    # libraries make semaphores that a killed worker cannot remove; Python's tracker process does, and need not say so.
    # It takes its filters from here when it is started
    if _QUIET_TRACKER not in sys.warnoptions:
        sys.warnoptions.append(_QUIET_TRACKER)
    context = multiprocessing.get_context("spawn")
    processes: dict[Connection, SpawnProcess] = {}
    busy: dict[Connection, Task] = {}

    def start() -> None:
        ours, theirs = context.Pipe()
        # daemonic: multiprocessing ends it when this process exits by itself
        process = context.Process(target=_work, args=(theirs, tags), daemon=True)
        with _interrupts_held():
            process.start()
        theirs.close()
        processes[ours] = process

    try:
        for _ in range(workers):
            start()
        while True:
            for ours in [c for c in processes if c not in busy]:
                task = agenda.next()
                if task is None:
                    break
                busy[ours] = task
                with suppress(BrokenPipeError):  # it has just died: the next recv says so
                    ours.send(task)
            if not busy:
                break
            for ours in wait(list(busy)):
                assert isinstance(ours, Connection)
                try:
                    report: _Report = ours.recv()
                except (EOFError, ConnectionResetError):
                    process = processes.pop(ours)
                    process.join()
                    task = busy.pop(ours)
                    failure = (
                        f"{task.name}: its worker process ended with exit code {process.exitcode}; what it had "
                        "finished stands, run the command again"
                    )
                    agenda.end(task, failure)
                    ended(task, failure)
                    if agenda.waits:
                        start()  # whatever ended it (memory, a signal) ended one task, not those that wait
                    continue
                if report.failure is None:
                    progress(report.label, report.done, report.total)
                    continue
                task = busy.pop(ours)
                agenda.end(task, report.failure)
                ended(task, report.failure)
                if report.last:
                    processes.pop(ours).join(_GOODBYE_SECONDS)
        agenda.give_up("not run, no worker process was left")
        for ours, process in processes.items():
            ours.close()  # the word to end
            process.join(_GOODBYE_SECONDS)
    finally:
        # no SIGTERM: inside a run Dagster takes it for the end of that run only, after one it may be ignored. What a
        # kill leaves is what a crash leaves: whole files, and runs that the next command records as failed
        for process in processes.values():
            process.kill()
            process.join()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until a process is started, and in that process until it says how to take it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(channel: Connection, tags: dict[str, str]) -> None:
    """A worker's life: one session, task after task until the channel is closed."""
    _end_with_parent()
    from optix_pipeline.cli.errors import expected_errors

    def tell(report: _Report) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # nobody listens: this process is ending too
            channel.send(report)

    task = _next_task(channel)
    if task is None:
        return
    try:
        runner = _open_runner(lambda label, done, total: tell(_Report(label, done, total)), tags)
    except expected_errors() as error:
        tell(_Report(failure=f"{task.name}: {error}", last=True))
        return
    while task is not None:
        tell(_Report(failure=run_task(runner, task)))
        task = _next_task(channel)


def _next_task(channel: Connection) -> Task | None:
    try:
        task: Task = channel.recv()
    except (EOFError, ConnectionResetError):
        return None
    return task


def _open_runner(progress: Callable[[str, int, int], None], tags: dict[str, str]) -> Runner:
    from optix_pipeline.catalog import load_catalog
    from optix_pipeline.definitions import build_definitions
    from optix_pipeline.session import open_session

    catalog = load_catalog()
    session = open_session()
    return Runner(build_definitions(catalog=catalog), session.instance, catalog, progress, tags)


def _end_with_parent() -> None:
    """End this process when the one that started it has ended, also by a kill that told nobody."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    # Ctrl-C reaches the whole terminal group: the parent decides, and ends its workers. A group of their own keeps
    # it also from what Dagster starts in them (it mirrors a run's output through a tail)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if hasattr(os, "setpgrp"):
        os.setpgrp()

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()
