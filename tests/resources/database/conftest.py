"""One real embedded server for all tests of this folder, and a database of its own for each test that wants one."""

import datetime as dt
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa

from engine.backtest.result import RESULT_TABLES
from resources.database.database import Database
from resources.database.embedded.client import (
    ServerHandle,
    acquire_embedded_server,
    release_embedded_server,
)
from resources.database.run_id import run_id
from resources.database.run_record import MonteCarloRecord, RunInputRecord, RunRecord, WindowRecord
from resources.database.urls import OPTIX_DRIVER

#: takes a lease, says which processes serve it, then does what the test needs until it is killed
CLIENT = """
import sys, time
from pathlib import Path
from resources.database.embedded.client import acquire_embedded_server
h = acquire_embedded_server(Path(sys.argv[1]))
print(h.supervisor_pid, h.postgres_pid, h.port, h.user, h.password, flush=True)
time.sleep(float(sys.argv[2]))
"""


def process_alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture
def alive() -> Callable[[int], bool]:
    return process_alive


@pytest.fixture
def gone() -> Callable[..., bool]:
    """Wait until none of the processes runs; False when the time is over."""

    def wait(*pids: int, seconds: float = 15.0) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not any(process_alive(pid) for pid in pids):
                return True
            time.sleep(0.05)
        return False

    return wait


class Client:
    """A process that holds a lease."""

    def __init__(self, home: Path, seconds: float = 60.0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLIENT, str(home), str(seconds)], stdout=subprocess.PIPE, text=True
        )

    def read(self) -> "Client":
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the client ended before it had a lease"
        supervisor, postgres, port, self.user, self.password = line.split()
        self.supervisor, self.postgres, self.port = int(supervisor), int(postgres), int(port)
        return self

    def connect(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=self.user,
            password=self.password,
            dbname="postgres",
            autocommit=True,
        )

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def start_client() -> Iterator[Callable[[Path], Client]]:
    started: list[Client] = []

    def start(home: Path) -> Client:
        started.append(Client(home))
        return started[-1]

    yield start
    for client in started:
        client.end()


@pytest.fixture(scope="session")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("optix_home")
    before = os.environ.get("OPTIX_HOME")
    os.environ["OPTIX_HOME"] = str(home)
    yield home
    release_embedded_server(home)
    if before is None:
        del os.environ["OPTIX_HOME"]
    else:
        os.environ["OPTIX_HOME"] = before


@pytest.fixture(scope="session")
def server(server_home: Path) -> ServerHandle:
    return acquire_embedded_server(server_home)


_numbers = itertools.count()


def server_url(server: ServerHandle, database: str) -> sa.URL:
    return sa.URL.create(
        "postgresql",
        username=server.user,
        password=server.password,
        host=server.host,
        port=server.port,
        database=database,
    )


@contextmanager
def new_database(server: ServerHandle, template: str) -> Iterator[str]:
    """A database of its own for one test; gone afterwards."""
    name = f"test_{next(_numbers)}"
    maintenance = server_url(server, "postgres").render_as_string(hide_password=False)
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server_url(server, name).set(drivername=OPTIX_DRIVER).render_as_string(hide_password=False)
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_database_url(server: ServerHandle) -> Iterator[str]:
    """A new database without tables on the shared server."""
    with new_database(server, "template1") as url:
        yield url


@pytest.fixture
def empty_database(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def migrated_template(server: ServerHandle) -> str:
    """A database at the newest revision, to copy: faster than to migrate for each test."""
    name = "migrated_template"
    maintenance = server_url(server, "postgres").render_as_string(hide_password=False)
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    database = Database(
        server_url(server, name).set(drivername=OPTIX_DRIVER).render_as_string(hide_password=False)
    )
    database.upgrade()
    database.close()
    return name


@pytest.fixture
def database_url(server: ServerHandle, migrated_template: str) -> Iterator[str]:
    """A new database at the newest revision."""
    with new_database(server, migrated_template) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


_DTYPES = {"i8": np.int64, "f8": np.float64, "bool": np.bool_, "str": object}


def result_tables(rows: int) -> dict[str, dict[str, np.ndarray]]:
    """Result tables with ``rows`` rows each, every value different, NaN in every second float of the last row."""
    tables = {}
    for table, spec in RESULT_TABLES.items():
        columns: dict[str, np.ndarray] = {}
        for position, (name, kind) in enumerate(spec.items()):
            if name.endswith("_us"):
                values: Any = 1_700_000_000_000_000 + np.arange(rows) * 86_400_000_000 + position
            elif name.endswith("_days"):
                values = 19_700 + np.arange(rows)
            elif kind == "i8":
                values = np.arange(rows) + 1
            elif kind == "f8":
                values = np.arange(rows) * 1.25 + position + 0.1
                if rows and position % 2:
                    values[-1] = np.nan
            elif kind == "bool":
                values = np.arange(rows) % 2 == 0
            else:
                values = [f"{name}{row}" for row in range(rows)]
            columns[name] = np.array(values, dtype=_DTYPES[kind])
        if "right" in columns:
            columns["right"] = np.array(["C" if row % 2 else "S" for row in range(rows)], dtype=object)
        for name in ("quantity", "packages", "multiplier"):  # never undefined
            if name in columns and table != "events":
                columns[name] = np.full(rows, 2.0)
        if "currency" in columns:
            columns["currency"] = np.array(["USD"] * rows, dtype=object)
        tables[table] = columns
    return tables


@pytest.fixture
def make_run() -> Callable[..., RunRecord]:
    """A run record with ``rows`` rows in each table; keyword arguments replace fields."""

    def make(rows: int = 3, *, seed: int = 1, **replaced: Any) -> RunRecord:
        fields: dict[str, Any] = {
            "id": run_id("s" * 64, "i" * 64, "c" * 64, seed),
            "study": "index_iron_condor",
            "universe": "generated_index",
            "config": {"study": {"name": "index_iron_condor"}, "digests": {"backtest": "r" * 64}},
            "base_currency": "USD",
            "quote_currency": "USD",
            "code_digest": "c" * 64,
            "study_digest": "s" * 64,
            "inputs_digest": "i" * 64,
            "result_digest": "r" * 64,
            "seed": seed,
            "completed_at": dt.datetime(2026, 8, 1, 12, tzinfo=dt.UTC),
            "tables": result_tables(rows),
            "environment": {"numpy": "2.4"},
            "flags": ("settled_by_proxy",),
            "metrics": {
                "full": {"total_return": 0.25, "sharpe_ratio": 1.5, "sortino_ratio": None},
                "out_of_sample": {"sharpe_ratio": float("nan")},
                "window:2026-03": {"sharpe_ratio": 0.5},
            },
            "windows": (
                WindowRecord(
                    "2026-03",
                    dt.date(2026, 1, 2),
                    dt.date(2026, 2, 27),
                    dt.date(2026, 3, 2),
                    dt.date(2026, 3, 31),
                    "sharpe",
                    {"short_delta": np.float64(0.16), "width": 25},
                    1.1,
                    float("nan"),
                    ({"parameters": {"short_delta": 0.16}, "objective": 1.1}, {"error": "no entry"}),
                ),
            ),
            "monte_carlo": (
                MonteCarloRecord("stationary_bootstrap", "sharpe", 1.0, 1.1, -0.2, 2.2, 0.5, 0.95, 2000),
            ),
            "inputs": (
                RunInputRecord(
                    "layer", "a/2026-03.parquet", "1" * 64, "generated_index", "chain_month", "2026-03"
                ),
                RunInputRecord(
                    "raw", "r/2026-03-02.json", "2" * 64, "generated_index", "raw_quotes", "2026-03-02"
                ),
            ),
        }
        return RunRecord(**{**fields, **replaced})

    return make
