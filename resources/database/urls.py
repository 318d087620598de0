"""Which databases OPTIX uses: its own, and beside it on the same server one for Dagster's storage.

``OPTIX_DATABASE_URL`` names the first on any Postgres server; without it both live on the embedded server of the
home folder. ``OPTIX_DAGSTER_DATABASE_URL`` names the second; without it, it is ``<name of the first>_dagster``.
"""

import os
from dataclasses import dataclass, field

import sqlalchemy as sa

from resources.database.embedded.client import acquire_embedded_server
from resources.database.errors import DatabaseUrlError
from resources.database.provisioning import ensure_database
from resources.home import optix_home

OPTIX_URL_VARIABLE = "OPTIX_DATABASE_URL"
DAGSTER_URL_VARIABLE = "OPTIX_DAGSTER_DATABASE_URL"
EMBEDDED_DATABASE = "optix"
#: SQLAlchemy's name of psycopg 3, which OPTIX uses
OPTIX_DRIVER = "postgresql+psycopg"
#: dagster-postgres needs psycopg2, and SQLAlchemy 2.1 reads a bare ``postgresql://`` as psycopg 3
DAGSTER_DRIVER = "postgresql+psycopg2"
#: Postgres cuts longer names
MAX_NAME_LENGTH = 63

#: pairs of URLs whose databases this process has seen to exist
_provisioned: set[tuple[str, str]] = set()


@dataclass(frozen=True)
class DatabaseUrls:
    """SQLAlchemy URLs with passwords; ``str()`` of the object hides them."""

    optix: str = field(repr=False)
    dagster: str = field(repr=False)

    def __str__(self) -> str:
        optix, dagster = (
            sa.make_url(u).render_as_string(hide_password=True) for u in (self.optix, self.dagster)
        )
        return f"OPTIX {optix}, Dagster {dagster}"


def uses_embedded_server() -> bool:
    """Whether OPTIX's own database is on the embedded server."""
    return not os.environ.get(OPTIX_URL_VARIABLE)


def database_urls() -> DatabaseUrls:
    """Both URLs, with the embedded server started where it is needed and both databases made if absent.

    Raises
    ------
    DatabaseUrlError
        If a variable holds no Postgres URL with a database name.
    DatabaseUnreachableError, DatabaseCreationError
        If the named server does not answer, or the role may not create an absent database.
    resources.database.embedded.errors.EmbeddedServerError
        If the embedded server cannot be used.
    """
    named_optix = os.environ.get(OPTIX_URL_VARIABLE)
    named_dagster = os.environ.get(DAGSTER_URL_VARIABLE)
    optix = postgres_url(named_optix, OPTIX_URL_VARIABLE) if named_optix else _embedded_url()
    if named_dagster:
        dagster = postgres_url(named_dagster, DAGSTER_URL_VARIABLE)
    else:
        name = f"{optix.database}_dagster"
        if len(name) > MAX_NAME_LENGTH:
            raise DatabaseUrlError(
                f"the database name {optix.database!r} is too long to put '_dagster' behind it "
                f"({MAX_NAME_LENGTH} characters at most): name Dagster's database in {DAGSTER_URL_VARIABLE}"
            )
        dagster = optix.set(database=name)
    if (optix.host, optix.port, optix.database) == (dagster.host, dagster.port, dagster.database):
        raise DatabaseUrlError(
            f"{OPTIX_URL_VARIABLE} and {DAGSTER_URL_VARIABLE} name the same database {optix.database!r}; "
            "give Dagster one of its own (their migration tables would collide)"
        )
    urls = DatabaseUrls(
        optix.set(drivername=OPTIX_DRIVER).render_as_string(hide_password=False),
        dagster.set(drivername=DAGSTER_DRIVER).render_as_string(hide_password=False),
    )
    key = (urls.optix, urls.dagster)
    if key not in _provisioned:
        ensure_database(optix.set(drivername=OPTIX_DRIVER))
        # Dagster's event log is written row by row, and a lost tail is remade by running again: let its commits
        # return before the disk has them. Never corrupt, at most the last fraction of a second is missing after
        # a crash of the machine (nothing after a crash of a process).
        ensure_database(dagster.set(drivername=OPTIX_DRIVER), settings={"synchronous_commit": "off"})
        _provisioned.add(key)
    return urls


def postgres_url(text: str, variable: str) -> sa.URL:
    """A URL of any of Postgres's spellings (``postgres://``, ``postgresql+driver://``), checked.

    Raises
    ------
    DatabaseUrlError
        If it is none; the message never shows the password.
    """
    example = f"write {variable}=postgresql://user:password@host:5432/optix"
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        # the text itself may hold a password: it is not repeated
        raise DatabaseUrlError(f"{variable} holds no URL; {example}") from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise DatabaseUrlError(
            f"{variable} names a {url.get_backend_name()} database, OPTIX needs Postgres; {example}"
        )
    if not url.database:
        raise DatabaseUrlError(f"{variable} names no database; {example}")
    return url


def _embedded_url() -> sa.URL:
    server = acquire_embedded_server(optix_home())
    return sa.URL.create(
        "postgresql",
        username=server.user,
        password=server.password,
        host=server.host,
        port=server.port,
        database=EMBEDDED_DATABASE,
    )
