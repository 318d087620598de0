"""An event that is not known yet, or not in force, changes nothing in the adjusted layer."""

import datetime as dt

import pyarrow as pa
import pytest

from assets.adjustment import adjust_quotes, in_force_at
from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.corporate_actions.memos import OptionMemo
from engine.instruments.deliverable import Deliverable
from resources.lake.digest import table_digest
from resources.schemas import QUOTE_SCHEMA
from resources.universe import UniverseSpec

DAY_US = 86_400_000_000


DAY = dt.date(2024, 3, 5)
STRIKES = (90.0, 95.0, 100.0, 105.0)


def universe() -> UniverseSpec:
    root = {
        "root": "ACME",
        "style": "A",
        "settlement_time": "PM",
        "settlement_type": "physical",
        "multiplier": 100,
    }
    return UniverseSpec.model_validate(
        {
            "name": "acme",
            "description": "one stock",
            "provider": {"format": "cboe_csv", "path": "${generated}/none"},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": DAY,
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [{"symbol": "ACME", "kind": "stock", "roots": [root]}],
        }
    )


def quotes() -> pa.Table:
    """Four calls of one expiry."""
    close = dt.datetime.combine(DAY, dt.time(21), dt.UTC)
    same = {
        "underlying": "ACME", "root": "ACME", "trade_date": DAY, "snapshot_id": 0, "ts": close, "known_at": close,
        "expiry": DAY + dt.timedelta(days=10), "last_trade_date": DAY + dt.timedelta(days=10), "right": "C",
        "settles_at": close + dt.timedelta(days=10), "settlement_time": "PM", "settlement_type": "physical",
        "style": "A",
        "multiplier": 100.0, "quote_currency": "USD", "settlement_currency": "USD", "spot": 98.0, "source": "test",
        "harvest_id": "h",
    }  # fmt: skip
    rows = [{**same, "strike": k, "symbol": f"ACME-{k:g}", "bid": 1.0, "ask": 1.2} for k in STRIKES]
    plain = pa.schema(
        [f.with_type(pa.string()) if pa.types.is_dictionary(f.type) else f for f in QUOTE_SCHEMA]
    )
    return pa.Table.from_pylist(rows, schema=plain).cast(QUOTE_SCHEMA)


def event(kind: ActionKind, effective: dt.date, known: dt.date) -> CorporateAction:
    delivered = Deliverable.parse("150 NEW")
    memo = OptionMemo("ACME", "ACME", strike_reduction=3.0, multiplier=150.0, deliverable=delivered)
    known_at_us = (known - dt.date(1970, 1, 1)).days * DAY_US
    return CorporateAction(
        "ACME", effective, kind, 2.0, 1.0, 3.0, "USD", known_at_us,
        new_security="NEW", security_value=1.0, memos=(memo,),
    )  # fmt: skip


@pytest.mark.parametrize("kind", list(ActionKind))
def test_an_event_of_any_kind_enters_with_its_date_and_its_publication_and_not_before(kind) -> None:
    table, spec = quotes(), universe()
    plain = table_digest(adjust_quotes(table, spec, "ACME", DAY, []).table)
    tomorrow, yesterday = DAY + dt.timedelta(days=1), DAY - dt.timedelta(days=1)

    def with_event(effective: dt.date, known: dt.date) -> str:
        actions = [event(kind, effective, known)]
        own = in_force_at(table, "ACME", DAY, actions)
        return table_digest(adjust_quotes(table, spec, "ACME", DAY, own).table)

    assert with_event(tomorrow, yesterday) == plain  # announced, not in force
    assert with_event(yesterday, tomorrow) == plain  # in force, not known
    assert with_event(yesterday, yesterday) != plain
