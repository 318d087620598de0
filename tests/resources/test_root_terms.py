"""Roots of a universe against the table of known ones: filled in, refused, or different for a stated reason."""

import datetime as dt
import re

import pytest

from engine.instruments.terms import ExerciseStyle, SettlementTime, SettlementType
from optix_pipeline.yaml_specs import SpecError, load_spec
from resources.universe import UniverseSpec

TEXT = """\
name: mine
description: an index
provider: {{format: cboe_csv, path: "x"}}
calendar: {calendar}
timezone: America/New_York
start: {start}
end: {end}
quote_currency: USD
settlement_currency: USD
underlyings:
  - symbol: {symbol}
    kind: {kind}
{more}    roots:
      - {root}
"""
SPX = "style: E, settlement_time: AM, settlement_type: cash, multiplier: 100"


@pytest.fixture
def load(tmp_path):
    def loaded(
        root, *, start="2026-01-02", end="2026-06-30", symbol="SPX", kind="index", more="", calendar="XNYS"
    ):
        path = tmp_path / "mine.yaml"
        path.write_text(
            TEXT.format(
                root=root, start=start, end=end, symbol=symbol, kind=kind, more=more, calendar=calendar
            )
        )
        return load_spec(path, UniverseSpec)

    return loaded


def test_a_known_root_gets_its_terms_from_the_table(load):
    terms = load("{root: SPX}").root_terms()["SPX"]
    assert (terms.style, terms.settlement_time) == (ExerciseStyle.EUROPEAN, SettlementTime.AM)
    assert (terms.settlement_type, terms.multiplier, terms.trading_close) == (
        SettlementType.CASH,
        100.0,
        "16:15",
    )


def test_bare_and_written_out_are_one_universe(load):
    assert (
        load("{root: SPX}")
        == load(f'{{root: SPX, {SPX}, trading_close: "16:15"}}')
        == load(f"{{root: SPX, {SPX}}}")
    )


def test_a_coin_is_known_by_its_kind(load):
    coin = load("{root: BTC}", symbol="BTC", kind="coin", calendar="24/7")
    assert coin.root_terms()["BTC"].settlement_time is SettlementTime.UTC08
    with pytest.raises(SpecError, match=r"mine.yaml:14: underlyings\.0\.roots\.0\.style: Field required"):
        load("{root: BTC}", symbol="BTC", kind="etf")


@pytest.mark.parametrize(
    ("root", "says"),
    [
        (
            f"{{root: SPX, {SPX.replace('AM', 'PM')}}}",
            "settlement_time is PM here and AM in the table of known roots",
        ),
        (f"{{root: SPX, {SPX.replace('style: E', 'style: A')}}}", "style is A here and E in the table"),
        (f"{{root: SPX, {SPX.replace('100', '10')}}}", "multiplier is 10.0 here and 100.0 in the table"),
        (
            f'{{root: SPX, {SPX}, trading_close: "16:00"}}',
            "trading_close is 16:00 here and 16:15 in the table",
        ),
        ("{root: SPX, settlement_type: physical}", "settlement_type is physical here and cash in the table"),
    ],
)
def test_a_term_that_contradicts_the_table_is_refused_with_both_and_the_source(load, root, says):
    with pytest.raises(SpecError) as refused:
        load(root)
    (line,) = str(refused.value).splitlines()
    assert re.search(r"mine\.yaml:11: underlyings\.0: root SPX: ", line) and says in line
    assert "SPX Options Product Specification" in line and "say why in terms_differ_because" in line


def test_unless_the_universe_says_why(load):
    root = f"{{root: SPX, {SPX.replace('AM', 'PM')}, terms_differ_because: the vendor settles them at the close}}"
    assert load(root).root_terms()["SPX"].settlement_time is SettlementTime.PM
    with pytest.raises(SpecError, match=r"terms_differ_because: String should have at least 1 character"):
        load(f'{{root: SPX, {SPX}, terms_differ_because: ""}}')


def test_a_root_whose_terms_changed_is_that_of_the_universes_time(load):
    early = load("{root: SPXW}", start="2009-01-02", end="2010-11-30")
    late = load("{root: SPXW}", start="2011-01-03", end="2011-01-07")
    assert early.root_terms()["SPXW"].settlement_time is SettlementTime.AM
    assert late.root_terms()["SPXW"].settlement_time is SettlementTime.PM
    with pytest.raises(
        SpecError, match=r"settlement_time changed within the universe's time: AM for expiries from ever"
    ):
        load("{root: SPXW}", start="2010-11-01", end="2011-01-07")


def test_terms_of_another_time_are_refused(load):
    pm = "style: E, settlement_time: PM, settlement_type: cash, multiplier: 100"
    with pytest.raises(
        SpecError,
        match=r"settlement_time is PM here and AM in the table.* for expiries from ever to 2010-12-03",
    ):
        load(f"{{root: SPXW, {pm}}}", start="2009-01-02", end="2010-11-30")


def test_a_root_that_nobody_knows_is_written_out(load):
    with pytest.raises(SpecError, match=r"roots\.0\.multiplier: Field required"):
        load("{root: ACME}", symbol="ACME", kind="stock")


def test_the_sessions_of_a_root_are_those_of_the_table_or_of_the_universe(load):
    weeklies = load("{root: VIXW}", start="2015-01-02", symbol="VIX").underlyings[0]
    assert weeklies.invalid_roots(dt.date(2015, 10, 7)) == {"VIXW"}
    assert weeklies.invalid_roots(dt.date(2015, 10, 8)) == frozenset()
    (narrow,) = load("{root: VIXW, valid_from: 2026-02-02, valid_to: 2026-03-31}", symbol="VIX").underlyings
    days = [dt.date(2026, 2, 1), dt.date(2026, 2, 2), dt.date(2026, 3, 31), dt.date(2026, 4, 1)]
    assert [bool(narrow.invalid_roots(day)) for day in days] == [True, False, False, True]
    with pytest.raises(SpecError, match="root VIXW: valid_to 2026-02-01 is before valid_from 2026-02-02"):
        load("{root: VIXW, valid_from: 2026-02-02, valid_to: 2026-02-01}", symbol="VIX")


def test_symbols_that_overlap_are_refused(load):
    more = "    symbols: [{symbol: FB, valid_to: 2022-06-09}, {symbol: META, valid_from: 2022-06-09}]\n"
    with pytest.raises(
        SpecError, match=r"FB of META from the beginning to 2022-06-09, and META of META .*overlap"
    ):
        load("{root: META}", symbol="META", kind="stock", more=more)


def test_the_security_master_of_a_universe_knows_renames_and_delistings(load):
    more = (
        "    permanent_id: FB-20120518\n    delisted_after: 2026-03-31\n"
        "    symbols: [{symbol: FB, valid_to: 2022-06-08}, {symbol: META, valid_from: 2022-06-09}]\n"
    )
    master = load("{root: META}", symbol="META", kind="stock", more=more).security_master()
    assert (
        master.resolve("FB", dt.date(2020, 1, 2))
        == master.resolve("META", dt.date(2026, 1, 2))
        == "FB-20120518"
    )
    assert master.delisted_after("FB-20120518") == dt.date(2026, 3, 31)
