"""Shares through every kind of event: quantity, cost, cash in lieu to the cent."""

import datetime as dt

import pytest

from engine.backtest.contract_events import UnsupportedCorporateActionError
from engine.backtest.run import run_backtest
from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.execution.intents import SHARES, LegIntent, open_package

DAY = 2


def hold(factory, shares: float, kind: ActionKind, *, spots=None, securities=None, currency="USD", **fields):
    """Buy shares at 100 on day 0, meet the event on day 2, and look at what was left before the close-out."""
    values = {"new_shares": 1.0, "old_shares": 1.0, "cash_amount": 0.0, **fields}
    event = CorporateAction(
        "U",
        factory.EPOCH + dt.timedelta(days=factory.MONDAY + DAY),
        kind,
        currency=currency,
        known_at_us=(factory.MONDAY - 5) * factory.DAY_US,
        **values,
    )
    spots = spots or {0: 100.0, 1: 100.0, 2: 100.0, 3: 100.0}
    rows = [factory.quote(d, 9, expiry=40, spot=spot) for d, spot in spots.items()]
    return run_backtest(
        factory.study(capital={"base_currency": "USD", "amount": 1_000_000}),
        factory.chain_of(rows),
        factory.underlying_of(spots),
        [event],
        factory.terms("stock"),
        strategy=factory.Scripted({0: [open_package(LegIntent(SHARES, shares))]}),
        securities=securities,
    )


def events(result):
    t = result.tables["events"]
    return list(
        zip(
            t["kind"].tolist(),
            t["instrument"].tolist(),
            t["quantity"].tolist(),
            t["amount"].tolist(),
            strict=True,
        )
    )


def legs(result) -> dict[str, tuple[float, float, float]]:
    t = result.tables["trade_legs"]
    return {
        str(i): (q, e, x)
        for i, q, e, x in zip(t["instrument"], t["quantity"], t["entry_price"], t["exit_price"], strict=True)
    }


@pytest.mark.parametrize(("sign", "quantity"), [(1.0, 33.0), (-1.0, -33.0)])
def test_a_reverse_split_pays_the_fraction_in_cash_and_a_short_owes_it(
    factory, sign: float, quantity: float
) -> None:
    spots = {0: 100.0, 1: 100.0, 2: 299.0, 3: 299.0}
    result = hold(
        factory, sign * 100.0, ActionKind.SPLIT, spots=spots, old_shares=3.0, cash_in_lieu_price=297.53
    )
    assert events(result)[0][:3] == ("split", "U", pytest.approx(sign * (100 / 3 - 100)))
    # a third of a share at 297.53 is 99.1766...: 99.18
    assert events(result)[1] == ("cash_in_lieu", "U", pytest.approx(-sign / 3), sign * 99.18)
    assert result.totals["pnl"] == pytest.approx(sign * (99.18 + 33 * 299.0 - 10_000.0))
    assert result.tables["fills"]["quantity"].tolist() == [sign * 100.0, pytest.approx(-quantity)]


def test_a_holding_that_was_fractional_stays_so(factory) -> None:
    result = hold(factory, 100.5, ActionKind.SPLIT, new_shares=3.0, old_shares=2.0)
    assert [e[0] for e in events(result)] == ["split"]
    assert result.tables["fills"]["quantity"][1] == pytest.approx(-150.75)


def test_a_stock_dividend_dilutes_the_cost(factory) -> None:
    spots = {0: 100.0, 1: 100.0, 2: 100 / 1.05, 3: 100 / 1.05}
    result = hold(factory, 100.0, ActionKind.STOCK_DIVIDEND, spots=spots, new_shares=105.0, old_shares=100.0)
    assert events(result) == [("stock_dividend", "U", pytest.approx(5.0), 0.0)]
    assert legs(result)["U"][1] == pytest.approx(100 / 1.05)
    assert result.totals["pnl"] == pytest.approx(0.0, abs=1e-6)


def test_a_spin_off_divides_the_cost_as_the_issuer_says(factory) -> None:
    result = hold(
        factory, 101.0, ActionKind.SPIN_OFF, spots={0: 100.0, 1: 100.0, 2: 94.0, 3: 94.0},
        new_shares=30.0, old_shares=100.0, new_security="LE", security_value=20.0, basis_kept=0.9,
    )  # fmt: skip
    assert events(result) == [
        ("spin_off", "LE", pytest.approx(30.3), 0.0),
        ("cash_in_lieu", "LE", pytest.approx(-0.3), 6.0),
    ]
    assert legs(result)["U"][1] == pytest.approx(90.0)
    assert legs(result)["LE"][1] == pytest.approx(10.0 / 0.3)
    assert result.totals["pnl"] == pytest.approx(0.0, abs=1e-6)


def test_rights_come_to_the_holder_and_are_sold_with_the_rest(factory) -> None:
    result = hold(
        factory, 100.0, ActionKind.RIGHTS, spots={0: 100.0, 1: 100.0, 2: 98.0, 3: 98.0},
        new_shares=1.0, old_shares=1.0, new_security="U.RT", security_value=2.0,
    )  # fmt: skip
    assert events(result) == [("rights", "U.RT", 100.0, 0.0)]
    assert result.totals["pnl"] == pytest.approx(0.0, abs=1e-6)
    assert result.tables["fills"]["instrument"].tolist() == ["U", "U", "U.RT"]


def test_a_merger_for_stock_passes_the_cost_on(factory) -> None:
    result = hold(
        factory, 100.0, ActionKind.MERGER, new_shares=1.72, old_shares=1.0, new_security="ABC", security_value=60.0
    )  # fmt: skip
    assert events(result) == [
        ("merger", "ABC", pytest.approx(172.0), 0.0),
        ("merger", "U", -100.0, 0.0),
    ]
    assert legs(result)["ABC"] == (pytest.approx(172.0), pytest.approx(100 / 1.72), 60.0)
    assert legs(result)["U"][2] == 0.0
    assert result.totals["pnl"] == pytest.approx(172 * 60.0 - 10_000.0)


def test_a_merger_for_cash_and_stock_realizes_the_part_that_is_cash(factory) -> None:
    result = hold(
        factory, 100.0, ActionKind.MERGER, cash_amount=40.0, new_shares=1.0, old_shares=2.0, new_security="ABC",
        security_value=140.0,
    )  # fmt: skip
    # 40 in cash and half of 140 in stock: 70 of 110 of the cost go over
    assert events(result)[1] == ("merger", "U", -100.0, 4_000.0)
    assert legs(result)["ABC"][:2] == (pytest.approx(50.0), pytest.approx(2 * 100 * 70 / 110))
    assert result.totals["pnl"] == pytest.approx(1_000.0)


def test_a_liquidation_pays_out_and_the_position_is_over(factory) -> None:
    result = hold(factory, -100.0, ActionKind.LIQUIDATION, cash_amount=1.25)
    assert events(result) == [("liquidation", "U", 100.0, -125.0)]
    assert result.tables["trades"]["exit_reason"].tolist() == ["liquidation"]
    assert result.totals["pnl"] == pytest.approx(10_000.0 - 125.0)


def test_a_new_symbol_is_the_same_share(factory) -> None:
    result = hold(factory, 100.0, ActionKind.SYMBOL_CHANGE, new_security="META")
    assert events(result) == [("symbol_change", "U", 100.0, 0.0)]
    assert result.totals["pnl"] == 0.0


def test_money_of_another_currency_and_more_than_the_share_is_worth_are_refused(factory) -> None:
    with pytest.raises(UnsupportedCorporateActionError, match=r"5 EUR a share"):
        hold(factory, 100.0, ActionKind.SPECIAL_DIVIDEND, cash_amount=5.0, currency="EUR")
    with pytest.raises(UnsupportedCorporateActionError, match=r"more than the share is worth \(100\)"):
        hold(factory, 100.0, ActionKind.CASH_DIVIDEND, cash_amount=500.0)
