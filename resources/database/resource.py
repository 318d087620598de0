"""OPTIX's database as a Dagster resource."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import PrivateAttr

if TYPE_CHECKING:
    from resources.database.database import Database
    from resources.database.run_record import RunRecord


class DatabaseResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where runs, harvests and data-quality results are written.

    ``url`` names a database; without it the rule of ``resources.database.urls`` holds. With ``enabled: false`` nothing
    is written and no server is started: for a rebuild that must leave no trace (``optix reproduce``).
    """

    url: str | None = None
    enabled: bool = True
    _database: Any = PrivateAttr(default=None)

    def open(self) -> "Database":
        """The database; opened once per resource.

        Raises
        ------
        RuntimeError
            If the resource is disabled: there is nothing to read from.
        """
        if not self.enabled:
            raise RuntimeError("the database resource is disabled here; only its writers may be called")
        if self._database is None:
            # the tables' models are no business of a process that only loads the definitions
            from resources.database.database import open_database

            self._database = open_database(self.url)
        return self._database

    def write_run(self, run: "RunRecord") -> None:
        """See ``Database.write_run``; nothing when disabled."""
        if self.enabled:
            self.open().write_run(run)

    def write_harvests(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """See ``Database.write_harvests``; nothing when disabled."""
        if self.enabled:
            self.open().write_harvests(rows)

    def write_quality(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """See ``Database.write_quality``; nothing when disabled."""
        if self.enabled:
            self.open().write_quality(rows)

    def write_freshness(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """See ``Database.write_freshness``; nothing when disabled."""
        if self.enabled:
            self.open().write_freshness(rows)
