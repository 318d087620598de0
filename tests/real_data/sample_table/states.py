"""What is to be said of a session: its state in one word, and the evidence for it."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from assets.closed_days import CHECK as CLOSED_DAY
from assets.closed_days import ClosedDay
from resources.data_quality.suite import ExpectationResult
from resources.universe import UniverseSpec
from tests.real_data.sample_table.ingestion import Session

_REPEATS = ("repeated_quotes", "repeated_trades", "repeated_snapshot")
_OLDER = ("session", "last_trade", "shifted_session")


@dataclass(frozen=True)
class State:
    """One underlying of one day, or one snapshot of it, in one word with its evidence."""

    word: str
    evidence: str

    @property
    def plain(self) -> bool:
        """Whether it can be counted rather than listed."""
        return self.word == "clean" and "warns" not in self.evidence


def session_state(universe: UniverseSpec, day: dt.date, session: Session) -> State:
    """Clean, intraday, stale, repeated, blocked or absent."""
    if session.status.status == "absent":
        return State("absent", "present")
    zone = ZoneInfo(universe.timezone)
    known = [] if session.received is None else _times(session, zone)
    failed = [r for r in session.results if not r.passed]
    whole = [r for r in failed if r.snapshot_id is None or session.received is None or not _several(session)]
    critical = [r for r in whole if r.severity == "critical"]
    snapshots = _snapshots_kept_out(session, failed)
    warned = sorted({r.check for r in failed if r.severity == "warning"} - {"session_complete"})
    if session.status.status == "ok":
        word = "intraday" if any(r.check == "session_complete" for r in whole) else "clean"
        told = [_said(r) for r in whole if r.check == "session_complete"]
    else:
        word = _blocked_word(critical)
        told = [_said(r) for r in critical]
    lines = [*known, *told, *snapshots, *([f"warns: {', '.join(warned)}"] if warned else [])]
    return State(word, "; ".join(lines))


def closed_state(universe: UniverseSpec, closed: ClosedDay) -> State:
    """The state of a payload of a day without a session."""
    said = closed.message(universe.quality.repeat_fraction).split(": ", 1)[-1]
    return State("off-calendar", f"{CLOSED_DAY}: {said}")


def snapshot_state(universe: UniverseSpec, session: Session, snapshot: int) -> State:
    """The state of one of several snapshots."""
    assert session.received is not None
    zone = ZoneInfo(universe.timezone)
    at, traded = session.received.by_snapshot[snapshot]
    times = f"market of {_local(at, zone)}, last trade {_local(traded, zone)}"
    failed = [r for r in session.results if not r.passed and r.snapshot_id == snapshot]
    critical = [r for r in failed if r.severity == "critical"]
    told = [_said(r) for r in critical]
    warned = sorted({r.check for r in failed if r.severity == "warning"})
    lines = [times, *told, *([f"warns: {', '.join(warned)}"] if warned else [])]
    return State(_blocked_word(critical) if critical else "clean", "; ".join(lines))


def _blocked_word(critical: list[ExpectationResult]) -> str:
    """Repeated: all quotes, or all trades, are those of the session or snapshot before."""
    by_check = {r.check: r for r in critical}
    equal = [by_check[name].observed for name in _REPEATS if name in by_check]
    if any(share == 1.0 for share in equal):
        return "repeated"
    if any(name in by_check for name in _OLDER):
        return "stale"
    return "repeated" if equal else "blocked"


def _times(session: Session, zone: ZoneInfo) -> list[str]:
    received = session.received
    assert received is not None
    if received.problem is not None:
        return []
    claimed = (
        "no payload time"
        if received.payload_ts_us is None
        else f"payload {_local(dt.datetime.fromtimestamp(received.payload_ts_us / 1e6, dt.UTC), zone)}"
    )
    traded = "" if received.last_trade is None else f", last trade {_local(received.last_trade, zone)}"
    several = f", {received.snapshots} snapshots" if _several(session) else ""
    return [f"{claimed}{traded}{several}{_equal_share(session)}"]


def _equal_share(session: Session) -> str:
    """Of a session that passed: how many contracts have the quotes of the session before."""
    shares = [r.observed for r in session.results if r.check == "repeated_quotes" and r.passed]
    return f", {shares[0]:.1%} equal" if shares and isinstance(shares[0], float) else ""


def _several(session: Session) -> bool:
    return session.received is not None and session.received.snapshots > 1


def _snapshots_kept_out(session: Session, failed: list[ExpectationResult]) -> list[str]:
    if not _several(session):
        return []
    assert session.received is not None
    found: dict[str, set[int]] = {}
    for r in failed:
        if r.snapshot_id is not None and r.severity == "critical":
            found.setdefault(r.check, set()).add(r.snapshot_id)
    total = session.received.snapshots
    return [f"{len(ids)} of {total} snapshots kept out by {check}" for check, ids in sorted(found.items())]


def _said(result: ExpectationResult) -> str:
    """The check by its name, and its sentence without the session that it is about."""
    return f"{result.check}: {result.message.split(': ', 1)[-1]}"


def _local(at: dt.datetime | None, zone: ZoneInfo) -> str:
    return "none" if at is None else f"{at.astimezone(zone):%m-%d %H:%M:%S}"
