"""What the checks of a range objected to, as the table that the UI shows beside the verdict."""

import datetime as dt
from collections.abc import Sequence

import dagster as dg

from assets.naming import table_markdown
from resources.data_quality.suite import ExpectationResult

_ORDER = {"critical": 0, "warning": 1, "info": 2}
#: rows of the table, and sessions named in one of them; Data Docs and Postgres have all
_ROWS, _SESSIONS = 20, 5


def objections(results: Sequence[ExpectationResult]) -> dg.MarkdownMetadataValue | None:
    """A row per check that failed: how severe, where, and its first words; None where none did."""
    by_check: dict[tuple[str, str], list[ExpectationResult]] = {}
    for result in results:
        if not result.passed:
            by_check.setdefault((result.severity, result.check), []).append(result)
    if not by_check:
        return None
    ordered = sorted(by_check.items(), key=lambda item: (_ORDER[item[0][0]], -len(item[1]), item[0][1]))
    rows: list[tuple[object, ...]] = [
        (check, severity, _in_a_cell(_where(found)), _in_a_cell(found[0].message))
        for (severity, check), found in ordered[:_ROWS]
    ]
    if len(ordered) > _ROWS:
        rows.append((f"and {len(ordered) - _ROWS} more", "", "", ""))
    return table_markdown(("check", "severity", "where", "the first says"), rows)


def _where(found: Sequence[ExpectationResult]) -> str:
    """The underlyings, and the sessions where there are several."""
    names = ", ".join(sorted({r.underlying for r in found}))
    days: list[dt.date] = sorted({r.trade_date for r in found})
    if len(days) == 1:
        return f"{names} {days[0]}"
    shown = ", ".join(str(day) for day in days[:_SESSIONS])
    return f"{names} on {len(days)} sessions: {shown}{', …' if len(days) > _SESSIONS else ''}"


def _in_a_cell(text: str) -> str:
    """A stroke or a line end would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")
