"""Migrations: from nothing to the newest tables, once, whoever comes at the same time."""

import subprocess
import sys

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from resources.database import migration
from resources.database.errors import DatabaseAheadError, DatabaseBehindError
from resources.database.models import Base


def tables(database):
    return set(sa.inspect(database.engine).get_table_names())


def test_an_empty_database_is_upgraded_to_exactly_the_models(empty_database):
    assert empty_database.revision() is None
    empty_database.upgrade()
    assert empty_database.revision() == empty_database.head()
    assert tables(empty_database) == {*Base.metadata.tables, "alembic_version"}
    with empty_database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_every_writer_refuses_a_database_that_is_behind_and_names_the_command(empty_database, make_run):
    migration.upgrade(empty_database.engine, "0001")
    for write in (
        lambda: empty_database.write_run(make_run()),
        lambda: empty_database.write_harvests([]),
        lambda: empty_database.write_quality([]),
    ):
        with pytest.raises(DatabaseBehindError, match=r"revision 0001.*run: optix db upgrade"):
            write()
    empty_database.upgrade()
    empty_database.write_run(make_run())


def test_an_empty_database_is_behind(empty_database):
    with pytest.raises(DatabaseBehindError, match="none \\(empty\\)"):
        empty_database.require_current()


def test_tables_of_a_newer_version_are_left_alone(database):
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseAheadError, match="9999"):
        database.require_current()
    with pytest.raises(DatabaseAheadError, match="newer one"):
        database.upgrade()


def test_upgrading_again_changes_nothing(database, make_run):
    database.write_run(make_run())
    before = database.table_counts()
    database.upgrade()
    assert database.table_counts() == before


def test_an_upgrade_that_fails_half_way_leaves_nothing(empty_database, monkeypatch):
    with empty_database.engine.begin() as connection:
        connection.execute(
            sa.text("CREATE TABLE data_quality_results (n int)")
        )  # in the way of the last revision
    with pytest.raises(sa.exc.ProgrammingError):
        empty_database.upgrade()
    assert tables(empty_database) == {"data_quality_results"}


def test_processes_that_upgrade_at_once_all_succeed(empty_database_url, empty_database):
    code = "import sys; from resources.database.database import Database; Database(sys.argv[1]).upgrade()"
    started = [
        subprocess.Popen([sys.executable, "-c", code, empty_database_url], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in started:
        errors = process.communicate()[1]
        assert process.returncode == 0, errors
    assert empty_database.revision() == empty_database.head()


def test_the_history_can_be_undone(database):
    config = migration.migration_config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert tables(database) == {"alembic_version"}


def test_migrations_do_not_run_without_the_lock():
    with pytest.raises(RuntimeError, match="optix db upgrade"):
        command.upgrade(migration.migration_config(), "head")
