"""Whole processes on homes of their own: the command line as a user calls it, and one demo for all tests."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

OPTIX = (sys.executable, "-m", "optix_pipeline.cli.main")
#: settings of the machine that runs the tests must not reach what they prove
_FOREIGN = ("OPTIX_", "DAGSTER_", "COVERAGE_", "COV_")

Outcome = subprocess.CompletedProcess[str]
RunOptix = Callable[..., Outcome]


def optix_environment(home: Path, **settings: str) -> dict[str, str]:
    """The environment of a command that keeps everything in ``home``."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
    return {**inherited, "OPTIX_HOME": str(home), "COLUMNS": "120", **settings}


def lake_digests(home: Path) -> dict[str, str]:
    """sha256 of every file below the lake folder, temporary ones included."""
    lake = home / "lake"
    return {
        path.relative_to(lake).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(lake.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="session")
def run_optix() -> RunOptix:
    """``run_optix(home, "results", "--json")``: the finished process, with its text."""

    def run(home: Path, *arguments: str, timeout: float = 600, **settings: str) -> Outcome:
        return subprocess.run(
            [*OPTIX, *arguments],
            env=optix_environment(home, **settings),
            cwd=home,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return run


@pytest.fixture(scope="session")
def start_optix() -> Callable[..., "subprocess.Popen[str]"]:
    """As ``run_optix``, but returns the running process."""

    def start(home: Path, *arguments: str, **settings: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*OPTIX, *arguments],
            env=optix_environment(home, **settings),
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # a test run started in a shell's background ignores Ctrl-C, and so would all that it starts
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    return start


@pytest.fixture(scope="session")
def lake_of() -> Callable[[Path], dict[str, str]]:
    """sha256 of every file of a home's lake by path."""
    return lake_digests


def processes_of(home: Path) -> list[str]:
    """Command lines of the processes that keep their things in ``home``."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"OPTIX_HOME={home}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return [command for command in found if command]


@pytest.fixture(scope="session")
def wait_until_nothing_runs() -> Callable[..., None]:
    """Wait for the end of every process of a home: workers, and the database server that it had started."""

    def wait(home: Path, seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while running := processes_of(home):
            assert time.monotonic() < deadline, f"left running: {running}"
            time.sleep(0.1)

    return wait


@dataclass(frozen=True)
class Demo:
    """A home in which ``optix demo`` ran once, on generated data alone.

    Attributes
    ----------
    summary
        The document that ``optix demo --json`` printed.
    lake
        sha256 of every file of the lake by path, as the demo left them.
    seconds
        Wall clock of the command.
    """

    home: Path
    summary: dict[str, Any]
    lake: dict[str, str]
    seconds: float

    @property
    def studies(self) -> list[str]:
        return [s["study"] for s in self.summary["studies"]]


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory, run_optix: RunOptix) -> Demo:
    """The real demo, once per session: nobody may change this home without putting it back."""
    home = tmp_path_factory.mktemp("demo")
    began = time.monotonic()
    outcome = run_optix(home, "demo", "--json")
    seconds = time.monotonic() - began
    assert outcome.returncode == 0, outcome.stderr[-3000:]
    return Demo(home, json.loads(outcome.stdout), lake_digests(home), seconds)
