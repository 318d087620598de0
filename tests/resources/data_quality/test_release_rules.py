"""A release lets through what it names and mends, and nothing else."""

import datetime as dt

import pytest

from resources.data_quality.release_rules import ReleaseError, RowFix, RowRelease, judge_with_releases

DAY = dt.date(2026, 7, 22)


@pytest.fixture
def judge(table, quote, spec):
    def run(rows, *releases):
        quotes = table([quote(**fields) for fields in rows])
        return judge_with_releases(quotes, DAY, spec, [RowRelease(*r[:2], RowFix(r[2])) for r in releases])

    return run


CROSSED = {"bid": 5.4, "ask": 5.2, "bid_size": 10.0, "ask_size": 12.0}


def test_without_releases_the_rules_decide(judge):
    found = judge([CROSSED])
    assert found.verdict.quarantined["reasons"].to_pylist() == [["crossed"]]
    assert found.released == {}


def test_a_swapped_quote_passes_with_its_sides_in_order(judge):
    found = judge([CROSSED, {"strike": 105.0}], ("r1", ("crossed",), "swap_bid_ask"))
    assert found.verdict.quarantined.num_rows == 0
    row = found.verdict.clean.to_pylist()[0]
    assert (row["bid"], row["ask"], row["bid_size"], row["ask_size"]) == (5.2, 5.4, 12.0, 10.0)
    assert found.released == {"r1": 1} and found.verdict.failures["crossed"] == 0


def test_an_accepted_quote_passes_as_it_is(judge):
    found = judge([CROSSED], ("r1", ("crossed",), "accept"))
    assert found.verdict.clean["bid"].to_pylist() == [5.4]


def test_a_row_with_a_reason_that_is_not_named_stays(judge):
    found = judge([{**CROSSED, "volume": -1.0}], ("r1", ("crossed",), "accept"))
    assert set(found.verdict.quarantined["reasons"].to_pylist()[0]) == {"crossed", "negative_amount"}
    assert found.released == {"r1": 0}


def test_a_fix_that_does_not_mend_leaves_the_row_as_it_was_received(judge):
    found = judge([{"bid": 540.0, "ask": 520.0}], ("r1", ("crossed", "absurd_price"), "scale:bid,ask=0.01"))
    assert found.verdict.quarantined["bid"].to_pylist() == [540.0]
    assert found.verdict.clean.num_rows == 0


def test_prices_in_the_wrong_unit_are_scaled(judge):
    found = judge([{"bid": 50_000.0, "ask": 52_000.0}], ("r1", ("absurd_price",), "scale:bid,ask=0.0001"))
    assert found.verdict.clean["ask"].to_pylist() == [5.2]


def test_a_scaled_strike_takes_its_place_in_the_order(judge):
    rows = [{"strike": 100.0}, {"strike": 110.0, "bid": 500_000.0, "ask": 500_001.0}]
    found = judge(rows, ("r1", ("absurd_price",), "scale:strike,bid,ask=0.00001"))
    assert found.verdict.clean["strike"].to_pylist() == pytest.approx([0.0011, 100.0])


@pytest.mark.parametrize("mended_first", [True, False])
def test_a_mended_row_that_doubles_a_clean_one_stays_out_whichever_came_first(judge, mended_first):
    clean = {"bid": 5.2, "ask": 5.4, "bid_size": 12.0, "ask_size": 10.0}
    rows = [CROSSED, clean] if mended_first else [clean, CROSSED]
    found = judge(rows, ("r1", ("crossed", "duplicate_contract"), "swap_bid_ask"))
    assert found.verdict.clean.num_rows + found.verdict.quarantined.num_rows == 2
    assert found.verdict.clean.num_rows <= 1


def test_a_row_moved_onto_a_clean_one_stays_out(judge):
    rows = [
        {"strike": 10_000.0, "bid": 500_000.0, "ask": 520_000.0},
        {"strike": 1.0, "bid": 50.0, "ask": 52.0},
    ]
    found = judge(rows, ("r1", ("absurd_price",), "scale:strike,bid,ask=0.0001"))
    assert found.verdict.clean["strike"].to_pylist() == [1.0]
    assert found.verdict.quarantined["strike"].to_pylist() == [10_000.0] and found.released == {"r1": 0}


@pytest.mark.parametrize(
    ("fix", "said"),
    [
        ("repair", "is unknown"),
        ("null:strike", "without a strike"),
        ("null:symbol", "cannot be changed"),
        ("scale:bid=0", "above 0"),
        ("scale:bid=x", "is unknown"),
        ("scale:bid=e", "above 0"),
    ],
)
def test_a_rule_that_is_none_is_refused(fix, said):
    with pytest.raises(ReleaseError, match=said):
        RowFix(fix)


def test_what_is_no_quote_cannot_be_accepted():
    with pytest.raises(ReleaseError, match="nan_value cannot be accepted"):
        RowRelease("r1", ("nan_value",), RowFix("accept"))
    with pytest.raises(ReleaseError, match="crooked is no reason"):
        RowRelease("r1", ("crooked",), RowFix("accept"))
