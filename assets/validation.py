"""From raw payloads to clean and quarantined quotes: parse, row rules, profiles, one suite run, verdicts.

Memory is bounded: a long range is judged in batches of rows. A verdict depends on its session's own profiles
alone, so where a batch ends changes nothing.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from assets.corporate_actions import ActionsInForce
from assets.day_status import DayStatus, UnderlyingStatus, write_status
from assets.layers import each_day
from assets.quarantine import joined, quarantined_for
from assets.root_validity import set_aside_invalid_roots
from engine.calendars import TradingCalendar
from engine.corporate_actions.events import CorporateAction
from resources.data_quality.chain_shape import Reference
from resources.data_quality.data_docs import JudgedRange, write_page
from resources.data_quality.profile import last_snapshot, profile_snapshots
from resources.data_quality.profile_columns import absent_profile
from resources.data_quality.release_rules import judge_with_releases
from resources.data_quality.releases import Release, ReleaseStore, overruled_checks, release_inputs
from resources.data_quality.row_level import SuspectRow, name_rows, suspect_rows
from resources.data_quality.suite import ExpectationResult, SuiteResult, Verdict, run_suite
from resources.lake.digest import table_digest
from resources.lake.lake import Lake
from resources.lake.layout import partition_path
from resources.providers.protocol import ParsedDay, ParsedUnderlying, Provider
from resources.raw_store import HarvestRecord, RawStore
from resources.schemas import QUARANTINE_SCHEMA, QUOTE_SCHEMA
from resources.universe import UniverseSpec

VALIDATED, QUARANTINED = "validated_quotes", "quarantined_quotes"
#: sessions before a day that are searched for the payload it may repeat
LOOKBACK_SESSIONS = 3
#: rows held in memory before the suite runs
BATCH_ROWS = 4_000_000


@dataclass(frozen=True)
class JudgedUnderlying:
    """One underlying of one day, before its verdict."""

    clean: pa.Table
    quarantined: pa.Table
    profiles: list[dict[str, object]]
    suspects: list[SuspectRow]


@dataclass(frozen=True)
class JudgedDay:
    day: dt.date
    inputs: dict[str, str]
    underlyings: dict[str, JudgedUnderlying]

    @property
    def rows(self) -> int:
        return sum(j.clean.num_rows + j.quarantined.num_rows for j in self.underlyings.values())


def validate_days(
    universe: UniverseSpec,
    lake: Lake,
    provider: Provider,
    days: list[dt.date],
    calendar: TradingCalendar,
    on_results: Callable[[list[ExpectationResult]], None],
    data_docs: Path | None = None,
) -> tuple[list[DayStatus], list[DayStatus]]:
    """Build ``validated_quotes`` and ``quarantined_quotes`` for these sessions.

    Parameters
    ----------
    on_results
        Receives every expectation's result, batch by batch.
    data_docs
        Folder of the universe's Data Docs; None writes none. What fails then names its page in its details.

    Returns
    -------
    tuple
        The statuses of the validated layer, and those of the quarantined one.
    """
    validated: list[DayStatus] = []
    quarantined: list[DayStatus] = []
    batch: list[JudgedDay] = []
    releases = ReleaseStore(lake, universe.name).in_force()

    def flush() -> None:
        if not batch:
            return
        profiles = [p for d in batch for j in d.underlyings.values() for p in j.profiles]
        overruled = overruled_checks(releases, [d.day for d in batch])
        outcome = run_suite(profiles, universe.quality, overruled=overruled)
        on_results(outcome.results if data_docs is None else _with_page(universe, batch, outcome, data_docs))
        by_day = {d.day: d for d in batch}
        for kept in each_day(
            lambda day: _write_day(universe, lake, by_day[day], outcome.verdicts), list(by_day), lake
        ):
            validated.append(kept[0])
            quarantined.append(kept[1])
        batch.clear()

    for day in judged_days(universe, lake, provider, days, calendar, releases):
        batch.append(day)
        if sum(d.rows for d in batch) >= BATCH_ROWS:
            flush()
    flush()
    return validated, quarantined


def _with_page(
    universe: UniverseSpec, batch: list[JudgedDay], outcome: SuiteResult, folder: Path
) -> list[ExpectationResult]:
    """Write the batch's page of Data Docs; the results, each failure with the page that shows it."""
    suspects = [s for d in batch for j in d.underlyings.values() for s in j.suspects]
    judged = JudgedRange(universe.name, batch[0].day, batch[-1].day, outcome, name_rows(suspects))
    page = f"data_docs/{universe.name}/{write_page(folder, judged).name}"
    return [
        r if r.passed else replace(r, details={**r.details, "data_docs": f"{page}#{r.check}"})
        for r in outcome.results
    ]


def judged_days(
    universe: UniverseSpec,
    lake: Lake,
    provider: Provider,
    days: list[dt.date],
    calendar: TradingCalendar,
    releases: Sequence[Release],
) -> Iterator[JudgedDay]:
    """Each session parsed, its rows judged and its snapshots profiled; the suite has not seen them yet."""
    store = RawStore(lake, universe.name, "raw_quotes")
    parsed: dict[dt.date, tuple[HarvestRecord, ParsedDay]] = {}
    references: dict[tuple[dt.date, str], Reference] = {}
    in_force = ActionsInForce(universe, lake)

    def parse(day: dt.date) -> tuple[HarvestRecord, ParsedDay] | None:
        if day not in parsed:
            record = store.latest(day.isoformat())
            if record is None:
                return None
            received = provider.parse(day, store.load(record))
            parsed[day] = record, set_aside_invalid_roots(received, universe)
        return parsed[day]

    for day in days:
        record = store.require(day.isoformat())
        inputs = {record.path: record.digest}
        here = parse(day)
        assert here is not None
        before: list[tuple[HarvestRecord, ParsedDay]] = []
        session = day
        for _ in range(LOOKBACK_SESSIONS):
            session = calendar.previous(session)
            if session < universe.start:
                break
            found = parse(session)
            if found is not None:
                before.append(found)
        actions, action_inputs = in_force.on(day)
        inputs.update(action_inputs)
        underlyings = {}
        for spec in universe.underlyings:
            previous = _previous(
                [b for b in before if not _from_the_future(b[1], spec.symbol, calendar, universe.timezone)],
                spec.symbol,
                inputs,
                references,
            )
            received = here[1].underlyings.get(spec.symbol)
            mine = [release for release in releases if release.covers(spec.symbol, day)]
            inputs.update(release_inputs(mine))
            judged, reference = _judge(
                universe, day, spec.symbol, received, previous, actions, mine, calendar
            )
            underlyings[spec.symbol] = judged
            if reference is not None:
                references[day, spec.symbol] = reference
        yield JudgedDay(day, inputs, underlyings)
        oldest = calendar.previous(session) if session >= universe.start else session
        for old in [d for d in parsed if d < oldest]:
            del parsed[old]
        for key in [k for k in references if k[0] < oldest]:
            del references[key]


def _from_the_future(parsed: ParsedDay, symbol: str, calendar: TradingCalendar, timezone: str) -> bool:
    """Whether a payload says that it is of a later session than its file: the session that it really is of would
    seem to repeat it."""
    found = parsed.underlyings.get(symbol)
    if found is None or found.payload_ts_us is None:
        return False
    return calendar.session_of(found.payload_ts_us, timezone) > parsed.trade_date


def _previous(
    before: list[tuple[HarvestRecord, ParsedDay]],
    symbol: str,
    inputs: dict[str, str],
    references: dict[tuple[dt.date, str], Reference],
) -> Reference | None:
    """The last snapshot of the nearest earlier payload of an underlying, blocked or not; its record becomes an
    input. What was made of it when it was judged itself, in this run, is not made again."""
    for record, parsed in before:
        found = parsed.underlyings.get(symbol)
        if found is not None and found.problem is None and found.quotes.num_rows:
            inputs[record.path] = record.digest
            key = parsed.trade_date, symbol
            return references.get(key) or Reference(last_snapshot(found.quotes))
    return None


def _judge(
    universe: UniverseSpec,
    day: dt.date,
    symbol: str,
    received: ParsedUnderlying | None,
    previous: Reference | None,
    actions: list[CorporateAction],
    releases: Sequence[Release],
    calendar: TradingCalendar,
) -> tuple[JudgedUnderlying, Reference | None]:
    """One underlying of one day, and what the next day is to be compared with."""
    if received is None:
        absent = JudgedUnderlying(
            QUOTE_SCHEMA.empty_table(), QUARANTINE_SCHEMA.empty_table(), [absent_profile(day, symbol)], []
        )
        return absent, None
    rows = (
        None
        if received.problem
        else judge_with_releases(
            received.quotes,
            day,
            universe.quality,
            [found for release in releases if (found := release.row_release) is not None],
            known_after_minutes=universe.provider.known_after_minutes,
        )
    )
    verdict = None if rows is None else rows.verdict
    profiles = profile_snapshots(
        trade_date=day,
        underlying=symbol,
        spec=universe.quality,
        calendar=calendar,
        timezone=universe.timezone,
        quotes=None if rows is None else rows.quotes,
        verdict=verdict,
        rejected=received.rejected,
        payload_ts_us=received.payload_ts_us,
        snapshot_payload_ts_us=received.snapshot_payload_ts_us,
        problem=received.problem,
        previous=previous,
        actions=actions,
    )
    if rows is None or verdict is None:
        unread = JudgedUnderlying(
            QUOTE_SCHEMA.empty_table(), received.rejected.cast(QUARANTINE_SCHEMA), profiles, []
        )
        return unread, None
    bad = joined(verdict.quarantined, received.rejected).cast(QUARANTINE_SCHEMA)
    suspects = suspect_rows(rows.quotes, verdict, day, symbol)
    judged = JudgedUnderlying(verdict.clean, bad, profiles, suspects)
    return judged, verdict.reference(rows.quotes)


def _write_day(
    universe: UniverseSpec, lake: Lake, day: JudgedDay, verdicts: dict[tuple[dt.date, str], Verdict]
) -> tuple[DayStatus, DayStatus]:
    kept: dict[str, UnderlyingStatus] = {}
    quarantined: dict[str, UnderlyingStatus] = {}
    for symbol, judged in day.underlyings.items():
        verdict = verdicts[day.day, symbol]
        clean, bad = judged.clean, judged.quarantined
        if verdict.status != "ok" and clean.num_rows:
            # nothing is lost: what a blocked day holds goes to quarantine with the verdict as its reason
            reasons = [f"session {verdict.status}: {r}" for r in verdict.reasons]
            bad = joined(bad, quarantined_for(clean, reasons))
            clean = QUOTE_SCHEMA.empty_table()
        for snapshot, why in verdict.kept_out.items():
            mine = pc.equal(clean.column("snapshot_id"), snapshot)
            bad = joined(bad, quarantined_for(clean.filter(mine), [f"snapshot kept out: {r}" for r in why]))
            clean = clean.filter(pc.invert(mine))
        files = {}
        for asset, table in ((VALIDATED, clean), (QUARANTINED, bad)):
            path = partition_path(universe.name, asset, day.day.isoformat(), symbol)
            written = lake.write_table(path, table)
            files[asset] = {"path": path, "sha256": written.sha256, "digest": table_digest(table)}
        facts = {"status": verdict.status, "reasons": verdict.reasons, "warnings": verdict.warnings}
        kept[symbol] = UnderlyingStatus(
            **facts, rows=clean.num_rows, quarantined=bad.num_rows, **files[VALIDATED]
        )
        quarantined[symbol] = UnderlyingStatus(
            **facts, rows=bad.num_rows, quarantined=bad.num_rows, **files[QUARANTINED]
        )
    found = DayStatus(day.day, kept, day.inputs), DayStatus(day.day, quarantined, day.inputs)
    write_status(lake, universe, QUARANTINED, found[1])
    write_status(lake, universe, VALIDATED, found[0])
    return found
