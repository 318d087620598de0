"""``closed_day_present``: payloads of days without a session, and the session that each of them repeats."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from assets.naming import universe_key
from engine.calendars import TradingCalendar
from resources.data_quality.profile import last_snapshot
from resources.data_quality.repeats import comparable, repetition
from resources.lake.lake import Lake
from resources.providers.protocol import Provider
from resources.raw_store import HarvestRecord, RawStore
from resources.universe import UniverseSpec

CHECK = "closed_day_present"
#: sessions before a closed day that its payload may repeat
LOOKBACK_SESSIONS = 3


@dataclass(frozen=True)
class ClosedDay:
    """What a source has of one underlying for a day on which the exchange was closed.

    ``repeats`` is the session that its quotes are most like, ``share`` how much of them is equal; None where
    no session before it is known. ``problem`` is what the adapter says of a payload that it cannot read as that
    day's, most often because it says itself which session it is of.
    """

    day: dt.date
    underlying: str
    rows: int
    repeats: dt.date | None
    share: float | None
    problem: str | None = None

    def message(self, repeat_fraction: float) -> str:
        if self.problem is not None:
            return f"{self.underlying} {self.day}: a payload of a day without a session; {self.problem}"
        found = f"{self.underlying} {self.day}: {self.rows} rows of a day without a session"
        if self.repeats is None or self.share is None:
            return f"{found}; no session before it is there to compare"
        if self.share >= repeat_fraction:
            return f"{found}; they repeat {self.repeats} ({100 * self.share:.4g}% of the contracts are equal)"
        return f"{found}; closest to {self.repeats} ({100 * self.share:.2g}% equal): look where it is from"


def closed_days(
    universe: UniverseSpec,
    lake: Lake,
    provider: Provider,
    records: Sequence[HarvestRecord],
    off_calendar: RawStore,
    calendar: TradingCalendar,
) -> list[ClosedDay]:
    """Judge the payloads that were kept apart from the sessions."""
    sessions = RawStore(lake, universe.name, "raw_quotes")
    found = []
    for record in records:
        if not record.parts:
            continue
        day = dt.date.fromisoformat(record.key)
        parsed = provider.parse(day, off_calendar.load(record)).underlyings
        before = []
        session = day
        for _ in range(LOOKBACK_SESSIONS):
            session = calendar.previous(session)
            kept = None if session < universe.start else sessions.latest(session.isoformat())
            if kept is not None and kept.parts:
                before.append((session, provider.parse(session, sessions.load(kept)).underlyings))
        for name, received in sorted(parsed.items()):
            if received.problem is not None:
                found.append(ClosedDay(day, name, 0, None, None, received.problem))
                continue
            if not received.quotes.num_rows:
                continue
            now = last_snapshot(received.quotes)
            shares = [
                (repetition(*comparable([now, last_snapshot(u[name].quotes)]), universe.timezone), s)
                for s, u in before
                if name in u and u[name].quotes.num_rows
            ]
            best = max(((r.equal_fraction or 0.0, s) for r, s in shares), default=(None, None))
            found.append(ClosedDay(day, name, received.quotes.num_rows, best[1], best[0]))
    return found


def check_spec(universe: UniverseSpec) -> dg.AssetCheckSpec:
    """The check beside ``raw_quotes``."""
    return dg.AssetCheckSpec(
        CHECK,
        asset=universe_key(universe, "raw_quotes"),
        description="No payload is dated on a day without a session; one that is repeats the session named.",
    )


def check_result(universe: UniverseSpec, found: Sequence[ClosedDay]) -> dg.AssetCheckResult:
    """A warning that names each payload: it was kept apart, so nothing downstream saw it."""
    messages = [c.message(universe.quality.repeat_fraction) for c in found]
    return dg.AssetCheckResult(
        asset_key=universe_key(universe, "raw_quotes"),
        check_name=CHECK,
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(messages) or "no payload of a day without a session",
        metadata={"closed_days": messages},
    )


def quality_rows(universe: UniverseSpec, found: Sequence[ClosedDay]) -> list[dict[str, Any]]:
    """The findings as rows in Postgres."""
    return [
        {
            "universe": universe.name,
            "asset": "raw_quotes",
            "trade_date": c.day,
            "underlying": c.underlying,
            "snapshot_id": None,
            "check": CHECK,
            "severity": "warning",
            "passed": False,
            "observed": c.share,
            "limit": "no session",
            "message": c.message(universe.quality.repeat_fraction),
            "details": {"repeats": None if c.repeats is None else c.repeats.isoformat()},
        }
        for c in found
    ]
