"""Splits found in two sessions' data, and what only looks like one."""

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.corporate_actions.listing_reconciliation import Listing
from engine.corporate_actions.memos import OptionMemo
from engine.corporate_actions.split_detection import Verdict, agrees, detect_split

DAY = 20_000


def listing(strikes, root="ABC", open_interest=100.0) -> Listing:
    """Calls and puts of two expiries."""
    strike = np.tile(np.asarray(strikes, dtype=float), 4)
    n = len(strike) // 4
    return Listing(
        (root,),
        np.zeros(4 * n, dtype=np.int32),
        np.repeat(np.array([DAY + 10, DAY + 10, DAY + 40, DAY + 40], dtype=np.int32), n),
        np.repeat(np.array([0, 1, 0, 1], dtype=np.int8), n),
        strike,
        np.full(4 * n, float(open_interest)),
    )


def divided(before: Listing, ratio: float, grid: float = 0.01, times: float | None = None) -> Listing:
    return replace(
        before,
        strike=OptionMemo(strike_divisor=ratio, strike_grid=grid).strike_after(before.strike),
        open_interest=before.open_interest * (ratio if times is None else times),
    )


def joined(one: Listing, other: Listing) -> Listing:
    roots = tuple(dict.fromkeys((*one.roots, *other.roots)))
    code = np.array([roots.index(r) for r in other.roots], dtype=np.int32)[other.root_code]
    own = np.array([roots.index(r) for r in one.roots], dtype=np.int32)[one.root_code]
    fields = ("expiry_days", "right", "strike", "open_interest")
    return Listing(
        roots,
        np.concatenate([own, code]),
        *(np.concatenate([getattr(one, f), getattr(other, f)]) for f in fields),
    )


BEFORE = listing(np.arange(100.0, 305.0, 5.0))


@pytest.mark.parametrize(("new", "old"), [(2, 1), (3, 1), (4, 1), (7, 1), (20, 1), (3, 2), (5, 4)])
@pytest.mark.parametrize("own_move", [0.88, 1.0, 1.1])
def test_a_split_is_found_with_its_ratio_whatever_the_price_did_besides(new, old, own_move) -> None:
    found = detect_split(BEFORE, divided(BEFORE, new / old), 200.0, 200.0 * own_move * old / new, DAY)
    if abs(math.log(own_move * old / new)) < 0.18:
        # a 5-for-4 hidden by a rise of 10%: told only by who knows of it
        assert found.verdict is Verdict.NONE
        found = detect_split(
            BEFORE, divided(BEFORE, new / old), 200.0, 200.0 * own_move * old / new, DAY, new / old
        )
        assert found.verdict is Verdict.UNDECIDED
        return
    assert (found.verdict, found.new_shares, found.old_shares) == (Verdict.SPLIT, new, old)
    assert found.evidence.moved == 1.0
    assert found.evidence.open_interest_ratio == pytest.approx(new / old)
    assert agrees(found, new / old) and not agrees(found, 1.0)


def test_a_split_in_eighths_is_found() -> None:
    found = detect_split(BEFORE, divided(BEFORE, 1.5, grid=0.125), 200.0, 133.0, DAY)
    assert (found.verdict, found.new_shares, found.old_shares) == (Verdict.SPLIT, 3.0, 2.0)


@pytest.mark.parametrize("step", [1.0, 2.5, 5.0, 10.0])
def test_a_crash_by_half_is_no_split_even_where_new_strikes_are_listed_around_the_new_price(step) -> None:
    before = listing(np.arange(100.0, 300.0 + step, step))
    fresh = listing(np.arange(40.0, 100.0, step / 2), open_interest=math.nan)
    found = detect_split(before, joined(before, fresh), 200.0, 100.0, DAY)
    assert found.verdict is Verdict.REAL_JUMP
    assert found.evidence.stayed == 1.0
    assert agrees(found, 1.0)
    # a split on record with the very same price is not borne out by contracts that stayed
    assert agrees(detect_split(before, joined(before, fresh), 200.0, 100.0, DAY, 2.0), 2.0) is False


def test_contracts_listed_twice_are_a_split_unless_open_interest_denies_it() -> None:
    for times in (0.0, 0.1, 1.0, 4.0):
        both = joined(BEFORE, divided(BEFORE, 4.0, times=times))
        found = detect_split(BEFORE, both, 200.0, 50.0, DAY)
        expected = Verdict.UNDECIDED if times == 0.1 else Verdict.SPLIT
        assert found.verdict is expected, times


def test_a_reverse_split_is_told_by_the_root_to_which_contracts_move() -> None:
    moved = replace(BEFORE, roots=("ABC1",))
    fresh = listing(np.arange(1000.0, 2500.0, 50.0), open_interest=math.nan)
    found = detect_split(BEFORE, joined(fresh, moved), 200.0, 1600.0, DAY)
    assert (found.verdict, found.new_shares, found.old_shares) == (Verdict.SPLIT, 1.0, 8.0)
    assert found.by_root and "about 1 for 8" in found.describe()
    # the price alone tells the ratio: one on record that it fits is taken
    assert agrees(detect_split(BEFORE, joined(fresh, moved), 200.0, 1600.0, DAY, 1 / 7), 1 / 7)
    assert agrees(found, 1.0, other_events=["spin-off"]) is None


def test_a_rise_without_a_new_root_is_a_real_jump() -> None:
    assert detect_split(BEFORE, BEFORE, 200.0, 1600.0, DAY).verdict is Verdict.REAL_JUMP


def test_nothing_on_a_quiet_day_and_a_split_on_record_that_nothing_shows() -> None:
    assert detect_split(BEFORE, BEFORE, 200.0, 210.0, DAY).verdict is Verdict.NONE
    found = detect_split(BEFORE, BEFORE, 200.0, 210.0, DAY, 4.0)
    assert found.verdict is Verdict.NONE and agrees(found, 4.0) is False


def test_strikes_that_moved_under_a_price_that_did_not_are_evidence_against_evidence() -> None:
    found = detect_split(BEFORE, divided(BEFORE, 4.0), 200.0, 201.0, DAY, 4.0)
    assert found.verdict is Verdict.UNDECIDED
    assert agrees(found, 4.0) is False


def test_too_few_contracts_decide_nothing_and_the_price_alone_bears_a_record_out() -> None:
    few = listing([100.0, 105.0])
    assert detect_split(few, divided(few, 4.0), 200.0, 50.0, DAY).verdict is Verdict.UNDECIDED
    for price, expected in ((50.0, None), (200.0, False)):
        found = detect_split(few, few, 200.0, price, DAY, 4.0)
        assert agrees(found, 4.0) is expected


def test_without_a_price_only_a_split_on_record_is_judged_by_its_strikes() -> None:
    assert agrees(detect_split(BEFORE, BEFORE, math.nan, 50.0, DAY), 1.0) is None
    found = detect_split(BEFORE, divided(BEFORE, 4.0), math.nan, 50.0, DAY, 4.0)
    assert agrees(found, 4.0)


def test_a_small_stock_dividend_is_below_what_data_can_show() -> None:
    assert agrees(detect_split(BEFORE, BEFORE, 200.0, 190.0, DAY, 1.05), 1.05)
