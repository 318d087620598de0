"""The supervisor's own course, run in this process: start, failures, reasons to stop."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from resources.database.embedded import supervisor
from resources.database.embedded.account import reachable_installation, server_account
from resources.database.embedded.client import _join
from resources.database.embedded.data_folder import initialize_data_folder
from resources.database.embedded.errors import EmbeddedServerError, EmbeddedServerStartError
from resources.database.embedded.installation import choose_installation, wheel_folder
from resources.database.embedded.layout import ServerLayout
from resources.database.embedded.postmaster import (
    HOST,
    free_port,
    log_tail,
    read_pid_file,
    start_postmaster,
    stop_orphan,
    stop_postmaster,
)

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="looks at processes through /proc"
)


@pytest.fixture
def layout(tmp_path):
    return ServerLayout.of_home(tmp_path)


@pytest.fixture
def own_signals():
    """The supervisor takes over the process's signals; pytest wants them back."""
    numbers = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def parts(layout):
    """A data folder and what it takes to start a server on it."""
    layout.make_folder()
    account = server_account(layout.data)
    # the checkout may lie below a folder that the server's account cannot enter: as the product does it
    installation, _ = reachable_installation(choose_installation(wheel_folder(), layout.data), account)
    initialize_data_folder(layout, installation, account, "optix", "secret")
    return layout, installation, account


def run(layout):
    return supervisor.main([str(layout.folder), str(wheel_folder())])


def test_without_a_first_lease_the_supervisor_ends_and_its_server_with_it(
    layout, own_signals, monkeypatch, capfd
):
    monkeypatch.setattr(supervisor, "FIRST_LEASE_SECONDS", 0.2)
    assert run(layout) == 0
    assert "no client left" in capfd.readouterr().err
    assert read_pid_file(layout.data) is None
    assert not layout.lease.exists()
    assert int(layout.last_port.read_text()) > 0


def test_it_serves_while_there_is_a_lease_and_stops_in_order_on_sigterm(layout, own_signals, capfd):
    def act() -> None:
        deadline = time.monotonic() + 30
        while not layout.lease.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        lease = _join(layout)
        time.sleep(0.3)
        alive.append(lease is not None and lease.alive())
        os.kill(os.getpid(), signal.SIGTERM)

    alive: list[bool] = []
    thread = threading.Thread(target=act)
    thread.start()
    assert run(layout) == 0
    thread.join()
    assert alive == [True]
    assert f"asked to stop by signal {int(signal.SIGTERM)}" in capfd.readouterr().err
    assert "database system is shut down" in log_tail(layout.server_log)


def test_after_the_last_lease_it_waits_for_the_grace_and_no_longer(layout, own_signals, monkeypatch):
    monkeypatch.setattr(supervisor, "GRACE_SECONDS", 0.2)
    ended: list[float] = []

    def act() -> None:
        while not layout.lease.exists():
            time.sleep(0.02)
        lease = _join(layout)
        assert lease is not None
        time.sleep(0.2)
        lease.connection.close()
        ended.append(time.monotonic())

    thread = threading.Thread(target=act)
    thread.start()
    assert run(layout) == 0
    thread.join()
    assert time.monotonic() - ended[0] < 5


def test_a_server_that_dies_ends_the_supervisor_with_a_failure(layout, own_signals, capfd):
    def act() -> None:
        while not layout.lease.exists():
            time.sleep(0.02)
        lease = _join(layout)
        assert lease is not None
        leases.append(lease)
        os.kill(lease.handle.postgres_pid, signal.SIGKILL)

    leases: list[object] = []
    thread = threading.Thread(target=act)
    thread.start()
    assert run(layout) == supervisor.EXIT_FAILED
    thread.join()
    assert "Postgres ended by itself with code -9" in capfd.readouterr().err


def test_a_folder_that_has_a_supervisor_is_refused(layout, own_signals, capfd):
    layout.make_folder()
    supervisor.lock_folder(layout.lock)
    assert run(layout) == supervisor.EXIT_ALREADY_SUPERVISED
    assert not layout.data.exists()


def test_a_failure_is_an_exit_code_and_a_line_in_the_log(layout, own_signals, capfd):
    layout.data.mkdir(parents=True)
    assert run(layout) == supervisor.EXIT_FAILED
    assert "credentials.json is missing" in capfd.readouterr().err
    assert supervisor.main([]) == 64


def test_a_taken_port_is_an_error_that_shows_the_servers_own_words(parts):
    with (
        closing(socket.create_server((HOST, 0))) as taken,
        pytest.raises(EmbeddedServerStartError, match="in use"),
    ):
        start_postmaster(*parts, taken.getsockname()[1])


def test_a_server_without_owner_is_stopped_in_order_before_another_starts(parts):
    layout, _, _ = parts
    orphan = start_postmaster(*parts, free_port(None))
    reaper = threading.Thread(target=orphan.wait)  # what init does for a real orphan
    reaper.start()
    assert stop_orphan(layout.data) == orphan.pid
    reaper.join(10)
    assert orphan.returncode == 0
    assert stop_orphan(layout.data) is None


def test_the_password_is_asked_for_from_the_first_moment_and_stopping_twice_is_fine(parts):
    _, installation, _ = parts
    port = free_port(None)
    process = start_postmaster(*parts, port)
    command = [
        installation.binary("psql"),
        f"postgresql://optix@{HOST}:{port}/postgres",
        "-w",
        "-tAc",
        "SELECT 41 + 1",
    ]
    refused = subprocess.run(command, capture_output=True, text=True)
    assert refused.returncode != 0 and "password" in refused.stderr
    allowed = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PGPASSWORD": "secret"}
    )
    assert allowed.stdout.strip() == "42", allowed.stderr
    stop_postmaster(process)
    stop_postmaster(process)
    assert process.returncode == 0


def test_an_existing_data_folder_is_left_as_it_is(parts):
    layout, installation, account = parts
    before = sorted((p.name, p.stat().st_mtime_ns) for p in layout.data.iterdir())
    initialize_data_folder(layout, installation, account, "other", "other")
    assert sorted((p.name, p.stat().st_mtime_ns) for p in layout.data.iterdir()) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can pretend to be another user")
def test_another_users_data_folder_is_refused_with_the_way_out(parts, monkeypatch):
    layout, installation, account = parts
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(EmbeddedServerError, match="give OPTIX_HOME another folder"):
        initialize_data_folder(layout, installation, account, "optix", "secret")


def test_an_overlong_log_is_put_aside(parts, monkeypatch):
    layout, _, _ = parts
    monkeypatch.setattr("resources.database.embedded.postmaster.LOG_BYTES", 10)
    layout.server_log.write_text("old words, more than ten bytes of them\n")
    stop_postmaster(start_postmaster(*parts, free_port(None)))
    assert "old words" in layout.server_log.with_suffix(".old").read_text()
    assert "old words" not in layout.server_log.read_text()
