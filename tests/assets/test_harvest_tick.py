"""Ticks: the wall time of the exchange, on its days, whatever the clocks do."""

import datetime as dt

import pytest

from assets.harvest_tick import HarvestTick, around_the_clock_tick, exchange_tick

NEW_YORK = exchange_tick("America/New_York")


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("tick", "cron"),
    [
        (NEW_YORK, "30 0 * * 2-6"),
        (around_the_clock_tick(), "15 0 * * *"),
        (HarvestTick(dt.time(6), frozenset({6, 0, 2}), "UTC"), "0 6 * * 0,1,3"),
        (HarvestTick(dt.time(6), frozenset({6}), "UTC"), "0 6 * * 0"),
    ],
)
def test_a_tick_as_a_schedule_takes_it(tick: HarvestTick, cron: str) -> None:
    assert tick.cron == cron


@pytest.mark.parametrize(
    ("instant", "tick"),
    [
        ("2025-12-09 05:29:59", "2025-12-09 05:30"),
        ("2025-12-09 05:30", "2025-12-09 05:30"),
        ("2025-12-09 05:30:01", "2025-12-10 05:30"),
        # Saturday's tick is the last of the week, Tuesday's the next
        ("2025-12-13 05:30", "2025-12-13 05:30"),
        ("2025-12-13 05:31", "2025-12-16 05:30"),
        # the clocks go forward on Sunday 2026-03-08 and back on 2026-11-01
        ("2026-03-07 05:00", "2026-03-07 05:30"),
        ("2026-03-07 06:00", "2026-03-10 04:30"),
        ("2026-10-31 04:31", "2026-11-03 05:30"),
    ],
)
def test_the_first_tick_from_an_instant(instant: str, tick: str) -> None:
    assert NEW_YORK.first_from(utc(instant)) == utc(tick)


def test_a_wall_time_that_a_clock_put_forward_skips_is_still_a_tick() -> None:
    """In Cairo the clock goes from 00:00 to 01:00 on 2026-04-24, a Friday."""
    found = exchange_tick("Africa/Cairo").first_from(utc("2026-04-23 21:00"))
    assert found == utc("2026-04-23 22:30")
