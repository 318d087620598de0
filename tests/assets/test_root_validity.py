"""Roots and underlyings outside their validity go to quarantine; a rename keeps the contracts."""

import datetime as dt

import pyarrow as pa
import pytest

from assets.adjustment import adjust_quotes, in_force_at
from assets.root_validity import REASON, set_aside_invalid_roots
from assets.underlying_prices import universe_calendar
from assets.validation import validate_days
from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.corporate_actions.memos import OptionMemo
from resources.lake import open_lake
from resources.providers.protocol import ParsedDay, ParsedUnderlying
from resources.providers.registry import make_provider
from resources.raw_store import RawStore
from resources.schemas import QUARANTINE_SCHEMA, QUOTE_SCHEMA, UNDERLYING_SCHEMA
from resources.universe import UniverseSpec
from tests.assets.test_bad_input import ROWS, SESSIONS, make_market

LAST_OF_FB, FIRST_OF_META = dt.date(2022, 6, 8), dt.date(2022, 6, 9)
EXPIRY = dt.date(2022, 7, 15)
TERMS = {"style": "A", "settlement_time": "PM", "settlement_type": "physical", "multiplier": 100}


def universe(**underlying) -> UniverseSpec:
    return UniverseSpec.model_validate(
        {
            "name": "meta",
            "description": "one renamed stock",
            "provider": {"format": "cboe_csv", "path": "x"},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2022-06-01",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [
                {
                    "symbol": "META",
                    "permanent_id": "FB-20120518",
                    "kind": "stock",
                    "symbols": [
                        {"symbol": "FB", "valid_from": "2012-05-18", "valid_to": "2022-06-08"},
                        {"symbol": "META", "valid_from": "2022-06-09"},
                    ],
                    "roots": [{"root": "FB", "valid_to": "2022-06-08", **TERMS}, {"root": "META"}],
                    **underlying,
                }
            ],
        }
    )


def quotes(day: dt.date, roots: list[str]) -> pa.Table:
    close = dt.datetime.combine(day, dt.time(20), dt.UTC)
    row = {
        "underlying": "META", "trade_date": day, "snapshot_id": 0, "ts": close, "known_at": close,
        "expiry": EXPIRY, "last_trade_date": EXPIRY, "settles_at": dt.datetime(2022, 7, 15, 20, tzinfo=dt.UTC),
        "settlement_time": "PM", "settlement_type": "physical", "right": "C", "style": "A", "multiplier": 100.0,
        "quote_currency": "USD", "settlement_currency": "USD", "source": "cboe_csv", "harvest_id": "h", "spot": 190.0,
    }  # fmt: skip
    rows = [
        {
            **row,
            "root": root,
            "symbol": f"{root}220715C{strike}000",
            "strike": float(strike),
            "bid": 5.0,
            "ask": 5.1,
        }
        for root in roots
        for strike in (180, 190)
    ]
    return pa.Table.from_pylist(rows, schema=QUOTE_SCHEMA)


def parsed(day: dt.date, roots: list[str]) -> ParsedDay:
    found = ParsedUnderlying("META", quotes(day, roots), None, QUARANTINE_SCHEMA.empty_table())
    return ParsedDay(day, {"META": found}, UNDERLYING_SCHEMA.empty_table())


@pytest.mark.parametrize(
    ("day", "kept"), [(LAST_OF_FB, ["FB", "FB"]), (FIRST_OF_META, ["META", "META"])], ids=["before", "after"]
)
def test_rows_of_a_root_outside_its_days_are_quarantined_whole_and_none_is_lost(day, kept):
    given = parsed(day, ["FB", "META"])
    found = set_aside_invalid_roots(given, universe()).underlyings["META"]
    assert found.quotes.column("root").to_pylist() == kept
    assert found.quotes.schema.equals(QUOTE_SCHEMA) and found.rejected.schema.equals(QUARANTINE_SCHEMA)
    assert found.rejected.column("reasons").to_pylist() == [[REASON], [REASON]]
    values = [found.quotes, found.rejected.select(QUOTE_SCHEMA.names)]
    assert sorted(s for t in values for s in t.column("symbol").to_pylist()) == sorted(
        given.underlyings["META"].quotes.column("symbol").to_pylist()
    )
    assert found.rejected.column("bid").to_pylist() == [5.0, 5.0]


def test_a_day_on_which_every_root_is_valid_is_returned_as_it_is():
    spec = universe(roots=[{"root": "META"}], symbols=[])
    given = parsed(FIRST_OF_META, ["META"])
    assert set_aside_invalid_roots(given, spec) is given


def test_after_the_delisting_every_row_is_quarantined():
    spec = universe(delisted_after="2022-06-09")
    kept = set_aside_invalid_roots(parsed(FIRST_OF_META, ["META"]), spec).underlyings["META"]
    gone = set_aside_invalid_roots(parsed(dt.date(2022, 6, 10), ["META"]), spec).underlyings["META"]
    assert (kept.quotes.num_rows, gone.quotes.num_rows, gone.rejected.num_rows) == (2, 0, 2)
    assert spec.security_master().delisted_after("FB-20120518") == dt.date(2022, 6, 9)


def test_rows_that_were_rejected_already_stay_beside_them():
    given = parsed(FIRST_OF_META, ["FB"])
    first = set_aside_invalid_roots(given, universe())
    again = ParsedDay(
        FIRST_OF_META,
        {
            "META": ParsedUnderlying(
                "META", given.underlyings["META"].quotes, None, first.underlyings["META"].rejected
            )
        },
        UNDERLYING_SCHEMA.empty_table(),
    )
    assert set_aside_invalid_roots(again, universe()).underlyings["META"].rejected.num_rows == 4


def test_a_rename_keeps_the_contract_ids():
    """They hash the permanent id, and the memo of the rename walks the new root back to the old one."""
    known = int(dt.datetime(2022, 5, 31, tzinfo=dt.UTC).timestamp()) * 1_000_000
    rename = CorporateAction(
        underlying="META",
        effective_date=FIRST_OF_META,
        kind=ActionKind.SYMBOL_CHANGE,
        new_shares=1.0,
        old_shares=1.0,
        cash_amount=0.0,
        currency="USD",
        known_at_us=known,
        source="test",
        new_security="META",
        memos=(OptionMemo(old_root="FB", new_root="META"),),
    )

    def ids(root: str, day: dt.date, spec: UniverseSpec, actions: list[CorporateAction]) -> list[int]:
        rows = quotes(day, [root])
        own = in_force_at(rows, "META", day, actions)
        return adjust_quotes(rows, spec, "META", day, own).table.column("contract_id").to_pylist()

    before = ids("FB", LAST_OF_FB, universe(), [rename])
    assert ids("META", FIRST_OF_META, universe(), [rename]) == before
    # neither would do alone: another permanent id, or a rename that no memo tells the options of
    assert ids("FB", LAST_OF_FB, universe(permanent_id="META"), [rename]) != before
    assert ids("META", FIRST_OF_META, universe(), []) != before


def test_a_day_after_the_delisting_lies_in_quarantine_and_the_other_underlying_goes_on(tmp_path):
    market = make_market(tmp_path)
    last, after = SESSIONS[:2]
    spy, mod = market.universe.underlyings
    delisted = mod.model_copy(update={"delisted_after": last})
    spec = market.universe.model_copy(update={"underlyings": (spy, delisted)})
    lake, provider = open_lake(str(tmp_path / "own")), make_provider(spec, market.folder)
    store = RawStore(lake, spec.name, "raw_quotes")
    for day in (last, after):
        store.put(day.isoformat(), provider.fetch(day), received_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    results = []
    statuses, _ = validate_days(
        spec, lake, provider, [last, after], universe_calendar(spec, after), results.extend
    )
    rows = {
        (s.trade_date, n): (u.status, u.rows, u.quarantined)
        for s in statuses
        for n, u in s.underlyings.items()
    }
    assert rows[last, "MOD"][2] == 0 and rows[after, "SPY"] == ("ok", ROWS, 0)
    assert rows[after, "MOD"] == ("blocked", 0, ROWS)
    bad = lake.read_table(f"{spec.name}/quarantined_quotes/{after}/MOD.parquet")
    assert bad.column("reasons").to_pylist() == [[REASON]] * ROWS
    (told,) = [r for r in results if (r.check, r.trade_date, r.underlying) == ("untyped_rows", after, "MOD")]
    assert told.message.endswith("could not be typed, or had a root not valid that day")
