"""Orders in the loop: lag, atomic packages, time in force, limits, caps, cash, and hand-computed money."""

import math

import numpy as np
import pytest

from engine.backtest.intake import InvalidIntentError
from engine.backtest.run import NoDataError, StudyMismatchError, run_backtest
from engine.execution.intents import SHARES, LegIntent, close_package, extend_package, open_package
from engine.portfolio.contracts import UnknownContractError


def run(factory, rows, script, *, kind="index_pm", closes=None, actions=(), **study):
    chain = factory.chain_of(rows)
    days = chain.snapshot_days - factory.MONDAY
    prices = factory.underlying_of(closes or {int(d): 100.0 for d in days} | {11: 100.0})
    return run_backtest(
        factory.study(**study),
        chain,
        prices,
        actions,
        factory.terms(kind),
        strategy=factory.Scripted(script),
    )


def buy(quantity: float = 1.0, contract: int = 1):
    return open_package(LegIntent(contract, quantity))


def test_round_trip_by_hand_at_mid_modelled_and_worst(factory) -> None:
    rows = [factory.quote(0, bid=1.0, ask=1.4), factory.quote(1, bid=2.0, ask=2.2), factory.quote(2)]
    result = run(
        factory,
        rows,
        {0: [buy()], 1: [close_package(1, "exit")]},
        execution={"slippage_fraction": 0.5},
        fees={"per_contract": 0.65},
    )
    fills = result.tables["fills"]
    # buy 1.2 + 0.5 * 0.2 = 1.3, sell 2.1 - 0.5 * 0.1 = 2.05, times 100, two fees of 0.65
    assert fills["price"].tolist() == pytest.approx([1.3, 2.05])
    assert result.totals["pnl"] == pytest.approx(75.0 - 1.3)
    assert result.totals["pnl_at_mid"] == pytest.approx(90.0 - 1.3)
    assert result.totals["pnl_at_worst"] == pytest.approx(60.0 - 1.3)
    trade = {name: column[0] for name, column in result.tables["trades"].items()}
    assert (trade["entry_value"], trade["exit_value"], trade["fees"]) == pytest.approx((-130.0, 205.0, 1.3))
    assert trade["risk_at_entry"] == pytest.approx(120.0)  # a long call can lose its mid at the decision
    assert result.tables["equity"]["nav"][0] == pytest.approx(100_000 - 10 - 0.65)  # marked at mid at once
    assert result.tables["equity"]["nav_at_worst"][0] == pytest.approx(100_000 - 40 - 0.65)


@pytest.mark.parametrize("lag", [0, 1, 2])
def test_an_order_fills_lag_snapshots_after_its_decision(factory, lag: int) -> None:
    rows = [factory.quote(d, ask=1.4 + d) for d in range(4)]
    result = run(factory, rows, {0: [buy()]}, execution={"lag_snapshots": lag})
    assert result.tables["fills"]["price"][0] == pytest.approx(1.4 + lag)
    assert result.tables["orders"]["arrives_us"][0] == rows[lag]["ts_us"]
    assert ("same_snapshot_fills" in result.flags) is (lag == 0)


def test_an_order_does_not_fill_before_its_decision_when_the_feed_is_late(factory) -> None:
    rows = [factory.quote(d, ask=1.4 + d, known_at_us=factory.quote(d)["ts_us"]) for d in range(4)]
    rows[0]["known_at_us"] = rows[1]["ts_us"] + 1  # what happened on day 0 is known after the close of day 1
    result = run(factory, rows, {0: [buy()]}, execution={"lag_snapshots": 1})
    assert result.tables["fills"]["ts_us"][0] == rows[2]["ts_us"]


def test_no_leg_fills_unless_all_fill(factory) -> None:
    two = open_package(LegIntent(1, 1.0), LegIntent(2, -1.0))
    rows = [factory.quote(d, cid, strike=100.0 + cid) for d in range(3) for cid in (1, 2)]
    rows[2]["grade"] = 4  # day 1, contract 1 is locked
    result = run(factory, rows, {0: [two]}, execution={"lag_snapshots": 1})
    assert len(result.tables["fills"]["price"]) == 0
    assert result.tables["orders"]["status"].tolist() == ["expired"]
    assert result.tables["rejections"]["rule"].tolist() == ["grade_locked"]


def test_an_order_rests_for_its_time_in_force_and_not_longer(factory) -> None:
    rows = [factory.quote(d, grade=0 if d in (0, 3) else 4) for d in range(5)]
    for tif, status in ((2, "expired"), (3, "filled")):
        result = run(
            factory, rows, {0: [buy()]}, execution={"lag_snapshots": 1, "limit_time_in_force_snapshots": tif}
        )
        assert result.tables["orders"]["status"][0] == status, tif


def test_without_lag_an_order_still_tries_once_a_snapshot(factory) -> None:
    rows = [factory.quote(d, grade=4) for d in range(4)]
    result = run(factory, rows, {0: [buy()]}, execution={"limit_time_in_force_snapshots": 3})
    assert result.tables["rejections"]["ts_us"].tolist() == [r["ts_us"] for r in rows[:3]]
    assert result.tables["orders"]["status"].tolist() == ["expired"]


def test_a_limit_order_waits_for_its_price(factory) -> None:
    rows = [factory.quote(d, bid=b, ask=b + 0.4) for d, b in enumerate((1.0, 1.5, 0.9, 1.0))]
    execution = {"lag_snapshots": 1, "order_type": "limit", "limit_time_in_force_snapshots": 3}
    result = run(factory, rows, {0: [buy()]}, execution=execution)
    assert result.tables["orders"]["limit_price"][0] == pytest.approx(140.0)
    assert result.tables["fills"]["price"][0] == pytest.approx(1.3)
    (rejection,) = result.tables["rejections"]["rule"]
    assert rejection == "limit_price"
    assert result.tables["rejections"]["value"][0] == pytest.approx(190.0)


def test_buying_more_than_the_free_cash_is_refused_with_both_numbers(factory) -> None:
    shares = open_package(LegIntent(SHARES, 100.0), LegIntent(1, -1.0))
    rows = [factory.quote(d) for d in range(3)]
    result = run(factory, rows, {0: [shares]}, kind="stock", capital={"amount": 9_000})
    assert result.tables["rejections"]["rule"].tolist() == ["cash"]
    assert result.tables["rejections"]["value"][0] == pytest.approx(10_000 - 100)
    assert result.tables["rejections"]["limit"][0] == 9_000


def test_cash_that_secures_one_put_cannot_secure_another(factory) -> None:
    put = open_package(LegIntent(1, -1.0), cash_secured_per_package=10_000.0)
    rows = [factory.quote(d, right=1) for d in range(4)]
    result = run(
        factory,
        rows,
        {0: [put], 1: [put]},
        capital={"amount": 19_800},  # with the first premium of 100 still short of 20,000
        sizing={"contracts": 1, "max_open_packages": 2},
    )
    assert len(result.tables["trades"]["pnl"]) == 1
    assert result.tables["rejections"]["rule"].tolist() == ["cash_secured"]


def test_sizing_by_risk_takes_whole_contracts_and_refuses_when_one_is_too_many(factory) -> None:
    spread = open_package(LegIntent(1, -1.0), LegIntent(2, 1.0))
    rows = [
        row
        for d in range(3)
        for row in (
            factory.quote(d, 1, strike=100.0, bid=2.0, ask=2.2),
            factory.quote(d, 2, strike=105.0, bid=1.0, ask=1.2),
        )
    ]  # loses 500 - 100 = 400 a package
    result = run(factory, rows, {0: [spread]}, sizing={"risk_fraction": 0.013})
    assert result.tables["trades"]["packages"].tolist() == [3.0]  # 1300 // 400
    assert result.tables["trades"]["risk_at_entry"][0] == pytest.approx(1200.0)
    none = run(factory, rows, {0: [spread]}, sizing={"risk_fraction": 0.003})
    assert none.tables["rejections"]["rule"].tolist() == ["sizing"]
    assert none.tables["rejections"]["limit"][0] == pytest.approx(300.0)


def test_max_open_packages_and_one_entry_a_session(factory) -> None:
    rows = [factory.quote(d, cid, strike=100.0 + cid) for d in range(4) for cid in (1, 2)]
    result = run(factory, rows, {0: [buy(contract=1), buy(contract=2)], 1: [buy(contract=2)]})
    assert len(result.tables["trades"]["pnl"]) == 1
    assert result.tables["rejections"]["rule"].tolist() == ["may_not_open", "may_not_open"]


def test_missing_marks_keep_the_last_one_and_count_against_coverage(factory) -> None:
    rows = [factory.quote(0), factory.quote(1, 2), factory.quote(2, 2), factory.quote(3)]
    result = run(factory, rows, {0: [buy()]})
    equity = result.tables["equity"]
    assert equity["oldest_mark_seconds"].tolist() == [0.0, 86400.0, 2 * 86400.0, 0.0]
    assert np.ptp(equity["marks"][:3]) == 0.0
    # needed: a fill and marks of days 1 and 2 and 3, and the closing fill; days 1 and 2 had none
    assert (result.coverage["quotes_needed"], result.coverage["quotes_present"]) == (5.0, 3.0)


def test_the_end_closes_at_the_worst_side_of_the_last_mark_where_there_is_no_quote(factory) -> None:
    rows = [factory.quote(0), factory.quote(1, 2)]
    for quantity, expected in ((1.0, -40.0), (-1.0, -40.0)):
        result = run(factory, rows, {0: [buy(quantity)]})
        assert result.flags == ("closed_on_stale_mark", "same_snapshot_fills")
        assert result.totals["pnl"] == pytest.approx(expected)  # the whole spread, whichever side
        assert result.tables["fills"]["grade"].tolist() == ["firm", "stale_mark"]
        assert result.tables["orders"]["reason"].tolist() == ["entry", "end_of_period"]


def test_every_range_starts_and_ends_flat(factory) -> None:
    m = factory.black_scholes_market(60)
    study = factory.study(strategy={"name": "short_strangle"}, execution={"lag_snapshots": 1})
    result = run_backtest(study, m.chain, m.underlying, [], m.terms)
    assert result.tables["equity"]["open_packages"][[0, -1]].tolist() == [0, 0]
    assert result.tables["trades"]["exit_reason"][-1] == "end_of_period"
    assert result.totals["pnl"] == pytest.approx(result.tables["trades"]["pnl"].sum())


def test_a_contract_outside_the_view_or_an_unknown_package_is_a_bug_that_raises(factory) -> None:
    rows = [factory.quote(d) for d in range(3)] + [factory.quote(2, 9, strike=120.0)]
    with pytest.raises(UnknownContractError, match="contract 9"):
        run(factory, rows, {0: [buy(contract=9)]})
    with pytest.raises(InvalidIntentError, match="package 5"):
        run(factory, rows, {0: [close_package(5, "exit")]})
    with pytest.raises(InvalidIntentError, match="package 5"):
        run(factory, rows, {0: [extend_package(5, LegIntent(1, -1.0), reason="more")]})


def test_a_range_without_data_and_foreign_terms_fail_before_anything_runs(factory) -> None:
    rows = [factory.quote(d) for d in range(3)]
    chain, prices = factory.chain_of(rows), factory.underlying_of({0: 100.0})
    with pytest.raises(NoDataError, match="2024-01-08 to 2024-01-10"):
        run_backtest(
            factory.study(period={"start": "2023-01-01", "end": "2023-02-01"}),
            chain,
            prices,
            [],
            factory.terms(),
        )
    with pytest.raises(StudyMismatchError, match="root X"):
        run_backtest(factory.study(), chain, prices, [], {})
    with pytest.raises(StudyMismatchError, match="BTC"):
        run_backtest(factory.study(), chain, prices, [], factory.terms("coin"))


def test_a_bid_without_an_ask_fills_a_sale_and_is_marked_at_the_fill(factory) -> None:
    rows = [factory.quote(d, ask=math.nan if d == 0 else 1.4, grade=1 if d == 0 else 0) for d in range(3)]
    result = run(factory, rows, {0: [buy(-1.0)]}, execution={"fill_grades": ["firm", "one_sided"]})
    # sizing needs a mid: a bid alone gives none, so the entry is refused rather than guessed
    assert result.tables["rejections"]["rule"].tolist() == ["no_price"]


def test_nothing_opens_at_the_snapshot_that_closes_everything(factory) -> None:
    rows = [factory.quote(d) for d in range(3)]
    script = {1: [buy()]}
    result = run(factory, rows, script, execution={"lag_snapshots": 1})
    orders = result.tables["orders"]
    assert orders["status"].tolist() == ["cancelled"]
    assert orders["status_reason"].tolist() == ["end_of_period"]
    assert len(result.tables["trades"]["pnl"]) == 0 and result.totals["pnl"] == 0.0
    # one snapshot more, and the same order is a trade
    longer = run(factory, [*rows, factory.quote(3)], script, execution={"lag_snapshots": 1})
    assert longer.tables["orders"]["reason"].tolist() == ["entry", "end_of_period"]
