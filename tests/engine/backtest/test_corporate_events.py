"""Splits and dividends: what is held survives them, to the last digit that matters."""

import numpy as np
import pytest

from engine.backtest.contract_events import UnsupportedCorporateActionError
from engine.backtest.run import run_backtest
from engine.execution.intents import SHARES, LegIntent, close_package, open_package
from engine.portfolio.contracts import ContractTermsError

COVERED = open_package(LegIntent(SHARES, 100.0), LegIntent(1, -1.0))


def split_rows(factory, ratio: float = 4.0, split_day: int = 2, days: int = 4):
    """Nothing happens to the market but the split: every price is the old one divided."""
    rows = []
    for d in range(days):
        n = ratio if d >= split_day else 1.0
        for contract, strike in ((1, 105.0), (2, 95.55)):
            rows.append(
                factory.quote(
                    d,
                    contract,
                    strike=round(strike / n, 2),
                    bid=1.0 / n,
                    ask=1.4 / n,
                    spot=100.0 / n,
                    gamma=0.01 * n,
                )
            )
    return rows


def run(factory, rows, script, actions, **study):
    return run_backtest(
        factory.study(**study),
        factory.chain_of(rows),
        factory.underlying_of({d: 100.0 for d in range(12)}),
        actions,
        factory.terms("stock"),
        strategy=factory.Scripted(script),
    )


def test_nav_is_continuous_across_a_split_of_shares_and_options(factory) -> None:
    result = run(factory, split_rows(factory), {0: [COVERED]}, [factory.split(2, 4.0)])
    nav = result.tables["equity"]["nav"]
    assert np.ptp(nav[:3]) <= 1e-9 * nav[0]
    assert np.ptp(result.tables["equity"]["delta"][:3] / [1, 1, 4]) == pytest.approx(0.0, abs=1e-9)
    legs = result.tables["trade_legs"]
    assert legs["quantity"].tolist() == [400.0, -4.0]
    assert legs["entry_price"].tolist() == pytest.approx([25.0, 0.25])
    assert legs["strike"][1] == 26.25
    assert result.totals["pnl"] == pytest.approx(-40.0)  # the spread of the call, nothing else


def test_a_strike_that_splits_into_half_cents_takes_the_listed_one(factory) -> None:
    sold = open_package(LegIntent(2, -1.0))
    result = run(factory, split_rows(factory), {0: [sold]}, [factory.split(2, 4.0)])
    assert result.tables["trade_legs"]["strike"][0] == 23.89  # 95.55 / 4 = 23.8875


def test_nav_is_continuous_when_the_split_day_has_no_quotes(factory) -> None:
    rows = split_rows(factory, days=5)
    rows = [r for r in rows if not (r["trade_days"] == factory.MONDAY + 2 and r["contract_id"] == 1)]
    result = run(factory, rows, {0: [open_package(LegIntent(1, -1.0))]}, [factory.split(2, 4.0)])
    assert np.ptp(result.tables["equity"]["nav"][:4]) <= 1e-9 * 1e5


def test_a_resting_order_is_split_too(factory) -> None:
    result = run(
        factory,
        split_rows(factory),
        {1: [COVERED]},
        [factory.split(2, 4.0)],
        execution={"lag_snapshots": 1, "order_type": "limit"},
    )
    fills = result.tables["fills"]
    assert fills["quantity"][:2].tolist() == [400.0, -4.0]
    assert (fills["quantity"] * fills["price"] * fills["multiplier"])[:2].sum() == pytest.approx(10_000 - 100)


def test_an_unknown_split_stops_the_run_at_the_strike_that_it_cannot_explain(factory) -> None:
    late = factory.split(2, 4.0, known_days_before=-1)
    with pytest.raises(ContractTermsError, match=r"X-1.*26\.25.*105"):
        run(factory, split_rows(factory), {0: [open_package(LegIntent(1, -1.0))]}, [late])


def test_a_split_that_is_no_whole_multiple_is_refused_with_options_and_done_with_shares(factory) -> None:
    rows = split_rows(factory, ratio=1.0)
    three_for_two = factory.split(2, 3.0, 2.0)
    with pytest.raises(UnsupportedCorporateActionError, match=r"3-for-2.*X-1"):
        run(factory, rows, {0: [COVERED]}, [three_for_two])
    shares = open_package(LegIntent(SHARES, 100.0))
    result = run(factory, rows, {0: [shares]}, [three_for_two])
    assert result.tables["trade_legs"]["quantity"].tolist() == [150.0]


def test_dividends_are_paid_to_the_long_and_taken_from_the_short_on_the_ex_date(factory) -> None:
    rows = [factory.quote(d) for d in range(4)]
    for shares, cash in ((100.0, 75.0), (-100.0, -75.0)):
        result = run(
            factory, rows, {0: [open_package(LegIntent(SHARES, shares))]}, [factory.dividend(2, 0.75)]
        )
        assert result.totals["pnl"] == pytest.approx(cash)
        assert result.tables["equity"]["nav"].tolist() == pytest.approx(
            [100_000.0] * 2 + [100_000 + cash] * 2
        )
        assert result.tables["events"]["kind"].tolist() == ["dividend"]


def test_who_buys_on_the_ex_date_gets_nothing_and_who_sells_on_it_does(factory) -> None:
    rows = [factory.quote(d) for d in range(4)]
    shares = open_package(LegIntent(SHARES, 100.0))
    bought = run(factory, rows, {2: [shares]}, [factory.dividend(2, 0.75)])
    assert bought.totals["pnl"] == 0.0
    sold = run(factory, rows, {0: [shares], 2: [close_package(1, "exit")]}, [factory.dividend(2, 0.75)])
    assert sold.totals["pnl"] == pytest.approx(75.0)


def test_a_dividend_on_the_split_date_is_on_the_new_shares(factory) -> None:
    actions = [factory.dividend(2, 0.25), factory.split(2, 4.0)]
    result = run(factory, split_rows(factory), {0: [open_package(LegIntent(SHARES, 100.0))]}, actions)
    assert result.totals["pnl"] == pytest.approx(100.0)


def test_an_action_known_late_is_applied_when_known_and_flagged(factory) -> None:
    rows = [factory.quote(d) for d in range(5)]
    late = factory.dividend(2, 0.75, known_days_before=-1)
    result = run(factory, rows, {0: [open_package(LegIntent(SHARES, 100.0))]}, [late])
    assert result.tables["events"]["ts_us"].tolist() == [rows[3]["ts_us"]]
    assert "late_corporate_action" in result.flags


def test_covered_call_lives_through_a_split_of_the_whole_chain(factory) -> None:
    study = factory.study(
        strategy={"name": "covered_call", "parameters": {"days_to_expiry": 14}},
        execution={"lag_snapshots": 1},
    )
    plain = factory.black_scholes_market(60)
    halved = factory.black_scholes_market(60, split_day=21, split_ratio=4.0)
    a = run_backtest(study, plain.chain, plain.underlying, [], plain.terms)
    b = run_backtest(study, halved.chain, halved.underlying, [factory.split(21, 4.0)], halved.terms)
    # the same market on another basis: strikes are rounded to cents, so calls may be off by half a cent
    assert np.allclose(a.tables["equity"]["nav"], b.tables["equity"]["nav"], rtol=0, atol=5.0)
    assert b.tables["fills"]["quantity"].tolist() != a.tables["fills"]["quantity"].tolist()


def expiry_without_a_session(factory, spot_after: float = 25.0):
    """The option expires on day 2, whose session is missing; what happens next happens on day 3."""
    rows = []
    for d in (0, 1, 3, 4):
        spot = 100.0 if d < 3 else spot_after
        if d < 2:
            rows.append(factory.quote(d, 1, expiry=2, strike=105.0, spot=spot))
        rows.append(factory.quote(d, 9, expiry=40, strike=300.0, spot=spot))
    return rows


def test_an_expiry_on_a_missing_session_settles_on_its_own_terms_before_a_split(factory) -> None:
    sold = open_package(LegIntent(1, -1.0))
    result = run(factory, expiry_without_a_session(factory), {0: [sold]}, [factory.split(3, 4.0)])
    # 100 against a strike of 105: worthless; a strike of 26.25 against that close would have been assigned
    assert result.tables["events"]["kind"].tolist() == ["expiry"]
    assert result.totals["pnl"] == pytest.approx(100.0)


def test_shares_called_away_on_a_missing_session_earn_no_later_dividend(factory) -> None:
    rows = [
        {**r, "strike": 95.0} if r["contract_id"] == 1 else r
        for r in expiry_without_a_session(factory, 100.0)
    ]
    result = run(factory, rows, {0: [COVERED]}, [factory.dividend(3, 0.75)])
    assert result.tables["events"]["kind"].tolist() == ["assignment"]
    assert result.totals["pnl"] == pytest.approx(-500.0 + 100.0)


def test_shares_that_stay_over_a_missing_expiry_are_split(factory) -> None:
    result = run(factory, expiry_without_a_session(factory), {0: [COVERED]}, [factory.split(3, 4.0)])
    assert result.tables["events"]["kind"].tolist() == ["expiry", "split"]
    assert result.totals["pnl"] == pytest.approx(100.0)
