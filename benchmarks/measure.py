"""What all benchmarks share: one figure with its note, repeated timing, child processes."""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes
    ----------
    value
        As text, with its unit.
    goal
        What the project wants of it; empty where there is none.
    """

    name: str
    value: str
    goal: str = ""
    note: str = ""


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median wall time of ``repeats`` calls, after one that is not counted."""
    work()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def paired_seconds(
    ours: Callable[[], object], peer: Callable[[], object], repeats: int
) -> tuple[float, float]:
    """Median wall times of two pieces of work, measured in turn so that a busy machine slows both."""
    ours()
    peer()
    mine, theirs = [], []
    for _ in range(repeats):
        start = time.perf_counter()
        ours()
        middle = time.perf_counter()
        peer()
        mine.append(middle - start)
        theirs.append(time.perf_counter() - middle)
    return statistics.median(mine), statistics.median(theirs)


def child_environment(home: Path, **settings: str) -> dict[str, str]:
    """The environment of an OPTIX command on a home of its own: none of the caller's settings reach it."""
    foreign = ("OPTIX_", "DAGSTER_", "PYTHONDONTWRITEBYTECODE")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    return {**inherited, "OPTIX_HOME": str(home), **settings}


def started(module: str, arguments: list[str], environment: dict[str, str]) -> "subprocess.Popen[str]":
    """``python -m benchmarks.MODULE ARGUMENTS``, a process of its own; ``answer`` waits for it."""
    return subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(process: "subprocess.Popen[str]", timeout_seconds: float = 900) -> Any:
    """The JSON document that it printed last.

    Raises
    ------
    RuntimeError
        If it failed: a failed benchmark has no speed.
    """
    try:
        out, errors = process.communicate(timeout=timeout_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    if process.returncode != 0:
        command = " ".join(map(str, process.args))
        raise RuntimeError(f"{command} ended with {process.returncode}: {errors[-2000:]}")
    return json.loads(out.splitlines()[-1])


@dataclass(frozen=True, order=True)
class Seconds:
    """Wall and processor time; the second says what the first would about be if nothing else ran."""

    wall: float
    processor: float


def command_seconds(arguments: list[str], environment: dict[str, str], timeout: float = 900) -> Seconds:
    """Time of ``python ARGUMENTS``, the children that it waited for included.

    Raises
    ------
    RuntimeError
        If it fails: a failed command has no speed.
    """
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return Seconds(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
