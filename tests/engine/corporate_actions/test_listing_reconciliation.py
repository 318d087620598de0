"""A vendor's rows around a split: which stand for a contract, and what is open in it."""

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.corporate_actions.listing_reconciliation import Listing, carried, reconcile
from engine.corporate_actions.memos import OptionMemo
from engine.corporate_actions.open_interest import OpenInterestBasis

DAY = 20_000
SPLIT = [OptionMemo(contracts=4, strike_divisor=4)]
STRIKES = np.arange(300.0, 500.0, 10.0)
OPEN = np.arange(1.0, 21.0)


def listing(strike, open_interest, root="ABC", expiry=DAY + 30) -> Listing:
    n = len(strike)
    return Listing(
        (root,),
        np.zeros(n, dtype=np.int32),
        np.full(n, expiry, dtype=np.int32),
        np.zeros(n, dtype=np.int8),
        np.asarray(strike, dtype=float),
        np.asarray(open_interest, dtype=float),
    )


BEFORE = listing(STRIKES, OPEN)


def both(old_open, new_open) -> Listing:
    """Old rows first, then the new ones."""
    return listing(np.concatenate([STRIKES, STRIKES / 4]), np.concatenate([old_open, new_open]))


def test_new_terms_only_are_taken_as_they_are_listed() -> None:
    found = reconcile(listing(STRIKES / 4, 4 * OPEN), BEFORE, SPLIT, DAY)
    assert len(found.superseded) == len(found.vanished) == 0
    np.testing.assert_array_equal(found.open_interest, 4 * OPEN)
    assert set(found.basis) == {OpenInterestBasis.AS_LISTED}


def test_old_rows_beside_new_ones_are_superseded_and_lagging_open_interest_is_moved_and_multiplied() -> None:
    found = reconcile(both(OPEN, np.zeros(20)), BEFORE, SPLIT, DAY)
    np.testing.assert_array_equal(found.superseded, np.arange(20))
    np.testing.assert_array_equal(found.in_force.strike, STRIKES / 4)
    assert found.has_row.all()
    np.testing.assert_array_equal(found.open_interest[20:], 4 * OPEN)
    assert set(found.basis[20:]) == {OpenInterestBasis.MOVED}


def test_open_interest_that_has_moved_is_not_counted_again_from_the_old_rows() -> None:
    found = reconcile(both(OPEN, 4 * OPEN + 1), BEFORE, SPLIT, DAY)
    assert len(found.superseded) == 20
    np.testing.assert_array_equal(found.open_interest[20:], 4 * OPEN + 1)


def test_a_blank_beside_an_old_row_that_has_some_is_filled_from_it() -> None:
    new = 4 * OPEN
    new[3] = math.nan
    found = reconcile(both(OPEN, new), BEFORE, SPLIT, DAY)
    assert found.open_interest[23] == 4 * OPEN[3]
    assert np.flatnonzero(found.basis[20:] == OpenInterestBasis.MOVED).tolist() == [3]


def test_open_interest_in_old_contracts_under_new_strikes_is_restated() -> None:
    found = reconcile(listing(STRIKES / 4, OPEN + 1), BEFORE, SPLIT, DAY)
    np.testing.assert_array_equal(found.open_interest, 4 * (OPEN + 1))
    assert set(found.basis) == {OpenInterestBasis.RESTATED}


def test_lines_without_a_quote_give_the_open_interest_of_the_contracts_that_they_became() -> None:
    strays = listing(STRIKES[:15], OPEN[:15])
    found = reconcile(listing(STRIKES / 4, np.full(20, math.nan)), BEFORE, SPLIT, DAY, strays=strays)
    np.testing.assert_array_equal(found.open_interest[:15], 4 * OPEN[:15])
    assert np.isnan(found.open_interest[15:]).all()
    assert set(found.basis) == {OpenInterestBasis.MOVED}


def test_a_line_of_an_old_and_a_new_contract_stands_for_the_new_one_with_the_old_ones_open_interest_moved() -> (
    None
):
    strikes = np.concatenate([STRIKES, [100.0]])  # 400 becomes 100, and 100 becomes 25
    before = listing(strikes, np.concatenate([OPEN, [77.0]]))
    here = np.unique(np.concatenate([strikes, strikes / 4]))
    open_now = np.where(np.isin(here, strikes), np.interp(here, STRIKES, OPEN), 0.0)
    open_now[here == 100.0] = 77.0
    found = reconcile(listing(here, open_now), before, SPLIT, DAY)
    kept = {
        k: v
        for i, (k, v) in enumerate(zip(here, found.open_interest, strict=True))
        if i not in found.superseded
    }
    assert 100.0 in kept and len(found.superseded) == 20
    assert (kept[25.0], kept[100.0]) == (4 * 77.0, 4 * OPEN[STRIKES == 400.0][0])


def test_a_single_old_strike_after_the_double_listing_is_a_fresh_contract_with_nothing_open() -> None:
    previous = both(OPEN, 4 * OPEN)
    now = listing(np.concatenate([STRIKES / 4, [300.0]]), np.concatenate([4 * OPEN, [1.0]]))
    found = reconcile(now, BEFORE, SPLIT, DAY, previous=previous)
    assert len(found.superseded) == 0
    assert np.isnan(found.open_interest[-1]) and found.basis[-1] == OpenInterestBasis.LEFT_OVER
    # without a double listing the day before nothing says that it is not its own
    assert reconcile(now, BEFORE, SPLIT, DAY, previous=listing(STRIKES / 4, OPEN)).open_interest[-1] == 1.0


def test_contracts_that_vanish_are_named_and_those_that_expired_are_not() -> None:
    before = replace(BEFORE, expiry_days=np.where(STRIKES > 450, DAY - 1, DAY + 30).astype(np.int32))
    here = STRIKES[2:]
    found = reconcile(listing(here / 4, 4 * OPEN[2:]), before, SPLIT, DAY)
    assert STRIKES[found.vanished].tolist() == [300.0, 310.0]


def test_an_old_row_whose_new_terms_are_not_listed_is_set_apart_and_not_lost() -> None:
    now = listing(np.concatenate([STRIKES, STRIKES[1:] / 4]), np.concatenate([OPEN, 4 * OPEN[1:]]))
    found = reconcile(now, BEFORE, SPLIT, DAY)
    assert len(found.superseded) == 20 and len(found.vanished) == 0
    assert np.flatnonzero(~found.has_row).tolist() == [0]


def test_contracts_that_a_memo_moved_to_another_root_are_told_by_it() -> None:
    memo = [OptionMemo(old_root="ABC", new_root="ABC1")]
    moved = replace(BEFORE, roots=("ABC1",))
    now = Listing(
        ("ABC", "ABC1"),
        np.repeat(np.array([0, 1], dtype=np.int32), 20),
        *(
            np.concatenate([getattr(BEFORE, f), getattr(moved, f)])
            for f in ("expiry_days", "right", "strike")
        ),
        np.concatenate([OPEN, np.zeros(20)]),
    )
    found = reconcile(now, BEFORE, memo, DAY)
    np.testing.assert_array_equal(found.superseded, np.arange(20))
    np.testing.assert_array_equal(found.open_interest[20:], OPEN)
    assert carried(BEFORE, memo).listing.roots == ("ABC", "ABC1")


def test_a_chain_that_did_not_move_is_left_alone() -> None:
    found = reconcile(BEFORE, BEFORE, SPLIT, DAY)
    assert len(found.superseded) == len(found.vanished) == 0
    np.testing.assert_array_equal(found.open_interest, OPEN)


@pytest.mark.parametrize("n", [0, 3])
def test_a_handful_of_contracts_is_no_evidence(n) -> None:
    few = listing(STRIKES[:n], OPEN[:n])
    found = reconcile(listing(STRIKES[:n] / 4, OPEN[:n]), few, SPLIT, DAY)
    np.testing.assert_array_equal(found.open_interest, OPEN[:n])
