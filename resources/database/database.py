"""OPTIX's own database: is it current, what goes in, what comes out."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa

from resources.database import (
    freshness_rows,
    harvest_rows,
    migration,
    quality_rows,
    release_rows,
    run_reader,
    run_writer,
)
from resources.database.errors import DatabaseAheadError, DatabaseBehindError
from resources.database.run_record import RunRecord

Row = dict[str, Any]


class Database:
    """The tables of ``resources.database.models`` in one Postgres database.

    Every writer first requires that the tables are current, and writes in one transaction; the same write twice
    leaves the same rows.

    Parameters
    ----------
    url
        ``postgresql+psycopg://...`` (``resources.database.urls.database_urls().optix``).
    """

    def __init__(self, url: str) -> None:
        # pre-ping: the embedded server may have been restarted between two uses
        self.engine = sa.create_engine(url, pool_pre_ping=True, pool_size=2, max_overflow=8)
        self._known_current = False

    # --- revisions ---

    def revision(self) -> str | None:
        """The revision that the database is at; None for an empty one."""
        return migration.stored_revision(self.engine)

    def head(self) -> str:
        """The newest revision of this version of OPTIX."""
        return migration.head_revision()

    def upgrade(self) -> None:
        """Run the missing revisions, all or none; other processes that upgrade wait.

        Raises
        ------
        DatabaseAheadError
            If the tables were made by a newer version of OPTIX.
        """
        self._refuse_newer(self.revision())
        migration.upgrade(self.engine)
        self._known_current = False

    def require_current(self) -> None:
        """Refuse to work on tables of another revision; asked once, then known.

        Raises
        ------
        DatabaseBehindError
            If they are older; the message names the command.
        DatabaseAheadError
            If they are newer.
        """
        if self._known_current:
            return
        revision, head = self.revision(), self.head()
        if revision != head:
            self._refuse_newer(revision)
            raise DatabaseBehindError(
                f"the database {self._place()} is at revision {revision or 'none (empty)'}, this OPTIX needs {head}; "
                "run: optix db upgrade"
            )
        self._known_current = True

    def _refuse_newer(self, revision: str | None) -> None:
        if revision is not None and not migration.knows_revision(revision):
            raise DatabaseAheadError(
                f"the database {self._place()} is at revision {revision}, which this OPTIX (newest {self.head()}) does "
                "not know: it was upgraded by a newer one; install that, or name another database in OPTIX_DATABASE_URL"
            )

    # --- writers ---

    def write_run(self, run: RunRecord) -> None:
        """Write a run and all its rows, replacing what an earlier computation of the same run left."""
        with self._writing() as connection:
            run_writer.write_run(connection, run)

    def write_harvests(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Mirror harvest records (see ``resources.database.harvest_rows``); how many were given."""
        with self._writing() as connection:
            return harvest_rows.write_harvests(connection, rows)

    def write_quality(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Replace the data-quality results of the sessions in ``rows`` (see ``resources.database.quality_rows``)."""
        with self._writing() as connection:
            return quality_rows.write_quality(connection, rows)

    def write_freshness(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Upsert the freshness board's rows (see ``resources.database.freshness_rows``); how many were given."""
        with self._writing() as connection:
            return freshness_rows.write_freshness(connection, rows)

    def write_releases(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Mirror releases of quarantined quotes (see ``resources.database.release_rows``); how many were given."""
        with self._writing() as connection:
            return release_rows.write_releases(connection, rows)

    # --- readers ---

    def runs(self, study: str | None = None) -> list[Row]:
        """Runs, the latest first."""
        with self.engine.connect() as connection:
            return run_reader.read_runs(connection, study)

    def run(self, run: uuid.UUID | str) -> Row:
        """The run with this id or unique beginning of one; UnknownRunError otherwise."""
        with self.engine.connect() as connection:
            return run_reader.read_run(connection, run)

    def metrics(self, run_id: uuid.UUID | str) -> dict[str, dict[str, float | None]]:
        """scope -> metric -> value, None where undefined."""
        with self.engine.connect() as connection:
            return run_reader.read_metrics(connection, run_id)

    def run_inputs(self, run_id: uuid.UUID | str) -> list[Row]:
        """The files behind the run: kind, path, sha256, universe, dataset, key."""
        with self.engine.connect() as connection:
            return run_reader.read_run_inputs(connection, run_id)

    def windows(self, run_id: uuid.UUID | str) -> list[Row]:
        """The walk-forward windows of the run."""
        with self.engine.connect() as connection:
            return run_reader.read_windows(connection, run_id)

    def monte_carlo(self, run_id: uuid.UUID | str) -> list[Row]:
        """The Monte Carlo summaries of the run."""
        with self.engine.connect() as connection:
            return run_reader.read_monte_carlo(connection, run_id)

    def quality(
        self,
        universe: str | None = None,
        *,
        underlying: str | None = None,
        start: dt.date | None = None,
        end: dt.date | None = None,
        failed_only: bool = False,
    ) -> list[Row]:
        """Data-quality results, one row a check."""
        with self.engine.connect() as connection:
            return quality_rows.read_quality(
                connection, universe, underlying=underlying, start=start, end=end, failed_only=failed_only
            )

    def quality_summary(self, universe: str | None = None) -> list[Row]:
        """One row per (universe, trade_date, underlying): status ok, blocked or absent, reasons, warnings."""
        with self.engine.connect() as connection:
            return quality_rows.read_verdicts(connection, universe)

    def harvest(self, universe: str, dataset: str, key: str, sequence: int) -> Row | None:
        """One mirrored harvest record; None where there is none."""
        with self.engine.connect() as connection:
            return harvest_rows.read_harvest(connection, universe, dataset, key, sequence)

    def releases(self, universe: str | None = None) -> list[Row]:
        """Releases of quarantined quotes, revoked ones too."""
        with self.engine.connect() as connection:
            return release_rows.read_releases(connection, universe)

    def freshness(self) -> list[Row]:
        """The freshness board: every universe as it stood when it was last looked at."""
        with self.engine.connect() as connection:
            return freshness_rows.read_freshness(connection)

    def table_counts(self) -> dict[str, int]:
        """Rows by table."""
        with self.engine.connect() as connection:
            return run_reader.read_table_counts(connection)

    def close(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()

    @contextmanager
    def _writing(self) -> "Iterator[psycopg.Connection[Any]]":
        """One transaction on a plain psycopg connection (COPY is not SQLAlchemy's); rolled back on any error."""
        self.require_current()
        with self.engine.connect() as pooled:
            connection = pooled.connection.driver_connection
            assert isinstance(connection, psycopg.Connection)
            with connection.transaction():
                yield connection

    def _place(self) -> str:
        url = self.engine.url
        return f"{url.database!r} on {url.host}:{url.port or 5432}"


def open_database(url: str | None = None) -> Database:
    """OPTIX's database: ``url``, or the one of ``OPTIX_DATABASE_URL`` or of the embedded server."""
    from resources.database.urls import OPTIX_DRIVER, OPTIX_URL_VARIABLE, database_urls, postgres_url

    if url is None:
        return Database(database_urls().optix)
    named = postgres_url(url, OPTIX_URL_VARIABLE).set(drivername=OPTIX_DRIVER)
    return Database(named.render_as_string(hide_password=False))
