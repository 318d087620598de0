"""The raw store's harvest records, mirrored for queries."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from psycopg import Connection

from resources.database.column_values import json_text
from resources.database.models.lineage import Harvest

_UPSERT = """
INSERT INTO harvests (universe, dataset, key, sequence, trade_date, digest, parts, received_at)
VALUES (%(universe)s, %(dataset)s, %(key)s, %(sequence)s, %(trade_date)s, %(digest)s, %(parts)s, %(received_at)s)
ON CONFLICT (universe, dataset, key, sequence) DO UPDATE
SET trade_date = EXCLUDED.trade_date, digest = EXCLUDED.digest, parts = EXCLUDED.parts,
    received_at = EXCLUDED.received_at
WHERE (harvests.digest, harvests.parts, harvests.received_at)
      IS DISTINCT FROM (EXCLUDED.digest, EXCLUDED.parts, EXCLUDED.received_at)
"""


def write_harvests(connection: "Connection[Any]", rows: Iterable[Mapping[str, Any]]) -> int:
    """Upsert records with the keys universe, dataset, key, sequence, digest, parts, received_at; how many were given.

    The lake is the truth: where a record of the same number says something else (a lake begun anew), it wins.
    """
    prepared = [
        {
            **{
                name: row[name]
                for name in ("universe", "dataset", "key", "sequence", "digest", "received_at")
            },
            "trade_date": _as_date(str(row["key"])),
            "parts": json_text(
                list(row["parts"]), f"harvest {row['universe']}/{row['dataset']}/{row['key']}"
            ),
        }
        for row in rows
    ]
    # one order everywhere, so that two writers cannot lock each other out
    prepared.sort(key=lambda r: (r["universe"], r["dataset"], r["key"], r["sequence"]))
    if prepared:
        with connection.cursor() as cursor:
            cursor.executemany(_UPSERT, prepared)
    return len(prepared)


def read_harvest(
    connection: sa.Connection, universe: str, dataset: str, key: str, sequence: int
) -> dict[str, Any] | None:
    """The mirrored record, with the keys that ``write_harvests`` takes; None where there is none."""
    named = Harvest.__table__.c
    query = sa.select(
        *(named[c] for c in ("universe", "dataset", "key", "sequence", "digest", "received_at", "parts"))
    ).where(
        named.universe == universe, named.dataset == dataset, named.key == key, named.sequence == sequence
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def _as_date(key: str) -> dt.date | None:
    """The key as a date, where it is a day."""
    if len(key) != 10:
        return None
    try:
        return dt.date.fromisoformat(key)
    except ValueError:
        return None
