"""The metric table against numbers worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.daily import InvalidEquityError, daily_returns
from engine.analytics.drawdown import deepest_drawdown
from engine.analytics.metrics import METRIC_NAMES, annual_return, metrics
from engine.analytics.monthly import monthly_returns

DAY = 86_400_000_000
EMPTY = np.zeros(0)


def table(nav, *, pnl=EMPTY, on_risk=None, exposure=None, ts=None, **options):
    nav = np.asarray(nav, dtype=float)
    ts = np.arange(len(nav)) * DAY if ts is None else ts
    pnl = np.asarray(pnl, dtype=float)
    return metrics(
        ts,
        nav,
        pnl,
        np.zeros(len(pnl)) if on_risk is None else np.asarray(on_risk),
        np.zeros(len(nav)) if exposure is None else np.asarray(exposure),
        252,
        **options,
    )


def test_returns_and_drawdown_by_hand():
    found = table([100, 110, 99, 104.5, 121])
    assert found["total_return"] == pytest.approx(0.21)
    assert found["annual_return"] == pytest.approx(1.21 ** (252 / 4) - 1)
    assert found["max_drawdown"] == pytest.approx(0.1)
    assert found["max_drawdown_days"] == 3.0
    assert found["calmar_ratio"] == pytest.approx(found["annual_return"] / 0.1)
    daily = np.array([0.1, -0.1, 104.5 / 99 - 1, 121 / 104.5 - 1])
    assert found["annual_volatility"] == pytest.approx(daily.std(ddof=1) * math.sqrt(252))
    assert found["sharpe_ratio"] == pytest.approx(daily.mean() / daily.std(ddof=1) * math.sqrt(252))


def test_an_unrecovered_drawdown_lasts_to_the_end_of_the_record_in_calendar_days():
    ts = np.array([0, 1, 4, 11]) * DAY
    assert table([100, 120, 90, 110], ts=ts)["max_drawdown_days"] == 10.0


def test_a_plateau_at_the_peak_is_no_part_of_the_drawdown():
    assert table([100, 100, 100, 90, 100])["max_drawdown_days"] == 2.0


def test_trades_by_hand():
    found = table([100, 101], pnl=[300, -100, 0, 200], on_risk=[0.3, -0.1, np.nan, 0.1])
    assert found["trade_count"] == 4
    assert found["win_rate"] == 0.5
    assert found["profit_factor"] == 5.0
    assert found["average_win"] == 250.0
    assert found["average_loss"] == -100.0
    assert found["expectancy"] == 100.0
    assert found["expectancy_on_risk"] == pytest.approx(0.1)


def test_what_is_undefined_is_none():
    found = table([100, 100, 100], exposure=[np.nan] * 3)
    undefined = {name for name, value in found.items() if value is None}
    assert {
        "sharpe_ratio",
        "sortino_ratio",
        "calmar_ratio",
        "win_rate",
        "profit_factor",
        "exposure",
    } <= undefined
    assert found["trade_count"] == 0 and found["max_drawdown"] == 0 and found["annual_return"] == 0


def test_an_account_below_zero_has_a_return_and_a_drawdown_but_no_ratios():
    found = table([100, 50, -20, 10])
    assert found["total_return"] == pytest.approx(-0.9)
    assert found["max_drawdown"] == pytest.approx(1.2)
    assert found["sharpe_ratio"] is None and found["annual_return"] is None and found["var_95"] is None


def test_several_snapshots_a_day_give_one_return_a_day_and_keep_the_intraday_drawdown():
    ts = np.array([0.2, 0.5, 0.9, 1.2, 1.9]) * DAY
    nav = np.array([100.0, 80.0, 102.0, 101.0, 103.0])
    daily = daily_returns(ts.astype(np.int64), nav)
    assert daily.returns.tolist() == pytest.approx([0.02, 103 / 102 - 1])
    assert table(nav, ts=ts.astype(np.int64))["max_drawdown"] == pytest.approx(0.2)


def test_a_cost_on_the_first_snapshot_counts_when_the_capital_is_given():
    assert table([99, 100])["total_return"] == pytest.approx(100 / 99 - 1)
    found = table([99, 100], nav_start=100.0)
    assert found["total_return"] == 0.0
    assert found["max_drawdown"] == pytest.approx(0.01)


def test_a_return_too_large_for_a_float_is_undefined():
    assert annual_return(5.0, 1, 365) == pytest.approx(6.0**365 - 1)
    assert annual_return(10.0, 1, 365) is None
    assert annual_return(-1.0, 10, 252) is None


@pytest.mark.parametrize(
    ("ts", "nav", "message"),
    [
        ([], [], "no rows"),
        ([0, 0], [1.0, 1.0], "row 1"),
        ([0, DAY], [1.0, math.nan], "row 1"),
        ([0], [1.0, 2.0], "give one NAV each"),
    ],
)
def test_a_record_that_cannot_be_judged_is_refused_with_its_row(ts, nav, message):
    with pytest.raises(InvalidEquityError, match=message):
        daily_returns(np.array(ts, dtype=np.int64), np.array(nav))


def test_a_trade_without_profit_or_a_start_of_zero_is_refused():
    with pytest.raises(ValueError, match="trade 1 has no P&L"):
        table([1, 2], pnl=[1.0, math.nan])
    with pytest.raises(ValueError, match="starts with a NAV of 0"):
        table([0, 1])


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=60), st.floats(1.0, 1e9))
def test_nothing_is_ever_nan_or_infinite_and_daily_returns_compound_to_the_total(steps, start):
    nav = start * np.cumprod(np.concatenate(([1.0], 1 + np.array(steps))))
    found = table(nav, pnl=np.diff(nav), on_risk=np.array(steps), exposure=np.abs(nav))
    assert list(found) == list(METRIC_NAMES)
    assert all(v is None or math.isfinite(v) for v in found.values())
    daily = daily_returns(np.arange(len(nav)) * DAY, nav)
    assert np.prod(1 + daily.returns) - 1 == pytest.approx(found["total_return"], rel=1e-9, abs=1e-9)


@given(st.lists(st.floats(1.0, 100.0), min_size=1, max_size=40))
def test_the_deepest_drawdown_is_the_worst_pair_of_all(nav):
    worst = max((1 - nav[j] / nav[i] for i in range(len(nav)) for j in range(i, len(nav))), default=0)
    found = deepest_drawdown(np.array(nav))
    assert (found.depth if found else 0.0) == pytest.approx(max(worst, 0.0))


def test_months_compound_and_leave_blank_what_was_not_traded():
    days = np.array([19_723, 19_724, 19_754, 20_089])  # 2024-01-01, 01-02, 02-01, 2025-01-01
    years, by_month, by_year = monthly_returns(days.astype(np.int32), np.array([0.1, 0.1, -0.5, 0.2]))
    assert years == [2024, 2025]
    assert by_month[0, 0] == pytest.approx(0.21)
    assert by_month[0, 1] == pytest.approx(-0.5)
    assert np.isnan(by_month[0, 2]) and by_month[1, 0] == pytest.approx(0.2)
    assert by_year.tolist() == pytest.approx([1.21 * 0.5 - 1, 0.2])
