"""Which databases are used, from the environment or embedded, and what is said when that cannot be."""

import os
import socket
import subprocess
import sys
from contextlib import closing

import psycopg
import pytest
import sqlalchemy as sa

from resources.database.database import open_database
from resources.database.errors import DatabaseCreationError, DatabaseUnreachableError, DatabaseUrlError
from resources.database.urls import database_urls, postgres_url, uses_embedded_server


@pytest.fixture(autouse=True)
def no_named_databases(monkeypatch):
    monkeypatch.delenv("OPTIX_DATABASE_URL", raising=False)
    monkeypatch.delenv("OPTIX_DAGSTER_DATABASE_URL", raising=False)


def external(server, database="external", user=None, password=None):
    """The shared embedded server, as somebody else's."""
    return sa.URL.create(
        "postgresql",
        username=user or server.user,
        password=password or server.password,
        host=server.host,
        port=server.port,
        database=database,
    ).render_as_string(hide_password=False)


def setting(url, name):
    plain = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection:
        return connection.execute(f"SHOW {name}").fetchone()[0]


def test_without_a_variable_both_databases_are_on_the_embedded_server(server):
    urls = database_urls()
    assert uses_embedded_server()
    assert sa.make_url(urls.optix).port == sa.make_url(urls.dagster).port == server.port
    assert urls.optix.startswith("postgresql+psycopg://") and urls.optix.endswith("/optix")
    assert urls.dagster.startswith("postgresql+psycopg2://") and urls.dagster.endswith("/optix_dagster")
    assert setting(urls.optix, "synchronous_commit") == "on"
    assert setting(urls.dagster, "synchronous_commit") == "off"


def test_a_named_server_replaces_the_embedded_one_and_both_databases_are_made_there(
    server, monkeypatch, tmp_path
):
    monkeypatch.setenv("OPTIX_DATABASE_URL", external(server))
    monkeypatch.setenv("OPTIX_HOME", str(tmp_path))
    urls = database_urls()
    assert not uses_embedded_server()
    assert not (tmp_path / "postgres").exists(), "an embedded server was started all the same"
    for url, name in ((urls.optix, "external"), (urls.dagster, "external_dagster")):
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            assert connection.execute(sa.text("SELECT current_database()")).scalar_one() == name
        engine.dispose()
    database = open_database()
    database.upgrade()
    database.require_current()
    database.close()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+asyncpg"])
def test_any_spelling_of_the_driver_is_understood(server, monkeypatch, scheme):
    monkeypatch.setenv("OPTIX_DATABASE_URL", external(server).replace("postgresql", scheme, 1))
    urls = database_urls()
    assert sa.make_url(urls.optix).drivername == "postgresql+psycopg"
    assert sa.make_url(urls.dagster).drivername == "postgresql+psycopg2"


def test_dagsters_database_can_be_named_too(server, monkeypatch):
    monkeypatch.setenv("OPTIX_DATABASE_URL", external(server))
    monkeypatch.setenv("OPTIX_DAGSTER_DATABASE_URL", external(server, "elsewhere"))
    assert sa.make_url(database_urls().dagster).database == "elsewhere"
    monkeypatch.setenv("OPTIX_DAGSTER_DATABASE_URL", external(server))
    with pytest.raises(DatabaseUrlError, match="same database"):
        database_urls()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense:secret", "holds no URL"),
        ("sqlite:///secret.db", "needs Postgres"),
        ("postgresql://user:secret@host:5432", "names no database"),
        ("postgresql://user:secret@host:port/optix", "holds no URL"),
    ],
)
def test_a_url_that_is_none_is_refused_without_showing_its_password(text, says):
    with pytest.raises(DatabaseUrlError, match=says) as error:
        postgres_url(text, "OPTIX_DATABASE_URL")
    assert "secret" not in str(error.value)
    assert "OPTIX_DATABASE_URL=postgresql://user:password@host:5432/optix" in str(error.value)


def test_a_name_too_long_for_its_dagster_sibling_is_refused(server, monkeypatch):
    monkeypatch.setenv("OPTIX_DATABASE_URL", external(server, "x" * 60))
    with pytest.raises(DatabaseUrlError, match="OPTIX_DAGSTER_DATABASE_URL"):
        database_urls()


def test_a_server_that_does_not_answer_is_named_with_the_way_out(monkeypatch):
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    monkeypatch.setenv("OPTIX_DATABASE_URL", f"postgresql://user:secret@127.0.0.1:{port}/optix")
    with pytest.raises(DatabaseUnreachableError, match=f"127.0.0.1:{port}") as error:
        database_urls()
    assert "secret" not in str(error.value)


def test_a_wrong_password_is_no_missing_database(server, monkeypatch):
    monkeypatch.setenv("OPTIX_DATABASE_URL", external(server, password="wrong"))
    with pytest.raises(DatabaseUnreachableError, match="password authentication failed"):
        database_urls()


def test_a_role_that_may_not_create_databases_is_told_what_to_run(server, monkeypatch):
    with psycopg.connect(external(server, "postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'reader'")
    try:
        monkeypatch.setenv("OPTIX_DATABASE_URL", external(server, "absent", "reader", "reader"))
        with pytest.raises(DatabaseCreationError, match="CREATE DATABASE absent OWNER reader"):
            database_urls()
    finally:
        with psycopg.connect(external(server, "postgres"), autocommit=True) as connection:
            connection.execute("DROP ROLE reader")


def test_processes_that_create_the_databases_at_once_all_succeed(server):
    code = "from resources.database.urls import database_urls; database_urls(); print('ok')"
    environment = {**os.environ, "OPTIX_DATABASE_URL": external(server, "raced")}
    started = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate()[0].strip() for process in started] == ["ok"] * 3


def test_passwords_do_not_show_in_the_printed_urls(server):
    urls = database_urls()
    assert server.password in urls.optix
    assert server.password not in repr(urls) + str(urls) + repr(server)
