"""No run may depend on what comes later, and the test of it catches one that does."""

import datetime as dt

import numpy as np
import pytest

from engine.backtest.lookahead import (
    LookAheadError,
    assert_no_lookahead,
    assert_same_up_to,
    perturb_chain_after,
    perturb_underlying_after,
)
from engine.backtest.run import run_backtest
from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.corporate_actions.memos import OptionMemo
from engine.execution.intents import LegIntent, close_package, open_package
from engine.strategies.base import Strategy, StrategyParameters

NAMED = {
    "covered_call": ("stock", {"days_to_expiry": 14}),
    "cash_secured_put": ("stock", {"days_to_expiry": 21}),
    "iron_condor": ("index_pm", {"days_to_expiry": 30, "exit_days_to_expiry": 7}),
    "short_strangle": ("coin", {"days_to_expiry": 21}),
}


def setting(factory, name: str, delay_us: int = 0):
    kind, parameters = NAMED[name]
    capital = {"base_currency": "BTC", "amount": 10} if kind == "coin" else {"amount": 100_000}
    market = factory.black_scholes_market(60, kind=kind, known_delay_us=delay_us, strikes=range(75, 130, 5))
    study = factory.study(
        strategy={"name": name, "parameters": parameters},
        capital=capital,
        execution={"lag_snapshots": 1, "fill_grades": ["firm", "wide", "one_sided"]},
        risk={"max_daily_loss": 0.05, "max_loss_per_trade": 0.05},
    )
    return market, study


class Prophet(Strategy):
    """Buys the call today whose mid will have risen most tomorrow, through the chain that it holds on to."""

    name = "prophet"

    def __init__(self, chain) -> None:
        super().__init__(StrategyParameters())
        self.chain = chain

    def on_snapshot(self, view, portfolio):
        chain, columns = self.chain, self.chain.columns
        k = int(np.searchsorted(chain.snapshot_ts_us, view.ts_us))
        rows = np.arange(chain.offsets[k], chain.offsets[k + 1])
        later = chain.next_row[rows] - chain.row_base
        rows, later = rows[later >= 0], later[later >= 0]
        if not portfolio.can_open or not len(rows):
            return [close_package(p.package_id, "exit") for p in portfolio.packages if not p.busy]
        best = int(np.nanargmax(columns["ask"][later] - columns["ask"][rows]))
        return [open_package(LegIntent(int(columns["contract_id"][rows[best]]), 1.0))]


@pytest.mark.parametrize("name", sorted(NAMED))
@pytest.mark.parametrize("delay_us", [0, 15 * 60 * 1_000_000])
def test_changing_everything_after_t_changes_nothing_up_to_t(factory, name: str, delay_us: int) -> None:
    market, study = setting(factory, name, delay_us)
    assert_no_lookahead(
        lambda chain: run_backtest(study, chain, market.underlying, [], market.terms),
        market.chain,
        market.chain.decision_us[[3, 16, 17, 18, 30]].tolist(),
        seeds=(1, 2),
    )


def test_the_perturbation_reaches_the_run_at_all(factory) -> None:
    market, study = setting(factory, "cash_secured_put")
    t = int(market.chain.snapshot_ts_us[10])
    run = lambda chain: run_backtest(study, chain, market.underlying, [], market.terms)  # noqa: E731
    assert run(market.chain).digest() != run(perturb_chain_after(market.chain, t, seed=1)).digest()


def test_a_strategy_that_looks_ahead_fails_the_same_test(factory) -> None:
    market, study = setting(factory, "covered_call")
    with pytest.raises(LookAheadError, match="changed the past"):
        assert_no_lookahead(
            lambda chain: run_backtest(
                study, chain, market.underlying, [], market.terms, strategy=Prophet(chain)
            ),
            market.chain,
            market.chain.decision_us[15:18].tolist(),
        )


def test_later_prices_of_the_underlying_change_nothing_up_to_t(factory) -> None:
    market, study = setting(factory, "cash_secured_put")
    base = run_backtest(study, market.chain, market.underlying, [], market.terms)
    for k in (5, 20):
        t = int(market.chain.snapshot_ts_us[k])
        changed = perturb_underlying_after(market.underlying, t, seed=k)
        assert_same_up_to(base, run_backtest(study, market.chain, changed, [], market.terms), t)


def test_actions_that_become_known_later_change_nothing_before(factory) -> None:
    market, study = setting(factory, "covered_call")
    base = run_backtest(study, market.chain, market.underlying, [], market.terms)
    paid = run_backtest(study, market.chain, market.underlying, [factory.dividend(30, 1.0)], market.terms)
    assert_same_up_to(base, paid, (factory.MONDAY + 30) * factory.DAY_US)
    assert base.totals["pnl"] != paid.totals["pnl"]


@pytest.mark.parametrize("kind", list(ActionKind))
@pytest.mark.parametrize(
    ("effective", "known", "last"),
    [(30, 20, 29), (10, 25, 24)],
    ids=["announced before it takes effect", "known only after it took effect"],
)
def test_a_future_event_of_any_kind_changes_nothing_before_it_is_known_and_in_force(
    factory, kind: ActionKind, effective: int, known: int, last: int
) -> None:
    market, study = setting(factory, "covered_call")
    event = CorporateAction(
        "U",
        factory.EPOCH + dt.timedelta(days=factory.MONDAY + effective),
        kind,
        new_shares=2.0,
        old_shares=1.0,
        cash_amount=3.0,
        currency="USD",
        known_at_us=(factory.MONDAY + known) * factory.DAY_US,
        new_security="NEW",
        security_value=1.0,
        memos=(OptionMemo("X", "X1", strike_reduction=3.0, multiplier=150.0),),
    )
    end = factory.EPOCH + dt.timedelta(days=factory.MONDAY + last)
    base, more = (
        run_backtest(study, market.chain, market.underlying, actions, market.terms, end=end)
        for actions in ([], [event])
    )
    assert base.digest() == more.digest()
    assert len(base.tables["fills"]["fill_id"]) > 2


def test_a_date_after_the_last_snapshot_proves_nothing_and_says_so(factory) -> None:
    market, _ = setting(factory, "covered_call")
    with pytest.raises(ValueError, match="prove nothing"):
        assert_no_lookahead(lambda chain: None, market.chain, int(market.chain.snapshot_ts_us[-1]))


def test_late_rows_move_neither_marks_nor_views_before_they_are_known(factory) -> None:
    rows = [factory.quote(d, c, bid=1.0 + d, ask=1.4 + d, strike=100.0 + c) for d in range(3) for c in (1, 2)]
    rows[2]["known_at_us"] += 1  # contract 1 on day 1 comes a moment after the first row of its snapshot
    seen = []

    def look(view, portfolio):
        seen.append(view.quotes.contract_id.tolist())
        return [open_package(LegIntent(1, 1.0))] if portfolio.can_open else []

    result = run_backtest(
        factory.study(),
        factory.chain_of(rows),
        factory.underlying_of({0: 100.0}),
        [],
        factory.terms("index_pm"),
        strategy=factory.Scripted({0: look, 1: look}),
    )
    assert seen == [[1, 2], [2]]
    assert result.tables["equity"]["marks"][:2].tolist() == pytest.approx([120.0, 120.0])
