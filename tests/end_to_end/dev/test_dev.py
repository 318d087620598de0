"""``optix dev``: what runs, and that nothing runs afterwards, however it ends."""

import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.end_to_end

#: a stop takes 2-3 s on an idle machine
STOP_SECONDS = 30.0
#: after a kill -9: the servers' own end and the end of the database's lease
DEATH_SECONDS = 30.0


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home without data; the database is made once for all tests here."""
    return tmp_path_factory.mktemp("dev_home")


def commands(tree: list[Any]) -> str:
    return "\n".join(p.command for p in tree)


def test_ui_daemons_and_database_run_in_one_tree_and_ctrl_c_ends_them(
    home: Path, start_dev: Any, environment_of: Any
) -> None:
    with start_dev(home, environment_of(home)) as server:
        server.wait_until_up()
        tree = server.tree()
        for part in (
            "dagster_webserver",
            "dagster._daemon",
            "code-server",
            "embedded.supervisor",
            "postgres",
        ):
            assert part in commands(tree), part
        assert commands(tree).count("dagster api grpc") == 1, (
            "one code server for the UI, the daemon and the runs"
        )
        _daemons_beat(server)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(STOP_SECONDS) == 0, server.log.read_text()
        # the database's lease ends with the process, its server some seconds later
        server.all_gone(tree, STOP_SECONDS)
        log = server.log.read_text()
        assert log.rstrip().endswith("OPTIX: stopped")
        assert "Traceback" not in log
        assert not server.answers()


def _daemons_beat(server: Any) -> None:
    graphql = "{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } } }"
    deadline = time.monotonic() + 60
    while True:
        statuses = server.query(graphql)["instance"]["daemonHealth"]["allDaemonStatuses"]
        required = {s["daemonType"]: s["healthy"] for s in statuses if s["required"]}
        if all(required.values()):
            assert {"SENSOR", "SCHEDULER", "QUEUED_RUN_COORDINATOR", "BACKFILL", "ASSET"} <= set(required)
            return
        assert time.monotonic() < deadline, f"no heartbeat: {required}"
        time.sleep(0.5)


def test_a_closed_terminal_ends_everything(home: Path, start_dev: Any, environment_of: Any) -> None:
    with start_dev(home, environment_of(home)) as server:
        server.wait_until_up()
        tree = server.tree()
        server.process.send_signal(signal.SIGHUP)
        assert server.process.wait(STOP_SECONDS) == 0, server.log.read_text()
        server.all_gone(tree, STOP_SECONDS)


def test_sigterm_while_it_starts_ends_everything(home: Path, start_dev: Any, environment_of: Any) -> None:
    with start_dev(home, environment_of(home)) as server:
        deadline = time.monotonic() + 60
        while "code-server" not in commands(server.tree()):
            assert server.process.poll() is None and time.monotonic() < deadline, server.log.read_text()
            time.sleep(0.05)
        tree = server.tree()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(STOP_SECONDS) == 0, server.log.read_text()
        server.all_gone(tree, STOP_SECONDS)


def test_kill_minus_9_leaves_nothing_running(home: Path, start_dev: Any, environment_of: Any) -> None:
    with start_dev(home, environment_of(home)) as server:
        server.wait_until_up()
        tree = server.tree()
        (code_socket,) = {
            word
            for p in tree
            if "code-server" in p.command
            for word in p.command.split()
            if word.endswith(".sock")
        }
        assert Path(code_socket).exists()
        server.process.kill()
        server.process.wait()
        server.all_gone(tree, DEATH_SECONDS)
        assert not Path(code_socket).parent.exists()


def test_a_server_that_is_killed_ends_the_others_with_one_line(
    home: Path, start_dev: Any, environment_of: Any
) -> None:
    with start_dev(home, environment_of(home)) as server:
        server.wait_until_up()
        tree = server.tree()
        (daemon,) = [p for p in tree if "dagster._daemon" in p.command]
        os.kill(daemon.pid, signal.SIGKILL)
        assert server.process.wait(STOP_SECONDS) == 1
        server.all_gone(tree, STOP_SECONDS)
        assert (
            server.log.read_text()
            .splitlines()[-1]
            .startswith("optix: dagster._daemon stopped with exit code -9")
        )


def test_a_taken_port_is_one_line_and_starts_nothing(home: Path, run_optix: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = run_optix(home, "dev", "--port", str(port))
    assert outcome.returncode == 1
    assert outcome.stderr == f"optix: port {port} on 127.0.0.1 is taken; choose another with --port\n"
    assert outcome.stdout == ""
