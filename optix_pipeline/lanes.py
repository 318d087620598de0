"""Independent work in worker processes: each lane ingests one universe and runs the studies on it.

An ingestion is bound by the interpreter, not by the disk, so lanes overlap only as processes. A worker opens a
session of its own on the same database server and Dagster instance. It ends with the process that started it,
however that one ends.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from optix_pipeline.failures import RunFailedError
from optix_pipeline.runner import Progress, Runner


@dataclass(frozen=True)
class Lane:
    """One universe by name, and the studies on it that follow its ingestion."""

    universe: str
    studies: tuple[str, ...]


@dataclass(frozen=True)
class _Report:
    """What a worker tells: how far a step is, or (``failure`` is not None) how its lane ended."""

    label: str = ""
    done: int = 0
    total: int = 0
    failure: str | None = None


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def run_lane(runner: Runner, lane: Lane) -> str:
    """The lane's ingestion, then its studies; what failed, a line each, empty where nothing did.

    Where the ingestion failed no study runs: it would silently use what was there before.
    """
    catalog = runner.catalog
    try:
        runner.ingest(catalog.universe(lane.universe))
        runner.run_studies([catalog.study(name) for name in lane.studies])
    except (RunFailedError, ValueError) as error:
        return str(error)
    return ""


def run_lanes(lanes: Sequence[Lane], runner: Runner, *, workers: int, tags: dict[str, str]) -> None:
    """Run every lane, the first ones first, ``workers`` at a time; with one worker, in this process by ``runner``.

    ``tags`` are those of the runner; the workers' runs carry them too.

    Raises
    ------
    RunFailedError
        After the last lane, if any failed: one line each. A failed lane keeps no other from running.
    """
    if min(workers, len(lanes)) <= 1:
        failures = [run_lane(runner, lane) for lane in lanes]
    else:
        failures = _in_processes(lanes, workers, runner.progress, tags)
    if any(failures):
        raise RunFailedError("\n".join(filter(None, failures)))


def _in_processes(lanes: Sequence[Lane], workers: int, progress: Progress, tags: dict[str, str]) -> list[str]:
    context = multiprocessing.get_context("spawn")
    waiting, failures = list(lanes), []
    running: dict[Connection, tuple[Lane, SpawnProcess]] = {}
    try:
        for _ in range(min(workers, len(waiting))):
            ours, theirs = context.Pipe()
            # daemonic: multiprocessing ends it when this process exits by itself
            process = context.Process(target=_work, args=(theirs, tags), daemon=True)
            process.start()
            theirs.close()
            running[ours] = waiting.pop(0), process
            ours.send(running[ours][0])
        while running:
            for ours in wait(list(running)):
                assert isinstance(ours, Connection)
                lane, process = running[ours]
                try:
                    report = ours.recv()
                except (EOFError, ConnectionResetError):
                    process.join()
                    failures.append(
                        f"{lane.universe}: its worker process ended with exit code {process.exitcode}; what it "
                        "had finished stands, run the command again"
                    )
                    del running[ours]
                    continue
                if report.failure is None:
                    progress(report.label, report.done, report.total)
                    continue
                failures.append(report.failure)
                if waiting:
                    running[ours] = waiting.pop(0), process
                    with suppress(BrokenPipeError):  # it has just died: the next recv says so
                        ours.send(running[ours][0])
                else:
                    ours.close()
                    process.join()
                    del running[ours]
    finally:
        for _, process in running.values():
            process.terminate()
    # a worker that died takes no lane after it
    return failures + [f"{lane.universe}: not run, no worker process was left" for lane in waiting]


def _work(channel: Connection, tags: dict[str, str]) -> None:
    """A worker's life: one session, lane after lane until the channel is closed."""
    _end_with_parent()
    from optix_pipeline.cli.errors import expected_errors

    lane = _next_lane(channel)
    try:
        runner = _open_runner(channel, tags)
    except expected_errors() as error:
        _tell(channel, _Report(failure=f"{lane.universe if lane else 'worker'}: {error}"))
        return
    while lane is not None:
        _tell(channel, _Report(failure=run_lane(runner, lane)))
        lane = _next_lane(channel)


def _tell(channel: Connection, report: _Report) -> None:
    with suppress(
        BrokenPipeError, ConnectionResetError
    ):  # nobody listens any more: this process is ending too
        channel.send(report)


def _next_lane(channel: Connection) -> Lane | None:
    try:
        lane: Lane = channel.recv()
    except (EOFError, ConnectionResetError):
        return None
    return lane


def _open_runner(channel: Connection, tags: dict[str, str]) -> Runner:
    from optix_pipeline.catalog import load_catalog
    from optix_pipeline.definitions import build_definitions
    from optix_pipeline.session import open_session

    catalog = load_catalog()
    session = open_session()

    def progress(label: str, done: int, total: int) -> None:
        _tell(channel, _Report(label, done, total))

    return Runner(build_definitions(catalog=catalog), session.instance, catalog, progress, tags)


def _end_with_parent() -> None:
    """End this process when the one that started it has ended, also by a kill that told nobody."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    # Ctrl-C reaches the whole terminal group: the parent decides, and ends its workers. A group of their own keeps
    # it also from what Dagster starts in them (it mirrors a run's output through a tail)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "setpgrp"):
        os.setpgrp()

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()
