"""Load rows with COPY: an order of magnitude faster than INSERT."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import Connection, sql


def copy_rows(
    connection: "Connection[Any]", table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Append ``rows`` to ``table``; each value in the order of ``columns``."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
