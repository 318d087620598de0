"""Data-quality results: written per session, read as rows and as verdicts."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from psycopg import Connection

from resources.database.column_values import json_text
from resources.database.copy_rows import copy_rows
from resources.database.errors import RunRecordError

WHOLE_SESSION = -1
#: the check whose failure means that nothing was received
PRESENCE_CHECK = "present"
#: whose rows make a session's verdict; other assets' checks are told beside it
JUDGED_ASSET = "validated_quotes"
#: judged where a session has several snapshots: fails where none of them is left
SNAPSHOTS_CHECK = "usable_snapshots"
_COLUMNS = ("universe", "asset", "trade_date", "underlying", "check_name", "snapshot_id", "severity", "passed",
            "observed", "observed_value", "limit", "message", "details")  # fmt: skip
_REQUIRED = ("universe", "asset", "trade_date", "underlying", "check", "severity", "passed", "limit")


def write_quality(connection: "Connection[Any]", rows: Iterable[Mapping[str, Any]]) -> int:
    """Replace the results of every (universe, asset, trade_date, underlying) in ``rows``; how many were given.

    Keys: universe, asset, trade_date, underlying, check, severity, passed, limit; optional observed (number, text or
    None), message, snapshot_id, details. A check that no longer exists leaves no row behind.
    """
    prepared = [_prepared(row) for row in rows]
    if not prepared:
        return 0
    for owner in sorted({(p[0], p[1]) for p in prepared}):
        # two runs over the same days replace one after the other
        connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('data_quality_results:' || %s || '/' || %s, 0))",
            owner,
        )
    connection.execute(
        "CREATE TEMPORARY TABLE new_quality (LIKE data_quality_results INCLUDING DEFAULTS) ON COMMIT DROP"
    )
    copy_rows(connection, "new_quality", _COLUMNS, prepared)
    connection.execute(
        "DELETE FROM data_quality_results old USING (SELECT DISTINCT universe, asset, trade_date, underlying "
        "FROM new_quality) new WHERE (old.universe, old.asset, old.trade_date, old.underlying) "
        "= (new.universe, new.asset, new.trade_date, new.underlying)"
    )
    connection.execute("INSERT INTO data_quality_results SELECT * FROM new_quality")
    connection.execute("DROP TABLE new_quality")
    return len(prepared)


def _prepared(row: Mapping[str, Any]) -> tuple[Any, ...]:
    lacking = [name for name in _REQUIRED if name not in row]
    if lacking:
        raise RunRecordError(f"a data-quality row lacks {', '.join(lacking)}: {dict(row)!r}")
    observed = row.get("observed")
    number = float(observed) if isinstance(observed, int | float) and not isinstance(observed, bool) else None
    snapshot = row.get("snapshot_id")
    return (
        row["universe"],
        row["asset"],
        row["trade_date"],
        row["underlying"],
        row["check"],
        WHOLE_SESSION if snapshot is None else int(snapshot),
        row["severity"],
        bool(row["passed"]),
        None if observed is None else str(observed),
        number,
        str(row["limit"]),
        row.get("message") or "",
        json_text(row.get("details") or {}, "data-quality details"),
    )


_RESULTS = """
SELECT universe, asset, trade_date, underlying, check_name AS "check", snapshot_id, severity, passed, observed,
       observed_value, "limit", message, details
FROM data_quality_results
WHERE (CAST(:universe AS text) IS NULL OR universe = :universe)
  AND (CAST(:underlying AS text) IS NULL OR underlying = :underlying)
  AND (CAST(:start AS date) IS NULL OR trade_date >= :start)
  AND (CAST(:end AS date) IS NULL OR trade_date <= :end)
  AND NOT (:failed_only AND passed)
ORDER BY universe, asset, trade_date, underlying, snapshot_id, check_name
"""

# A session is blocked by a critical failure; of several snapshots (then ``usable_snapshots`` was judged) one that
# fails is kept out by itself, and only what the session as a whole fails blocks it.
_VERDICTS = """
WITH judged AS (
  SELECT *, NOT passed AND severity = 'critical' AS failed,
         bool_or(check_name = :several) OVER (PARTITION BY universe, trade_date, underlying) AS several
  FROM data_quality_results
  WHERE asset = :judged AND (CAST(:universe AS text) IS NULL OR universe = :universe)
), weighed AS (
  SELECT *, failed AND (NOT several OR snapshot_id = :whole) AS blocks,
         bool_or(check_name = :several AND failed) OVER (PARTITION BY universe, trade_date, underlying) AS none_left
  FROM judged
)
SELECT universe, trade_date, underlying,
       CASE WHEN bool_or(check_name = :presence AND NOT passed) THEN 'absent'
            WHEN bool_or(blocks) THEN 'blocked'
            ELSE 'ok' END AS status,
       coalesce(array_agg(DISTINCT message) FILTER (WHERE blocks OR (failed AND none_left)), '{}') AS reasons,
       coalesce(array_agg(DISTINCT message) FILTER (
         WHERE (severity = 'warning' AND NOT passed) OR (failed AND NOT blocks AND NOT none_left)), '{}') AS warnings
FROM weighed
GROUP BY universe, trade_date, underlying
ORDER BY universe, trade_date, underlying
"""


def read_quality(
    connection: sa.Connection,
    universe: str | None,
    *,
    underlying: str | None,
    start: dt.date | None,
    end: dt.date | None,
    failed_only: bool,
) -> list[dict[str, Any]]:
    """Results in order of universe, asset, session, underlying, check; ``None`` leaves a filter open."""
    values = {
        "universe": universe,
        "underlying": underlying,
        "start": start,
        "end": end,
        "failed_only": failed_only,
    }
    return [dict(row) for row in connection.execute(sa.text(_RESULTS), values).mappings()]


def read_verdicts(connection: sa.Connection, universe: str | None) -> list[dict[str, Any]]:
    """One row per (universe, trade_date, underlying): status ok, blocked or absent, reasons, warnings."""
    values = {
        "universe": universe,
        "presence": PRESENCE_CHECK,
        "several": SNAPSHOTS_CHECK,
        "judged": JUDGED_ASSET,
        "whole": WHOLE_SESSION,
    }
    return [dict(row) for row in connection.execute(sa.text(_VERDICTS), values).mappings()]
