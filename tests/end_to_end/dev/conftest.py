"""A running ``optix dev``, and the processes that belong to it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

START_SECONDS = 180.0


@dataclass(frozen=True)
class Process:
    """A process and when it began, so that a reused number is not taken for it."""

    pid: int
    began: str
    command: str


def processes() -> dict[int, tuple[int, Process]]:
    """Every living process of this machine with its parent, by number; zombies are dead."""
    listing = subprocess.run(
        ["ps", "-wweo", "pid=,ppid=,stat=,lstart=,args="], capture_output=True, text=True, check=True
    ).stdout
    found = {}
    for line in listing.splitlines():
        pid, parent, state, *rest = line.split(None, 8)
        if not state.startswith("Z"):
            began, command = " ".join(rest[:5]), rest[5] if len(rest) > 5 else ""
            found[int(pid)] = int(parent), Process(int(pid), began, command)
    return found


def tree_of(pid: int) -> list[Process]:
    """A process and its living descendants."""
    everything = processes()
    tree, new = {}, {pid}
    while new:
        tree |= {p: everything[p][1] for p in new if p in everything}
        new = {p for p, (parent, _) in everything.items() if parent in tree and p not in tree}
    return list(tree.values())


def living(tree: list[Process]) -> list[Process]:
    """Those that still run."""
    now = processes()
    return [p for p in tree if p.pid in now and now[p.pid][1].began == p.began]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class DevServer:
    """``optix dev`` on a port of its own."""

    process: "subprocess.Popen[str]"
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_until_up(self) -> float:
        """Seconds until the announcement was printed and the UI answered."""
        began = time.monotonic()
        while time.monotonic() - began < START_SECONDS:
            assert self.process.poll() is None, f"optix dev ended:\n{self.log.read_text()}"
            if self.url in self.log.read_text() and self.answers():
                return time.monotonic() - began
            time.sleep(0.1)
        raise AssertionError(f"no UI within {START_SECONDS} s:\n{self.log.read_text()}")

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/server_info", timeout=5) as response:
                return "dagster_webserver_version" in json.load(response)
        except OSError:
            return False

    def query(self, graphql: str, **variables: Any) -> dict[str, Any]:
        """The data of a GraphQL query."""
        request = urllib.request.Request(
            f"{self.url}/graphql",
            data=json.dumps({"query": graphql, "variables": variables}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def tree(self) -> list[Process]:
        return tree_of(self.process.pid)

    def all_gone(self, tree: list[Process], seconds: float) -> None:
        """Fail if one of these processes is left after that time."""
        deadline = time.monotonic() + seconds
        while (left := living(tree)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert left == [], f"left running: {left}\n{self.log.read_text()}"


StartDev = Callable[..., Any]
#: settings of the machine that runs the tests must not reach what they prove
_FOREIGN = ("OPTIX_", "DAGSTER_", "COVERAGE_", "COV_")


@pytest.fixture(scope="session")
def environment_of() -> Callable[..., dict[str, str]]:
    """``environment_of(home, NAME=value)``: this process's environment without its OPTIX and Dagster settings."""

    def build(home: Path, **settings: str) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        return {**inherited, "OPTIX_HOME": str(home), **settings}

    return build


@pytest.fixture(scope="session")
def start_dev(tmp_path_factory: pytest.TempPathFactory) -> StartDev:
    """``with start_dev(home, environment) as server``: from a shell that ignores SIGINT, as background shells do."""

    @contextmanager
    def start(home: Path, environment: dict[str, str], port: int | None = None) -> Iterator[DevServer]:
        port = port or free_port()
        log = tmp_path_factory.mktemp("dev") / "log.txt"
        with log.open("w") as output:
            process = subprocess.Popen(
                [
                    *("/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh"),
                    *(sys.executable, "-m", "optix_pipeline.cli.main", "dev", "--port", str(port)),
                    *("--documents-port", str(free_port())),
                ],
                env=environment,
                cwd=home,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        server = DevServer(process, port, log)
        try:
            yield server
        finally:
            if process.poll() is None:
                tree = server.tree()
                process.terminate()
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    for left in living(tree):
                        os.kill(left.pid, 9)
                    process.wait()

    return start
