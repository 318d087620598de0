"""Limits that really stop: per trade, per session, at equality."""

import datetime as dt

import pytest

from engine.backtest.run import run_backtest
from engine.backtest.study import RiskSpec
from engine.calendars import TradingCalendar, days_of_date
from engine.execution.intents import LegIntent, open_package
from engine.risk.forced_exit import advance_sessions, must_exit_now
from engine.risk.limits import DailyLossHalt

LONG = open_package(LegIntent(1, 1.0))


def run(factory, mids, script, **study):
    """One contract whose mid goes along ``mids``, locked spread 0.2; bought at mid (fraction 0)."""
    rows = [factory.quote(d, bid=m - 0.1, ask=m + 0.1) for d, m in enumerate(mids)]
    return run_backtest(
        factory.study(execution={"slippage_fraction": 0.0, "lag_snapshots": 0}, **study),
        factory.chain_of(rows),
        factory.underlying_of({0: 100.0}),
        [],
        factory.terms("index_pm"),
        strategy=factory.Scripted(script),
    )


def every_day(n: int) -> dict[int, list]:
    return {k: [LONG] for k in range(n)}


@pytest.mark.parametrize(("fall", "halted"), [(5.0, True), (4.99, False)])
def test_a_session_at_its_limit_halts_and_one_short_of_it_does_not(
    factory, fall: float, halted: bool
) -> None:
    # 1 contract of 100: a fall of 5.0 is 500, 0.5% of 100,000
    result = run(factory, [20.0, 20.0 - fall, 10.0, 10.0], every_day(4), risk={"max_daily_loss": 0.005})
    assert bool(result.tables["equity"]["halted"][1]) is halted


def test_a_halt_closes_everything_and_lets_nothing_in_for_the_rest_of_the_run(factory) -> None:
    result = run(factory, [20.0, 10.0, 10.0, 10.0, 10.0], every_day(5), risk={"max_daily_loss": 0.005})
    orders = result.tables["orders"]
    assert orders["reason"].tolist() == ["entry", "halt"]
    assert result.tables["equity"]["open_packages"].tolist() == [1, 0, 0, 0, 0]
    assert result.tables["equity"]["halted"].tolist() == [False, True, True, True, True]
    rules = result.tables["rejections"]["rule"].tolist()
    assert rules[0] == "max_daily_loss" and set(rules[1:]) == {"may_not_open"}
    assert result.tables["rejections"]["value"][0] == pytest.approx(0.01)
    assert result.tables["rejections"]["limit"][0] == 0.005


def test_entries_resume_after_the_halt_sessions(factory) -> None:
    risk = {"max_daily_loss": 0.005, "halt_sessions": 2}
    result = run(factory, [20.0, 10.0, 10.0, 10.0, 10.0, 10.0], every_day(6), risk=risk)
    assert result.tables["equity"]["halted"].tolist() == [False, True, True, False, False, False]
    assert result.tables["events"]["kind"].tolist() == ["halt", "resume"]
    assert result.tables["orders"]["reason"].tolist() == ["entry", "halt", "entry", "end_of_period"]


def test_a_halt_cancels_entries_on_their_way(factory) -> None:
    rows = [factory.quote(d, c, bid=m - 0.1, ask=m + 0.1, strike=100.0 + c)
            for d, m in enumerate([20.0, 20.0, 10.0, 10.0, 10.0]) for c in (1, 2)]  # fmt: skip
    result = run_backtest(
        factory.study(
            execution={"lag_snapshots": 1, "limit_time_in_force_snapshots": 5},
            sizing={"contracts": 1, "max_open_packages": 2},
            risk={"max_daily_loss": 0.005},
        ),
        factory.chain_of([r if not (r["contract_id"] == 2 and r["trade_days"] > factory.MONDAY + 1)
                          else {**r, "grade": 4} for r in rows]),
        factory.underlying_of({0: 100.0}),
        [],
        factory.terms("index_pm"),
        strategy=factory.Scripted({0: [LONG], 1: [open_package(LegIntent(2, 1.0))]}),
    )  # fmt: skip
    orders = result.tables["orders"]
    assert orders["status"].tolist() == ["filled", "cancelled", "filled"]
    assert orders["status_reason"][1] == "halt"


def test_what_a_halt_could_not_close_is_closed_though_entries_have_resumed(factory) -> None:
    rows = [factory.quote(d, bid=m - 0.1, ask=m + 0.1, grade=4 if d == 2 else 0)
            for d, m in enumerate([20.0, 10.0, 10.0, 10.0, 10.0, 10.0])]  # fmt: skip
    result = run_backtest(
        factory.study(
            execution={"slippage_fraction": 0.0, "lag_snapshots": 1},
            risk={"max_daily_loss": 0.005, "halt_sessions": 1},
        ),
        factory.chain_of([factory.quote(-1, bid=19.9, ask=20.1), *rows]),
        factory.underlying_of({0: 100.0}),
        [],
        factory.terms("index_pm"),
        strategy=factory.Scripted({0: [LONG]}),
    )
    orders = result.tables["orders"]
    assert orders["reason"].tolist() == ["entry", "halt", "halt"]
    assert orders["status"].tolist() == ["filled", "expired", "filled"]
    assert result.tables["equity"]["open_packages"].tolist() == [0, 1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize(("mid", "reason"), [(15.0, "max_loss"), (15.01, "end_of_period")])
def test_a_trade_at_its_limit_is_closed(factory, mid: float, reason: str) -> None:
    result = run(factory, [20.0, mid, 18.0, 18.0], {0: [LONG]}, risk={"max_loss_per_trade": 0.005})
    assert result.tables["trades"]["exit_reason"].tolist() == [reason]


def test_a_loss_at_the_limit_counts_though_floats_miss_it() -> None:
    halt = DailyLossHalt(RiskSpec(max_daily_loss=0.1), 3.0)
    halt.start_session(3.0)
    assert 3.0 - 2.7 < 0.1 * 3.0  # the floats say: not yet
    assert halt.check(2.7)
    assert not halt.check(2.0)  # latched: reported once


JANUARY = dt.date(2024, 1, 1), dt.date(2024, 1, 31)
EVERY_DAY, NEW_YORK = (TradingCalendar.for_code(code, *JANUARY) for code in ("24/7", "XNYS"))


@pytest.mark.parametrize(
    ("day", "lag", "expected"),
    [
        (2, 0, False),  # Wednesday, expiry Friday (day 4), out by Thursday: tomorrow is soon enough
        (3, 0, True),
        (2, 1, True),  # what is decided tomorrow fills on Friday, too late
        (1, 1, False),
    ],
)
@pytest.mark.parametrize("calendar", [EVERY_DAY, NEW_YORK], ids=repr)
def test_forced_exit_is_decided_in_time_to_fill(calendar, day: int, lag: int, expected: bool) -> None:
    monday = 19730
    got = must_exit_now(
        monday + day,
        monday + 4,
        exit_before_days=1,
        lag_snapshots=lag,
        snapshots_per_session=1,
        calendar=calendar,
    )
    assert got is expected


def test_forced_exit_knows_the_holidays_of_the_exchange() -> None:
    # Tuesday 2024-07-02, expiry Friday the 5th, markets closed on the 4th: an order of Wednesday fills on Friday
    tuesday, friday = (days_of_date(dt.date(2024, 7, d)) for d in (2, 5))
    rule = {"exit_before_days": 1, "lag_snapshots": 1, "snapshots_per_session": 1}
    assert must_exit_now(tuesday, friday, calendar=NEW_YORK, **rule)
    assert not must_exit_now(tuesday - 1, friday, calendar=NEW_YORK, **rule)
    assert not must_exit_now(tuesday, friday, calendar=EVERY_DAY, **rule)


def test_sessions_of_an_exchange_skip_the_weekend() -> None:
    monday = 19730
    assert advance_sessions(monday + 4, 1, NEW_YORK) == monday + 8  # Monday the 15th is a holiday
    assert advance_sessions(monday + 4, 1, EVERY_DAY) == monday + 5
