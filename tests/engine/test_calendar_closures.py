"""Whole years of the NYSE against its published closures, daylight saving, and venues that never close."""

import csv
import datetime as dt
import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars import TradingCalendar, days_of_date, wall_time_us
from engine.calendars.epoch import US_PER_DAY

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "nyse_closures.json").read_text())
CLOSED = [dt.date.fromisoformat(day) for day in GOLDEN["closed"]]
EARLY = [dt.date.fromisoformat(day) for day in GOLDEN["closed_early"]]
FIRST, LAST = dt.date(2024, 1, 1), dt.date(2027, 12, 31)
HOUR_US = US_PER_DAY // 24
ZONE = "America/New_York"


@pytest.fixture(scope="module")
def nyse() -> TradingCalendar:
    return TradingCalendar.for_code("XNYS", FIRST, LAST)


@pytest.fixture(scope="module")
def always() -> TradingCalendar:
    return TradingCalendar.for_code("24/7", FIRST, LAST)


def utc_us(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()) * 1_000_000


def test_four_years_are_closed_on_the_published_days_and_weekends_and_no_others(nyse):
    weekdays = [day for day in nyse.non_sessions() if day.weekday() < 5]
    assert weekdays == CLOSED
    assert len(nyse.sessions()) + len(nyse.non_sessions()) == (LAST - FIRST).days + 1


def test_four_years_close_early_on_the_published_days_and_no_others(nyse):
    assert [day for day in nyse.sessions() if nyse.early_close_shift_us(day)] == EARLY
    for day in EARLY:
        assert nyse.close_us(day) == wall_time_us(day, dt.time(13), ZONE)
        assert nyse.early_close_shift_us(day) == -3 * HOUR_US
        assert nyse.open_us(day) == wall_time_us(day, dt.time(9, 30), ZONE)


def test_the_day_before_an_observed_holiday_is_a_full_one(nyse):
    # in 2026 the 4th of July is a Saturday: closed on Friday, and no half day on Thursday
    assert not nyse.is_session(dt.date(2026, 7, 3))
    assert nyse.early_close_shift_us(dt.date(2026, 7, 2)) == 0
    assert nyse.previous(dt.date(2026, 7, 6)) == dt.date(2026, 7, 2)
    # Christmas 2027 is a Saturday, observed on Friday; so is New Year 2028, which is not observed in the old year
    assert nyse.is_session(dt.date(2027, 12, 31)) and not nyse.is_session(dt.date(2027, 12, 24))


@pytest.mark.parametrize(
    ("before", "after", "opens", "closes"),
    [
        ("2025-03-07", "2025-03-10", ("14:30", "13:30"), ("21:00", "20:00")),
        ("2025-10-31", "2025-11-03", ("13:30", "14:30"), ("20:00", "21:00")),
    ],
    ids=["clocks go forward", "clocks go back"],
)
def test_hours_in_utc_move_with_daylight_saving(nyse, before, after, opens, closes):
    for day, opened, closed in zip((before, after), opens, closes, strict=True):
        date = dt.date.fromisoformat(day)
        assert nyse.open_us(date) == utc_us(f"{day}T{opened}")
        assert nyse.close_us(date) == utc_us(f"{day}T{closed}")
        assert nyse.early_close_shift_us(date) == 0


def test_exchanges_change_their_clocks_on_different_days():
    # from 9 to 29 March 2025 New York is already on summer time and Frankfurt is not
    frankfurt = TradingCalendar.for_code("XETR", FIRST, LAST)
    nyse = TradingCalendar.for_code("XNYS", FIRST, LAST)
    apart = {
        day: (nyse.open_us(dt.date.fromisoformat(day)) - frankfurt.open_us(dt.date.fromisoformat(day)))
        / HOUR_US
        for day in ("2025-03-07", "2025-03-20", "2025-04-01")
    }
    assert apart == {"2025-03-07": 6.5, "2025-03-20": 5.5, "2025-04-01": 6.5}


def test_every_session_has_six_and_a_half_hours_or_three_and_a_half(nyse):
    lengths = {(nyse.close_us(day) - nyse.open_us(day)) / HOUR_US: 0 for day in nyse.sessions()}
    assert set(lengths) == {6.5, 3.5}


def test_a_venue_that_never_closes_has_every_day_of_24_hours_holidays_and_clock_changes_included(always):
    sessions = always.sessions()
    assert len(sessions) == (LAST - FIRST).days + 1 == 1461 and always.non_sessions() == []
    assert set(CLOSED) < set(sessions)
    opens = np.array([always.open_us(day) for day in sessions])
    assert set(np.diff(opens).tolist()) == {US_PER_DAY}
    assert all(always.close_us(day) == always.open_us(day) + US_PER_DAY for day in EARLY)
    assert always.early_close_shift_us(dt.date(2025, 12, 24)) == 0


@pytest.mark.parametrize(
    ("instant", "zone", "day"),
    [
        ("2025-11-02T03:59", ZONE, "2025-11-01"),
        ("2025-11-02T04:01", ZONE, "2025-11-02"),
        # 25 hours later it is still Sunday in New York
        ("2025-11-03T04:59", ZONE, "2025-11-02"),
        ("2025-11-03T05:01", ZONE, "2025-11-03"),
        ("2025-03-10T03:59", ZONE, "2025-03-09"),
        ("2025-03-10T04:01", ZONE, "2025-03-10"),
        ("2025-03-10T03:59", "UTC", "2025-03-10"),
    ],
)
def test_the_day_of_an_instant_at_such_a_venue_follows_the_wall_of_its_zone(always, instant, zone, day):
    assert always.session_of(utc_us(instant), zone) == dt.date.fromisoformat(day)


@given(st.dates(FIRST, LAST))
def test_at_or_before_is_the_day_itself_exactly_on_sessions(day):
    nyse = TradingCalendar.for_code("XNYS", FIRST, LAST)
    number = np.array([days_of_date(day)], dtype=np.int32)
    assert (nyse.at_or_before(number)[0] == number[0]) == nyse.is_session(day)
    always = TradingCalendar.for_code("24/7", FIRST, LAST)
    assert always.at_or_before(number)[0] == number[0]


@pytest.mark.real_data
def test_spy_traded_on_exactly_the_sessions_of_the_calendar():
    folder = os.environ.get("OPTIX_REAL_DATA")
    if not folder:
        pytest.skip("OPTIX_REAL_DATA is not set; it names the folder of real market data")
    path = Path(folder) / "g09_reference" / "yahoo_daily" / "spy.csv.gz"
    with gzip.open(path, "rt") as file:
        traded = [dt.date.fromisoformat(row["Date"]) for row in csv.DictReader(file)]
    assert len(traded) == 2_655
    assert TradingCalendar.for_code("XNYS", traded[0], traded[-1]).sessions() == traded
