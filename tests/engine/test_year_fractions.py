"""Time to settlement to the minute: across clock changes, on half days, at the open against at the close."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars import (
    TradingCalendar,
    days_of_date,
    settlement_instants_us,
    trading_close_us,
    year_fraction,
)
from engine.calendars.epoch import wall_time_us
from engine.instruments.roots import known_root
from engine.instruments.terms import RootTerms, UnderlyingKind

NEW_YORK = "America/New_York"
FIRST, LAST = dt.date(2014, 1, 1), dt.date(2030, 12, 31)
NYSE = TradingCalendar.for_code("XNYS", FIRST, LAST)
ALWAYS = TradingCalendar.for_code("24/7", FIRST, LAST)
MINUTES_A_YEAR = 365 * 24 * 60


def terms(root: str, kind: UnderlyingKind = UnderlyingKind.INDEX, timezone: str = NEW_YORK) -> RootTerms:
    known = known_root(root, kind, dt.date(2026, 1, 16))
    return RootTerms(
        root=root,
        underlying=known.underlying,
        style=known.style,
        settlement_time=known.settlement_time,
        settlement_type=known.settlement_type,
        multiplier=known.multiplier,
        quote_currency="USD",
        settlement_currency="USD",
        timezone=timezone,
        trading_close=known.trading_close or "16:00",
    )


SPX, SPXW, SPY = terms("SPX"), terms("SPXW"), terms("SPY", UnderlyingKind.ETF)
BTC = terms("BTC", UnderlyingKind.COIN, "UTC")


def minutes(at: str, root: RootTerms, expiry: str, calendar: TradingCalendar = NYSE) -> float:
    """Minutes from a wall time of the root's zone to the settlement of an expiry."""
    moment = dt.datetime.fromisoformat(at)
    ts = wall_time_us(moment.date(), moment.time(), root.timezone)
    settles = settlement_instants_us(root, [days_of_date(dt.date.fromisoformat(expiry))], calendar)
    return round(float(year_fraction(ts, settles)[0]) * MINUTES_A_YEAR, 6)


def test_on_its_last_evening_an_am_option_has_seventeen_hours_and_a_quarter():
    # Thursday 16:15 to Friday 09:30, against Friday 16:00
    assert minutes("2026-09-17T16:15", SPX, "2026-09-18") == 17 * 60 + 15
    assert minutes("2026-09-17T16:15", SPXW, "2026-09-18") == 23 * 60 + 45


def test_on_expiry_day_the_am_option_is_past_and_the_pm_option_ends_at_four():
    assert minutes("2026-09-18T10:00", SPX, "2026-09-18") == -30
    assert minutes("2026-09-18T15:59", SPXW, "2026-09-18") == 1


@pytest.mark.parametrize(
    ("at", "expiry", "hours"),
    [
        # Friday close to Monday close: three days and an hour less, or more
        ("2026-03-06T16:00", "2026-03-09", 71),
        ("2026-10-30T16:00", "2026-11-02", 73),
        ("2026-06-05T16:00", "2026-06-08", 72),
    ],
    ids=["clocks go forward", "clocks go back", "neither"],
)
def test_a_weekend_on_which_the_clocks_change_is_an_hour_shorter_or_longer(at, expiry, hours):
    assert minutes(at, SPXW, expiry) == hours * 60


def test_coin_options_count_in_utc_and_know_no_clock_change():
    for friday in ("2026-03-27", "2026-10-30"):  # Europe changes on the Sunday after
        at = (dt.date.fromisoformat(friday) - dt.timedelta(days=7)).isoformat()
        assert minutes(f"{at}T08:00", BTC, friday, ALWAYS) == 7 * 24 * 60
    assert minutes("2026-03-29T08:00", BTC, "2026-03-30", ALWAYS) == 24 * 60
    # Christmas and New Year's Day are days like others
    assert minutes("2026-12-24T08:00", BTC, "2026-12-25", ALWAYS) == 24 * 60


def test_a_pm_option_that_expires_on_a_half_day_ends_three_hours_earlier():
    # 2026-11-27, the day after Thanksgiving
    assert minutes("2026-11-27T09:30", SPXW, "2026-11-27") == 3.5 * 60
    assert minutes("2026-11-27T09:30", SPXW, "2026-11-30") == 3 * 24 * 60 + 6.5 * 60
    # without a calendar the half day cannot be known: three hours too long
    expiry = [days_of_date(dt.date(2026, 11, 27))]
    late = settlement_instants_us(SPXW, expiry) - settlement_instants_us(SPXW, expiry, NYSE)
    assert late.tolist() == [3 * 3600 * 1_000_000]


def test_an_am_option_does_not_feel_a_half_day():
    # December 2026 has one on Thursday 24th; an AM expiry of that day would settle at 09:30
    assert minutes("2026-12-23T16:15", SPX, "2026-12-24") == 17 * 60 + 15


def test_quotes_of_an_index_option_stop_a_quarter_hour_after_the_early_close():
    half = dt.date(2026, 11, 27)
    assert trading_close_us(SPX, half, NYSE) == wall_time_us(half, dt.time(13, 15), NEW_YORK)
    assert trading_close_us(SPY, half, NYSE) == wall_time_us(half, dt.time(13, 15), NEW_YORK)


def test_a_saturday_expiry_is_measured_to_the_friday():
    # Friday 2014-06-20 is the last trading day, the quarter to four of it leaves a quarter of an hour
    assert minutes("2014-06-20T15:45", SPY, "2014-06-21") == 15


@given(st.dates(dt.date(2015, 3, 1), dt.date(2029, 12, 31)))
def test_between_the_open_and_the_close_of_a_session_lie_its_own_hours(day):
    session = NYSE.previous(day)
    number = np.array([days_of_date(session)], dtype=np.int32)
    am, pm = (settlement_instants_us(root, number, NYSE)[0] for root in (SPX, SPXW))
    assert (am, pm) == (NYSE.open_us(session), NYSE.close_us(session))
    assert float(year_fraction(am, pm)) * MINUTES_A_YEAR == pytest.approx(
        390 + NYSE.early_close_shift_us(session) / 60e6, abs=1e-6
    )
