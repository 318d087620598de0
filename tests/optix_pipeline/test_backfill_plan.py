"""What a backfill plans: nothing complete, nothing twice, whole months in chunks of bounded size, newest first."""

import datetime as dt
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.session_survey import SessionState
from assets.validation import LOOKBACK_SESSIONS
from optix_pipeline.backfill_plan import (
    CAME_LATE,
    COMPARED_WITH,
    FORCED,
    BackfillPlan,
    chunk_tasks,
    plan_backfill,
    require_source,
)
from resources.harvest import SnapshotOnlyError
from resources.universe import UniverseSpec

FIRST = dt.date(2025, 9, 15)


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def complete(date: dt.date, **changes: Any) -> SessionState:
    fields: dict[str, Any] = {"verdict": "ok", "rows": 10, "received": True, "compacted": True, **changes}
    return SessionState(date, **fields)


def missing(date: dt.date, **changes: Any) -> SessionState:
    return SessionState(date, "never built", **changes)


def planned(states: list[SessionState], size: int = 62, **changes: Any) -> BackfillPlan:
    return plan_backfill(states, changes.get("available", ()), changes.get("forced", ()), size)


@pytest.fixture
def universe(make_catalog: Callable[..., Any]) -> UniverseSpec:
    found: UniverseSpec = make_catalog().universe("demo_coin")
    return found.model_copy(update={"start": FIRST, "end": day(700)})


def ranges(universe: UniverseSpec, plan: BackfillPlan) -> list[list[tuple[str, str, int]]]:
    """First day, last day and number of days of every run of days, by chunk."""
    return [
        [(*step.partitions, step.days) for step in task.steps if step.days and step.partitions]
        for task in chunk_tasks(universe, plan)
    ]


def test_a_complete_range_has_nothing_to_do() -> None:
    plan = planned([complete(day(n)) for n in range(40)])
    assert (plan.complete, plan.reasons, plan.chunks) == (40, {}, ())


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.sampled_from(["complete", "missing", "uncompacted"]), min_size=1, max_size=400),
    st.integers(1, 90),
)
def test_chunks_hold_every_open_session_once_in_whole_months_of_bounded_size(
    kinds: list[str], size: int
) -> None:
    make = {
        "complete": complete,
        "missing": missing,
        "uncompacted": lambda date: complete(date, compacted=False),
    }
    states = [make[kind](day(n)) for n, kind in enumerate(kinds)]
    plan = planned(states, size)
    chunks = plan.chunks
    built = sorted(d for chunk in chunks for d in chunk.sessions)
    assert built == [s.day for s in states if s.unfinished]
    months = [m for chunk in chunks for m in chunk.months]
    assert len(months) == len(set(months)), "a month is in one chunk"
    assert set(months) == {s.day.replace(day=1) for s in states if not s.compacted}
    for chunk in chunks:
        assert {d.replace(day=1) for d in chunk.sessions} <= set(chunk.months)
        assert len(chunk.sessions) <= size or len(chunk.months) == 1
    assert all(newer.months[0] > older.months[-1] for newer, older in pairwise(chunks)), "newest first"


def test_two_years_are_runs_of_about_two_months_each(universe: UniverseSpec) -> None:
    plan = planned([missing(day(n)) for n in range(700)])
    found = [run for chunk in ranges(universe, plan) for run in chunk]
    assert sum(days for *_, days in found) == 700
    assert max(days for *_, days in found) == 62 and len(found) == len(plan.chunks) == 12
    assert found[-1][0] == "2025-09-15"


def test_complete_sessions_between_open_ones_are_in_no_run(universe: UniverseSpec) -> None:
    states = [missing(day(n)) if n in (0, 1, 5, 20, 21, 22) else complete(day(n)) for n in range(40)]
    (chunk,) = ranges(universe, planned(states))
    assert chunk == [
        ("2025-09-15", "2025-09-16", 2),
        ("2025-09-20", "2025-09-20", 1),
        ("2025-10-05", "2025-10-07", 3),
    ]


def test_days_that_are_no_sessions_do_not_break_a_run(universe: UniverseSpec) -> None:
    states = [missing(day(n)) for n in range(30) if day(n).weekday() < 5]
    (chunk,) = ranges(universe, planned(states))
    assert chunk == [("2025-09-15", "2025-10-14", 22)]


def test_a_month_that_was_not_compacted_is_compacted_alone(universe: UniverseSpec) -> None:
    states = [complete(day(n), compacted=day(n).month != 10) for n in range(70)]
    plan = planned(states)
    (task,) = chunk_tasks(universe, plan)
    (step,) = task.steps
    assert (step.partitions, step.keys[0].path) == (
        ("2025-10-01", "2025-10-01"),
        ["demo_coin", "chain_month"],
    )
    assert plan.complete == 70


def test_months_of_a_chunk_that_are_apart_are_compacted_apart(universe: UniverseSpec) -> None:
    states = [missing(day(n)) if day(n).month != 10 else complete(day(n)) for n in range(60)]
    (task,) = chunk_tasks(universe, planned(states))
    compactions = [s.partitions for s in task.steps if s.keys[0].path[-1] == "chain_month"]
    assert compactions == [("2025-09-01", "2025-09-01"), ("2025-11-01", "2025-11-01")]


def test_an_absent_session_is_done_until_the_source_has_it() -> None:
    states = [complete(day(n), received=n != 4) for n in range(10)]
    assert planned(states).chunks == ()
    plan = planned(states, available=[day(n) for n in range(10)])
    # those after it were judged without it
    expected = {day(4): CAME_LATE, **{day(4 + n): COMPARED_WITH for n in range(1, LOOKBACK_SESSIONS + 1)}}
    assert plan.reasons == expected


def test_a_restated_session_takes_those_after_it_along() -> None:
    states = [complete(day(n)) for n in range(10)]
    states[8] = SessionState(day(8), "restated", received=True, restated=True)
    assert list(planned(states).reasons) == [day(8), day(9)]


def test_a_chunk_that_is_compared_with_a_new_payload_waits_for_it() -> None:
    states = [complete(day(n)) for n in range(60)]
    at = (dt.date(2025, 9, 30) - FIRST).days
    states[at] = SessionState(day(at), "restated", received=True, restated=True)
    states[-1] = missing(day(59))
    november, october, september = planned(states, 1).chunks
    assert (september.after, november.after) == (frozenset(), frozenset())
    assert october.after == {september.first} == {dt.date(2025, 9, 30)}
    assert october.sessions == tuple(dt.date(2025, 10, n) for n in (1, 2, 3))


def test_a_forced_session_is_built_again_and_others_are_not() -> None:
    states = [complete(day(n)) for n in range(10)]
    plan = planned(states, forced=[day(3), day(99)])
    assert plan.reasons == {day(3): FORCED} and plan.complete == 9


def test_the_tasks_wait_by_name(universe: UniverseSpec) -> None:
    states = [complete(day(n)) for n in range(40)]
    at = (dt.date(2025, 9, 30) - FIRST).days
    states[at] = SessionState(day(at), "restated", received=True, restated=True)
    october, september = chunk_tasks(universe, planned(states, 1))
    assert october.after == {september.name}
    assert september.name == "demo_coin 2025-09-30 to 2025-09-30"


class TestSnapshotOnly:
    @pytest.fixture
    def snapshots(self, universe: UniverseSpec) -> UniverseSpec:
        provider = universe.provider.model_copy(update={"mode": "snapshot_only"})
        return universe.model_copy(update={"provider": provider})

    def test_sessions_that_were_never_harvested_are_refused_with_the_way_out(
        self, snapshots: UniverseSpec
    ) -> None:
        states = [
            missing(day(0)),
            complete(day(1)),
            missing(day(2), received=False),
            missing(day(3), received=True),
        ]
        with pytest.raises(SnapshotOnlyError) as error:
            require_source(snapshots, states, never)
        said = str(error.value)
        assert f"2 sessions from {day(0)} to {day(2)} cannot be harvested any more" in said
        assert "optix harvest demo_coin" in said and "range without them" in said

    def test_one_session_is_named(self, snapshots: UniverseSpec) -> None:
        with pytest.raises(SnapshotOnlyError, match=f"so session {day(0)} cannot"):
            require_source(snapshots, [missing(day(0))], never)

    def test_what_arrived_in_its_time_is_built_stored_or_not(self, snapshots: UniverseSpec) -> None:
        states = [complete(day(0)), missing(day(1), received=True), missing(day(2))]
        require_source(snapshots, states, lambda date: date == day(2))
        with pytest.raises(SnapshotOnlyError):
            require_source(snapshots, states, lambda date: date == day(1))

    def test_a_historical_source_is_asked_for_anything(self, universe: UniverseSpec) -> None:
        require_source(universe, [missing(day(0))], never)


def never(date: dt.date) -> bool:
    return False
