"""The audit of releases: who let through what the quality suite kept out, mirrored from the lake."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from psycopg import Connection

from resources.database.column_values import json_text

_COLUMNS = ("id", "universe", "underlying", "first_session", "last_session", "reasons", "fix", "because",
            "released_by", "released_at", "revoked_by", "revoked_at", "revoked_because")  # fmt: skip
_REVOCATION = ("revoked_by", "revoked_at", "revoked_because")
# a release never changes but by being revoked, and a revocation is never taken back
_UPSERT = f"""
INSERT INTO quality_releases ({", ".join(_COLUMNS)}) VALUES ({", ".join(f"%({name})s" for name in _COLUMNS)})
ON CONFLICT (id) DO UPDATE
SET {", ".join(f"{name} = EXCLUDED.{name}" for name in _REVOCATION)}
WHERE quality_releases.revoked_at IS NULL
"""


def write_releases(connection: "Connection[Any]", rows: Iterable[Mapping[str, Any]]) -> int:
    """Upsert releases with the columns of the table; how many were given."""
    prepared = [
        {**row, "reasons": json_text(list(row["reasons"]), f"release {row['id']}")}
        for row in sorted(rows, key=lambda row: str(row["id"]))
    ]
    if prepared:
        with connection.cursor() as cursor:
            cursor.executemany(_UPSERT, prepared)
    return len(prepared)


def read_releases(connection: sa.Connection, universe: str | None) -> list[dict[str, Any]]:
    """Every release of a universe (of all without one), by the time at which it was made."""
    query = sa.text(
        f"SELECT {', '.join(_COLUMNS)} FROM quality_releases "
        "WHERE CAST(:universe AS text) IS NULL OR universe = :universe ORDER BY released_at, id"
    )
    return [dict(row) for row in connection.execute(query, {"universe": universe}).mappings()]
