"""Is the newest session that should be here, here? Backfilling an old day must not make an asset look fresh.

A session is expected from the first tick of the nightly harvest at which its day is over and its last quotes are
known; it is late once the harvest that began then has had its time.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

import dagster as dg

from assets.day_status import MissingLayerError, read_status
from assets.harvest_tick import HarvestTick
from assets.naming import universe_key
from engine.calendars import TradingCalendar
from resources.lake.lake import Lake
from resources.newest_harvests import NewestHarvests
from resources.universe import UniverseSpec

FRESHNESS_CHECK = "latest_session_present"
#: what the nightly harvest may take from its tick until the session is called late
HARVEST_TAKES = dt.timedelta(hours=1)
#: from so many late sessions on the check is an error; fewer may be a source that is slow
ERROR_FROM_SESSIONS = 3

#: current: here; due: its harvest may be under way; late: it should have come; unusable: it came and was blocked, or
#: is not validated; waiting: no session yet; closed: the universe has ended
FreshnessStatus = Literal["current", "due", "late", "unusable", "waiting", "closed"]


@dataclass(frozen=True)
class Freshness:
    """One universe on the board.

    Attributes
    ----------
    expected
        The newest session that should be here; None before the first.
    due_at
        The tick from which it is expected, UTC.
    present
        The newest session of which the source gave quotes.
    usable
        The newest session that was validated and has an underlying that is not blocked.
    behind
        Sessions from the one after ``present`` to ``expected``.
    late
        Those of them whose harvest has had its time.
    """

    universe: str
    status: FreshnessStatus
    expected: dt.date | None
    due_at: dt.datetime | None
    present: dt.date | None
    usable: dt.date | None
    behind: int
    late: int


def due_at(universe: UniverseSpec, tick: HarvestTick, calendar: TradingCalendar, day: dt.date) -> dt.datetime:
    """The tick from which a session is expected, UTC: its partition exists, and its last quotes are known."""
    over = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(0), ZoneInfo(universe.timezone))
    close = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=calendar.close_us(day))
    known = close + dt.timedelta(minutes=universe.provider.known_after_minutes)
    return tick.first_from(max(over.astimezone(dt.UTC), known))


def freshness(
    universe: UniverseSpec,
    tick: HarvestTick,
    now: dt.datetime,
    present: dt.date | None,
    usable: dt.date | None,
) -> Freshness:
    """Where a universe stands at an instant (which has a time zone), given its newest sessions in the lake."""
    expected, since, behind, late = None, None, 0, 0
    for day, due in _due_sessions(universe, tick, now):
        expected, since = expected or day, since or due
        if present is not None and day <= present:
            break
        behind += 1
        late += due + HARVEST_TAKES <= now
    if universe.end is not None:
        status: FreshnessStatus = "closed"
    elif expected is None:
        status = "waiting"
    elif behind:
        status = "late" if late else "due"
    else:
        status = "current" if usable is not None and usable >= expected else "unusable"
    return Freshness(universe.name, status, expected, since, present, usable, behind, late)


def _due_sessions(
    universe: UniverseSpec, tick: HarvestTick, now: dt.datetime
) -> Iterator[tuple[dt.date, dt.datetime]]:
    """Sessions that are expected by now, the newest first, each with its tick."""
    today = now.astimezone(ZoneInfo(universe.timezone)).date()
    last = min(universe.end or today, today)
    if last < universe.start:
        return
    calendar = TradingCalendar.for_code(universe.calendar, universe.start, last)
    for day in reversed(calendar.sessions()):
        due = due_at(universe, tick, calendar, day)
        if due <= now:
            yield day, due


def universe_freshness(universe: UniverseSpec, tick: HarvestTick, lake: Lake, now: dt.datetime) -> Freshness:
    """Where a universe stands at an instant, by what its lake holds."""
    harvests = NewestHarvests(lake, universe.name, "raw_quotes")
    return freshness(universe, tick, now, _newest_present(harvests), _newest_usable(universe, lake, harvests))


def _newest_present(harvests: NewestHarvests) -> dt.date | None:
    return next((day for day in harvests.days() if harvests.had_quotes(day)), None)


def _newest_usable(universe: UniverseSpec, lake: Lake, harvests: NewestHarvests) -> dt.date | None:
    for day in harvests.days():
        try:
            if read_status(lake, universe, "validated_quotes", day).usable:
                return day
        except MissingLayerError:
            continue
    return None


def latest_session_result(
    universe: UniverseSpec, tick: HarvestTick, lake: Lake, now: dt.datetime
) -> dg.AssetCheckResult:
    """The check of ``raw_quotes``: whether the newest session came; an error once several have not.

    It is evaluated when a harvest has just looked, so what has not come counts from the tick on. Of an ended
    universe the last session is expected, and nobody waits for it: without it the check warns.
    """
    # the layers after it are not made yet, so whether the session can be used is not asked here
    found = freshness(
        universe, tick, now, _newest_present(NewestHarvests(lake, universe.name, "raw_quotes")), None
    )
    serious = universe.end is None and found.behind >= ERROR_FROM_SESSIONS
    return dg.AssetCheckResult(
        asset_key=universe_key(universe, "raw_quotes"),
        check_name=FRESHNESS_CHECK,
        passed=found.behind == 0,
        severity=dg.AssetCheckSeverity.ERROR if serious else dg.AssetCheckSeverity.WARN,
        description=(
            f"expected {found.expected or 'no session yet'}, newest present {found.present or 'none'}"
            + (f", {found.behind} sessions behind" if found.behind > 1 else "")
        ),
        metadata={
            "latest_expected": str(found.expected or "none"),
            "latest_present": str(found.present or "none"),
            "sessions_behind": found.behind,
        },
    )
