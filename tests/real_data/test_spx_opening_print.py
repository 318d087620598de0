"""AM-settled SPX options of a vendor that has no opening prints: pending, and settled as soon as there is one."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.chain_history import load_inputs
from engine.backtest.run import run_backtest
from engine.backtest.study import StudySpec
from engine.execution.intents import LegIntent, OrderIntent, open_package
from engine.strategies.base import Strategy, StrategyParameters
from optix_pipeline.yaml_specs import load_spec
from resources.universe import UniverseSpec
from tests.real_data.conftest import ingest

pytestmark = pytest.mark.real_data

EXPIRY = dt.date(2017, 3, 17)
EXPIRY_DAYS = (EXPIRY - dt.date(1970, 1, 1)).days
START, END = dt.date(2017, 2, 1), dt.date(2017, 4, 28)


class SellsOnce(Strategy):
    """Sells the first quoted call of the expiry and holds it."""

    name = "sells_once"

    def __init__(self) -> None:
        super().__init__(StrategyParameters())
        self.sold = 0

    def on_snapshot(self, view: Any, portfolio: Any) -> list[OrderIntent]:
        q = view.quotes
        good = (q.expiry_days == EXPIRY_DAYS) & (q.right == 0) & (q.bid > 0) & (q.ask > q.bid)
        if self.sold or not good.any():
            return []
        self.sold = int(q.contract_id[good][0])
        return [open_package(LegIntent(self.sold, -1.0))]


@pytest.fixture(scope="module")
def market(real_data, tmp_path_factory):
    path = Path(__file__).parent / "universes" / "historicaloptiondata_spx_2017_02.yaml"
    universe = load_spec(path, UniverseSpec)
    study = StudySpec.model_validate(
        {
            "name": "holds_spx",
            "description": "an SPX call over its expiry",
            "universe": universe.name,
            "underlying": "SPX",
            "period": {"start": START, "end": END},
            "capital": {"amount": 1_000_000},
            "strategy": {"name": "short_strangle"},
            "execution": {"lag_snapshots": 0, "fill_grades": ["firm", "wide", "stale"]},
            "sizing": {"contracts": 1},
        }
    )
    with ingest(real_data, tmp_path_factory.mktemp("spx"), [universe]) as done:
        yield study, load_inputs(study, universe, done.lake), universe.root_terms()


def run(market, underlying=None):
    study, inputs, terms = market
    return run_backtest(
        study, inputs.chain, underlying or inputs.underlying, inputs.actions, terms, strategy=SellsOnce()
    )


def test_without_a_print_the_option_is_pending_and_no_close_settles_it(market) -> None:
    _, inputs, _ = market
    row = inputs.underlying.row_of(EXPIRY_DAYS)
    assert row is not None and np.isfinite(inputs.underlying.close[row])  # a close there is
    assert np.isnan(inputs.underlying.settlement_price).all()
    result = run(market)
    assert "pending_settlement" in result.flags
    kinds = result.tables["events"]["kind"].tolist()
    assert kinds == ["pending_settlement", "pending_at_end"]
    assert "no opening print of SPX for 2017-03-17" in result.tables["events"]["note"][0]


def test_the_print_settles_it_whatever_the_close(market) -> None:
    _, inputs, _ = market
    strike = float(run(market).tables["trade_legs"]["strike"][0])
    row = inputs.underlying.row_of(EXPIRY_DAYS)
    prints = inputs.underlying.settlement_price.copy()
    prints[row] = strike + 12.5
    result = run(market, replace(inputs.underlying, settlement_price=prints))
    assert "pending_settlement" not in result.flags
    events = result.tables["events"]
    assert events["kind"].tolist() == ["cash_settlement"]
    assert events["amount"].tolist() == [-1_250.0]
