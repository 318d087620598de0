"""Ingest a generated set as far as the quality suite, without Dagster, and score what it found.

Harvest, parse, row rules, profiles and the suite are the functions that the assets call (``harvest_day``,
``validate_days``); the layers are written to a lake in a scratch folder.
"""

import csv
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from assets.chain_history import months_between
from assets.corporate_actions import ASSET as CORPORATE_ACTIONS
from assets.corporate_actions import build_month
from assets.validation import QUARANTINED, VALIDATED, validate_days
from engine.calendars import TradingCalendar
from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.instruments.terms import QuoteGrade
from optix_pipeline.yaml_specs import load_spec
from resources.data_quality.columns import MISSING_US, Floats, floats, instants_us
from resources.data_quality.grade import grade_quotes
from resources.data_quality.suite import ExpectationResult
from resources.generator.planted.decoys import Decoy
from resources.generator.planted.defect_catalogue import KINDS, PARSED_KINDS
from resources.generator.planted.planting import Planted
from resources.generator.planted.scoring import Flag, Found, Score, score
from resources.generator.planted.table_defects import PlantingProvider
from resources.harvest import OFF_CALENDAR_QUOTES, RAW_QUOTES, harvest_day, harvest_off_calendar
from resources.lake.lake import Lake
from resources.lake.layout import partition_path
from resources.lake.opening import open_lake
from resources.providers.registry import make_provider
from resources.raw_store import RawStore
from resources.reference.corporate_actions.table import actions_table, to_actions
from resources.reference.registry import make_actions
from resources.universe import UniverseSpec

#: quotes of each kind that are spoiled after parsing
PARSED_EACH = 4
#: splits that are put on record and never were, in a set whose universe has corporate actions
PHANTOM_EACH = 2
#: new shares for old ones of them: the smallest of the usual ones but 5-for-4
PHANTOM_SPLIT = (3.0, 2.0)
_RECEIVED_AT = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_WHOLE = ("session ", "snapshot kept out")


def score_set(folder: Path, scratch: Path, *, seed: int = 1) -> Score:
    """Ingest the set in ``folder`` into a lake under ``scratch``, and score the suite against its truth.

    Raises
    ------
    FileNotFoundError
        If the folder holds no generated set.
    """
    universe = load_spec(_universe_file(folder), UniverseSpec)
    planted, decoys = read_truth(folder)
    lake = open_lake(str(scratch))
    calendar = TradingCalendar.for_code(universe.calendar, universe.start, universe.end or universe.start)
    sessions = calendar.sessions()
    source = make_provider(universe, universe.resolve(universe.provider.path, data=None, generated=folder))
    phantoms = _phantom_plan(universe, sessions, planted, decoys)
    provider = PlantingProvider(source, *_parsed_plan(sessions, [*planted, *phantoms], decoys), seed)
    store = RawStore(lake, universe.name, RAW_QUOTES)
    for day in sessions:
        harvest_day(universe, provider, store, day, received_at=_RECEIVED_AT)
    aside = RawStore(lake, universe.name, OFF_CALENDAR_QUOTES)
    closed = harvest_off_calendar(universe, provider, aside, received_at=_RECEIVED_AT)
    _keep_actions(universe, folder, lake, phantoms)
    results: list[ExpectationResult] = []
    validate_days(universe, lake, provider, sessions, calendar, results.extend)
    flags = [Flag(dt.date.fromisoformat(record.key), "off_calendar") for record in closed]
    flags += [_suite_flag(r) for r in results if not r.passed and r.severity in ("warning", "critical")]
    grades: dict[tuple[dt.date, str], set[str]] = {}
    for day in sessions:
        flags += _row_flags(universe, lake, day)
        _grade(universe, lake, day, grades)
    truth = [*planted, *phantoms, *provider.planted]
    return score(truth, decoys, Found(sessions, flags, grades))


def _keep_actions(universe: UniverseSpec, folder: Path, lake: Lake, phantoms: Sequence[Planted]) -> None:
    """The months of corporate actions, which checks against the session before read, and splits that never were."""
    if universe.corporate_actions is None or universe.end is None:
        return
    source = make_actions(
        universe, universe.resolve(universe.corporate_actions.path, data=None, generated=folder)
    )
    if source is None:
        return
    store = RawStore(lake, universe.name, CORPORATE_ACTIONS)
    record = store.put("all", source.fetch(), received_at=_RECEIVED_AT)
    parsed = source.parse(store.load(record))
    made_up = [
        CorporateAction(p.underlying, p.session, ActionKind.SPLIT, *PHANTOM_SPLIT, 0.0, "USD", 0)
        for p in phantoms
    ]
    parsed = replace(parsed, table=actions_table([*to_actions(parsed.table), *made_up]))
    for month in months_between(universe.start, universe.end):
        build_month(universe, lake, parsed, month, {record.path: record.digest})


def _phantom_plan(
    universe: UniverseSpec, sessions: list[dt.date], planted: list[Planted], decoys: list[Decoy]
) -> list[Planted]:
    """Sessions on which a split is put on record that nothing shows; none beside a spoiled or an odd one."""
    if universe.corporate_actions is None or not planted:
        return []
    # a session that is kept out has no grades
    graded = {k.name for k in KINDS.values() if any(check.startswith("grade:") for check in k.found_by)}
    odd = {p.session for p in planted if not p.contract}
    taken = {p.session for p in planted if p.kind in graded}
    odd |= {d.session for d in decoys if not d.contract and d.kind not in ("expiry_day", "fresh_listing")}
    free = [
        i
        for i in range(2, len(sessions) - 1)
        if sessions[i] not in taken and not odd & set(sessions[i - 1 : i + 2])
    ]
    chosen = [sessions[free[(2 * n + 1) * len(free) // (2 * PHANTOM_EACH)]] for n in range(PHANTOM_EACH)]
    new, old = PHANTOM_SPLIT
    name = universe.underlyings[0].symbol
    return [Planted(day, name, "", "", "phantom_split", f"{new:g} for {old:g} on record") for day in chosen]


def _universe_file(folder: Path) -> Path:
    found = sorted((folder / "universes").glob("*.yaml")) if folder.is_dir() else []
    if len(found) != 1 or not (folder / "truth" / "planted_defects.csv").is_file():
        raise FileNotFoundError(
            f"{folder} holds no generated set (universes/NAME.yaml and truth/); make one with optix generate"
        )
    return found[0]


def read_truth(folder: Path) -> tuple[list[Planted], list[Decoy]]:
    """What the set's files say was planted, and what only looks odd."""
    planted = []
    with (folder / "truth" / "planted_defects.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["kind"] not in KINDS:
                raise ValueError(f"{folder}/truth/planted_defects.csv: no defect is named {row['kind']!r}")
            planted.append(
                Planted(
                    dt.date.fromisoformat(row["session"]),
                    row["underlying"],
                    row["snapshot"],
                    row["contract"],
                    row["kind"],
                    row["what_was_done"],
                    row["line"],
                )
            )
    with (folder / "truth" / "decoys.csv").open(newline="", encoding="utf-8") as lines:
        decoys = [
            Decoy(
                dt.date.fromisoformat(row["session"]),
                row["underlying"],
                row["contract"],
                row["kind"],
                row["what_it_is"],
            )
            for row in csv.DictReader(lines)
        ]
    return planted, decoys


def _parsed_plan(
    sessions: list[dt.date], planted: list[Planted], decoys: list[Decoy]
) -> tuple[dict[dt.date, list[str]], dict[dt.date, set[str]]]:
    """Kinds for parsed tables, on sessions whose files are right as a whole; and the contracts to leave alone."""
    spoiled = {p.session for p in planted if not p.contract}
    at = {day: i for i, day in enumerate(sessions)}
    near = {at[d] + step for d in spoiled if d in at for step in (-1, 0, 1)}
    free = [d for d in sessions if at[d] not in near]
    wanted = [kind for kind in PARSED_KINDS for _ in range(PARSED_EACH)]
    plan: dict[dt.date, list[str]] = {}
    if planted and free:
        for n, kind in enumerate(wanted):
            plan.setdefault(free[(7 * n) % len(free)], []).append(kind)
    spared: dict[dt.date, set[str]] = {}
    for p in (*planted, *decoys):
        spared.setdefault(p.session, set()).add(p.contract)
    return plan, spared


def _suite_flag(result: ExpectationResult) -> Flag:
    snapshot = "" if result.snapshot_id is None else str(result.snapshot_id)
    return Flag(result.trade_date, result.check, snapshot)


def _row_flags(universe: UniverseSpec, lake: Lake, day: dt.date) -> Iterator[Flag]:
    """A flag for each reason of each quarantined row, but for rows that only went with their session."""
    for spec in universe.underlyings:
        path = partition_path(universe.name, QUARANTINED, day.isoformat(), spec.symbol)
        table = lake.read_table(path).select(["symbol", "snapshot_id", "reasons", "raw"])
        for row in table.to_pylist():
            for reason in row["reasons"]:
                if not reason.startswith(_WHOLE):
                    snapshot = "" if row["snapshot_id"] is None else str(row["snapshot_id"])
                    yield Flag(day, reason, snapshot, row["symbol"] or "", row["raw"] or "")


def _grade(
    universe: UniverseSpec, lake: Lake, day: dt.date, grades: dict[tuple[dt.date, str], set[str]]
) -> None:
    for spec in universe.underlyings:
        table = lake.read_table(partition_path(universe.name, VALIDATED, day.isoformat(), spec.symbol))
        if not table.num_rows:
            continue
        ages = _ages_seconds(table)
        found = grade_quotes(floats(table, "bid"), floats(table, "ask"), ages, universe.quality)
        for symbol, grade in zip(table.column("symbol").to_pylist(), found.tolist(), strict=True):
            if grade != QuoteGrade.FIRM:
                grades.setdefault((day, symbol), set()).add(QuoteGrade(grade).name.lower())


def _ages_seconds(table: pa.Table) -> Floats:
    """float64[n], the snapshot's time minus the quote's own; NaN where the source gives none."""
    own, ts = instants_us(table, "quote_ts"), instants_us(table, "ts")
    return np.where(own == MISSING_US, np.nan, (ts - own) / 1e6)
