"""Data Docs: one page per judged range of sessions, and an index of them.

The pages show Great Expectations' own validation result, but not through its view, which loads its look and a
tracking image from eleven hosts on the network: a page of ours is one file, and reads the same without one.
"""

import datetime as dt
import fcntl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resources.data_quality.catalogue import CATALOGUE
from resources.data_quality.row_level import MAX_ROWS, SuspectRow
from resources.data_quality.suite import ExpectationResult, SuiteResult

#: pages kept of a universe; those whose range ended first go
MAX_PAGES = 120
#: failures listed of one check; Postgres has all
MAX_FAILURES = 200
_TEMPLATES = Path(__file__).parent


@dataclass(frozen=True)
class JudgedRange:
    """What a page shows."""

    universe: str
    first: dt.date
    last: dt.date
    outcome: SuiteResult
    rows: Mapping[str, Sequence[SuspectRow]]


def page_name(first: dt.date, last: dt.date) -> str:
    """A range has one page: judged again, it is written again."""
    return f"{first}_{last}.html"


def write_page(folder: Path, judged: JudgedRange) -> Path:
    """Write the page of a range and the universe's index; returns the page's path.

    Several processes may write into the folder at once: each page is renamed into place whole, and the index is
    made of the pages that are there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / page_name(judged.first, judged.last)
    _write(page, _render("data_docs_page.html", **_content(judged)))
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pages = sorted(folder.glob("????-??-??_????-??-??.html"), key=lambda p: p.stem[11:] + p.stem[:10])
        for old in pages[:-MAX_PAGES]:
            old.unlink()
        kept = [p for p in reversed(pages[-MAX_PAGES:]) if p.exists()]
        ranges = [(p.name, *p.stem.split("_")) for p in kept]
        _write(
            folder / "index.html", _render("data_docs_index.html", universe=judged.universe, ranges=ranges)
        )
    return page


def _content(judged: JudgedRange) -> dict[str, Any]:
    outcome = judged.outcome
    answers = outcome.validation.results
    failures: dict[str, list[ExpectationResult]] = {}
    judgements: dict[str, int] = {}
    for r in outcome.results:
        judgements[r.check] = judgements.get(r.check, 0) + int(r.details.get("snapshots_passed", 1))
        if not r.passed:
            failures.setdefault(r.check, []).append(r)
    expectations = {
        o.expectation_config.meta["check"]: o.expectation_config.type
        for o in answers
        if o.expectation_config is not None
    }
    checks = [
        {
            "name": name,
            "severity": severity,
            "catches": CATALOGUE[name].catches,
            "level": CATALOGUE[name].level,
            "limit": limit,
            "expectation": expectations.get(name, "judged from the snapshots' verdicts"),
            "judged": judgements.get(name, 0),
            "failures": failures.get(name, []),
        }
        for name, severity, limit in _checks_of(outcome.results)
    ]
    order = {"critical": 0, "warning": 1, "info": 2}
    checks.sort(key=lambda c: (not c["failures"], order[c["severity"]], c["name"]))
    verdicts = [
        (day, name, verdict)
        for (day, name), verdict in outcome.verdicts.items()
        if verdict.status != "ok" or verdict.warnings
    ]
    return {
        "universe": judged.universe,
        "first": judged.first,
        "last": judged.last,
        "sessions": len({day for day, _ in outcome.verdicts}),
        "pairs": len(outcome.verdicts),
        "usable": sum(v.status == "ok" for v in outcome.verdicts.values()),
        "expectations": len(answers),
        "met": sum(bool(o.success) for o in answers),
        "checks": checks,
        "verdicts": verdicts,
        "rows": judged.rows,
        "max_failures": MAX_FAILURES,
        "max_rows": MAX_ROWS,
    }


def _checks_of(results: Sequence[ExpectationResult]) -> list[tuple[str, str, str]]:
    """Name, severity and limit of every check that judged something, once."""
    return list({r.check: (r.check, r.severity, r.limit) for r in results}.values())


def _render(template: str, **values: Any) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(template).render(**values)


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
