"""The server processes of ``optix dev``: each in a process group of its own, all of them ended together."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from optix_pipeline.cli.guard import GOODBYE, group_exists

#: from the servers' SIGINT to their SIGKILL
STOP_SECONDS = 15.0


class Servers:
    """Starts servers and ends them, however this process ends.

    A server gets a session of its own, so that a Ctrl-C in the terminal reaches this process only, which stops the
    servers before its database lease ends. They start with default signal handlers as long as this process
    *handles* SIGINT (a background shell passes it on ignored, and ignored signals stay so in children).

    Parameters
    ----------
    folder
        Where the servers run.
    scratch
        A folder of theirs, removed when this process is killed.
    """

    def __init__(self, folder: Path, scratch: Path) -> None:
        self._folder = folder
        self._children: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._guard = subprocess.Popen(
            # -S: no site-packages; -P: whatever lies beside the file must not shadow the standard library
            [sys.executable, "-S", "-P", str(Path(__file__).with_name("guard.py")), str(scratch)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def start(self, module_and_options: list[str]) -> None:
        """Run ``python -m MODULE OPTIONS...``."""
        child = subprocess.Popen(
            [sys.executable, "-m", *module_and_options], cwd=self._folder, start_new_session=True
        )
        self._children.append((module_and_options[0], child))
        self._tell(str(child.pid))

    def check(self) -> None:
        """Raise if a server has ended by itself.

        Raises
        ------
        ChildProcessError
            Naming it.
        """
        for name, child in self._children:
            if child.poll() is not None:
                raise ChildProcessError(f"{name} stopped with exit code {child.returncode}; its log is above")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()
        self._tell(GOODBYE)
        if self._guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.close()
        self._guard.wait()

    def _stop(self) -> None:
        """SIGINT to each server's process group, then after a grace SIGKILL to what is left of it."""
        groups = [child.pid for _, child in self._children]
        _signal(groups, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        # a group outlives its leader: runs and code servers are in it too
        while time.monotonic() < deadline and self._left(groups):
            time.sleep(0.05)
        _signal(groups, signal.SIGKILL)
        for _, child in self._children:
            child.wait()

    def _left(self, groups: list[int]) -> bool:
        for _, child in self._children:
            child.poll()  # reaps it
        return any(group_exists(g) for g in groups)

    def _tell(self, line: str) -> None:
        assert self._guard.stdin is not None
        # a guard that somebody killed is missed only when this process is killed too
        with contextlib.suppress(BrokenPipeError):
            self._guard.stdin.write(f"{line}\n".encode())
            self._guard.stdin.flush()


def _signal(groups: list[int], signum: signal.Signals) -> None:
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signum)
