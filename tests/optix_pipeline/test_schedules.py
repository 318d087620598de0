"""Ticks of the two schedules."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from optix_pipeline.catalog import Catalog
from optix_pipeline.jobs import build_jobs, exchange_timezone
from optix_pipeline.schedules import build_schedules
from resources.universe import UniverseSpec

NEW_YORK = ZoneInfo("America/New_York")


def no_definitions() -> dg.Definitions:
    raise AssertionError("a tick runs nothing")


@pytest.fixture
def coin(make_catalog: Callable[..., Catalog]) -> UniverseSpec:
    return make_catalog().universe("demo_coin")


def live(coin: UniverseSpec, name: str, calendar: str, timezone: str = "UTC") -> UniverseSpec:
    changes = {"name": name, "calendar": calendar, "timezone": timezone, "end": None}
    return coin.model_copy(update=changes)


def schedules_of(*universes: UniverseSpec) -> dict[str, Any]:
    catalog = Catalog({u.name: u for u in universes}, {}, {})
    return {s.name: s for s in build_schedules(catalog, build_jobs(catalog, no_definitions))}


def tick(schedule: Any, at: dt.datetime) -> Any:
    return schedule.evaluate_tick(dg.build_schedule_context(scheduled_execution_time=at))


def ticks(schedule: Any, start: dt.datetime, count: int) -> list[dt.datetime]:
    """The next times at which the schedule ticks."""
    from dagster._utils.schedules import schedule_execution_time_iterator

    found = schedule_execution_time_iterator(
        start.timestamp(), schedule.cron_schedule, schedule.execution_timezone, ascending=True
    )
    return [next(found) for _ in range(count)]


def test_nightly_ticks_after_midnight_of_the_exchange_from_tuesday_to_saturday(coin: UniverseSpec) -> None:
    nightly = schedules_of(live(coin, "spx", "XNYS", "America/New_York"))["nightly"]
    assert nightly.execution_timezone == "America/New_York"
    # from a Sunday; the clocks go back on 2026-11-01, which is a Sunday too
    week = ticks(nightly, dt.datetime(2026, 11, 1, 12, tzinfo=NEW_YORK), 6)
    assert [f"{t:%a %Y-%m-%d %H:%M}" for t in week] == [
        "Tue 2026-11-03 00:30",
        "Wed 2026-11-04 00:30",
        "Thu 2026-11-05 00:30",
        "Fri 2026-11-06 00:30",
        "Sat 2026-11-07 00:30",
        "Tue 2026-11-10 00:30",
    ]


def test_the_session_of_the_evening_before_exists_at_every_tick(coin: UniverseSpec) -> None:
    """``end_offset=0``: a partition exists once its day is over, half an hour before the tick."""
    from optix_pipeline.partitions import universe_partitions

    spx = live(coin, "spx", "XNYS", "America/New_York")
    at = dt.datetime(2025, 12, 9, 0, 30, tzinfo=NEW_YORK)
    daily = universe_partitions(spx, today=at.date()).daily
    assert daily.get_partition_keys(current_time=at)[-1] == "2025-12-08"
    assert daily.get_partition_keys(current_time=at - dt.timedelta(hours=1))[-1] == "2025-12-05"


def test_a_live_exchange_universe_gets_its_run(coin: UniverseSpec) -> None:
    around_the_clock = live(coin, "coin", "24/7")
    ended = coin
    schedules = schedules_of(live(coin, "spx", "XNYS", "America/New_York"), around_the_clock, ended)
    at = dt.datetime(2026, 11, 3, 0, 30, tzinfo=NEW_YORK)
    (request,) = tick(schedules["nightly"], at).run_requests
    assert request.run_key == "exchange-2026-11-03"
    assert request.run_config == {"ops": {"ingest_then_study": {"config": {"universes": ["spx"]}}}}
    (again,) = tick(schedules["nightly"], at).run_requests
    assert again.run_key == request.run_key, "the same tick twice is one run"


def test_a_live_coin_gets_its_run_every_day(coin: UniverseSpec) -> None:
    schedules = schedules_of(live(coin, "spx", "XNYS", "America/New_York"), live(coin, "coin", "24/7"))
    schedule = schedules["nightly_around_the_clock"]
    assert schedule.execution_timezone == "UTC"
    week = ticks(schedule, dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC), 3)
    assert [f"{t:%Y-%m-%d %H:%M}" for t in week] == [
        "2026-11-02 00:15",
        "2026-11-03 00:15",
        "2026-11-04 00:15",
    ]
    (request,) = tick(schedule, week[0]).run_requests
    assert request.run_key == "24-7-2026-11-02"
    assert request.run_config["ops"]["ingest_then_study"]["config"] == {"universes": ["coin"]}


@pytest.mark.parametrize("name", ["nightly", "nightly_around_the_clock"])
def test_without_a_live_universe_a_tick_requests_nothing_and_says_why(coin: UniverseSpec, name: str) -> None:
    found = tick(schedules_of(coin)[name], dt.datetime(2026, 11, 3, 5, 30, tzinfo=dt.UTC))
    assert found.run_requests == []
    assert found.skip_message == "no live universe on this calendar: every universe has an end date"


def test_with_two_exchanges_nightly_waits_for_the_westernmost(coin: UniverseSpec) -> None:
    universes = [
        live(coin, "spx", "XNYS", "America/New_York"),
        live(coin, "dax", "XETR", "Europe/Berlin"),
        live(coin, "coin", "24/7", "Pacific/Honolulu"),
    ]
    catalog = Catalog({u.name: u for u in universes}, {}, {})
    assert exchange_timezone(catalog) == "America/New_York"


def test_the_request_is_valid_config_of_the_job(coin: UniverseSpec) -> None:
    spx = live(coin, "spx", "XNYS", "America/New_York")
    catalog = Catalog({"spx": spx}, {}, {})
    jobs = build_jobs(catalog, no_definitions)
    nightly = next(j for j in jobs if j.name == "nightly")
    schedule = build_schedules(catalog, jobs)[0]
    (request,) = tick(schedule, dt.datetime(2026, 11, 3, 0, 30, tzinfo=NEW_YORK)).run_requests
    assert dg.validate_run_config(nightly, request.run_config)
