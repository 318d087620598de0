"""The embedded server lives exactly as long as somebody holds it, whoever is killed and however."""

import os
import signal
import stat
import subprocess
import sys
import time

import psycopg
import pytest

from resources.database.embedded.account import Account, reachable_installation
from resources.database.embedded.installation import choose_installation, wheel_folder
from resources.database.embedded.layout import ServerLayout
from resources.database.embedded.postmaster import read_pid_file
from resources.database.embedded.supervisor import EXIT_ALREADY_SUPERVISED

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="looks at processes through /proc"
)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def test_processes_that_start_together_share_one_server(home, start_client):
    clients = [start_client(home) for _ in range(4)]
    assert len({(c.supervisor, c.postgres, c.port) for c in (client.read() for client in clients)}) == 1
    with clients[0].connect() as one, clients[3].connect() as other:
        one.execute("CREATE TABLE shared AS SELECT 7 AS n")
        assert other.execute("SELECT n FROM shared").fetchone() == (7,)


def test_kill_9_of_every_client_leaves_nothing_running(home, start_client, alive, gone):
    first = start_client(home).read()
    second = start_client(home).read()
    backend = first.connect()
    backend_pid = backend.info.backend_pid
    first.process.kill()
    time.sleep(2.5)  # longer than the grace: the second client still holds the server
    assert alive(second.postgres)
    second.process.kill()
    assert gone(first.supervisor, first.postgres, backend_pid)
    assert not ServerLayout.of_home(home).lease.exists()
    assert read_pid_file(ServerLayout.of_home(home).data) is None, "Postgres did not stop in order"


def test_ctrl_c_reaches_neither_supervisor_nor_server_and_they_end_with_the_client(home, alive, gone):
    code = """
import sys, time
from pathlib import Path
from resources.database.embedded.client import acquire_embedded_server
h = acquire_embedded_server(Path(sys.argv[1]))
try:
    print(h.supervisor_pid, h.postgres_pid, flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    time.sleep(1)
"""
    client = subprocess.Popen(
        [sys.executable, "-c", code, str(home)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # a test run started in a shell's background ignores Ctrl-C, and so would all that it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    supervisor, postgres = map(int, client.stdout.readline().split())
    os.killpg(client.pid, signal.SIGINT)  # what a terminal does
    assert client.stdout.readline() == "interrupted\n"
    time.sleep(0.3)
    assert alive(supervisor) and alive(postgres)
    assert client.wait(10) == 0
    client.stdout.close()
    assert gone(supervisor, postgres)


def test_kill_9_of_the_supervisor_stops_the_server_and_the_next_client_finds_every_committed_row(
    home, start_client, gone
):
    before = start_client(home).read()
    with before.connect() as connection:
        connection.execute("CREATE TABLE kept (n int PRIMARY KEY)")
        for n in range(50):
            connection.execute("INSERT INTO kept VALUES (%s)", [n])
        os.kill(before.supervisor, signal.SIGKILL)
        assert gone(before.postgres), "Postgres outlived its supervisor"
    after = start_client(home).read()
    assert after.supervisor != before.supervisor
    assert after.port == before.port
    with after.connect() as connection:
        assert connection.execute("SELECT count(*), max(n) FROM kept").fetchone() == (50, 49)


def test_a_client_that_comes_while_an_orphaned_server_is_still_stopping_gets_a_new_one(
    home, start_client, gone
):
    before = start_client(home).read()
    os.kill(before.supervisor, signal.SIGKILL)
    after = start_client(home).read()
    with after.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert gone(before.postgres)


def test_kill_9_of_postgres_ends_the_supervisor_and_the_same_process_gets_a_new_server_with_its_rows(
    home, tmp_path
):
    code = """
import os, signal, sys, time
from pathlib import Path
import psycopg
from resources.database.embedded.client import acquire_embedded_server
home = Path(sys.argv[1])
def connect(h):
    return psycopg.connect(
        host=h.host, port=h.port, user=h.user, password=h.password, dbname="postgres", autocommit=True
    )
first = acquire_embedded_server(home)
assert acquire_embedded_server(home) is first
with connect(first) as c:
    c.execute("CREATE TABLE kept AS SELECT 42 AS n")
    os.kill(first.postgres_pid, signal.SIGKILL)
    time.sleep(1)
second = acquire_embedded_server(home)
assert second.postgres_pid != first.postgres_pid
with connect(second) as c:
    print(c.execute("SELECT n FROM kept").fetchone()[0])
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(home)], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert done.stdout.strip() == "42", done.stderr


def test_a_second_supervisor_on_the_folder_is_refused(home, start_client, alive):
    client = start_client(home).read()
    done = subprocess.run(
        [sys.executable, "-m", "resources.database.embedded.supervisor", home / "postgres", wheel_folder()],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == EXIT_ALREADY_SUPERVISED
    assert "another supervisor" in done.stderr
    assert alive(client.postgres)


def test_a_second_postgres_on_the_folder_is_refused(home, start_client):
    client = start_client(home).read()
    layout = ServerLayout.of_home(home)
    owner = layout.data.stat()
    account = Account(owner.st_uid, owner.st_gid)
    installation, _ = reachable_installation(choose_installation(wheel_folder(), layout.data), account)
    binary = installation.binary("postgres")
    descriptor = os.open(layout.data, os.O_RDONLY)
    done = subprocess.run(
        [binary, "-D", f"/proc/self/fd/{descriptor}", "--port=1"],
        capture_output=True,
        text=True,
        timeout=30,
        cwd="/",
        pass_fds=[descriptor],
        **({"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}),
    )
    os.close(descriptor)
    assert done.returncode != 0
    assert "postmaster.pid" in done.stderr
    with client.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_secrets_are_the_owners_only_and_no_connection_comes_in_without_the_password(home, start_client):
    client = start_client(home).read()
    layout = ServerLayout.of_home(home)
    for secret in (layout.credentials, layout.lease):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(layout.data.stat().st_mode) == 0o700
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            host="127.0.0.1", port=client.port, user=client.user, password="guess", dbname="postgres"
        )
    rules = [
        line.split()[-1]
        for line in (layout.data / "pg_hba.conf").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert set(rules) == {"scram-sha-256"}


def test_commits_are_durable_and_no_unix_socket_is_opened(home, start_client):
    with start_client(home).read().connect() as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()[0]
            for name in (
                "fsync",
                "full_page_writes",
                "synchronous_commit",
                "unix_socket_directories",
                "TimeZone",
            )
        }
    assert shown == {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "unix_socket_directories": "",
        "TimeZone": "UTC",
    }


def test_a_folder_whose_first_start_was_killed_half_way_is_begun_anew(home, start_client):
    layout = ServerLayout.of_home(home)
    layout.make_folder()
    layout.initializing.mkdir()
    (layout.initializing / "PG_VERSION").write_text("18\n")
    with start_client(home).read().connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not layout.initializing.exists()
