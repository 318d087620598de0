"""Expiries by rule and date, against published expiry calendars."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars import TradingCalendar
from engine.calendars.expiry_dates import standard_monthly, third_friday, vix_monthly
from engine.instruments import listed_rules as rules
from engine.instruments.expiry_rules import (
    ClassifiedExpiry,
    ExpiryKind,
    NoSuchExpiryError,
    classify_expiry,
    expiry_of_month,
    expiry_of_week,
    listed_expiries,
    scheduled_expiries,
)
from engine.instruments.roots import known_root
from engine.instruments.terms import RootTerms, SettlementTime, UnderlyingKind

FIRST, LAST = dt.date(1995, 1, 1), dt.date(2035, 12, 31)
NYSE = TradingCalendar.for_code("XNYS", FIRST, LAST)
ALWAYS = TradingCalendar.for_code("24/7", FIRST, LAST)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def utc_us(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()) * 1_000_000


def terms(root: str, kind: UnderlyingKind = UnderlyingKind.INDEX) -> RootTerms:
    known = known_root(root, kind, day("2026-01-16"))
    return RootTerms(
        root=root,
        underlying=known.underlying,
        style=known.style,
        settlement_time=known.settlement_time,
        settlement_type=known.settlement_type,
        multiplier=known.multiplier,
        quote_currency="USD",
        settlement_currency="USD",
        timezone="UTC" if known.settlement_time is SettlementTime.UTC08 else "America/New_York",
        trading_close=known.trading_close or "16:00",
    )


@pytest.mark.parametrize(
    ("year", "month", "expiry"),
    [
        (2008, 3, "2008-03-22"),  # the third Friday was Good Friday: still the Saturday
        (2014, 6, "2014-06-21"),
        (2015, 1, "2015-01-17"),
        (2015, 2, "2015-02-20"),
        (2019, 4, "2019-04-18"),  # Good Friday
        (2022, 4, "2022-04-14"),  # Good Friday
        (2025, 4, "2025-04-17"),  # Good Friday
        (2026, 6, "2026-06-18"),  # Juneteenth
        (2027, 6, "2027-06-17"),  # Juneteenth, observed
    ],
)
def test_standard_monthlies_by_era_and_holiday(year, month, expiry):
    assert standard_monthly(NYSE, year, month) == day(expiry)


@pytest.mark.parametrize(
    ("year", "month", "expiry"),
    [
        (2008, 2, "2008-02-19"),  # before Good Friday, 2008-03-21
        (2011, 12, "2011-12-21"),  # Cboe, "December VIX Settlement is Wednesday"
        (
            2014,
            3,
            "2014-03-18",
        ),  # Cboe, "VIX March Settlement Reminder": a Tuesday, before Good Friday 2014-04-18
        (2019, 3, "2019-03-19"),  # before Good Friday, 2019-04-19
        (2026, 5, "2026-05-19"),  # before Juneteenth
        (2026, 8, "2026-08-19"),
    ],
)
def test_vix_options_expire_30_days_before_the_third_friday_or_the_session_before(year, month, expiry):
    assert vix_monthly(NYSE, year, month) == day(expiry)


def test_a_rule_that_only_counts_back_from_the_expiry_itself_would_be_a_day_off():
    """30 days before the Thursday on which the options of a Good Friday month expire is a Tuesday as well; 30 days
    before the Friday is the Wednesday that Cboe did not use."""
    wednesday = third_friday(2014, 4) - dt.timedelta(days=30)
    assert NYSE.is_session(wednesday) and vix_monthly(NYSE, 2014, 3) != wednesday


def test_spxw_as_cboe_published_it_in_august_2016():
    """Cboe, "Successful launch of new SPX Monday-expiring Weeklys options", 2016-08-17; SPX has the third Fridays."""
    published = [
        *("2016-08-17", "2016-08-22", "2016-08-24", "2016-08-26", "2016-08-29", "2016-08-31", "2016-09-02"),
        *("2016-09-06", "2016-09-07", "2016-09-09", "2016-09-14", "2016-09-23", "2016-09-30"),
    ]
    listed = listed_expiries(rules.SPX_PM, day("2016-08-15"), day("2016-09-30"), NYSE)
    assert {day(d) for d in published} <= set(listed)
    # not listed yet on that day: Mondays and Wednesdays more than three weeks ahead
    later = {d for d in listed if d.isoformat() not in published}
    assert {d.weekday() for d in later} == {0, 2} and min(later) == day("2016-09-12")
    # the Monday of Labor Day moved to the Tuesday
    assert listed[day("2016-09-06")] is ExpiryKind.DAILY
    assert listed[day("2016-08-31")] is ExpiryKind.END_OF_MONTH
    assert listed[day("2016-09-30")] is ExpiryKind.END_OF_QUARTER


@pytest.mark.parametrize(
    ("rule", "before", "since"),
    [
        (rules.SPX_PM, "2016-02-24", "2016-03-02"),
        (rules.SPX_PM, "2016-08-15", "2016-08-22"),
        (rules.SPX_PM, "2022-04-12", "2022-04-19"),
        (rules.SPX_PM, "2022-05-05", "2022-05-12"),
        (rules.SPX_PM, "2017-04-21", "2017-05-19"),
        (rules.US_MEGA_CAP, "2026-01-26", "2026-02-02"),
        (rules.VIX_WEEKLY, "2015-10-07", "2015-10-14"),
        (rules.US_INDEX_ETF, "2006-06-30", "2006-09-29"),
    ],
)
def test_a_program_lists_nothing_before_it_began(rule, before, since):
    assert classify_expiry(rule, day(before), NYSE).kind is ExpiryKind.UNKNOWN
    assert classify_expiry(rule, day(since), NYSE).kind is not ExpiryKind.UNKNOWN


def test_am_and_pm_options_of_one_third_friday():
    am = expiry_of_month(rules.US_MONTHLY, terms("SPX"), 2026, 9, NYSE)
    pm = expiry_of_month(rules.SPX_PM, terms("SPXW"), 2026, 9, NYSE)
    assert am.expiry == pm.expiry == day("2026-09-18")
    assert (am.last_trade_date, am.settles_at_us) == (day("2026-09-17"), utc_us("2026-09-18T13:30"))
    assert (pm.last_trade_date, pm.settles_at_us) == (day("2026-09-18"), utc_us("2026-09-18T20:00"))


def test_a_saturday_expiry_settles_on_the_friday_and_stops_a_session_before_at_the_open():
    found = expiry_of_month(rules.US_MONTHLY, terms("SPX"), 2015, 1, NYSE)
    assert (found.expiry, found.last_trade_date) == (day("2015-01-17"), day("2015-01-15"))
    assert found.settles_at_us == utc_us("2015-01-16T14:30")


def test_the_eve_of_good_friday_is_the_expiry_and_its_eve_the_last_day_of_the_am_option():
    am = expiry_of_month(rules.US_MONTHLY, terms("SPX"), 2025, 4, NYSE)
    assert (am.expiry, am.last_trade_date) == (day("2025-04-17"), day("2025-04-16"))


def test_vix_options_stop_on_the_tuesday_and_settle_at_wednesdays_open():
    found = expiry_of_month(rules.VIX_MONTHLY, terms("VIX"), 2026, 8, NYSE)
    assert (found.expiry, found.last_trade_date) == (day("2026-08-19"), day("2026-08-18"))
    assert found.settles_at_us == utc_us("2026-08-19T13:30")


def test_month_and_quarter_ends_are_the_last_sessions():
    spxw = terms("SPXW")
    eom = expiry_of_month(rules.SPX_PM, spxw, 2026, 10, NYSE, ExpiryKind.END_OF_MONTH)
    eoq = expiry_of_month(rules.SPX_PM, spxw, 2027, 6, NYSE, ExpiryKind.END_OF_QUARTER)
    assert (eom.expiry, eoq.expiry) == (day("2026-10-30"), day("2027-06-30"))
    # the quarter of 2024 ended on Good Friday's weekend
    assert expiry_of_month(rules.SPX_PM, spxw, 2024, 3, NYSE, ExpiryKind.END_OF_QUARTER).expiry == day(
        "2024-03-28"
    )


def test_weeklies_of_a_week_and_the_weeks_that_have_none():
    assert expiry_of_week(rules.US_STOCK, terms("SPXW"), day("2026-07-01"), NYSE).expiry == day("2026-07-02")
    assert expiry_of_week(rules.US_STOCK, terms("SPXW"), day("2017-04-10"), NYSE).expiry == day("2017-04-13")
    with pytest.raises(NoSuchExpiryError, match=r"SPXW: no weekly expiries.*2026-09-18 monthly"):
        expiry_of_week(rules.US_STOCK, terms("SPXW"), day("2026-09-16"), NYSE)
    with pytest.raises(NoSuchExpiryError, match="no eom expiries"):
        expiry_of_month(rules.US_STOCK, terms("SPXW"), 2026, 9, NYSE, ExpiryKind.END_OF_MONTH)


def test_deribit_lists_every_day_and_settles_at_eight():
    coin = terms("BTC", UnderlyingKind.COIN)
    listed = {
        e.expiry: e
        for e in scheduled_expiries(rules.DERIBIT, coin, day("2026-06-22"), day("2026-07-31"), ALWAYS)
    }
    assert len(listed) == 40
    kinds = {d: listed[day(d)].kind.value for d in ("2026-06-26", "2026-07-31", "2026-07-24", "2026-07-25")}
    assert kinds == {
        "2026-06-26": "eoq",
        "2026-07-31": "monthly",
        "2026-07-24": "weekly",
        "2026-07-25": "daily",
    }
    quarter = listed[day("2026-06-26")]
    assert quarter.settles_at_us == utc_us("2026-06-26T08:00") and quarter.last_trade_date == quarter.expiry


def test_a_vendors_friday_in_place_of_the_saturday_is_seen_as_such():
    found = classify_expiry(rules.US_MONTHLY, day("2011-01-21"), NYSE)
    assert (found.kind, found.expiry) == (ExpiryKind.MONTHLY, day("2011-01-22"))
    # the Thursday before Good Friday 2008
    assert classify_expiry(rules.US_MONTHLY, day("2008-03-20"), NYSE).expiry == day("2008-03-22")
    # since 2015 the Friday is the expiry itself, and the Saturday is none
    assert classify_expiry(rules.US_MONTHLY, day("2016-01-16"), NYSE).kind is ExpiryKind.UNKNOWN


def test_a_monthly_more_than_a_year_ahead_is_a_leap_on_that_day_only():
    expiry = day("2028-01-21")
    assert classify_expiry(rules.US_STOCK, expiry, NYSE).kind is ExpiryKind.MONTHLY
    assert classify_expiry(rules.US_STOCK, expiry, NYSE, day("2026-07-22")).kind is ExpiryKind.LEAP
    assert classify_expiry(rules.US_STOCK, expiry, NYSE, day("2027-06-01")).kind is ExpiryKind.MONTHLY


@given(st.dates(FIRST, dt.date(2034, 12, 31)))
def test_every_listed_expiry_is_classified_as_listed_and_trades_on_a_session_by_then(start):
    end = start + dt.timedelta(days=70)
    for rule in (rules.US_MONTHLY, rules.US_INDEX_ETF, rules.SPX_PM, rules.VIX_MONTHLY, rules.VIX_WEEKLY):
        for expiry in scheduled_expiries(rule, terms("SPXW"), start, end, NYSE):
            assert start <= expiry.expiry <= end
            assert classify_expiry(rule, expiry.expiry, NYSE) == ClassifiedExpiry(expiry.kind, expiry.expiry)
            assert NYSE.is_session(expiry.last_trade_date) and expiry.last_trade_date <= expiry.expiry


@given(st.integers(1995, 2034), st.integers(1, 12))
def test_every_month_has_one_monthly_and_one_vix_expiry_before_the_third_friday_after(year, month):
    listed = listed_expiries(
        rules.US_MONTHLY, dt.date(year, month, 1), third_friday(year, month) + dt.timedelta(10), NYSE
    )
    assert len(listed) == 1
    vix = vix_monthly(NYSE, year, month)
    following = third_friday(year + month // 12, month % 12 + 1)
    assert NYSE.is_session(vix) and (vix.year, vix.month) == (year, month)
    assert 30 <= (following - vix).days <= 33
