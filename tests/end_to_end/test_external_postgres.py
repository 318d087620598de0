"""A Postgres of the user's own, of another version and make than the embedded one, holds both databases."""

import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

pytestmark = pytest.mark.end_to_end

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
PASSWORD = "not-a-secret"


@pytest.fixture(scope="module")
def external_postgres() -> Iterator[str]:
    """The URL of a Debian server on a free loopback port, with password authentication."""
    if not INSTALLED:
        pytest.skip("no Postgres below /usr/lib/postgresql: apt-get install postgresql to run this test")
    programs = INSTALLED[-1].parent
    account: dict[str, str | int] = {}
    if os.geteuid() == 0:  # Postgres refuses to run as root
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("run as root, and there is no account postgres to start the server with")
        account = {"user": "postgres", "group": "postgres"}
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # not below pytest's own folder, which only its owner can enter
    folder = Path(tempfile.mkdtemp(prefix="external-postgres-", dir="/tmp"))
    (folder / "password").write_text(PASSWORD)
    if account:
        for path in (folder, folder / "password"):
            shutil.chown(path, "postgres", "postgres")
    server = None
    try:
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-U", "quant", "--pwfile", folder / "password",
             "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8"],
            check=True, capture_output=True, cwd=folder, **account,  # type: ignore[call-overload]
        )  # fmt: skip
        server = subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1", "-k", folder],
            stderr=subprocess.DEVNULL, cwd=folder, **account,  # type: ignore[call-overload]
        )  # fmt: skip
        url = f"postgresql://quant:{PASSWORD}@127.0.0.1:{port}/optix"
        _wait_for(url.replace("/optix", "/postgres"))
        yield url
    finally:
        if server is not None:
            server.terminate()
            server.wait(30)
        shutil.rmtree(folder)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, "the server did not come up"
            time.sleep(0.1)


def test_harvest_and_quality_live_on_the_named_server_alone(external_postgres, tmp_path, run_optix):
    settings = {"OPTIX_DATABASE_URL": external_postgres}
    harvest = ("harvest", "demo_stock", "--from", "2025-08-18", "--to", "2025-08-22", "--json")
    behind = run_optix(tmp_path, *harvest, **settings)
    assert behind.returncode == 1 and "optix db upgrade" in behind.stderr
    assert not (tmp_path / "lake").exists(), "something was written before the database was checked"
    upgraded = run_optix(tmp_path, "db", "upgrade", "--json", **settings)
    assert upgraded.returncode == 0, upgraded.stderr
    outcome = run_optix(tmp_path, *harvest, **settings)
    assert outcome.returncode == 0, outcome.stderr
    kept = {(q["trade_date"], q["status"]) for q in json.loads(outcome.stdout)["quality"]}
    assert ("2025-08-20", "blocked") in kept and ("2025-08-21", "ok") in kept
    assert not (tmp_path / "postgres").exists(), "an embedded server was started all the same"
    with psycopg.connect(external_postgres) as connection:
        (harvests,) = connection.execute("SELECT count(*) FROM harvests").fetchone()
        (version,) = connection.execute("SHOW server_version").fetchone()
    assert harvests >= 5
    with psycopg.connect(external_postgres.replace("/optix", "/optix_dagster")) as connection:
        (events,) = connection.execute("SELECT count(*) FROM event_logs").fetchone()
    assert events > 50, f"Dagster's events are not on Postgres {version}"
