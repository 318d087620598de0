"""Every published adjustment of option contracts, from the event and its memo to what a contract then is."""

import datetime as dt
import json
from pathlib import Path

import pytest

from engine.corporate_actions.contract_adjustment import original_terms
from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.corporate_actions.memo_drafts import Method, draft_memo
from engine.corporate_actions.memos import OptionMemo
from engine.corporate_actions.standing_rules import UnsupportedAdjustmentError, contract_changes
from engine.execution.delivery import unit_value
from engine.instruments.deliverable import Deliverable

GOLDEN = Path(__file__).parents[2] / "golden" / "contract_adjustment_cases.json"
CASES = {case["id"]: case for case in json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]}
WHOLE = {i: c for i, c in CASES.items() if c["inputs"]["event"].endswith("-for-1 split")}


def event(kind: ActionKind, underlying: str = "XYZ", date: str = "2015-06-01", *memos: OptionMemo, **fields):
    values = {"new_shares": 1.0, "old_shares": 1.0, "cash_amount": 0.0, **fields}
    return CorporateAction(
        underlying, dt.date.fromisoformat(date), kind, currency="USD", known_at_us=0, memos=memos, **values
    )


def drafted(action: CorporateAction, root: str, delivered: str, **options) -> OptionMemo:
    return draft_memo(action, root, delivered=Deliverable.parse(delivered), **options)


@pytest.mark.parametrize("case", WHOLE.values(), ids=WHOLE)
def test_whole_splits_follow_the_standing_rule(case) -> None:
    n = float(case["inputs"]["event"].split("-")[0])
    (memo,) = contract_changes(event(ActionKind.SPLIT, new_shares=n))
    expected = case["expected"]
    assert float(memo.strike_after(case["inputs"]["K"])) == pytest.approx(expected["K"], abs=1e-9)
    assert memo.contracts * case["inputs"]["contracts"] == expected["contracts"]
    assert (memo.multiplier or 100) == expected.get("multiplier", 100)


def test_stock_dividend_of_five_percent() -> None:
    case = CASES["stock-dividend-5pct"]
    action = event(ActionKind.STOCK_DIVIDEND, new_shares=105.0, old_shares=100.0)
    memo = drafted(action, "XYZ", "100 XYZ", method=Method.STRIKE_AND_DELIVERABLE)
    assert float(memo.strike_after(case["inputs"]["K"])) == case["expected"]["K"]
    assert memo.contracts * case["inputs"]["contracts"] == case["expected"]["contracts"]
    assert memo.deliverable is not None
    assert memo.deliverable.shares_of("XYZ") == case["expected"]["shares_per_contract"]


def test_capital_gains_adjust_contracts_also_when_they_are_regular() -> None:
    """They are judged like special dividends: by the threshold, not by whether they come every year."""
    gain = event(ActionKind.CAPITAL_GAIN, cash_amount=0.43)
    with pytest.raises(UnsupportedAdjustmentError, match="memo"):
        contract_changes(gain)
    adjusted = drafted(gain, "XYZ", "100 XYZ").changes_strike
    assert adjusted is CASES["capital-gains-etf"]["expected"]["adjusted"]
    assert contract_changes(event(ActionKind.CASH_DIVIDEND, cash_amount=0.43)) == ()


def test_uso_reverse_split() -> None:
    case = CASES["uso-2020-1for8"]
    action = event(ActionKind.SPLIT, "USO", case["inputs"]["eff"], old_shares=8.0)
    memo = drafted(action, "USO", "100 USO")
    assert (memo.old_root, memo.new_root) == tuple(case["inputs"]["symbol"].split("->"))
    assert memo.multiplier == case["expected"]["multiplier"] and not memo.changes_strike
    assert memo.deliverable is not None
    (_, shares), (_, fraction) = case["expected"]["deliverable"]
    assert str(memo.deliverable) == f"{shares} USO + cash in lieu of {fraction} USO"
    # "USO1 = 0.125 * USO"
    assert case["expected"]["underlying_price_rule"] == "USO1 = 0.125 * USO"
    assert unit_value(memo.deliverable, 100.0, {"USO": 20.0}.get) == 0.125 * 20.0
    # and the listed strikes of USO1 are found again under USO
    walked = original_terms(
        [2.5, 3.0], 20_000, [event(ActionKind.SPLIT, "USO", "2020-04-29", memo, old_shares=8.0)], "USO1"
    )
    assert walked.original_strike.tolist() == [2.5, 3.0]
    assert {t.original_root for t in walked.terms[:1]} == {"USO"}


def test_merger_for_shares() -> None:
    case = CASES["merger-1.72"]
    merger = event(ActionKind.MERGER, new_shares=1.72, new_security="ABC")
    memo = drafted(merger, "XYZ", "100 XYZ")
    ((security, shares),) = case["expected"]["deliverable"]
    assert str(memo.deliverable) == f"{shares} {security}"
    assert memo.multiplier == case["expected"]["multiplier"] and not memo.changes_strike


def test_sears_rights_on_top_of_the_spin_off() -> None:
    case = CASES["shld-2014-multi"]
    rights = event(ActionKind.RIGHTS, "SHLD", case["inputs"]["eff"], new_security="SHLDR")
    memo = drafted(rights, "SHLD1", "100 SHLD + 30 LE + USD 2.36", new_root="SHLD1")
    assert memo.deliverable is not None
    found = {item.security: item.quantity for item in memo.deliverable.items}
    names = {"cash": "USD", "SHLDR rights": "SHLDR"}
    assert found == {names.get(name, name): amount for name, amount in case["expected"]["deliverable"]}
    assert memo.multiplier == case["expected"]["multiplier"] and not memo.changes_strike


@pytest.mark.parametrize(
    ("case", "action"),
    [
        ("ordinary-dividend", event(ActionKind.CASH_DIVIDEND, cash_amount=50.0)),
        ("special-below-threshold", event(ActionKind.SPECIAL_DIVIDEND, cash_amount=0.10)),
    ],
)
def test_what_adjusts_no_contract(case: str, action) -> None:
    assert contract_changes(action) == ()
    assert CASES[case]["expected"] == {"K": "unchanged"}


def test_the_threshold_itself_adjusts() -> None:
    with pytest.raises(UnsupportedAdjustmentError):
        contract_changes(event(ActionKind.SPECIAL_DIVIDEND, cash_amount=0.125))
    assert contract_changes(event(ActionKind.SPECIAL_DIVIDEND, cash_amount=0.1249)) == ()


def test_reverse_split_one_for_five() -> None:
    case = CASES["rs-1for5"]
    memo = drafted(event(ActionKind.SPLIT, old_shares=5.0), "XYZ", "100 XYZ")
    assert memo.deliverable is not None
    assert memo.deliverable.shares_of("XYZ") == case["expected"]["deliverable_shares"]
    assert memo.multiplier == case["expected"]["multiplier"] and not memo.changes_strike


def test_all_published_cases_are_here() -> None:
    assert set(CASES) - set(WHOLE) == {
        "stock-dividend-5pct", "capital-gains-etf", "uso-2020-1for8", "merger-1.72", "shld-2014-multi",
        "ordinary-dividend", "special-below-threshold", "rs-1for5",
    }  # fmt: skip
