"""Write a run: one transaction, and twice the same leaves the same rows."""

from typing import Any

from psycopg import Connection, sql

from resources.database.column_values import json_text
from resources.database.copy_rows import copy_rows
from resources.database.run_record import RunRecord
from resources.database.run_tables import child_rows


def write_run(connection: "Connection[Any]", run: RunRecord) -> None:
    """Upsert the run's row and replace its child rows; the caller commits.

    The upsert locks the run's row, so that a second writer of the same run waits for the first.
    ``created_at`` stays what it was; ``completed_at`` is the latest computation's.
    """
    values: dict[str, Any] = {
        "id": run.id,
        "study": run.study,
        "universe": run.universe,
        "status": run.status,
        "config": json_text(run.config, "config"),
        "base_currency": run.base_currency,
        "code_digest": run.code_digest,
        "study_digest": run.study_digest,
        "inputs_digest": run.inputs_digest,
        "result_digest": run.result_digest,
        "seed": run.seed,
        "environment": json_text(run.environment, "environment"),
        "flags": json_text(list(run.flags), "flags"),
        "completed_at": run.completed_at,
    }
    # every value is checked and converted before the first row is touched
    children = [(table, columns, list(rows)) for table, columns, rows in child_rows(run)]
    names = [sql.Identifier(name) for name in values]
    replaced = [sql.SQL("{0} = EXCLUDED.{0}").format(name) for name in names[1:]]
    connection.execute(
        sql.SQL("INSERT INTO backtests ({}) VALUES ({}) ON CONFLICT (id) DO UPDATE SET {}").format(
            sql.SQL(", ").join(names),
            sql.SQL(", ").join([sql.Placeholder()] * len(names)),
            sql.SQL(", ").join(replaced),
        ),
        list(values.values()),
    )
    for table, columns, rows in children:
        connection.execute(
            sql.SQL("DELETE FROM {} WHERE backtest_id = %s").format(sql.Identifier(table)), [run.id]
        )
        if rows:
            copy_rows(connection, table, columns, rows)
