"""Sessions, half days, and the instants of an option's life."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars import (
    CalendarRangeError,
    NotASessionError,
    TradingCalendar,
    date_of_days,
    days_of_date,
    last_trade_days,
    settlement_instants_us,
    trading_close_us,
    year_fraction,
)
from engine.calendars.epoch import US_PER_DAY, parse_wall_time
from engine.calendars.expiry_dates import standard_monthly
from engine.instruments.terms import ExerciseStyle, RootTerms, SettlementTime, SettlementType

GOLDEN = Path(__file__).parents[1] / "golden" / "calendar_cases.json"
CASES = json.loads(GOLDEN.read_text())["cases"]
HALF_DAY = dt.date(2025, 11, 28)


def terms(settlement_time: SettlementTime, trading_close: str = "16:00", timezone: str = "America/New_York"):
    return RootTerms(
        root="SPX",
        underlying="SPX",
        style=ExerciseStyle.EUROPEAN,
        settlement_time=settlement_time,
        settlement_type=SettlementType.CASH,
        multiplier=100.0,
        quote_currency="USD",
        settlement_currency="USD",
        timezone=timezone,
        trading_close=trading_close,
    )


AM, PM, UTC08 = (terms(t) for t in (SettlementTime.AM, SettlementTime.PM, SettlementTime.UTC08))


@pytest.fixture(scope="module")
def nyse() -> TradingCalendar:
    return TradingCalendar.for_code("XNYS", dt.date(2014, 1, 1), dt.date(2026, 12, 31))


@pytest.fixture(scope="module")
def around_the_clock() -> TradingCalendar:
    return TradingCalendar.for_code("24/7", dt.date(2021, 6, 1), dt.date(2021, 6, 30))


def utc_us(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()) * 1_000_000


def days(*texts: str) -> np.ndarray:
    return np.array([days_of_date(dt.date.fromisoformat(t)) for t in texts], dtype=np.int32)


def dates(numbers: np.ndarray) -> list[str]:
    return [date_of_days(int(d)).isoformat() for d in numbers]


@pytest.mark.parametrize(
    "case", [c for c in CASES if c["group"] == "calendar_nyse"], ids=lambda case: case["id"]
)
def test_published_openings_and_closures_of_the_nyse(case):
    calendar = TradingCalendar.for_code("XNYS", dt.date(1985, 1, 1), dt.date(2026, 12, 31))
    assert calendar.is_session(dt.date.fromisoformat(case["inputs"]["date"])) is case["expected"]["open"]


def test_monthly_options_expired_on_saturdays_until_2015_and_traded_on_the_friday(nyse):
    (case,) = (c for c in CASES if c["group"] == "calendar_options")
    saturday, friday = case["expected"]["example_2015_01"], case["expected"]["example_2015_02"]
    assert standard_monthly(nyse, 2015, 1).isoformat() == saturday
    assert standard_monthly(nyse, 2015, 2).isoformat() == friday
    assert dates(last_trade_days(PM, days(saturday, friday), nyse)) == ["2015-01-16", "2015-02-20"]
    assert dates(last_trade_days(AM, days(saturday, friday), nyse)) == ["2015-01-15", "2015-02-19"]
    settled = settlement_instants_us(AM, days(saturday), nyse)
    assert settled.tolist() == [utc_us("2015-01-16T14:30:00")]


def test_sessions_and_non_sessions_partition_the_range():
    calendar = TradingCalendar.for_code("XNYS", dt.date(2026, 6, 29), dt.date(2026, 7, 6))
    sessions, closed = calendar.sessions(), calendar.non_sessions()
    assert closed == [dt.date(2026, 7, d) for d in (3, 4, 5)]
    assert sorted(sessions + closed) == [dt.date(2026, 6, 29) + dt.timedelta(days=i) for i in range(8)]


def test_previous_and_next_reach_beyond_the_range():
    calendar = TradingCalendar.for_code("XNYS", dt.date(2026, 7, 6), dt.date(2026, 7, 6))
    assert calendar.previous(dt.date(2026, 7, 6)) == dt.date(2026, 7, 2)
    assert calendar.next(dt.date(2026, 7, 3)) == dt.date(2026, 7, 6)


def test_a_day_that_no_schedule_covers_is_refused_with_the_way_out(nyse):
    with pytest.raises(CalendarRangeError, match=r"XNYS: 1970-01-02 is not covered.*start and end"):
        nyse.is_session(dt.date(1970, 1, 2))


def test_closing_times_of_a_holiday_are_refused(nyse):
    with pytest.raises(NotASessionError, match="2025-11-27 is no session; the one before is 2025-11-26"):
        nyse.close_us(dt.date(2025, 11, 27))


def test_unknown_exchanges_and_reversed_ranges_are_refused():
    with pytest.raises(ValueError, match=r"'XXXX'.*24/7"):
        TradingCalendar.for_code("XXXX", dt.date(2024, 1, 1), dt.date(2024, 2, 1))
    with pytest.raises(ValueError, match="before start"):
        TradingCalendar.for_code("24/7", dt.date(2024, 2, 1), dt.date(2024, 1, 1))


def test_a_payload_from_before_the_open_belongs_to_the_session_before(nyse):
    zone = "America/New_York"
    assert nyse.session_of(utc_us("2026-07-23T13:29:59"), zone) == dt.date(2026, 7, 22)
    assert nyse.session_of(utc_us("2026-07-23T13:30:00"), zone) == dt.date(2026, 7, 23)
    # a collector that stamps UTC dates after midnight still means the session before
    assert nyse.session_of(utc_us("2026-07-24T00:10:00"), zone) == dt.date(2026, 7, 23)
    assert nyse.session_of(utc_us("2026-07-05T12:00:00"), zone) == dt.date(2026, 7, 2)


def test_around_the_clock_every_day_is_a_session_of_its_own_time_zone(around_the_clock):
    assert len(around_the_clock.sessions()) == 30
    assert around_the_clock.non_sessions() == []
    midnight = utc_us("2021-06-15T00:30:00")
    assert around_the_clock.session_of(midnight, "UTC") == dt.date(2021, 6, 15)
    assert around_the_clock.session_of(midnight, "America/New_York") == dt.date(2021, 6, 14)
    assert (
        around_the_clock.close_us(dt.date(2021, 6, 15)) - around_the_clock.open_us(dt.date(2021, 6, 15))
        == US_PER_DAY
    )
    assert around_the_clock.previous(dt.date(2021, 6, 1)) == dt.date(2021, 5, 31)
    assert around_the_clock.next(dt.date(2021, 6, 30)) == dt.date(2021, 7, 1)


@pytest.mark.parametrize(
    ("close", "day", "expected"),
    [
        ("16:15", dt.date(2026, 7, 22), "2026-07-22T20:15:00"),
        ("16:00", dt.date(2026, 7, 22), "2026-07-22T20:00:00"),
        ("16:15", HALF_DAY, "2025-11-28T18:15:00"),
        ("16:00", HALF_DAY, "2025-11-28T18:00:00"),
        ("16:15", dt.date(2026, 1, 15), "2026-01-15T21:15:00"),
    ],
)
def test_quotes_stop_at_the_roots_own_close_and_move_with_half_days(nyse, close, day, expected):
    assert trading_close_us(terms(SettlementTime.PM, close), day, nyse) == utc_us(expected)


def test_quotes_around_the_clock_stop_with_the_local_day(around_the_clock):
    coin = terms(SettlementTime.UTC08, timezone="UTC")
    assert trading_close_us(coin, dt.date(2021, 6, 15), around_the_clock) == utc_us("2021-06-16T00:00:00")


def test_settlement_is_measured_to_the_opening_print_the_close_or_eight_utc():
    expiry = days("2026-09-18", "2026-12-18", "2026-09-18")
    am, pm, utc = (settlement_instants_us(t, expiry) for t in (AM, PM, UTC08))
    assert am.tolist() == [
        utc_us(f"2026-{m}T{h}:30:00") for m, h in (("09-18", 13), ("12-18", 14), ("09-18", 13))
    ]
    assert pm.tolist() == [
        utc_us(f"2026-{m}T{h}:00:00") for m, h in (("09-18", 20), ("12-18", 21), ("09-18", 20))
    ]
    assert utc.tolist() == [utc_us(f"2026-{m}T08:00:00") for m in ("09-18", "12-18", "09-18")]


def test_a_close_on_a_half_day_settles_early_where_a_calendar_says_so(nyse):
    expiry = days("2025-11-28")
    assert settlement_instants_us(PM, expiry).tolist() == [utc_us("2025-11-28T21:00:00")]
    assert settlement_instants_us(PM, expiry, nyse).tolist() == [utc_us("2025-11-28T18:00:00")]
    assert settlement_instants_us(AM, expiry, nyse).tolist() == [utc_us("2025-11-28T14:30:00")]


def test_am_settled_options_stop_trading_a_session_before_expiry(nyse):
    # 2026-07-06 follows a long weekend: its AM options stop on Thursday
    expiry = days("2026-09-18", "2026-07-06", "2031-12-19")
    assert dates(last_trade_days(AM, expiry, nyse)) == ["2026-09-17", "2026-07-02", "2031-12-18"]
    assert dates(last_trade_days(PM, expiry, nyse)) == ["2026-09-18", "2026-07-06", "2031-12-19"]
    assert dates(last_trade_days(PM, days("2026-07-03"), nyse)) == ["2026-07-02"]


def test_coin_options_trade_on_the_day_they_expire(around_the_clock):
    assert dates(last_trade_days(UTC08, days("2021-06-27"), around_the_clock)) == ["2021-06-27"]


def test_year_fractions_are_actual_365_and_negative_past_settlement():
    ts = utc_us("2026-07-22T20:15:00")
    settles = np.array([ts + 365 * US_PER_DAY, ts + US_PER_DAY // 2, ts, ts - US_PER_DAY])
    assert year_fraction(ts, settles).tolist() == [1.0, 0.5 / 365, 0.0, -1 / 365]


def test_a_wall_time_must_be_hours_and_minutes():
    with pytest.raises(ValueError, match=r"'4pm'.*HH:MM"):
        parse_wall_time("4pm")


@given(st.dates(dt.date(1995, 1, 1), dt.date(2040, 1, 1)))
def test_previous_and_next_are_sessions_around_any_day_with_nothing_between(day):
    calendar = TradingCalendar.for_code("XNYS", dt.date(1995, 1, 1), dt.date(2040, 1, 1))
    before, after = calendar.previous(day), calendar.next(day)
    assert before < day < after
    assert calendar.is_session(before) and calendar.is_session(after)
    between = [before + dt.timedelta(days=i) for i in range(1, (after - before).days)]
    assert [d for d in between if calendar.is_session(d)] == ([day] if calendar.is_session(day) else [])


@given(st.dates(dt.date(1995, 1, 1), dt.date(2040, 1, 1)))
def test_a_session_is_the_session_of_its_own_open_and_close(day):
    calendar = TradingCalendar.for_code("XNYS", dt.date(1995, 1, 1), dt.date(2040, 1, 1))
    session = calendar.previous(day)
    for instant in (calendar.open_us(session), calendar.close_us(session)):
        assert calendar.session_of(instant, "America/New_York") == session
