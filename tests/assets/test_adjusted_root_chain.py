"""A contract that a reverse split moved to a root of its own, from the quotes to the engine's chain."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from assets.adjustment import adjust_quotes, in_force_at
from assets.chain_history import _engine_table, _read_cache, _write_cache
from assets.option_chain import enrich_quotes
from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.corporate_actions.memos import OptionMemo
from engine.instruments.deliverable import Deliverable
from engine.market.history import ChainHistory
from resources.schemas import QUOTE_SCHEMA
from resources.universe import UniverseSpec

SPLIT = dt.date(2020, 4, 29)
EVE = dt.date(2020, 4, 28)
EXPIRY = dt.date(2020, 6, 19)
DELIVERED = "12 USO + cash in lieu of 0.5 USO"
DAY_US = 86_400_000_000
STRIKES = (1.5, 2.0, 2.5, 3.0, 3.5)


def universe() -> UniverseSpec:
    terms = {"style": "A", "settlement_time": "PM", "settlement_type": "physical", "multiplier": 100}
    return UniverseSpec.model_validate(
        {
            "name": "oil",
            "description": "one fund",
            "provider": {"format": "cboe_csv", "path": "${generated}/none"},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": EVE,
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [
                {
                    "symbol": "USO",
                    "kind": "etf",
                    "roots": [{"root": root, **terms} for root in ("USO", "USO1")],
                }
            ],
        }
    )


def quotes(day: dt.date, root: str, spot: float, unit: float) -> pa.Table:
    """Calls and puts that put-call parity holds for, at a price of ``unit`` for what a unit delivers."""
    close = dt.datetime.combine(day, dt.time(20), dt.UTC)
    same = {
        "underlying": "USO", "root": root, "trade_date": day, "snapshot_id": 0, "ts": close, "known_at": close,
        "quote_ts": close, "expiry": EXPIRY, "last_trade_date": EXPIRY, "settlement_time": "PM", "style": "A",
        "settles_at": dt.datetime.combine(EXPIRY, dt.time(20), dt.UTC), "settlement_type": "physical",
        "multiplier": 100.0, "quote_currency": "USD", "settlement_currency": "USD", "spot": spot, "source": "test",
        "harvest_id": "h",
    }  # fmt: skip
    rows = []
    for right in "CP":
        for strike in STRIKES:
            value = 0.4 + max(unit - strike if right == "C" else strike - unit, 0.0)
            rows.append(
                {**same, "right": right, "strike": strike, "symbol": f"{root}-{right}{strike:g}",
                 "bid": value - 0.01, "ask": value + 0.01}
            )  # fmt: skip
    plain = pa.schema(
        [f.with_type(pa.string()) if pa.types.is_dictionary(f.type) else f for f in QUOTE_SCHEMA]
    )
    return pa.Table.from_pylist(rows, schema=plain).cast(QUOTE_SCHEMA)


@pytest.fixture(scope="module")
def adjusted() -> dict[dt.date, pa.Table]:
    memo = OptionMemo("USO", "USO1", multiplier=100.0, deliverable=Deliverable.parse(DELIVERED))
    known = (EVE - dt.date(1970, 1, 1)).days * DAY_US
    split = CorporateAction("USO", SPLIT, ActionKind.SPLIT, 1.0, 8.0, 0.0, "USD", known, memos=(memo,))
    found = {}
    for day, root, spot in ((EVE, "USO", 2.3), (SPLIT, "USO1", 18.4)):
        rows = quotes(day, root, spot, 2.3)
        own = in_force_at(rows, "USO", day, [split])
        found[day] = adjust_quotes(rows, universe(), "USO", day, own).table
    return found


def test_the_contracts_are_those_of_the_day_before(adjusted) -> None:
    before, after = (adjusted[day]["contract_id"].to_pylist() for day in (EVE, SPLIT))
    assert before == after and len(set(before)) == 2 * len(STRIKES)
    assert set(adjusted[SPLIT]["original_root"].to_pylist()) == {"USO"}
    assert set(adjusted[EVE]["deliverable"].to_pylist()) == {"100 USO"}
    assert set(adjusted[SPLIT]["deliverable"].to_pylist()) == {DELIVERED}
    assert set(adjusted[SPLIT]["underlying_price_factor"].to_pylist()) == {0.125}


def test_forward_and_volatility_are_of_what_a_unit_delivers(adjusted) -> None:
    none = np.empty(0)
    before, after = (
        enrich_quotes(adjusted[day], universe(), none.astype(np.int32), none) for day in (EVE, SPLIT)
    )
    assert after["forward"].to_pylist() == pytest.approx([2.3] * 10, abs=0.01)
    assert after["delta"].to_pylist() == pytest.approx(before["delta"].to_pylist(), abs=0.01)
    assert after["iv"].null_count == 0


def test_the_engine_reads_what_is_delivered(adjusted, tmp_path) -> None:
    none = np.empty(0)
    tables = [enrich_quotes(adjusted[day], universe(), none.astype(np.int32), none) for day in (EVE, SPLIT)]
    _write_cache(tmp_path / "chain.arrow", _engine_table(tables, "USO"))
    chain = ChainHistory.from_columns(_read_cache(tmp_path / "chain.arrow"))
    assert chain.columns["standard"].tolist() == [True] * 10 + [False] * 10
    assert chain.deliverable(0) is None and str(chain.deliverable(10)) == DELIVERED
    assert chain.next_row[:10].tolist() == list(range(10, 20))
