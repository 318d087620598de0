"""Drafted memos against published adjustments, and the rule that every method keeps: the aggregate strike."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.corporate_actions.memo_drafts import Method, NoDraftError, draft_memo
from engine.instruments.deliverable import Deliverable

HUNDRED = Deliverable.parse("100 XYZ")


def event(kind: ActionKind, date: str = "2020-04-29", **fields) -> CorporateAction:
    values = {"new_shares": 1.0, "old_shares": 1.0, "cash_amount": 0.0, **fields}
    return CorporateAction("XYZ", dt.date.fromisoformat(date), kind, currency="USD", known_at_us=0, **values)


def draft(action: CorporateAction, root: str = "XYZ", delivered: Deliverable = HUNDRED, **options):
    return draft_memo(action, root, delivered=delivered, **options)


def test_a_whole_split_multiplies_contracts() -> None:
    memo = draft(event(ActionKind.SPLIT, new_shares=4.0))
    assert (memo.contracts, memo.strike_divisor, memo.new_root, memo.deliverable) == (4.0, 4.0, "XYZ", None)
    assert float(memo.strike_after(400.0)) == 100.0


def test_an_odd_split_before_2007_was_rounded_to_the_eighth() -> None:
    # the clearing house's own example of January 2006
    memo = draft(event(ActionKind.SPLIT, "2005-06-01", new_shares=3.0, old_shares=2.0))
    assert float(memo.strike_after(40.0)) == 26.625
    assert (memo.multiplier, str(memo.deliverable), memo.new_root) == (150.0, "150 XYZ", "XYZ1")


def test_since_2007_the_method_of_an_odd_split_has_to_be_named() -> None:
    action = event(ActionKind.SPLIT, new_shares=3.0, old_shares=2.0)
    with pytest.raises(
        NoDraftError, match=r"XYZ 3-for-2 split .*strike_and_deliverable and deliverable_only"
    ):
        draft(action)
    kept = draft(action, method=Method.DELIVERABLE_ONLY)
    assert (kept.strike_divisor, kept.multiplier, str(kept.deliverable)) == (1.0, 100.0, "150 XYZ")


@pytest.mark.parametrize(
    ("fields", "delivers"),
    [
        ({"kind": ActionKind.SPLIT, "old_shares": 8.0}, "12 XYZ + cash in lieu of 0.5 XYZ"),
        ({"kind": ActionKind.SPLIT, "old_shares": 500.0}, "cash in lieu of 0.2 XYZ"),
        ({"kind": ActionKind.MERGER, "new_shares": 1.72, "new_security": "ABC"}, "172 ABC"),
        ({"kind": ActionKind.MERGER, "cash_amount": 25.5}, "USD 2550"),
        (
            {"kind": ActionKind.MERGER, "cash_amount": 10.0, "new_shares": 1.0, "old_shares": 3.0,
             "new_security": "ABC"},
            "33 ABC + cash in lieu of 0.3333333333 ABC + USD 1000",
        ),
        (
            {"kind": ActionKind.SPIN_OFF, "new_shares": 0.300795, "new_security": "LE"},
            "100 XYZ + 30 LE + cash in lieu of 0.0795 LE",
        ),
        ({"kind": ActionKind.RIGHTS, "new_security": "XYZR"}, "100 XYZ + 100 XYZR"),
        ({"kind": ActionKind.LIQUIDATION, "cash_amount": 3.1}, "USD 310"),
    ],
)  # fmt: skip
def test_what_changes_the_deliverable_leaves_the_strike(fields, delivers: str) -> None:
    memo = draft(event(**fields))
    assert (str(memo.deliverable), memo.new_root, memo.multiplier) == (delivers, "XYZ1", 100.0)
    assert not memo.changes_strike


def test_an_adjusted_contract_is_adjusted_further() -> None:
    delivered = Deliverable.parse("100 XYZ + 30 LE + USD 2.36")
    memo = draft(event(ActionKind.RIGHTS, new_security="XYZR"), "XYZ1", delivered, new_root="XYZ1")
    assert str(memo.deliverable) == "100 XYZ + 100 XYZR + 30 LE + USD 2.36"
    assert draft(event(ActionKind.SPLIT, old_shares=5.0), "XYZ1", delivered).new_root == "XYZ2"


def test_cash_comes_off_the_strike_by_the_unit() -> None:
    special = event(ActionKind.SPECIAL_DIVIDEND, cash_amount=2.5)
    assert draft(special).strike_reduction == 2.5
    assert draft(special, delivered=Deliverable.parse("50 XYZ + 10 LE")).strike_reduction == 1.25


@pytest.mark.parametrize(
    ("action", "options", "says"),
    [
        (event(ActionKind.CASH_DIVIDEND, cash_amount=1.0), {}, "adjusts no contract"),
        (event(ActionKind.SYMBOL_CHANGE, new_security="NEW"), {}, "old_root and new_root"),
        (event(ActionKind.CONTRACT_ADJUSTMENT), {}, "written as printed"),
        (event(ActionKind.LIQUIDATION), {}, "leaves nothing to deliver"),
        (
            event(ActionKind.SPLIT, old_shares=2.0),
            {"method": Method.STRIKE_AND_CONTRACTS},
            "no whole n-for-1",
        ),
        (event(ActionKind.RIGHTS, new_security="R"), {"method": Method.STRIKE_REDUCTION}, "pays no cash"),
        (
            event(ActionKind.RIGHTS, new_security="R"),
            {"method": Method.STRIKE_AND_DELIVERABLE},
            "no share basis",
        ),
    ],
)
def test_what_cannot_be_drafted_says_why(action, options, says: str) -> None:
    with pytest.raises(NoDraftError, match=says):
        draft(action, **options)


@given(
    new=st.integers(1, 30), old=st.integers(1, 30), strike=st.integers(2, 2000).map(lambda n: n / 2),
    method=st.sampled_from([Method.STRIKE_AND_CONTRACTS, Method.STRIKE_AND_DELIVERABLE, Method.DELIVERABLE_ONLY]),
)  # fmt: skip
def test_every_method_keeps_the_aggregate_strike_and_the_worth_of_what_is_delivered(
    new, old, strike, method
) -> None:
    action = event(ActionKind.SPLIT, new_shares=float(new), old_shares=float(old))
    try:
        memo = draft(action, method=method)
    except NoDraftError:
        return
    multiplier = memo.multiplier or 100.0
    units = memo.contracts * multiplier
    assert float(memo.strike_after(strike)) * units == pytest.approx(strike * 100, abs=0.0051 * units)
    delivered = memo.deliverable or HUNDRED
    price = 60.0 * old / new
    assert memo.contracts * delivered.value({"XYZ": price}) == pytest.approx(6000.0, rel=1e-6)
