"""A short strangle in AAPL held through its 7-for-1 split of June 2014, on Lean's bars, to its settlement."""

import datetime as dt
from typing import Any

import numpy as np
import pytest

from assets.chain_history import load_inputs
from engine.backtest.result import BacktestResult
from engine.backtest.run import run_backtest
from engine.backtest.study import StudySpec
from engine.execution.intents import LegIntent, OrderIntent, open_package
from engine.market.history import NAMES_BY_CODE, ChainHistory
from engine.strategies.base import Strategy, StrategyParameters
from tests.real_data.conftest import example_universe, ingest

pytestmark = pytest.mark.real_data

BEFORE, AFTER, WEEKLY = dt.date(2014, 6, 6), dt.date(2014, 6, 9), dt.date(2014, 6, 13)
EPOCH = dt.date(1970, 1, 1)


class Strangle(Strategy):
    """Sells one put and one call of the given strikes at the first snapshot, and holds them."""

    name = "strangle"

    def __init__(self, put: float, call: float, expiry: dt.date) -> None:
        super().__init__(StrategyParameters())
        self._wanted = ((1, put), (0, call))
        self._expiry = (expiry - EPOCH).days
        self._sold = False

    def on_snapshot(self, view: Any, portfolio: Any) -> list[OrderIntent]:
        if self._sold:
            return []
        self._sold = True
        q = view.quotes
        ids = [
            int(q.contract_id[(q.expiry_days == self._expiry) & (q.right == right) & (q.strike == strike)][0])
            for right, strike in self._wanted
        ]
        return [open_package(*(LegIntent(contract, -1.0) for contract in ids))]


@pytest.fixture(scope="module")
def market(real_data, tmp_path_factory):
    """The bars of the two sessions, then the chains that Lean's universe files have of the days to expiry."""
    universes = [example_universe(name) for name in ("lean_aapl_2014", "lean_aapl_chains_2014")]
    with ingest(real_data, tmp_path_factory.mktemp("aapl"), universes) as done:
        studies = [study(u.name, u.start, u.end) for u in universes]
        inputs = [load_inputs(s, u, done.lake) for s, u in zip(studies, universes, strict=True)]
        yield joined(inputs[0].chain, inputs[1].chain), inputs[1], universes[0].root_terms()


def study(universe: str, start: dt.date, end: dt.date, **changes: Any) -> StudySpec:
    return StudySpec.model_validate(
        {
            "name": "strangle",
            "description": "a short strangle",
            "universe": universe,
            "underlying": "AAPL",
            "period": {"start": start, "end": end},
            "capital": {"amount": 1_000_000},
            "strategy": {"name": "short_strangle"},
            "execution": {"lag_snapshots": 0, "slippage_fraction": 0.0},
            "sizing": {"contracts": 1},
            **changes,
        }
    )


def joined(bars: ChainHistory, later: ChainHistory) -> ChainHistory:
    """``bars``, and the sessions of ``later`` after them; both know AAPL's contracts under the same ids."""
    first, second = bars.to_columns(), later.to_columns()
    keep = second["trade_days"] > first["trade_days"].max()
    names: dict[str, list[str]] = {}
    columns: dict[str, Any] = {}
    for column, labels in (("root", "roots"), ("symbol", "symbols"), ("deliverable", "deliverables")):
        merged = sorted({*first[labels], *second[labels]})
        place = {label: i for i, label in enumerate(merged)}
        codes = [
            np.array([place[label] for label in part[labels]], dtype=np.int64)[part[column]]
            for part in (first, second)
        ]
        columns[column] = np.concatenate([codes[0], codes[1][keep]])
        names[labels] = merged
    for column in first.keys() & second.keys():
        if column not in columns and column not in NAMES_BY_CODE:
            columns[column] = np.concatenate([first[column], second[column][keep]])
    columns |= {label: np.array(values, dtype=object) for label, values in names.items()}
    return ChainHistory.from_columns(columns)


def run(market, put: float, call: float, chain: ChainHistory | None = None) -> BacktestResult:
    whole, inputs, terms = market
    return run_backtest(
        study("lean_aapl_2014", BEFORE, dt.date(2014, 6, 16)),
        chain or whole,
        inputs.underlying,
        inputs.actions,
        terms,
        strategy=Strangle(put, call, WEEKLY),
    )


def mid(chain: ChainHistory, day: dt.date, right: int, strike: float) -> float:
    c = chain.columns
    row = (
        (c["trade_days"] == (day - EPOCH).days)
        & (c["expiry_days"] == (WEEKLY - EPOCH).days)
        & (c["right"] == right)
        & (c["strike"] == strike)
    )
    assert row.sum() == 1
    return float((c["bid"][row] + c["ask"][row])[0] / 2)


def test_one_contract_is_seven_and_nav_moves_with_the_market_alone(market) -> None:
    result = run(market, 630.0, 660.0)
    events = result.tables["events"]
    split = events["kind"] == "split"
    assert events["quantity"][split].tolist() == [-6.0, -6.0]
    assert "AAPL strike 660, multiplier 100 -> AAPL strike 94.29" in events["note"][split][1]
    nav = result.tables["equity"]["nav"]
    chain = market[0]
    moved = sum(
        100 * (7 * mid(chain, AFTER, right, new) - mid(chain, BEFORE, right, old))
        for right, old, new in ((1, 630.0, 90.0), (0, 660.0, 94.29))
    )
    assert nav[1] - nav[0] == pytest.approx(-moved, abs=1e-9 * nav[0])
    # entry: exactly what the two quotes say
    assert nav[0] == pytest.approx(1_000_000.0, abs=1e-9 * nav[0])


def test_without_a_quote_on_the_split_day_nav_stands_still(market) -> None:
    columns = market[0].to_columns()
    gone = (columns["trade_days"] == (AFTER - EPOCH).days) & (columns["expiry_days"] == (WEEKLY - EPOCH).days)
    cut = ChainHistory.from_columns({n: v if n in NAMES_BY_CODE else v[~gone] for n, v in columns.items()})
    nav = run(market, 630.0, 660.0, cut).tables["equity"]["nav"]
    assert nav[1] == pytest.approx(nav[0], abs=1e-9 * nav[0])


def test_out_of_the_money_it_expires_and_keeps_its_premium(market) -> None:
    # AAPL closed at 91.28 on the 13th, between 630 / 7 and 660 / 7
    result = run(market, 630.0, 660.0)
    premium = 100 * sum(mid(market[0], BEFORE, right, k) for right, k in ((1, 630.0), (0, 660.0)))
    assert result.totals["pnl"] == pytest.approx(premium)
    assert result.tables["events"]["kind"].tolist() == ["split", "split", "expiry", "expiry"]
    assert result.tables["events"]["quantity"][2:].tolist() == [-7.0, -7.0]


def test_in_the_money_seven_contracts_are_assigned_at_a_seventh_of_the_strike(market) -> None:
    result = run(market, 630.0, 635.0)
    events = result.tables["events"]
    assert events["kind"].tolist() == ["split", "split", "expiry", "assignment"]
    assert events["amount"][3] == pytest.approx(700 * 90.71)
    closes = market[1].underlying
    row = closes.row_of((WEEKLY - EPOCH).days)
    assert float(closes.close[row]) == pytest.approx(91.28)
    legs = result.tables["trade_legs"]
    assert legs["quantity"].tolist() == [-7.0, -7.0, -700.0]
    # the option realizes its premium, the shares were sold at the strike
    assert legs["exit_price"][:2].tolist() == [0.0, 0.0]
    assert legs["entry_price"][2] == pytest.approx(90.71)
    assert legs["entry_price"][1] * 700 == pytest.approx(100 * mid(market[0], BEFORE, 0, 635.0))
