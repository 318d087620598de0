"""One process's surroundings: DAGSTER_HOME, the database server, the migrated database, the Dagster instance."""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from optix_pipeline.catalog import PACKAGE
from resources.home import optix_home

if TYPE_CHECKING:
    import dagster as dg

    from resources.database.database import Database

#: events are written in batches of this size: one round trip instead of one per event
EVENT_BATCH_SIZE = "200"


def project_file(name: str) -> Path:
    """``dagster.yaml`` or ``workspace.yaml``: beside the packages in a checkout, inside optix_pipeline when
    installed from a wheel."""
    for folder in (PACKAGE.parent, PACKAGE):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"{name} is neither in {PACKAGE.parent} nor in {PACKAGE}; reinstall OPTIX")


def dagster_home() -> Path:
    """DAGSTER_HOME: the user's own where set, else ``dagster_home`` in the home folder, with our dagster.yaml."""
    named = os.environ.get("DAGSTER_HOME")
    if named:
        return Path(named)
    home = optix_home() / "dagster_home"
    home.mkdir(parents=True, exist_ok=True)
    link, target = home / "dagster.yaml", project_file("dagster.yaml")
    if not (link.is_symlink() and link.resolve() == target):
        with suppress(FileNotFoundError):
            link.unlink()
        try:
            link.symlink_to(target)
        except OSError:  # a file system without links
            shutil.copyfile(target, link)
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def quiet_environment() -> None:
    """Settings that libraries read when they are imported."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", EVENT_BATCH_SIZE)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")


@dataclass(frozen=True)
class Session:
    """What a command that runs assets needs."""

    instance: "dg.DagsterInstance"
    database: "Database"


def open_tables() -> "Database":
    """Start or join the database server; OPTIX's tables at the newest revision, by the rule of ``open_session``."""
    quiet_environment()
    from resources.database.database import open_database

    database = open_database()
    if os.environ.get("OPTIX_DATABASE_URL"):
        database.require_current()
    else:
        database.upgrade()
    return database


def open_session() -> Session:
    """Start or join the database server, migrate OPTIX's own database, open the Dagster instance.

    An OPTIX database of ours (the embedded server) is migrated on the way; one named by OPTIX_DATABASE_URL is
    never changed without being asked: it must be current (``optix db upgrade``).
    """
    dagster_home()
    database = open_tables()
    import dagster as dg

    from optix_pipeline.interrupted_runs import close_interrupted

    instance = dg.DagsterInstance.get()
    close_interrupted(instance)
    return Session(instance, database)
