"""What a backfill has to do: the sessions that are not complete, in chunks of bounded size, and the runs of each."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from assets.session_survey import SessionState
from assets.validation import LOOKBACK_SESSIONS
from optix_pipeline.runner import Step, chunk_steps
from optix_pipeline.work_plan import Task
from resources.harvest import SnapshotOnlyError
from resources.universe import UniverseSpec

CAME_LATE = "was absent, and the source has it now"
COMPARED_WITH = "was judged before the payload of a session before it came"
FORCED = "to be rebuilt"


@dataclass(frozen=True)
class Chunk:
    """Whole months of a backfill: one run per unbroken stretch of their sessions, then their compaction.

    Attributes
    ----------
    sessions
        Those to build, in order; none where a month only has to be compacted.
    months
        Those to compact, by their first day.
    after
        First days of the chunks whose payloads this one's sessions are compared with.
    """

    sessions: tuple[dt.date, ...]
    months: tuple[dt.date, ...]
    after: frozenset[dt.date] = frozenset()

    @property
    def first(self) -> dt.date:
        return self.sessions[0] if self.sessions else self.months[0]

    @property
    def name(self) -> str:
        if not self.sessions:
            return f"compaction of {self.months[0]:%Y-%m} to {self.months[-1]:%Y-%m}"
        return f"{self.sessions[0]} to {self.sessions[-1]}"


@dataclass(frozen=True)
class BackfillPlan:
    """Sessions asked for, those that have to be built with the reason, and the chunks that build them."""

    days: tuple[dt.date, ...]
    reasons: Mapping[dt.date, str]
    chunks: tuple[Chunk, ...]

    @property
    def complete(self) -> int:
        return len(self.days) - len(self.reasons)


def plan_backfill(
    states: Sequence[SessionState],
    available: Collection[dt.date],
    forced: Collection[dt.date],
    sessions_per_chunk: int,
) -> BackfillPlan:
    """The plan for sessions as they stand in the lake.

    Parameters
    ----------
    states
        Of every session of the range, in order.
    available
        Days for which the source has something.
    forced
        Sessions to build whether they are complete or not.
    sessions_per_chunk
        At most so many to build; a chunk of one month may have more. It bounds what a crash can cost.
    """
    offered = set(available)
    reasons = {s.day: s.unfinished for s in states if s.unfinished}
    reasons |= {
        s.day: CAME_LATE for s in states if not s.unfinished and s.received is False and s.day in offered
    }
    # sessions are judged against the payloads before them: a payload that is new puts those after it in question
    causes: dict[dt.date, dt.date] = {}
    for position, state in enumerate(states):
        if state.restated or (state.received is False and state.day in offered):
            for later in states[position + 1 : position + 1 + LOOKBACK_SESSIONS]:
                causes[later.day] = state.day
                reasons.setdefault(later.day, COMPARED_WITH)
    wanted = set(forced)
    reasons |= {s.day: FORCED for s in states if s.day in wanted}
    days = tuple(s.day for s in states)
    uncompacted = {s.day.replace(day=1) for s in states if not s.compacted}
    return BackfillPlan(days, reasons, tuple(_chunks(days, reasons, uncompacted, causes, sessions_per_chunk)))


def _chunks(
    days: Sequence[dt.date],
    reasons: Mapping[dt.date, str],
    uncompacted: Collection[dt.date],
    causes: Mapping[dt.date, dt.date],
    sessions_per_chunk: int,
) -> list[Chunk]:
    """The newest first: it is what the next study needs, and the freshness check passes from the first run on."""
    by_month: dict[dt.date, list[dt.date]] = {}
    for day in days:
        month = day.replace(day=1)
        if month in uncompacted or day in reasons:
            by_month.setdefault(month, [])
        if day in reasons:
            by_month[month].append(day)
    groups: list[list[dt.date]] = []
    held = 0
    for month, sessions in by_month.items():
        if not groups or held + len(sessions) > sessions_per_chunk:
            groups.append([])
            held = 0
        groups[-1].append(month)
        held += len(sessions)
    chunks = [Chunk(tuple(d for m in group for d in by_month[m]), tuple(group)) for group in groups]
    chunk_of = {day: chunk.first for chunk in chunks for day in chunk.sessions}
    ordered = []
    for chunk in reversed(chunks):
        waits_for = {chunk_of[causes[d]] for d in chunk.sessions if d in causes} - {chunk.first}
        ordered.append(Chunk(chunk.sessions, chunk.months, frozenset(waits_for)))
    return ordered


def require_source(
    universe: UniverseSpec, states: Sequence[SessionState], pending: Callable[[dt.date], bool]
) -> None:
    """Refuse the past of a source that has none.

    Parameters
    ----------
    pending
        Whether something of a day arrived in its time that an interrupted harvest did not store.

    Raises
    ------
    SnapshotOnlyError
        If sessions of a snapshot-only universe have to be built of which nothing was harvested.
    """
    if universe.provider.mode != "snapshot_only":
        return
    lost = [s.day for s in states if s.unfinished and not s.received and not pending(s.day)]
    if lost:
        raise SnapshotOnlyError(
            f"universe {universe.name}: its source shows only the market of now, so {_sessions(lost)} cannot be "
            "harvested any more. What was harvested in its time can be built again: ask for a range without them. "
            f"The sessions to come are harvested by the nightly schedule (optix dev) or optix harvest "
            f"{universe.name}"
        )


def _sessions(days: Sequence[dt.date]) -> str:
    if len(days) == 1:
        return f"session {days[0]}"
    return f"{len(days):,} sessions from {days[0]} to {days[-1]}"


def chunk_tasks(universe: UniverseSpec, plan: BackfillPlan) -> list[Task]:
    """Each chunk as a task for worker processes."""
    names = {chunk.first: f"{universe.name} {chunk.name}" for chunk in plan.chunks}
    return [
        Task(
            names[chunk.first],
            universe.name,
            steps=tuple(_steps(universe, plan.days, chunk)),
            after=frozenset(names[first] for first in chunk.after),
        )
        for chunk in plan.chunks
    ]


def _steps(universe: UniverseSpec, days: Sequence[dt.date], chunk: Chunk) -> list[Step]:
    position = {day: n for n, day in enumerate(days)}
    return chunk_steps(
        universe,
        stretches=_unbroken(chunk.sessions, lambda a, b: position[b] == position[a] + 1),
        months=_unbroken(chunk.months, lambda a, b: (a + dt.timedelta(days=31)).replace(day=1) == b),
    )


def _unbroken(days: Sequence[dt.date], follows: Callable[[dt.date, dt.date], bool]) -> list[list[dt.date]]:
    """Runs of days of which each follows the one before."""
    found: list[list[dt.date]] = []
    for day in days:
        if found and follows(found[-1][-1], day):
            found[-1].append(day)
        else:
            found.append([day])
    return found
