"""A forced rebuild that is cut off is known to whoever comes next, until it is done."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from optix_pipeline import forced_rebuild
from optix_pipeline.forced_rebuild import ForcedRebuild
from resources.lake.lake import Lake
from resources.lake.opening import open_lake
from resources.universe import UniverseSpec

DAYS = [dt.date(2025, 12, n) for n in range(1, 11)]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path))


@pytest.fixture
def universe(make_catalog: Callable[..., Any]) -> UniverseSpec:
    found: UniverseSpec = make_catalog().universe("demo_coin")
    return found


def test_nothing_is_left_where_nothing_was_asked(universe: UniverseSpec, lake: Lake) -> None:
    assert ForcedRebuild(universe, lake).left == set()
    ForcedRebuild(universe, lake).rebuilt(DAYS)
    assert lake.list() == []


def test_the_next_process_knows_what_is_left_and_the_last_one_leaves_nothing(
    universe: UniverseSpec, lake: Lake
) -> None:
    first = ForcedRebuild(universe, lake)
    assert first.ask(DAYS) is False
    assert first.left == set(DAYS)
    first.rebuilt(DAYS[6:])
    second = ForcedRebuild(universe, lake)
    assert second.left == set(DAYS[:6])
    assert second.ask(DAYS) is True, "the same again goes on"
    assert second.left == set(DAYS[:6])
    second.rebuilt(DAYS[:6])
    assert ForcedRebuild(universe, lake).left == set() and lake.list() == []


def test_another_range_is_asked_for_anew_and_what_was_left_stays_left(
    universe: UniverseSpec, lake: Lake
) -> None:
    first = ForcedRebuild(universe, lake)
    first.ask(DAYS)
    first.rebuilt(DAYS[3:])
    second = ForcedRebuild(universe, lake)
    assert second.ask(DAYS[5:]) is False
    assert second.left == {*DAYS[:3], *DAYS[5:]}


def test_a_rebuild_by_other_code_begins_anew(
    universe: UniverseSpec, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ForcedRebuild(universe, lake)
    first.ask(DAYS)
    first.rebuilt(DAYS[3:])
    changed = universe.model_copy(update={"description": "another"})
    assert ForcedRebuild(changed, lake).ask(DAYS) is False
    again = ForcedRebuild(universe, lake)
    again.rebuilt(DAYS[3:])
    monkeypatch.setattr(forced_rebuild, "_module_digests", lambda roots: ["resources/lake/lake.py 0123"])
    assert again.ask(DAYS) is False
    assert again.left == set(DAYS)


def test_other_universes_are_not_concerned(universe: UniverseSpec, lake: Lake) -> None:
    ForcedRebuild(universe, lake).ask(DAYS)
    other = universe.model_copy(update={"name": "other"})
    assert ForcedRebuild(other, lake).left == set()
