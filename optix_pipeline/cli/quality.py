"""``optix quality``: which sessions were kept out and why, and which checks failed on those that were kept."""

from typing import Any

from optix_pipeline.cli.output import print_json, print_table
from optix_pipeline.cli.results import current_database
from optix_pipeline.cli.session_range import parse_range, within


def show_quality(universe: str, first: str | None, last: str | None, *, as_json: bool) -> None:
    """The verdicts of a range of sessions, and every failed check.

    Raises
    ------
    LookupError
        If no session of the range has been judged.
    """
    start, end = parse_range(first, last)
    database = current_database()
    verdicts = [q for q in database.quality_summary(universe) if within(q["trade_date"], start, end)]
    if not verdicts:
        _require_known(universe)
        asked = f" from {start or 'its start'} to {end or 'its end'}" if start or end else ""
        raise LookupError(f"no session of {universe} has been judged{asked}; run: optix harvest {universe}")
    failed = database.quality(universe, start=start, end=end, failed_only=True)
    if as_json:
        kept_out = [q for q in verdicts if q["status"] != "ok"]
        print_json(
            {
                "universe": universe,
                "judged": len(verdicts),
                "usable": len(verdicts) - len(kept_out),
                "kept_out": kept_out,
                "failed_checks": [check_document(row) for row in failed],
            }
        )
        return
    print_verdicts(universe, verdicts, failed)


def print_verdicts(
    universe: str,
    verdicts: list[dict[str, Any]],
    failed: list[dict[str, Any]],
    most_warnings: int | None = None,
) -> None:
    """How many sessions are usable, those that were kept out, and the warnings of the others.

    Parameters
    ----------
    failed
        The failed checks of the same sessions.
    most_warnings
        What is left out beyond them is counted, with the command that tells it; None prints all.
    """
    kept_out = [q for q in verdicts if q["status"] != "ok"]
    print(f"{universe}: {len(verdicts) - len(kept_out)} of {len(verdicts)} judged sessions are usable")
    if kept_out:
        print_table(
            "Kept out of every layer",
            ("session", "underlying", "status", "why"),
            [(q["trade_date"], q["underlying"], q["status"], reasons_text(q)) for q in kept_out],
        )
    noted = warnings_of_kept(verdicts, failed)
    if noted:
        print_table(
            "Kept, with a warning (bad rows are in quarantined_quotes)",
            ("session", "underlying", "check", "found"),
            [(r["trade_date"], r["underlying"], r["check"], _finding(r)) for r in noted[:most_warnings]],
        )
    if most_warnings is not None and len(noted) > most_warnings:
        print(f"and {len(noted) - most_warnings} more warnings; optix quality show {universe} tells all")


def warnings_of_kept(verdicts: list[dict[str, Any]], failed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The failed checks of sessions that were kept all the same."""
    kept_out = {(q["trade_date"], q["underlying"]) for q in verdicts if q["status"] != "ok"}
    return [
        row
        for row in failed
        if (row["trade_date"], row["underlying"]) not in kept_out and row["severity"] != "info"
    ]


def reasons_text(verdict: dict[str, Any]) -> str:
    """Every reason on a line of its own, without the words that its row says already."""
    return "\n".join(_bare(r, verdict) for r in verdict["reasons"])


def _bare(message: str, row: dict[str, Any]) -> str:
    return message.removeprefix(f"{row['underlying']} {row['trade_date']}: ")


def _finding(row: dict[str, Any]) -> str:
    return _bare(row["message"], row) or f"{row['observed']} (limit: {row['limit']})"


def check_document(row: dict[str, Any]) -> dict[str, Any]:
    """A check as the JSON answers show it."""
    kept = ("trade_date", "underlying", "snapshot_id", "check", "severity", "observed", "limit", "message")
    return {name: row[name] for name in kept}


def _require_known(universe: str) -> None:
    from optix_pipeline.catalog import load_catalog

    load_catalog().universe(universe)
