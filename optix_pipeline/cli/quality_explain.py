"""``optix quality explain`` and ``optix quality rows``: one session, with the evidence."""

import datetime as dt
from collections import Counter
from typing import Any

from optix_pipeline.cli.output import print_json, print_table
from optix_pipeline.cli.results import current_database
from optix_pipeline.cli.session_range import parse_day

#: contracts named for each reason
EXAMPLES = 3


def explain_session(universe: str, session: str, underlying: str | None, *, as_json: bool) -> None:
    """Every check of a session with what it saw, every reason of a quarantined row, every release.

    Raises
    ------
    LookupError
        If the session has not been judged.
    """
    day = parse_day(session, "SESSION")
    database = current_database()
    checks = database.quality(universe, underlying=underlying, start=day, end=day)
    if not checks:
        raise LookupError(
            f"{universe} {underlying or ''} {day} has not been judged; run: optix harvest {universe} --from {day} "
            f"--to {day}".replace("  ", " ")
        )
    rows = _rows_if_any(universe, day, underlying)
    releases = [
        release
        for release in _releases(universe)
        if any(release.covers(name, day) for name in _names(checks))
    ]
    reasons = _by_reason(rows)
    if as_json:
        print_json(
            {
                "universe": universe,
                "session": day,
                "checks": checks,
                "quarantined": reasons,
                "releases": [release.id for release in releases],
            }
        )
        return
    print_table(
        f"{universe} {day}: checks",
        ("underlying", "snapshot", "check", "result", "seen", "limit", "says"),
        [
            (
                c["underlying"],
                None if c["snapshot_id"] < 0 else c["snapshot_id"],
                c["check"],
                "passed" if c["passed"] else c["severity"],
                c["observed"],
                c["limit"],
                c["message"].removeprefix(f"{c['underlying']} {day}: "),
            )
            for c in sorted(checks, key=lambda c: (c["underlying"], c["passed"], c["check"]))
        ],
    )
    if reasons:
        print_table(
            "Quarantined rows by reason (a row counts under each of its reasons)",
            ("underlying", "reason", "rows", "for example"),
            [(r["underlying"], r["reason"], r["rows"], "; ".join(r["examples"])) for r in reasons],
        )
        print(f"all of them: optix quality rows {universe} {day}")
    for release in releases:
        print(
            f"released by {release.released_by}: {', '.join(release.reasons)} with {release.fix} ({release.because})"
        )


def list_rows(
    universe: str, session: str, underlying: str | None, reason: str | None, limit: int, *, as_json: bool
) -> None:
    """The quarantined rows of a session, as received, with every reason.

    Raises
    ------
    LookupError
        If there is none.
    """
    day = parse_day(session, "SESSION")
    rows = [
        r for r in quarantined_rows(universe, day, underlying) if reason is None or reason in r["reasons"]
    ]
    if not rows:
        with_reason = f" with the reason {reason}" if reason else ""
        raise LookupError(f"{universe} {day} has no quarantined row{with_reason}; see: optix quality explain")
    if as_json:
        print_json([{name: value for name, value in r.items() if value is not None} for r in rows])
        return
    print_table(
        f"{universe} {day}: {len(rows)} quarantined rows",
        ("underlying", "symbol", "bid", "ask", "last", "spot", "reasons", "as received"),
        [
            (
                *(r[name] for name in ("underlying", "symbol", "bid", "ask", "last", "spot")),
                ", ".join(r["reasons"]),
                (r["raw"] or "")[:60],
            )
            for r in rows[:limit]
        ],
    )
    if len(rows) > limit:
        print(f"{len(rows) - limit} more: --limit {len(rows)}, or --json for all columns")


def quarantined_rows(universe: str, day: dt.date, underlying: str | None) -> list[dict[str, Any]]:
    """Rows of ``quarantined_quotes`` of one session, all underlyings or one."""
    from assets.day_status import read_status
    from assets.validation import QUARANTINED
    from optix_pipeline.catalog import load_catalog
    from resources.home import lake_uri
    from resources.lake.opening import open_lake

    spec = load_catalog().universe(universe)
    lake = open_lake(lake_uri())
    status = read_status(lake, spec, QUARANTINED, day)
    if underlying is not None:
        spec.underlying(underlying)
    return [
        row
        for name, held in sorted(status.underlyings.items())
        if held.rows and underlying in (None, name)
        for row in lake.read_table(held.path, sha256=held.sha256).to_pylist()
    ]


def _rows_if_any(universe: str, day: dt.date, underlying: str | None) -> list[dict[str, Any]]:
    """None of a day that is no session: its payload is kept apart, and only the check on closed days judges it."""
    from assets.day_status import MissingLayerError

    try:
        return quarantined_rows(universe, day, underlying)
    except MissingLayerError:
        return []


def _by_reason(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for reason in row["reasons"]:
            key = row["underlying"], reason
            counts[key] += 1
            shown = examples.setdefault(key, [])
            if len(shown) < EXAMPLES:
                shown.append(row["symbol"] or (row["raw"] or "")[:40])
    return [
        {"underlying": name, "reason": reason, "rows": count, "examples": examples[name, reason]}
        for (name, reason), count in sorted(
            counts.items(), key=lambda item: (item[0][0], -item[1], item[0][1])
        )
    ]


def _names(checks: list[dict[str, Any]]) -> set[str]:
    return {c["underlying"] for c in checks}


def _releases(universe: str) -> list[Any]:
    from resources.data_quality.releases import ReleaseStore
    from resources.home import lake_uri
    from resources.lake.opening import open_lake

    return ReleaseStore(open_lake(lake_uri()), universe).all()
