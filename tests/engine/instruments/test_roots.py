"""The table of known roots: consistent in itself, and dated."""

import datetime as dt
from itertools import combinations
from pathlib import Path

import pytest

from engine.calendars.epoch import parse_wall_time
from engine.instruments.expiry_rules import ExpiryKind
from engine.instruments.roots import KNOWN_ROOTS, UnknownRootError, known_root, known_roots
from engine.instruments.terms import ExerciseStyle, SettlementTime, SettlementType, UnderlyingKind

INDEX, COIN = UnderlyingKind.INDEX, UnderlyingKind.COIN


def test_records_of_one_root_do_not_overlap_and_stand_in_order_of_time():
    for first, second in combinations(KNOWN_ROOTS, 2):
        if (first.root, first.kind) == (second.root, second.kind):
            assert first.expiries_until is not None and second.expiries_from is not None
            assert first.expiries_until < second.expiries_from


@pytest.mark.parametrize("record", KNOWN_ROOTS, ids=lambda r: f"{r.root} {r.kind.value}")
def test_a_record_hangs_together(record):
    assert record.source and record.multiplier > 0
    assert (record.trading_close is None) == (record.kind is COIN)
    if record.trading_close:
        parse_wall_time(record.trading_close)
    physical = record.kind in (UnderlyingKind.STOCK, UnderlyingKind.ETF)
    assert (record.settlement_type is SettlementType.PHYSICAL) == physical
    # what settles at the open lists third Fridays or VIX Wednesdays only, but for the weeklies of before 2010
    if record.settlement_time is SettlementTime.AM and record.root not in ("SPXW", "VIXW"):
        assert {p.kind for p in record.expiry_rule.programs} == {ExpiryKind.MONTHLY}


def test_weeklies_of_the_sp_500_settled_at_the_open_until_december_2010():
    assert known_root("SPXW", INDEX, dt.date(2010, 12, 3)).settlement_time is SettlementTime.AM
    assert known_root("SPXW", INDEX, dt.date(2010, 12, 10)).settlement_time is SettlementTime.PM


def test_the_american_cash_settled_one_and_its_european_sister():
    oex, xeo = (known_root(r, INDEX, dt.date(2020, 1, 17)) for r in ("OEX", "XEO"))
    assert (oex.style, xeo.style) == (ExerciseStyle.AMERICAN, ExerciseStyle.EUROPEAN)
    assert oex.settlement_type is xeo.settlement_type is SettlementType.CASH


def test_a_coin_is_not_the_fund_of_its_name():
    assert known_roots("BTC", COIN) and not known_roots("BTC", UnderlyingKind.ETF)


def test_what_the_table_does_not_have_is_refused_by_name():
    with pytest.raises(
        UnknownRootError, match=r"root ACME \(stock\): the table of roots has no such root, only AAPL"
    ):
        known_root("ACME", UnderlyingKind.STOCK, dt.date(2026, 1, 16))
    with pytest.raises(
        UnknownRootError, match="XSP: nothing is known of expiries on 2010-01-15, only of 2013-08-01"
    ):
        known_root("XSP", INDEX, dt.date(2010, 1, 15))


def test_the_guide_lists_the_known_roots_of_every_kind():
    page = (Path(__file__).parents[3] / "docs" / "guide" / "universes.md").read_text(encoding="utf-8")
    section = page.partition("#### Known roots")[2].partition("\n### ")[0]
    for kind in UnderlyingKind:
        names = dict.fromkeys(record.root for record in KNOWN_ROOTS if record.kind is kind)
        assert f"| `{kind}` | {', '.join(names)} |" in section
