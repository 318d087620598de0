"""A database that is behind is never written to: every command says which one mends it."""

import functools
import itertools

import psycopg
import pytest
import sqlalchemy as sa

from resources.database import migration
from resources.database.embedded.client import acquire_embedded_server, release_embedded_server
from resources.database.urls import OPTIX_DRIVER


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    home = tmp_path_factory.mktemp("server")
    yield acquire_embedded_server(home)
    release_embedded_server(home)


@pytest.fixture(scope="module")
def make_database(server):
    """Makes a database at a revision (None: empty); returns its URL."""
    numbers = itertools.count()

    def make(revision: str | None) -> sa.URL:
        url = sa.URL.create("postgresql", server.user, server.password, server.host, server.port, "postgres")
        name = f"cli_{next(numbers)}"
        with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        url = url.set(database=name)
        if revision is not None:
            engine = sa.create_engine(url.set(drivername=OPTIX_DRIVER))
            migration.upgrade(engine, revision)
            engine.dispose()
        return url

    return make


@pytest.fixture(scope="module")
def unchanged(make_database):
    """One database for each revision, for tests that change nothing."""
    return functools.cache(make_database)


@pytest.fixture
def database_url(unchanged, request, monkeypatch, home):
    """OPTIX_DATABASE_URL names a database at the revision of the test's parameter."""
    monkeypatch.setenv("OPTIX_DATABASE_URL", unchanged(request.param).render_as_string(hide_password=False))


@pytest.mark.parametrize("database_url", ["0001", None], indirect=True)
@pytest.mark.parametrize(
    "command", [("results",), ("quality", "show", "demo_stock"), ("lineage", "x"), ("reproduce", "x")]
)
def test_a_database_that_is_behind_is_refused_with_the_command_that_mends_it(refused, database_url, command):
    assert refused(*command).endswith("run: optix db upgrade")


@pytest.mark.parametrize("database_url", ["0001"], indirect=True)
def test_nothing_is_harvested_into_a_database_that_is_behind(optix, home, database_url):
    answer = optix("harvest", "demo_coin", "--from", "2025-07-01", "--to", "2025-07-02", "--json")
    assert answer.code == 1
    assert answer.err.startswith("optix: the database ") and answer.err.endswith("run: optix db upgrade\n")
    assert not (home / "lake").exists()


def test_upgrade_mends_it_once(optix, make_database, monkeypatch):
    monkeypatch.setenv("OPTIX_DATABASE_URL", make_database("0001").render_as_string(hide_password=False))
    assert optix("db", "status").out.rstrip().endswith("run: optix db upgrade")
    behind = optix("db", "status", "--json").document
    assert (behind["revision"], behind["tables"]) == ("0001", {})
    done = optix("db", "upgrade", "--json").document
    assert (done["before"], done["after"]) == ("0001", behind["head"])
    assert optix("db", "upgrade").out == f"the database is current (revision {behind['head']})\n"
    status = optix("db", "status", "--json").document
    assert set(status["tables"].values()) == {0}


@pytest.mark.parametrize("database_url", ["head"], indirect=True)
class TestEmpty:
    """A database in which nothing has been stored yet."""

    @pytest.mark.parametrize(
        ("command", "says"),
        [
            (("results",), "there are no stored runs; run: optix run STUDY"),
            (("results", "my_study"), "study my_study has no stored runs; run: optix run my_study"),
            (
                ("quality", "show", "demo_stock"),
                "no session of demo_stock has been judged; run: optix harvest demo_stock",
            ),
            (
                ("quality", "show", "nope"),
                "no universe is named nope; known: demo_coin, demo_index, demo_stock",
            ),
            (("lineage", "abc"), "no run has an id that begins with abc: see 'optix results'"),
            (("reproduce", "not-an-id"), "is no run id: give the beginning of an id from 'optix results'"),
        ],
    )
    def test_what_is_not_there_is_said_with_the_command_that_makes_it(
        self, refused, database_url, command, says
    ):
        assert says in refused(*command)

    def test_doctor_says_what_to_mend(self, optix, database_url, monkeypatch):
        good = {f["check"]: f for f in optix("doctor", "--json").document}
        assert all(f["ok"] for f in good.values())
        monkeypatch.setenv("OPTIX_LAKE_URI", "ftp://x")
        answer = optix("doctor")
        assert answer.code == 1
        assert "FAIL  lake" in answer.out and "ftp:// is not supported" in answer.out
        bad = {f["check"]: f["ok"] for f in optix("doctor", "--json").document}
        assert bad == {**dict.fromkeys(good, True), "lake": False}
