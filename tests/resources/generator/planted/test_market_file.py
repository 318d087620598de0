"""What a description may say, and how it is refused."""

import datetime as dt
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from engine.simulation.smile import ArbitrageableSmileError
from resources.generator.market import build_market
from resources.generator.planted.defect_catalogue import KINDS, PARSED_KINDS, RECORDED_KINDS
from resources.generator.planted.market_file import MarketFile, market_spec

SPLIT = {"effective_date": "2024-09-19", "new_shares": 4, "old_shares": 1, "announced": "2024-08-20"}
GUIDE = (Path(__file__).parents[4] / "docs/guide/generator.md").read_text(encoding="utf-8")


def test_fields_that_are_left_out_are_as_in_the_demo_market_and_others_as_given(market):
    file = market("stock", path={"start_price": 180.0}, spreads={"vol_points": 0.6}, contracts=None)
    spec = market_spec(file)
    assert spec.path.start_price == 180.0 and spec.path.volatility_per_year == 0.27
    assert spec.spreads.vol_points == 0.6 and spec.spreads.small_tick == 0.01
    assert {t.root for t in spec.roots} == {"GNS"} and spec.early_exercise


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"path": {"volatility": 0.2}}, "Extra inputs are not permitted"),
        ({"end": "2024-09-01"}, "end 2024-09-01 is not after start"),
        ({"split": SPLIT}, "an index has dividend_yield, no dividends and no split"),
        ({"snapshots": 3}, "one snapshot a session"),
        ({"defects": {"croissant": 1}}, "no defect 'croissant' can be planted in cboe files"),
        ({"defects": {"missing_snapshot": 1}}, "no defect 'missing_snapshot' can be planted"),
        ({"symbol": "x y"}, "should match pattern"),
    ],
)
def test_a_field_that_cannot_be_used_is_refused(changes, says, market):
    with pytest.raises(ValidationError, match=re.escape(says)):
        market("index", **changes)


def test_a_coin_does_not_split(market):
    with pytest.raises(ValidationError, match="does not split"):
        market("coin", split=SPLIT)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"jumps": [{"date": "2024-11-28", "log_size": 0.1}]}, "jumps: 2024-11-28 is no session of XNYS"),
        ({"path": {"persistence": 1.2}}, "persistence below 1"),
        (
            {"contracts": 20000, "strikes": {"step": 10}, "path": {"start_price": 5.0}},
            "cannot be listed, the nearest is",
        ),
    ],
)
def test_a_market_that_cannot_be_is_refused(changes, says, market):
    with pytest.raises(ValueError, match=re.escape(says)):
        market_spec(market("index", **changes))


def test_a_smile_that_admits_arbitrage_is_refused(market):
    with pytest.raises(ArbitrageableSmileError, match="lower eta"):
        build_market(market_spec(market("index", smile={"eta": 2.5}, contracts=None)))


def test_jumps_happen_where_they_are_put_and_nowhere_else(market):
    with_jump, without = (
        build_market(market_spec(market("index", contracts=None, jumps=jumps)))
        for jumps in ([{"date": "2024-11-05", "log_size": -0.08}], [])
    )
    at = with_jump.sessions.index(dt.date(2024, 11, 5))
    assert (with_jump.path.close[:at] == without.path.close[:at]).all()
    assert with_jump.path.close[at] / without.path.close[at] == pytest.approx(0.9231, abs=1e-3)


def test_the_guide_has_every_field_and_every_kind():
    fields = GUIDE.split("## The score")[0]
    missing = [
        f
        for f in MarketFile.model_fields
        if not re.search(rf"^\| ([a-z, ]*, )?{f}(, [a-z, ]+)? \|", fields, re.M)
    ]
    assert missing == []
    for kind in (*KINDS.values(), *PARSED_KINDS.values(), *RECORDED_KINDS.values()):
        row = (
            f"| {kind.name} | {kind.what} | {kind.smallest} | {', '.join(f'`{f}`' for f in kind.found_by)} |"
        )
        assert row in GUIDE, kind.name
