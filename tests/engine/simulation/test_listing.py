"""Expiries by the venues' conventions; strikes that stay listed, follow the spot and survive a split."""

import datetime as dt

import numpy as np
import pytest

from engine.calendars import TradingCalendar, days_of_date
from engine.calendars.expiry_dates import last_friday, third_friday
from engine.corporate_actions.contract_adjustment import original_terms
from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.simulation.expiries import (
    ExpiryCycle,
    ListedExpiry,
    coin_expiries,
    exchange_expiries,
)
from engine.simulation.listing import SplitEvent, StrikeTier, build_contracts, round_step, tier_strikes


@pytest.fixture(scope="module")
def sessions_2025():
    return TradingCalendar.for_code("XNYS", dt.date(2025, 1, 2), dt.date(2026, 6, 30)).sessions()


def index_expiries(sessions):
    return exchange_expiries(
        sessions,
        end=dt.date(2025, 12, 31),
        monthly_root="IDX",
        weekly_root="IDXW",
        am_monthlies=True,
        weekly_days_ahead=30,
        monthly_days_ahead=90,
        quarterly_days_ahead=180,
        weeklies_on_third_friday=True,
    )


def test_third_and_last_fridays():
    assert third_friday(2025, 8) == dt.date(2025, 8, 15)
    assert third_friday(2024, 3) == dt.date(2024, 3, 15)
    assert last_friday(2025, 12) == dt.date(2025, 12, 26)
    assert last_friday(2025, 2) == dt.date(2025, 2, 28)


def test_am_monthlies_stop_the_session_before_and_good_friday_moves_the_expiry(sessions_2025):
    monthlies = {x.expiry: x for x in index_expiries(sessions_2025) if x.root == "IDX"}
    assert monthlies[dt.date(2025, 8, 15)].last_session == dt.date(2025, 8, 14)
    # the third Friday of April 2025 is Good Friday: the Thursday is expiry, the Wednesday the last session
    assert monthlies[dt.date(2025, 4, 17)].last_session == dt.date(2025, 4, 16)


def test_weeklies_share_third_fridays_with_the_monthly_root(sessions_2025):
    listed = index_expiries(sessions_2025)
    assert {x.root for x in listed if x.expiry == dt.date(2025, 8, 15)} == {"IDX", "IDXW"}
    weekly = next(x for x in listed if x.root == "IDXW" and x.expiry == dt.date(2025, 8, 15))
    assert weekly.first_session == dt.date(2025, 7, 16) and weekly.last_session == weekly.expiry


def test_coin_expiries_are_listed_once_by_their_longest_cycle():
    days = [dt.date(2025, 7, 1) + dt.timedelta(days=i) for i in range(700)]
    listed = coin_expiries(
        days,
        end=dt.date(2025, 12, 31),
        root="OXC",
        daily_days_ahead=3,
        weekly_days_ahead=28,
        monthly_days_ahead=90,
        quarterly_days_ahead=365,
    )
    by_day = {x.expiry: x for x in listed}
    assert len(by_day) == len(listed)
    assert by_day[dt.date(2025, 9, 26)].cycle is ExpiryCycle.QUARTERLY
    assert by_day[dt.date(2025, 8, 29)].cycle is ExpiryCycle.MONTHLY
    assert by_day[dt.date(2025, 8, 22)].cycle is ExpiryCycle.WEEKLY
    assert by_day[dt.date(2025, 8, 20)].cycle is ExpiryCycle.DAILY
    assert all(x.last_session == x.expiry - dt.timedelta(days=1) for x in listed)


@pytest.mark.parametrize(
    ("wanted", "step"), [(3.1, 2.5), (48.0, 50.0), (0.7, 0.5), (1.3, 1.0), (900.0, 1000.0)]
)
def test_steps_are_round(wanted, step):
    assert round_step(wanted) == pytest.approx(step)


def test_strikes_are_listed_when_the_spot_comes_near_and_never_delisted():
    spot = np.array([100.0, 110.0, 95.0, 120.0])
    strikes, since = tier_strikes(StrikeTier(0.05, below=0.10, above=0.10, opens_days_before=9), spot)
    listed = dict(zip(strikes.tolist(), since.tolist(), strict=True))
    assert strikes.tolist() == list(np.arange(90.0, 131.0, 5.0))
    assert (listed[90.0], listed[110.0], listed[120.0], listed[130.0]) == (0, 0, 1, 3)


def test_a_split_divides_listed_strikes_and_no_strike_is_listed_twice():
    sessions = [dt.date(2025, 9, 1) + dt.timedelta(days=i) for i in range(10)]
    spot = np.array([402.0] * 5 + [101.0] * 5)
    split = SplitEvent(5, 4.0)
    expiry = ListedExpiry("ACME", ExpiryCycle.WEEKLY, sessions[-1], sessions[0], sessions[-1])
    tier = StrikeTier(0.00625, below=0.05, above=0.05, opens_days_before=30)
    table = build_contracts([expiry], {ExpiryCycle.WEEKLY: [tier]}, ["ACME"], sessions, spot, split)
    before, after = table.listed_on(4), table.listed_on(5)
    assert set(before) <= set(after) and len(after) > len(before)
    adjusted = table.strike_on(before, 5)
    # half a cent goes up, as in the adjustment memos: 392.5 / 4 = 98.125 is listed as 98.13
    cents = table.strike_on(before, 4) * 100.0 / 4.0
    assert np.any(cents % 1.0 == 0.5)
    assert np.allclose(adjusted * 100.0, np.floor(cents + 0.5), rtol=0.0, atol=1e-9)
    # and so every contract is recognized as the one that it was before
    splits = [CorporateAction("ACME", sessions[5], ActionKind.SPLIT, 4.0, 1.0, 0.0, "USD", 0)]
    walked = original_terms(adjusted, days_of_date(sessions[5]), splits)
    assert np.array_equal(walked.original_strike, table.strike_on(before, 4))
    listed = table.strike_on(after, 5)
    assert np.all(np.diff(listed) > 0), "ordered by strike as listed, none twice"
    new = table.first_session[after] == 5
    assert np.all(listed[new] % 0.5 == 0.0)
    assert table.contracts_per_original(after, 5)[~new].tolist() == [4.0] * int((~new).sum())
    assert table.contracts_per_original(after, 5)[new].tolist() == [1.0] * int(new.sum())
    assert table.contracts_per_original(before, 4).tolist() == [1.0] * len(before)


def test_expired_contracts_are_gone():
    sessions = [dt.date(2025, 9, 1) + dt.timedelta(days=i) for i in range(6)]
    expiry = ListedExpiry("X", ExpiryCycle.DAILY, sessions[3], sessions[1], sessions[2])
    tier = StrikeTier(0.05, below=0.1, above=0.1, opens_days_before=30)
    table = build_contracts([expiry], {ExpiryCycle.DAILY: [tier]}, ["X"], sessions, np.full(6, 100.0))
    assert [len(table.listed_on(i)) > 0 for i in range(6)] == [False, True, True, False, False, False]
    assert set(table.expiry_days.tolist()) == {days_of_date(sessions[3])}
