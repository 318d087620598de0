"""Read runs back."""

import re
import uuid
from typing import Any

import sqlalchemy as sa

from resources.database.errors import UnknownRunError
from resources.database.models import Backtest, Base, Metric, MonteCarloSummary, RunInput, WalkForwardWindow

Row = dict[str, Any]


def read_runs(connection: sa.Connection, study: str | None = None) -> list[Row]:
    """Runs, the latest first."""
    table = Backtest.__table__
    query = sa.select(table).order_by(
        table.c.completed_at.desc().nulls_last(), table.c.created_at.desc(), table.c.id
    )
    if study is not None:
        query = query.where(table.c.study == study)
    return _rows(connection, query)


def read_run(connection: sa.Connection, run: uuid.UUID | str) -> Row:
    """The run with this id, or this unique beginning of one.

    Raises
    ------
    UnknownRunError
        If there is none, or more than one.
    """
    prefix = str(run).strip().lower()
    if not re.fullmatch(r"[0-9a-f-]{1,36}", prefix):
        raise UnknownRunError(f"{run!r} is no run id: give the beginning of an id from 'optix results'")
    table = Backtest.__table__
    found = _rows(
        connection,
        sa.select(table).where(sa.cast(table.c.id, sa.Text).startswith(prefix)).order_by(table.c.id).limit(6),
    )
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnknownRunError(f"no run has an id that begins with {prefix}: see 'optix results'")
    ids = ", ".join(str(row["id"]) for row in found[:5])
    raise UnknownRunError(f"several runs have ids that begin with {prefix} ({ids}): give more digits")


def read_metrics(connection: sa.Connection, run: uuid.UUID | str) -> dict[str, dict[str, float | None]]:
    """scope -> metric -> value, None where undefined."""
    table = Metric.__table__
    query = (
        sa.select(table.c.scope, table.c.metric, table.c.value)
        .where(table.c.backtest_id == _uuid(run))
        .order_by(table.c.scope, table.c.metric)
    )
    found: dict[str, dict[str, float | None]] = {}
    for scope, metric, value in connection.execute(query):
        found.setdefault(scope, {})[metric] = value
    return found


def read_run_inputs(connection: sa.Connection, run: uuid.UUID | str) -> list[Row]:
    """The files behind the run, in order of kind and path."""
    return _of_run(connection, RunInput.__table__, run)


def read_windows(connection: sa.Connection, run: uuid.UUID | str) -> list[Row]:
    """The walk-forward windows in order of time."""
    return _of_run(connection, WalkForwardWindow.__table__, run)


def read_monte_carlo(connection: sa.Connection, run: uuid.UUID | str) -> list[Row]:
    """The Monte Carlo summaries in order of method and statistic."""
    return _of_run(connection, MonteCarloSummary.__table__, run)


def read_table_counts(connection: sa.Connection) -> dict[str, int]:
    """Rows by table, counted."""
    query = sa.union_all(
        *(
            sa.select(sa.literal(table.name).label("name"), sa.func.count().label("rows")).select_from(table)
            for table in sorted(Base.metadata.tables.values(), key=lambda t: t.name)
        )
    )
    counts = {name: int(rows) for name, rows in connection.execute(query)}
    return dict(sorted(counts.items()))


def _of_run(connection: sa.Connection, table: sa.FromClause, run: uuid.UUID | str) -> list[Row]:
    query = sa.select(table).where(table.c.backtest_id == _uuid(run)).order_by(*table.primary_key)
    return _rows(connection, query)


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> list[Row]:
    return [dict(row) for row in connection.execute(query).mappings()]


def _uuid(run: uuid.UUID | str) -> uuid.UUID:
    try:
        return run if isinstance(run, uuid.UUID) else uuid.UUID(run)
    except ValueError:
        raise UnknownRunError(f"{run!r} is no whole run id; look one up with Database.run(prefix)") from None
