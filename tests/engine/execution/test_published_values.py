"""Fills, fees, exercise and settlement against published rows (tests/golden/execution/cases.json)."""

import datetime as dt
import json
import math
from pathlib import Path

import numpy as np
import pytest

from engine.backtest.study import ExecutionSpec, FeeSpec
from engine.execution.exercise import (
    UnknownExerciseThresholdError,
    auto_exercise_threshold,
    intrinsic,
    is_auto_exercised,
)
from engine.execution.fees import option_fee
from engine.execution.fill_model import LegPrice, Quote, Refusal, price_leg
from engine.execution.settlement import UnsettledOptionError, settlement_price, settlement_value
from engine.instruments.terms import QuoteGrade, Right
from engine.risk.max_loss import PayoffLeg, max_loss

GOLDEN = Path(__file__).parents[2] / "golden" / "execution" / "cases.json"
CASES = {row["id"]: row for row in json.loads(GOLDEN.read_text())["cases"]}

#: flox spreads its fractions of the half spread evenly from 0.75 (1 leg) to 0.56 (4 legs)
FLOX = {1: 0.75, 2: 0.75 - 0.19 / 3}


def firm(bid: float, ask: float, grade: QuoteGrade = QuoteGrade.FIRM, size: float = 10.0) -> Quote:
    return Quote(bid or math.nan, ask, size, size, grade, 0.0)


def price(quote: Quote, quantity: float, fraction: float, **spec: object) -> LegPrice | Refusal:
    execution = ExecutionSpec.model_validate({"slippage_fraction": fraction, **spec})
    return price_leg(quote, quantity, execution, symbol="T")


def modelled(quote: Quote, quantity: float, fraction: float, **spec: object) -> float:
    result = price(quote, quantity, fraction, **spec)
    assert isinstance(result, LegPrice), result
    return result.modelled


@pytest.mark.parametrize("case", [c for c in CASES if c.startswith("orats")])
def test_fraction_of_the_full_width_is_twice_itself_less_one_in_half_spreads(case: str) -> None:
    row = CASES[case]["inputs"]
    side = 1 if row["side"] == "buy" else -1
    got = modelled(firm(row["bid"], row["ask"]), side, 2 * row["fraction_of_full_width"] - 1)
    assert got == pytest.approx(CASES[case]["expected"], abs=1e-9)


def test_fractions_of_the_half_spread_from_mid() -> None:
    buy, sell = (modelled(firm(1.0, 1.4), side, FLOX[1]) for side in (1, -1))
    assert buy == pytest.approx(CASES["flox-1leg-buy"]["expected"], abs=1e-9)
    assert sell == pytest.approx(CASES["flox-1leg-sell"]["expected"], abs=1e-9)
    assert sell - buy == pytest.approx(CASES["flox-roundtrip"]["expected"], abs=1e-9)
    net = sum(
        (1 if side == "buy" else -1) * modelled(firm(bid, ask), 1 if side == "buy" else -1, FLOX[2])
        for side, bid, ask in CASES["flox-2leg"]["inputs"]["legs"]
    )
    assert net == pytest.approx(CASES["flox-2leg"]["expected"], abs=1e-9)


@pytest.mark.parametrize("case", ["unfilled-locked", "unfilled-one-sided"])
def test_locked_and_one_sided_quotes_do_not_fill(case: str) -> None:
    row = CASES[case]["inputs"]
    assert isinstance(price(firm(row["bid"], row["ask"]), 1, 1.0), Refusal)


@pytest.mark.parametrize("grade", [QuoteGrade.LOCKED, QuoteGrade.CROSSED, QuoteGrade.NO_QUOTE])
def test_a_grade_that_never_fills_does_not_fill_whatever_the_prices_and_policy(grade: QuoteGrade) -> None:
    everything = {"fill_grades": ["firm", "wide", "stale", "one_sided"]}
    assert isinstance(price(firm(1.0, 1.4, grade), 1, 1.0, **everything), Refusal)


def test_crossed_prices_do_not_fill_though_they_were_graded_firm() -> None:
    refusal = price(firm(1.5, 1.4), 1, 1.0)
    assert isinstance(refusal, Refusal) and refusal.rule == "grade_crossed"


def test_touch_adds_slippage_to_the_touch_and_the_worst_side_follows() -> None:
    result = price(firm(1.0, 1.4), 1, 0.5, price="touch")
    assert isinstance(result, LegPrice)
    assert (result.modelled, result.mid, result.worst) == pytest.approx((1.5, 1.2, 1.5))
    sold = price(firm(0.1, 1.4), -1, 0.5, price="touch")
    assert isinstance(sold, LegPrice) and sold.modelled == 0.0  # never below nothing


def test_size_cap_refuses_with_the_limit_and_passes_at_it() -> None:
    assert modelled(firm(1.0, 1.4, size=10), 5, 1.0, max_size_fraction=0.5) == pytest.approx(1.4)
    refusal = price(firm(1.0, 1.4, size=10), 5.1, 1.0, max_size_fraction=0.5)
    assert isinstance(refusal, Refusal)
    assert (refusal.rule, refusal.value, refusal.limit) == ("max_size_fraction", 5.1, 5.0)


def test_only_a_closing_sale_may_abandon_an_option_without_a_bid() -> None:
    spec = ExecutionSpec(fill_grades=("firm", "one_sided"))
    quote = firm(0.0, 0.05)
    closing = price_leg(quote, -1, spec, symbol="T", closing=True)
    assert isinstance(closing, LegPrice) and closing.abandoned and closing.modelled == 0.0
    assert isinstance(price_leg(quote, -1, spec, symbol="T"), Refusal)
    bought = price_leg(quote, 1, spec, symbol="T")
    assert isinstance(bought, LegPrice) and (bought.modelled, bought.mid) == (0.05, 0.025)


@pytest.mark.parametrize(
    "case", ["deribit-fee-btc-10-contracts", "deribit-fee-2018-cap20", "deribit-fee-btc-cap-official"]
)
def test_coin_fee_is_the_rate_capped_by_the_premium(case: str) -> None:
    row = CASES[case]["inputs"]
    fees = FeeSpec(coin_rate=row["rate_coin"], coin_cap_of_premium=row["cap"])
    got = option_fee(fees, -row.get("contracts", 1), row["option_price_coin"], 1.0)
    assert got == pytest.approx(CASES[case]["expected"], abs=1e-12)


def test_coin_fee_is_the_rate_where_the_cap_is_higher() -> None:
    row = CASES["deribit-delivery"]["inputs"]
    fees = FeeSpec(coin_rate=row["rate_coin"], coin_cap_of_premium=row["cap"])
    got = option_fee(fees, 1, row["settlement_value_coin"], 1.0)
    assert got == pytest.approx(CASES["deribit-delivery"]["expected"], abs=1e-12)


def test_dollar_fee_is_per_contract() -> None:
    row = CASES["ibkr-10-0.1"]["inputs"]
    assert option_fee(FeeSpec(per_contract=0.65), row["contracts"], row["premium"], 100.0) == pytest.approx(
        6.5
    )


@pytest.mark.parametrize("case", ["auto-ex-atm", "auto-ex-25.05-2006"])
def test_exercise_by_exception_at_its_threshold(case: str) -> None:
    row = CASES[case]["inputs"]
    got = is_auto_exercised(Right.CALL, row["K"], row["close"], dt.date.fromisoformat(row["date"]))
    assert got is CASES[case]["expected"]["exercised"]


def test_thresholds_are_dated() -> None:
    row = CASES["occ-threshold-2006-10-21"]
    assert auto_exercise_threshold(dt.date.fromisoformat(row["inputs"]["date"])) == row["expected"]
    assert not is_auto_exercised(Right.CALL, 25, 25.04, dt.date(2007, 1, 19))
    assert is_auto_exercised(Right.CALL, 25, 25.01, dt.date(2024, 1, 19))
    dated = {
        "2004-08-21": 0.75,
        "2004-09-18": 0.25,
        "2006-10-20": 0.25,
        "2008-05-17": 0.05,
        "2008-06-21": 0.01,
    }
    for day, threshold in dated.items():
        assert auto_exercise_threshold(dt.date.fromisoformat(day)) == threshold
    with pytest.raises(UnknownExerciseThresholdError, match="1973"):
        auto_exercise_threshold(dt.date(1972, 1, 21))


@pytest.mark.parametrize("case", ["deribit-inverse-otm", "deribit-inverse-call-400"])
def test_inverse_options_pay_in_coin(case: str, factory) -> None:
    row = CASES[case]["inputs"]
    got = settlement_value(factory.terms("coin")["X"], Right.CALL, row["K"], row["delivery_price"])
    assert got == pytest.approx(CASES[case]["expected"], abs=1e-12)


def test_linear_options_pay_the_difference_times_the_multiplier() -> None:
    row = CASES["deribit-linear-sol"]
    paid = intrinsic(Right.CALL, row["inputs"]["K"], row["inputs"]["delivery"]) * row["inputs"]["multiplier"]
    cost = row["inputs"]["premium"] * row["inputs"]["multiplier"]
    assert (paid, cost, paid - cost) == tuple(row["expected"][k] for k in ("settlement", "cost", "profit"))


@pytest.mark.parametrize("case", ["ic-put-wing-wider", "ic-equal"])
def test_iron_condor_loses_its_wider_wing_at_most(case: str) -> None:
    row = CASES[case]["inputs"]
    legs = [
        PayoffLeg(right, row[name], sign * row["contracts"], row["multiplier"], 0.0)
        for right, name, sign in (
            (Right.PUT, "long_put", 1),
            (Right.PUT, "short_put", -1),
            (Right.CALL, "short_call", -1),
            (Right.CALL, "long_call", 1),
        )
    ]
    assert max_loss(legs, 7400.0, stress_move=0.25, coin_settled=False) == (CASES[case]["expected"], False)


def test_each_settlement_time_takes_its_own_price_and_no_other(factory) -> None:
    prices = factory.underlying_of({0: 99.0}, settlement={0: 101.0}, opens={0: 100.0})
    settles = factory.MONDAY * factory.DAY_US + 8 * factory.HOUR_US
    call = dict(symbol="X-1", settles_us=settles, underlying=prices, proxy="none", snapshot_spot=98.0)
    assert settlement_price(factory.terms("index_pm")["X"], **call).price == 99.0
    assert settlement_price(factory.terms("index_am")["X"], **call).price == 101.0
    assert settlement_price(factory.terms("coin")["X"], **call).price == 101.0


@pytest.mark.parametrize(("proxy", "expected"), [("open", 100.0), ("index_snapshot", 98.0)])
def test_without_an_opening_print_only_a_named_proxy_settles(factory, proxy: str, expected: float) -> None:
    prices = factory.underlying_of({0: 99.0}, opens={0: 100.0})
    settles = factory.MONDAY * factory.DAY_US + 14 * factory.HOUR_US
    call = dict(symbol="X-1", settles_us=settles, underlying=prices, snapshot_spot=98.0)
    am = factory.terms("index_am")["X"]
    settled = settlement_price(am, proxy=proxy, **call)
    assert (settled.price, settled.proxy) == (expected, proxy)
    assert settlement_price(am, proxy="none", **call) is None  # pending
    with pytest.raises(UnsettledOptionError, match=r"X-1 settles on the opening print.*proxy is the close"):
        settlement_price(am, proxy="close", **call)


def test_a_proxy_without_a_price_does_not_settle(factory) -> None:
    prices = factory.underlying_of({0: 99.0})
    call = dict(
        symbol="X-1", settles_us=factory.MONDAY * factory.DAY_US, underlying=prices, snapshot_spot=np.nan
    )
    assert settlement_price(factory.terms("index_am")["X"], proxy="open", **call) is None
    with pytest.raises(UnsettledOptionError, match=r"delivery price of U.*the proxy open has no price"):
        settlement_price(factory.terms("coin")["X"], proxy="open", **call)
