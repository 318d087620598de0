"""See that a database exists on its server."""

from collections.abc import Mapping

import psycopg
import sqlalchemy as sa
from psycopg import sql

from resources.database.errors import DatabaseCreationError, DatabaseUnreachableError

CONNECT_SECONDS = 10
#: any fixed number that nobody else locks; "OPTIXDB" in ASCII
PROVISIONING_LOCK = 0x4F505449584442
#: databases that a role can usually enter to create another from
_MAINTENANCE_DATABASES = ("postgres", "template1")


def ensure_database(url: sa.URL, settings: Mapping[str, str] | None = None) -> None:
    """Create the database of ``url`` if it is absent, with database-wide ``settings`` where the role may set them.

    Several processes may do it at the same time.

    Raises
    ------
    DatabaseUnreachableError
        If the server does not answer, or refuses user and password.
    DatabaseCreationError
        If the database is absent and the role may not create it.
    """
    assert url.database is not None
    if _exists(url):
        return
    try:
        with _maintenance_connection(url) as connection:
            # one process at a time: two ALTER DATABASE at once collide on Postgres's own catalogue
            connection.execute("SELECT pg_advisory_lock(%s)", [PROVISIONING_LOCK])
            if not _is_listed(connection, url.database):
                _create(connection, url.database)
            for name, value in (settings or {}).items():
                connection.execute(
                    sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                        sql.Identifier(url.database), sql.Identifier(name), sql.Literal(value)
                    )
                )
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseCreationError(
            f"the database {url.database!r} does not exist on {_place(url)} and the role {url.username!r} may not "
            f"create it: run there, as a superuser, CREATE DATABASE {url.database} OWNER {url.username}; or "
            f"ALTER ROLE {url.username} CREATEDB"
        ) from error


def _exists(url: sa.URL) -> bool:
    try:
        with psycopg.connect(_conninfo(url, url.database), connect_timeout=CONNECT_SECONDS):
            return True
    except psycopg.OperationalError as error:
        # the refusal of a connection carries no SQLSTATE, only the server's text; it is always English when the
        # server's lc_messages is, so the database is also looked up by name before it counts as unreachable
        if "does not exist" in str(error) and url.database is not None and url.database in str(error):
            return False
        return _listed(url, error)


def _listed(url: sa.URL, refusal: psycopg.OperationalError) -> bool:
    """False if the server answers and has no such database; otherwise the refusal stands."""
    with _maintenance_connection(url, refusal) as connection:
        found = _is_listed(connection, str(url.database))
    if not found:
        return False
    raise DatabaseUnreachableError(
        f"{_place(url)} has the database {url.database!r} but refuses it to the role "
        f"{url.username!r}: {_one_line(refusal)}"
    ) from refusal


def _is_listed(connection: "psycopg.Connection[tuple[object, ...]]", database: str) -> bool:
    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
    return found is not None


def _maintenance_connection(
    url: sa.URL, refusal: psycopg.OperationalError | None = None
) -> "psycopg.Connection[tuple[object, ...]]":
    last = refusal
    for database in _MAINTENANCE_DATABASES:
        try:
            return psycopg.connect(_conninfo(url, database), connect_timeout=CONNECT_SECONDS, autocommit=True)
        except psycopg.OperationalError as error:
            last = error
    raise DatabaseUnreachableError(
        f"no connection to Postgres on {_place(url)} as {url.username!r}: {_one_line(last)}; check that it "
        "runs, and the user, password, host and port in the URL"
    ) from last


def _create(connection: "psycopg.Connection[tuple[object, ...]]", database: str) -> None:
    try:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        return  # somebody who does not take our lock was faster


def _conninfo(url: sa.URL, database: str | None) -> str:
    plain = url.set(drivername="postgresql", database=database)
    return plain.render_as_string(hide_password=False)


def _one_line(error: BaseException | None) -> str:
    """The server's words, which it spreads over several lines."""
    return " ".join(str(error).split())


def _place(url: sa.URL) -> str:
    return f"{url.host or 'the local socket'}:{url.port or 5432}"
