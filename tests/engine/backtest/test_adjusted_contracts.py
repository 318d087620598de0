"""Options whose deliverable is no longer a hundred shares: held, marked, settled, with the money computed by hand."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from engine.backtest.contract_events import UnsupportedCorporateActionError
from engine.backtest.run import run_backtest
from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.corporate_actions.memos import OptionMemo
from engine.execution.intents import SHARES, LegIntent, close_package, open_package
from engine.execution.settlement import UnsettledOptionError
from engine.instruments.deliverable import Deliverable
from engine.portfolio.contracts import ContractTermsError
from engine.portfolio.shares import UnpricedSecurityError

SPLIT_DAY, EXPIRY = 2, 4
USO1 = "12 U + cash in lieu of 0.5 U"


def action(
    factory, day: int, kind: ActionKind, memo: OptionMemo | None = None, underlying: str = "U", **fields
):
    values = {"new_shares": 1.0, "old_shares": 1.0, "cash_amount": 0.0, **fields}
    return CorporateAction(
        underlying,
        factory.EPOCH + dt.timedelta(days=factory.MONDAY + day),
        kind,
        currency="USD",
        known_at_us=(factory.MONDAY - 5) * factory.DAY_US,
        memos=() if memo is None else (memo,),
        **values,
    )


def rows_around(
    factory, *, right: int = 0, strike: float, spots: dict[int, float], day: int = SPLIT_DAY, **after
):
    """Contract 1 to its expiry and contract 9 for ever; from ``day`` on with the changes in ``after``."""
    rows = []
    for d, spot in spots.items():
        later = after if d >= day else {}
        if d < EXPIRY:
            rows.append(
                factory.quote(
                    d,
                    1,
                    expiry=EXPIRY,
                    right=right,
                    spot=spot,
                    **{"strike": strike, "bid": 0.99, "ask": 1.01, **later},
                )
            )
        rows.append(factory.quote(d, 9, expiry=40, strike=900.0, spot=spot))
    return rows


def run(factory, rows, script, actions, *, closes, securities=None, **study):
    # at mid, so that only the events move NAV
    execution = {"slippage_fraction": 0.0, **study.pop("execution", {})}
    return run_backtest(
        factory.study(execution=execution, **study),
        factory.chain_of(rows),
        factory.underlying_of(closes),
        actions,
        factory.terms("stock"),
        strategy=factory.Scripted(script),
        securities=securities,
    )


def events(result) -> list[tuple[str, str, float, float]]:
    t = result.tables["events"]
    rows = zip(t["kind"], t["instrument"], t["quantity"], t["amount"], strict=True)
    return [(str(k), str(i), float(q), float(a)) for k, i, q, a in rows]


@pytest.fixture
def uso(factory):
    """A 1-for-8 reverse split with the clearing house's terms for USO of 2020-04-29, and what follows it."""
    spots = {0: 2.3, 1: 2.3, 2: 18.4, 3: 18.4, 4: 20.0, 7: 21.0}
    memo = OptionMemo("X", "X1", multiplier=100.0, deliverable=Deliverable.parse(USO1), number="1")
    split = action(factory, SPLIT_DAY, ActionKind.SPLIT, memo, old_shares=8.0)

    def run_it(leg: LegIntent, right: int, strike: float, **study):
        rows = rows_around(factory, right=right, strike=strike, spots=spots, root="X1", deliverable=USO1)
        return run(factory, rows, {0: [open_package(leg)]}, [split], closes=spots, **study)

    return run_it


def test_a_short_put_under_a_new_root_takes_twelve_shares_and_the_cash_for_the_half(uso) -> None:
    result = uso(LegIntent(1, -1.0), 1, 3.0)
    # worth per unit: (12 + 0.5) x 20 / 100 = 2.5 against 3; the writer pays 300 and gets 10 for the half share
    assert events(result) == [
        ("split", "X-1", 0.0, 0.0),
        ("assignment", "X-1", -1.0, -290.0),
    ]
    nav = result.tables["equity"]["nav"]
    assert np.ptp(nav[:4]) == 0.0
    legs = result.tables["trade_legs"]
    # the strike is spread by value: 240 of 250 on the shares
    assert (legs["instrument"][1], legs["quantity"][1], legs["entry_price"][1]) == (
        "U",
        12.0,
        pytest.approx(24.0),
    )
    assert result.totals["pnl"] == pytest.approx(100.0 - 290.0 + 12 * 21.0)
    note = result.tables["events"]["note"][0]
    assert (
        "1-for-8 split, memo 1:" in note and "X strike 3" in note and "X1 strike 3" in note and USO1 in note
    )


def test_a_long_call_under_a_new_root_is_measured_by_what_it_delivers(uso) -> None:
    held = uso(LegIntent(1, 2.0), 0, 2.0)
    assert events(held)[1] == ("exercise", "X-1", 2.0, 2 * (10.0 - 200.0))
    assert held.totals["pnl"] == pytest.approx(-200.0 - 380.0 + 24 * 21.0)
    worthless = uso(LegIntent(1, 2.0), 0, 2.51)
    assert [e[0] for e in events(worthless)] == ["split", "expiry"]


def test_greeks_of_an_adjusted_contract_are_of_the_share(factory, uso) -> None:
    result = uso(LegIntent(1, 1.0), 0, 2.0)
    delta = result.tables["equity"]["delta"]
    # 100 x 0.5 old shares are 6.25 new ones; the chain's 0.5 is of a unit, an eighth of a share
    assert delta[:4].tolist() == pytest.approx([50.0, 50.0, 6.25, 6.25])


def test_terms_that_the_chain_changes_without_an_event_stop_the_run(factory) -> None:
    rows = rows_around(factory, strike=100.0, spots=dict.fromkeys(range(4), 100.0), multiplier=150.0)
    with pytest.raises(ContractTermsError, match=r"X-1: multiplier 150 .*100 before"):
        run(factory, rows, {0: [open_package(LegIntent(1, 1.0))]}, [], closes={0: 100.0})


@pytest.fixture
def spin_off(factory):
    """30 LE for every 100 U, as Sears gave its holders Lands' End in 2014."""
    delivered = Deliverable.parse("100 U + 30 LE")
    return action(
        factory,
        SPLIT_DAY,
        ActionKind.SPIN_OFF,
        OptionMemo("X", "X1", multiplier=100.0, deliverable=delivered),
        new_shares=30.0,
        old_shares=100.0,
        new_security="LE",
        security_value=20.0,
    )


SPUN = {0: 100.0, 1: 100.0, 2: 94.0, 3: 94.0, 4: 94.0, 7: 94.0}


def test_a_covered_call_delivers_the_share_and_the_spun_off_one(factory, spin_off) -> None:
    rows = rows_around(factory, strike=95.0, spots=SPUN, root="X1", deliverable="100 U + 30 LE")
    le = factory.underlying_of({2: 21.0, 3: 22.0, 4: 25.0, 7: 25.0})
    covered = open_package(LegIntent(SHARES, 100.0), LegIntent(1, -1.0))
    result = run(factory, rows, {0: [covered]}, [spin_off], closes=SPUN, securities={"LE": le})
    assert events(result)[:2] == [
        ("contract_adjustment", "X-1", 0.0, 0.0),
        ("spin_off", "LE", 30.0, 0.0),
    ]
    # (94 + 0.3 x 25) a unit is above 95: everything is called away for the strike
    assert events(result)[2] == ("assignment", "X-1", -1.0, 9_500.0)
    assert len(result.tables["events"]["kind"]) == 3
    assert result.totals["pnl"] == pytest.approx(100.0 + 9_500.0 - 10_000.0)
    # the cost went over by value: 6 of 100, which is 20 for each of the thirty
    entry = dict(
        zip(
            result.tables["trade_legs"]["instrument"], result.tables["trade_legs"]["entry_price"], strict=True
        )
    )
    assert (entry["U"], entry["LE"]) == (pytest.approx(94.0), pytest.approx(20.0))
    nav = result.tables["equity"]["nav"]
    assert nav[2] == pytest.approx(nav[1])  # the day's own snapshot marks LE at its stated value
    assert nav[3] == pytest.approx(nav[1] + 30 * (21.0 - 20.0))  # then at its last known close


def test_a_share_that_nobody_prices_stops_the_run_with_the_way_out(factory, spin_off) -> None:
    rows = rows_around(factory, strike=95.0, spots=SPUN, root="X1", deliverable="100 U + 30 LE")
    unpriced = replace(spin_off, security_value=None)
    with pytest.raises(UnpricedSecurityError, match=r"spin-off of 30 LE.*LE has no price.*security_value"):
        run(factory, rows, {0: [open_package(LegIntent(SHARES, 100.0))]}, [unpriced], closes=SPUN)
    with pytest.raises(UnsettledOptionError, match=r"X-1 expires on 2024-01-12 and LE .*has no price"):
        run(factory, rows, {0: [open_package(LegIntent(1, -1.0))]}, [spin_off], closes=SPUN)


def test_what_happens_to_a_part_of_the_deliverable_needs_a_memo_of_its_own(factory, spin_off) -> None:
    rows = rows_around(factory, strike=95.0, spots=SPUN, root="X1", deliverable="100 U + 30 LE")
    le_split = action(factory, 3, ActionKind.SPLIT, underlying="LE", new_shares=2.0)
    sold = {0: [open_package(LegIntent(1, -1.0))]}
    with pytest.raises(
        UnsupportedCorporateActionError, match=r"LE 2-for-1 split.*X-1 delivers.*contract_adjustment"
    ):
        run(factory, rows, sold, [spin_off, le_split], closes=SPUN)
    memo = OptionMemo("X1", "X1", deliverable=Deliverable.parse("100 U + 60 LE"))
    adjusted = action(factory, 3, ActionKind.CONTRACT_ADJUSTMENT, memo)
    rows = [
        {**r, "deliverable": "100 U + 60 LE"}
        if r["deliverable"] and r["trade_days"] >= factory.MONDAY + 3
        else r
        for r in rows
    ]
    le = factory.underlying_of({2: 21.0, 3: 10.5, 4: 12.5, 7: 12.5})
    result = run(factory, rows, sold, [spin_off, le_split, adjusted], closes=SPUN, securities={"LE": le})
    assert events(result)[-1] == ("assignment", "X-1", -1.0, 9_500.0)
    # short 100 U at 94 and 60 LE at 12.5 were delivered at 9,500 and bought back at the last prices
    assert result.totals["pnl"] == pytest.approx(100.0 + 9_500.0 - 9_400.0 - 60 * 12.5)


def test_an_all_cash_merger_brings_the_expiry_forward_and_pays_cash(factory) -> None:
    spots = {0: 100.0, 1: 100.0, 2: np.nan, 3: np.nan, 7: np.nan}
    rows = [
        r
        for r in rows_around(factory, strike=95.0, spots=spots)
        if r["contract_id"] == 9 or r["spot"] == 100.0
    ]
    rows = [{**r, "expiry_days": factory.MONDAY + 30, "settles_us": (factory.MONDAY + 30) * factory.DAY_US}
            if r["contract_id"] == 1 else r for r in rows]  # fmt: skip
    third = factory.EPOCH + dt.timedelta(days=factory.MONDAY + 3)
    memo = OptionMemo("X", "X", deliverable=Deliverable.parse("USD 10250"), expires_on=third)
    merger = action(factory, SPLIT_DAY, ActionKind.MERGER, memo, cash_amount=102.5)
    package = open_package(LegIntent(SHARES, 100.0), LegIntent(1, 2.0))
    result = run(factory, rows, {0: [package]}, [merger], closes={0: 100.0, 1: 100.0})
    assert events(result) == [
        ("contract_adjustment", "X-1", 0.0, 0.0),
        ("merger", "U", -100.0, 10_250.0),
        ("exercise", "X-1", 2.0, 2 * (10_250.0 - 9_500.0)),
    ]
    assert result.totals["pnl"] == pytest.approx(250.0 - 200.0 + 1_500.0)
    assert result.tables["trade_legs"]["exit_price"].tolist() == pytest.approx([102.5, 7.5])


def test_a_special_dividend_comes_off_the_strike_and_the_option_keeps_its_worth(factory) -> None:
    spots = {0: 100.0, 1: 100.0, 2: 97.5, 3: 97.5, 4: 97.5, 7: 97.5}
    rows = rows_around(factory, strike=95.0, spots=spots)
    rows = [{**r, "strike": 92.5} if r["contract_id"] == 1 and r["trade_days"] >= factory.MONDAY + 2 else r
            for r in rows]  # fmt: skip
    special = action(
        factory, SPLIT_DAY, ActionKind.SPECIAL_DIVIDEND, OptionMemo(strike_reduction=2.5), cash_amount=2.5
    )
    covered = open_package(LegIntent(SHARES, 100.0), LegIntent(1, -1.0))
    result = run(factory, rows, {0: [covered]}, [special], closes=spots)
    nav = result.tables["equity"]["nav"]
    assert np.ptp(nav[:4]) == pytest.approx(0.0, abs=1e-9)
    assert events(result)[-1] == ("assignment", "X-1", -1.0, 9_250.0)
    assert result.totals["pnl"] == pytest.approx(100.0 + 250.0 + 9_250.0 - 10_000.0)


def test_an_event_without_a_memo_names_the_contract_it_meets_and_the_way_out(factory) -> None:
    rows = rows_around(factory, strike=95.0, spots=SPUN)
    bare = action(
        factory, SPLIT_DAY, ActionKind.SPIN_OFF, new_shares=30.0, old_shares=100.0, new_security="LE",
        security_value=20.0,
    )  # fmt: skip
    with pytest.raises(UnsupportedCorporateActionError, match=r"spin-off of 30 LE.*memo.*meets X-1"):
        run(factory, rows, {0: [open_package(LegIntent(1, -1.0))]}, [bare], closes=SPUN)
    shares = run(factory, rows, {0: [open_package(LegIntent(SHARES, 100.0))]}, [bare], closes=SPUN)
    assert [e[0] for e in events(shares)] == ["spin_off"]


def test_entries_resting_for_a_contract_whose_deliverable_changes_are_taken_off(factory, spin_off) -> None:
    rows = rows_around(factory, strike=95.0, spots=SPUN, root="X1", deliverable="100 U + 30 LE")
    limit = open_package(LegIntent(1, 1.0), limit_price=1.0)
    result = run(
        factory, rows, {0: [limit]}, [spin_off], closes=SPUN,
        execution={"lag_snapshots": 1, "limit_time_in_force_snapshots": 9},
    )  # fmt: skip
    orders = result.tables["orders"]
    assert (orders["status"][0], orders["status_reason"][0]) == ("cancelled", "contract_adjusted")


def test_a_limit_to_buy_shares_pays_less_by_the_dividend_once_they_are_ex(factory) -> None:
    spots = {0: 100.0, 1: 100.0, 2: 98.4, 3: 98.0, 4: 98.0}
    rows = [factory.quote(d, 9, expiry=40, spot=s) for d, s in spots.items()]
    bid = open_package(LegIntent(SHARES, 100.0), limit_price=9_900.0)
    resting = {"lag_snapshots": 1, "limit_time_in_force_snapshots": 9}
    fills = {}
    for name, actions in (("ex", [factory.dividend(2, 1.0)]), ("plain", [])):
        result = run(factory, rows, {0: [bid]}, actions, closes=spots, execution=resting)
        fills[name] = result.tables["fills"]["price"][0]
    # 98.4 is below the old limit of 99 and above the new one of 98
    assert fills == {"plain": 98.4, "ex": 98.0}


def test_closing_a_package_sells_what_was_handed_out_too(factory, spin_off) -> None:
    rows = rows_around(factory, strike=95.0, spots=SPUN, root="X1", deliverable="100 U + 30 LE")
    le = factory.underlying_of({2: 21.0, 3: 22.0, 4: 25.0, 7: 25.0})
    script = {0: [open_package(LegIntent(SHARES, 100.0))], 3: [close_package(1, "exit")]}
    result = run(factory, rows, script, [spin_off], closes=SPUN, securities={"LE": le})
    fills = result.tables["fills"]
    assert fills["instrument"].tolist() == ["U", "U", "LE"]
    assert fills["price"].tolist() == [100.0, 94.0, 21.0]
    assert fills["quantity"].tolist() == [100.0, -100.0, -30.0]


def test_a_consolidated_contract_goes_on_under_the_standard_root(factory) -> None:
    """X2 joins X on day 2: its contract is quoted there under another id, which is X's own."""
    spots = dict.fromkeys((0, 1, 2, 3, 4, 7), 100.0)
    rows = []
    for d, spot in spots.items():
        if d < 2:
            rows.append(
                factory.quote(d, 1, root="X2", expiry=EXPIRY, strike=95.0, spot=spot, bid=5.9, ask=6.1)
            )
        if d < EXPIRY:
            rows.append(factory.quote(d, 2, expiry=EXPIRY, strike=95.0, spot=spot, bid=4.9 + d, ask=5.1 + d))
        rows.append(factory.quote(d, 9, expiry=40, strike=900.0, spot=spot))
    memos = (OptionMemo("X2", "X", multiplier=100.0, deliverable=Deliverable.parse("100 U")),)
    made = action(factory, -3, ActionKind.CONTRACT_ADJUSTMENT, OptionMemo("X", "X2"))
    joined = replace(action(factory, 2, ActionKind.CONTRACT_ADJUSTMENT), memos=memos)
    result = run(factory, rows, {0: [open_package(LegIntent(1, 1.0))]}, [made, joined], closes=spots)
    # marked at X's quote of 7 on day 2 and 8 on day 3, exercised for 5 of worth
    nav = result.tables["equity"]["nav"]
    assert (nav[2] - nav[1], nav[3] - nav[2]) == (pytest.approx(100.0), pytest.approx(100.0))
    assert events(result)[-1][0] == "exercise"
    assert result.totals["pnl"] == pytest.approx(-600.0 + 500.0)
