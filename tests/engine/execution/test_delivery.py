"""What an exercise moves, by hand and against published cases."""

import json
from pathlib import Path

import pytest

from engine.execution.delivery import plan_delivery, unit_value
from engine.execution.fill_model import LegPrice
from engine.instruments.deliverable import Deliverable, DeliverableError
from engine.instruments.terms import Right
from engine.portfolio.book import Book
from engine.portfolio.contracts import ContractState
from engine.portfolio.package import Package
from engine.portfolio.shares import Shares

GOLDEN = Path(__file__).parents[2] / "golden" / "execution" / "cases.json"
CASES = {row["id"]: row for row in json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]}


@pytest.mark.parametrize("case", ["flox-long-call-exercise", "flox-short-call-assign"])
def test_the_option_realizes_its_premium_and_the_shares_come_at_the_strike(case: str) -> None:
    given, expected = CASES[case]["inputs"], CASES[case]["expected"]
    book = Book(1e6, "USD", Shares("U"), 0)
    package = book.packages[1] = Package(1, "test", 1.0, 0, 0, 1e6, 0.0, 0.0)
    option = ContractState(7, "X-7", "X", Right.CALL, given["K"], 1.0, 0, 0, 0)
    premium = LegPrice(given["premium"], given["premium"], given["premium"])
    leg = book.trade(0, package, option, given["qty"], premium, 0.0, entry=True)
    plan = plan_delivery(Right.CALL, given["K"], 1.0, option.delivered("U"), lambda _: 120.0)
    book.deliver(1, package, leg, leg.quantity, plan, 0.0)
    shares = package.legs[0].lots
    assert shares.quantity == expected["underlying_qty"]
    assert shares.lots[0].price == expected["underlying_price"]
    assert leg.lots.realized == expected["option_realized_pnl"]
    book.share_mark = 120.0
    book.check(2)


def test_the_strike_is_spread_by_value_and_cash_in_lieu_is_rounded() -> None:
    delivered = Deliverable.parse("12 USO + cash in lieu of 0.5 USO")
    plan = plan_delivery(Right.PUT, 3.0, 100.0, delivered, {"USO": 20.33}.get)
    # 243.96 in shares and 10.165, that is 10.17, in cash; the put's holder gives both for 300
    assert plan.in_lieu == -10.17
    assert plan.cash == pytest.approx(300.0 - 10.17)
    (part,) = plan.shares
    assert (part.security, part.quantity) == ("USO", -12.0)
    assert 12 * part.price == pytest.approx(300.0 * 243.96 / 254.13)
    # what the shares do not carry is realized on the option
    assert 100 * plan.option_price == pytest.approx(300.0 * 10.17 / 254.13 - 10.17)
    assert unit_value(delivered, 100.0, {"USO": 20.33}.get) == pytest.approx(0.125 * 20.33)


def test_cash_alone_is_a_cash_settlement() -> None:
    plan = plan_delivery(Right.CALL, 95.0, 100.0, Deliverable.parse("USD 10250"), lambda _: float("nan"))
    assert (plan.shares, plan.cash, plan.option_price) == ((), 750.0, 7.5)


def test_a_fixed_amount_in_lieu_needs_no_price_and_an_open_one_does() -> None:
    nothing = lambda _: float("nan")  # noqa: E731
    fixed = plan_delivery(
        Right.CALL, 0.01, 100.0, Deliverable.parse("USD 3.10 in lieu of 0.5 XYZ + USD 5"), nothing
    )
    assert fixed.in_lieu == 3.1 and fixed.cash == pytest.approx(7.1)
    with pytest.raises(DeliverableError, match=r"XYZ .*no price"):
        plan_delivery(Right.CALL, 1.0, 100.0, Deliverable.parse("cash in lieu of 0.5 XYZ"), nothing)


def test_shares_that_are_worth_nothing_carry_the_strike() -> None:
    plan = plan_delivery(Right.PUT, 5.0, 100.0, Deliverable.of_shares("XYZ", 100.0), lambda _: 0.0)
    assert plan.shares[0].price == 5.0 and plan.option_price == 0.0


def test_two_names_of_one_security_are_delivered_as_one() -> None:
    delivered = Deliverable.parse("60 FB + 40 META")
    name = {"META": "FB"}
    plan = plan_delivery(Right.CALL, 1.0, 100.0, delivered, {"FB": 10.0}.get, lambda s: name.get(s, s))
    assert [(p.security, p.quantity, p.price) for p in plan.shares] == [("FB", 100.0, 1.0)]
