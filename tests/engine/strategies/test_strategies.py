"""Selection with its declared ties, the registry, and what each named strategy opens and closes."""

import pytest

from engine.backtest.run import run_backtest
from engine.execution.fill_model import Refusal
from engine.instruments.terms import Right
from engine.market.cursor import ReplayCursor
from engine.strategies.registry import (
    StrategyParameterError,
    UnknownStrategyError,
    make_strategy,
    strategy_names,
    validate_parameters,
)
from engine.strategies.selectors import (
    select_by_delta,
    select_by_moneyness,
    select_by_strike,
    select_expiry,
)


def view_of(factory, rows):
    cursor = ReplayCursor(factory.chain_of(rows), factory.underlying_of({0: 100.0}), [])
    return cursor.view(next(iter(cursor)))


def listing(factory, **changes):
    """Expiries at 10, 20 and 30 days; calls and puts at 90, 100 and 110 with deltas 0.7, 0.5, 0.3."""
    return [
        factory.quote(
            0,
            e * 100 + right * 10 + i,
            expiry=e,
            right=right,
            strike=strike,
            delta=(0.7, 0.5, 0.3)[i] - right,
            **changes,
        )
        for e in (10, 20, 30)
        for right in (0, 1)
        for i, strike in enumerate((90.0, 100.0, 110.0))
    ]


def test_expiry_is_the_nearest_and_the_earlier_of_two(factory) -> None:
    view, seen = view_of(factory, listing(factory)), []
    pick = lambda days, **kw: select_expiry(view, seen.append, days=days, tolerance_days=9, **kw)  # noqa: E731
    assert pick(21).days == 20
    assert pick(15).days == 10
    assert pick(15, more_than_days=10).days == 20
    assert not seen
    assert pick(40) is None
    assert (seen[0].rule, seen[0].value, seen[0].limit) == ("days_to_expiry", 10.0, 9.0)
    assert pick(20, roots=("Y",)) is None and seen[1].rule == "no_root"


def test_delta_ties_go_further_out_of_the_money_and_then_to_the_smaller_id(factory) -> None:
    rows = listing(factory) + [factory.quote(0, 5, expiry=20, strike=110.0, delta=0.3)]
    view, seen = view_of(factory, rows), []
    expiry = select_expiry(view, seen.append, days=20, tolerance_days=5)
    pick = lambda right, delta: select_by_delta(  # noqa: E731
        view, expiry, right, seen.append, delta=delta, tolerance=0.15
    )
    assert pick(Right.CALL, 0.4).strike == 110.0  # 0.5 and 0.3 are equally near
    assert pick(Right.CALL, 0.3).contract_id == 5  # two contracts at 110
    assert pick(Right.PUT, 0.4).strike == 90.0  # |delta| 0.3 and 0.5
    assert pick(Right.CALL, 0.05) is None
    assert seen[-1].rule == "delta_distance"


def test_strike_and_moneyness_take_the_wider_of_two(factory) -> None:
    view, seen = view_of(factory, listing(factory)), []
    expiry = select_expiry(view, seen.append, days=20, tolerance_days=5)
    assert select_by_strike(view, expiry, Right.CALL, seen.append, strike=105.0).strike == 110.0
    assert select_by_strike(view, expiry, Right.PUT, seen.append, strike=95.0).strike == 90.0
    assert select_by_moneyness(view, expiry, Right.PUT, seen.append, moneyness=0.91).strike == 90.0


def test_candidates_that_cannot_trade_are_passed_over_and_recorded(factory) -> None:
    rows = listing(factory)
    rows[8]["bid"] = float("nan")  # 20 days, call 110
    rows[7]["grade"] = 5  # 20 days, call 100
    view, seen = view_of(factory, rows), []
    expiry = select_expiry(view, seen.append, days=20, tolerance_days=5)
    assert select_by_delta(view, expiry, Right.CALL, seen.append, delta=0.3, tolerance=0.5).strike == 90.0
    assert seen == [Refusal("candidate_quote", 2.0, pytest.approx(float("nan"), nan_ok=True), seen[0].note)]
    assert "2 of 3 candidates" in seen[0].note


def test_names_and_parameters() -> None:
    assert strategy_names() == ("cash_secured_put", "covered_call", "iron_condor", "short_strangle")
    assert validate_parameters("iron_condor", {}).model_dump()["exit_days_to_expiry"] == 21
    with pytest.raises(UnknownStrategyError, match="iron_condor"):
        make_strategy("iron_kondor", {})
    with pytest.raises(StrategyParameterError, match=r"iron_condor: short_dleta.*it takes.*short_delta"):
        validate_parameters("iron_condor", {"short_dleta": 0.2})
    with pytest.raises(StrategyParameterError, match="one of wing_delta and wing_width"):
        validate_parameters("iron_condor", {"wing_delta": 0.05, "wing_width": 10})
    with pytest.raises(StrategyParameterError, match="not below days_to_expiry"):
        validate_parameters("short_strangle", {"days_to_expiry": 10, "exit_days_to_expiry": 21})


def run(factory, name: str, kind: str = "stock", days: int = 60, **parameters):
    market = factory.black_scholes_market(days, kind=kind)
    capital = {"base_currency": "BTC", "amount": 10} if kind == "coin" else {}
    study = factory.study(
        strategy={"name": name, "parameters": parameters},
        execution={"lag_snapshots": 1, "fill_grades": ["firm", "wide", "one_sided"]},
        capital=capital,
    )
    return run_backtest(study, market.chain, market.underlying, [], market.terms)


def first_package(result) -> list[tuple[str, float, float]]:
    legs = result.tables["trade_legs"]
    mine = legs["package_id"] == legs["package_id"][0]
    return list(zip(legs["right"][mine], legs["strike"][mine], legs["quantity"][mine], strict=True))


def test_iron_condor_sells_the_inner_and_buys_the_outer_strikes_of_one_expiry(factory) -> None:
    for wings in ({"wing_delta": 0.05}, {"wing_width": 5.0}):
        result = run(factory, "iron_condor", "index_pm", days_to_expiry=30, exit_days_to_expiry=10, **wings)
        (r1, k1, q1), (r2, k2, q2), (r3, k3, q3), (r4, k4, q4) = first_package(result)
        assert (r1 + r2 + r3 + r4, (q1, q2, q3, q4)) == ("PPCC", (1.0, -1.0, -1.0, 1.0))
        assert k1 < k2 < k3 < k4
        if "wing_width" in wings:
            assert (k2 - k1, k4 - k3) == (5.0, 5.0)
        assert (result.tables["trades"]["entry_value"] > 0).all()
        assert set(result.tables["trades"]["exit_reason"]) <= {
            "profit_target",
            "days_to_expiry",
            "end_of_period",
        }


def test_profit_target_closes_at_half_of_the_credit_at_mid(factory) -> None:
    result = run(factory, "short_strangle", "coin", days=120, profit_target=0.5, loss_multiple=None)
    trades = result.tables["trades"]
    won = trades["exit_reason"] == "profit_target"
    assert won.any()
    orders, equity = result.tables["orders"], result.tables["equity"]
    decided = orders["decided_us"][orders["reason"] == "profit_target"][0]
    entry = trades["entry_value"][won][0]
    at = int((equity["ts_us"] == decided).argmax())
    start = float(equity["cash"][at]) - entry  # cash before the entry, as only one package is open
    assert equity["nav"][at] - start >= 0.5 * entry - 1e-12
    assert equity["nav"][at - 1] - start < 0.5 * entry - 1e-12


def test_covered_call_writes_the_next_call_on_the_same_shares(factory) -> None:
    result = run(factory, "covered_call", days=90, days_to_expiry=14, call_delta=0.2)
    reasons = result.tables["orders"]["reason"].tolist()
    assert "next_call" in reasons
    legs = result.tables["trade_legs"]
    calls = (legs["right"] == "C").sum()
    assert calls > len(result.tables["trades"]["pnl"])
    assert (result.tables["equity"]["delta"] >= -1e-9).all()  # never short beyond the shares


def test_cash_secured_put_sells_delivered_shares_at_the_next_fill(factory) -> None:
    result = run(factory, "cash_secured_put", days=120, profit_target=None, put_delta=0.45, days_to_expiry=14)
    assigned = result.tables["events"]["kind"] == "assignment"
    assert assigned.any()
    orders = result.tables["orders"]
    sold = orders["reason"] == "delivered_shares"
    assert sold.sum() >= 1
    assert (result.tables["trades"]["exit_reason"] == "delivered_shares").sum() == sold.sum()
