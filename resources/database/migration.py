"""Bring the tables to the newest revision, one process at a time."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

#: any fixed number that nobody else locks; "OPTIX" in ASCII
MIGRATION_LOCK = 0x4F50544958
#: Alembic keeps its context in module globals: one upgrade at a time within a process too
_one_upgrade = threading.Lock()


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Run the missing revisions in one transaction: all of them or none.

    Others wait at an advisory lock and then find nothing to do (two processes that create the same table at once
    fail on Postgres's own catalogue, even with IF NOT EXISTS).
    """
    from alembic import command

    config = migration_config()
    with _one_upgrade, engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def stored_revision(engine: sa.Engine) -> str | None:
    """The revision that the database is at; None for one without OPTIX's tables."""
    with engine.connect() as connection:
        exists = connection.execute(sa.text("SELECT to_regclass('alembic_version') IS NOT NULL")).scalar_one()
        if not exists:
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def head_revision() -> str:
    """The newest revision of this version of OPTIX."""
    head = _scripts().get_current_head()
    assert head is not None, "the package holds no revisions"
    return head


def knows_revision(revision: str) -> bool:
    """Whether this version of OPTIX has the revision in its history."""
    return revision in {script.revision for script in _scripts().walk_revisions()}


def migration_config() -> "Config":
    """Alembic's configuration, without an ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(migration_config())
