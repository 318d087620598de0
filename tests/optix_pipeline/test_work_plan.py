"""The plan: whole months, no session twice or left out, studies after all of their universe."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optix_pipeline.work_plan import MIN_SESSIONS, cut, plan


@settings(deadline=None, max_examples=60)
@given(st.dates(date(2020, 1, 1), date(2025, 1, 1)), st.integers(0, 900), st.integers(1, 9))
def test_cuts_keep_every_day_once_in_order_and_every_month_whole(
    start: date, length: int, pieces: int
) -> None:
    days = [(start + timedelta(days=n)).isoformat() for n in range(length)]
    found = cut(days, pieces)
    assert [day for piece in found for day in piece] == days
    assert len(found) <= pieces and all(found)
    months = [{day[:7] for day in piece} for piece in found]
    assert sum(map(len, months)) == len(set().union(*months)) if months else not days


def test_two_years_in_two_pieces_are_two_years() -> None:
    days = [(date(2024, 1, 1) + timedelta(days=n)).isoformat() for n in range(731)]
    first, second = cut(days, 2)
    assert (first[0], second[0], second[-1]) == ("2024-01-01", "2025-01-01", "2025-12-31")


@pytest.mark.parametrize("workers", [1, 4])
def test_a_short_history_is_one_task_and_its_study_comes_after_it(make_catalog, workers: int) -> None:
    ingestion, study = plan(make_catalog(), workers)
    assert (ingestion.universe, ingestion.first, ingestion.last, ingestion.study) == (
        "demo_coin",
        None,
        None,
        None,
    )
    assert study.study == "coin_short_strangle" and study.after == {ingestion.name}


def test_a_long_history_is_shared_and_its_study_waits_for_all_of_it(make_catalog) -> None:
    catalog = make_catalog()
    (name,) = catalog.universes
    catalog.universes[name] = catalog.universes[name].model_copy(update={"start": date(2024, 1, 1)})
    *ingestions, study = plan(catalog, 3)
    assert len(ingestions) == 3 and study.after == {task.name for task in ingestions}
    lengths = [(task.last - task.first).days + 1 for task in ingestions]
    assert min(lengths) >= MIN_SESSIONS and lengths == sorted(lengths, reverse=True)
    ranges = sorted((task.first, task.last) for task in ingestions)
    assert ranges[0][0] == date(2024, 1, 1) and ranges[-1][1] == date(2025, 12, 14)
    assert all(b[0] - a[1] == timedelta(days=1) for a, b in pairwise(ranges))
