"""The freshness board: one row a universe, the newest look at it."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from psycopg import Connection

_COLUMNS = ("universe", "status", "expected", "due_at", "present", "usable", "behind", "late", "checked_at")
# several processes look at one universe: the one that looked last is right, not the one that wrote last
_UPSERT = f"""
INSERT INTO freshness ({", ".join(_COLUMNS)}) VALUES ({", ".join(f"%({name})s" for name in _COLUMNS)})
ON CONFLICT (universe) DO UPDATE
SET {", ".join(f"{name} = EXCLUDED.{name}" for name in _COLUMNS[1:])}
WHERE freshness.checked_at <= EXCLUDED.checked_at
"""


def write_freshness(connection: "Connection[Any]", rows: Iterable[Mapping[str, Any]]) -> int:
    """Upsert rows with the columns of the table; how many were given. An older look never replaces a newer one."""
    # one order everywhere, so that two writers cannot lock each other out
    prepared = sorted((dict(row) for row in rows), key=lambda row: str(row["universe"]))
    if prepared:
        with connection.cursor() as cursor:
            cursor.executemany(_UPSERT, prepared)
    return len(prepared)


def read_freshness(connection: sa.Connection) -> list[dict[str, Any]]:
    """Every row, by universe."""
    query = sa.text(f"SELECT {', '.join(_COLUMNS)} FROM freshness ORDER BY universe")
    return [dict(row) for row in connection.execute(query).mappings()]
