"""The page: one table per set of files, one row a file, and the reference files."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.real_data.sample_table.accounting import FileAccount
from tests.real_data.sample_table.ingestion import Ingested, Session
from tests.real_data.sample_table.reference import ReferenceRow
from tests.real_data.sample_table.states import State

#: what is no market data, or belongs to no universe here, and why
NOT_READ = {
    "MANIFEST.csv": "where the files come from",
    "README.md": "what is known of them",
    "facts.json": "what the tests compare with",
    "*/LICENSE": "licence",
    "g01_lean_aapl_split_2014/LICENSE": "licence",
    "*/map_files/*.csv": "tickers by date, read beside the factor file of the same name",
    "*/equity/usa/daily/spy.zip": "prices of a stock without options in the set",
    "*/symbol-properties/*": "identifiers; roots are declared by the universe",
    "*/index/usa/minute/spx/2023063*": "prices of a session without options in the set",
    "*/index/usa/minute/spx/20230703*": "prices of a session without options in the set",
    "*/metadata/schema.json": "description of the columns",
    "*/splits_catalog/schema/*": "description of the fields",
    "*/quandl_samples/metadata.csv.gz": "where the archive was to be downloaded",
}
#: equal files from which on they are one row
_FOLDED = 10

_HEAD = """# The real data, file by file

Written by `python -m tests.real_data.sample_table --write` from the folder that OPTIX_REAL_DATA names; a test compares
it with what the files give now. Each universe of `examples/universes` and `tests/real_data/universes` that reads real
files was fetched, parsed and validated on a scratch lake, by `assets.validation` and without Dagster. Rows in are
counted from the text of a file without its adapter, and must be the sum of what was validated, quarantined and left
out: prices of the underlying, trades and open interest that joined a quote (all that are not quarantined), payloads
refused as a whole, days off the calendar, and what no universe asks for. Many files of one kind that are all clean are
one row. Times are of the exchange; for coins UTC.

- **clean**: the session's own market, or one of its snapshots. **intraday**: its own market, from before the close.
- **repeated**: all quotes, or all trades, are those of the session (or snapshot) before. **stale**: of an earlier
  session. Both are blocked, and so is **blocked** for another reason, which its checks name. What is blocked goes to
  quarantine as a whole.
- **absent**: a session without a file. **off-calendar**: a file of a day without a session; it is kept apart.
- *warns* names checks that block nothing.
"""


def page(
    data: Path, universes: Sequence[Ingested], files: dict[str, FileAccount], reference: list[ReferenceRow]
) -> str:
    """The whole page."""
    sections = [_HEAD]
    folders = sorted({name.split("/")[0] for name in files})
    for folder in folders:
        mine = [one for name, one in sorted(files.items()) if name.startswith(folder + "/")]
        sections.append(_section(folder, mine, [u for u in universes if _folder(u) == folder]))
    sections.append(_reference(reference))
    sections.append(_not_read(data, {*files, *(row.name for row in reference)}))
    return "\n".join(sections)


def _folder(universe: Ingested) -> str:
    return universe.universe.provider.path.removeprefix("${data}/").split("/")[0]


def _section(folder: str, files: Sequence[FileAccount], universes: Sequence[Ingested]) -> str:
    total = FileAccount("all", Counter())
    for one in files:
        total.rows += one.rows
        total.validated += one.validated
        total.quarantined += one.quarantined
        total.left_out += one.left_out
    lines = [
        f"## {folder}",
        "",
        f"Universes: {', '.join(sorted(f'`{u.universe.name}`' for u in universes))}.",
        "",
        "| file | rows in | validated | quarantined | left out | state and evidence |",
        "|---|---|---|---|---|---|",
        *(_row(name, one) for name, one in _folded(files, folder)),
        f"| all {len(files)} files | {total.rows_in:,} | {total.validated:,} | {_counts(total.quarantined)} "
        f"| {_counts(total.left_out)} | |",
    ]
    absent = [
        f"`{u.universe.name}` {session.underlying}: {_days(days)}"
        for u in universes
        for session, days in _absent(u)
    ]
    if absent:
        lines += ["", "Absent (the check `present`), " + "; ".join(absent) + "."]
    return "\n".join(lines) + "\n"


def _absent(universe: Ingested) -> Iterable[tuple[Session, list[dt.date]]]:
    for number, spec in enumerate(sorted(u.symbol for u in universe.universe.underlyings)):
        found = [d for d in universe.days if d.sessions[number].status.status == "absent"]
        if found:
            assert all(d.sessions[number].underlying == spec for d in found)
            yield found[0].sessions[number], [d.day for d in found]


def _days(days: Sequence[dt.date]) -> str:
    shown = ", ".join(d.isoformat() for d in days[:7])
    return shown if len(days) <= 7 else f"{len(days)} sessions from {days[0]} to {days[-1]}"


def _folded(files: Sequence[FileAccount], folder: str) -> Iterable[tuple[str, FileAccount]]:
    """Rows of the table; many files of one kind that are all clean are one."""
    kinds: dict[str, list[FileAccount]] = {}
    for one in files:
        kinds.setdefault(re.sub(r"[0-9]+", "#", one.name), []).append(one)
    for alike in kinds.values():
        plain = [f for f in alike if not f.quarantined and all(s.plain for *_, s in f.states)]
        folded = plain if len(plain) >= _FOLDED else []
        if folded:
            both = FileAccount(folded[0].name, Counter())
            for one in folded:
                both.rows += one.rows
                both.validated += one.validated
                both.left_out += one.left_out
                both.states += one.states
            first, last = (f.name.removeprefix(folder + "/") for f in (folded[0], folded[-1]))
            yield f"{first} to {last}, {len(folded)} files", both
        for one in alike:
            if one not in folded:
                yield one.name.removeprefix(folder + "/"), one


def _row(name: str, one: FileAccount) -> str:
    return (
        f"| {name} | {one.rows_in:,} | {one.validated:,} | {_counts(one.quarantined)} "
        f"| {_counts(one.left_out)} | {_states(one.states)} |"
    )


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{n:,} {word}" for word, n in sorted(counts.items()) if n) or "0"


def _states(states: Sequence[tuple[dt.date, str, State]]) -> str:
    if not states:
        return ""
    if len(states) == 1:
        ((day, name, state),) = states
        return f"**{state.word}** {f'{day} {name}'.rstrip()}: {state.evidence}"
    alike: dict[tuple[str, str], list[tuple[dt.date, str, str]]] = {}
    for day, name, state in states:
        # what differs from day to day only in its times is one line
        told = "" if state.plain else _timeless(state.evidence)
        alike.setdefault((state.word, re.sub(r"[0-9-]{10}", "#", told)), []).append((day, name, told))
    lines = []
    for (word, _), where in alike.items():
        names = sorted({name for _, name, _ in where if name})
        days = sorted({day for day, *_ in where})
        told = where[0][2]
        lines.append(f"**{word}** {_days(days)} {', '.join(names)}".rstrip() + (f": {told}" if told else ""))
    return "<br>".join(lines)


def _timeless(evidence: str) -> str:
    """Evidence without the parts that only tell the hour."""
    parts = [p for p in evidence.split("; ") if not p.startswith(("payload ", "no payload time"))]
    return "; ".join(parts)


def _reference(rows: Sequence[ReferenceRow]) -> str:
    lines = [
        "## Reference data",
        "",
        "| file | read as | rows in | accepted | quarantined |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        parsed = row.parsed
        lines.append(
            f"| {row.name} | {row.kind} (`{row.format}`) | {parsed.rows_in:,} | {parsed.rows_accepted:,} "
            f"| {_counts(Counter(parsed.quarantined_by_reason()))} |"
        )
    return "\n".join(lines) + "\n"


def _not_read(data: Path, read: set[str]) -> str:
    """Every other file, with the reason.

    Raises
    ------
    AssertionError
        If a file is neither read nor known to be none of data.
    """
    rest = sorted({p.relative_to(data).as_posix() for p in data.rglob("*") if p.is_file()} - read)
    why: dict[str, list[str]] = {}
    for name in rest:
        reason = next((text for glob, text in NOT_READ.items() if Path(name).match(glob)), None)
        assert reason is not None, f"{name} is read by no universe, and nothing says why"
        why.setdefault(reason, []).append(name)
    lines = ["## Not read", "", *(f"- {reason}: {', '.join(names)}" for reason, names in why.items())]
    return "\n".join(lines) + "\n"
