"""Listed contracts walked back over memos: by root where an event made it, by strike where the root stayed."""

import datetime as dt
from itertools import accumulate
from operator import mul

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.calendars import days_of_date
from engine.corporate_actions.contract_adjustment import original_terms
from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.corporate_actions.memos import OptionMemo
from engine.instruments.deliverable import Deliverable

FIRST = dt.date(2015, 1, 5)


def event(number: int, *memos: OptionMemo, kind=ActionKind.CONTRACT_ADJUSTMENT, **fields) -> CorporateAction:
    """One event a week."""
    values = {"new_shares": 1.0, "old_shares": 1.0, "cash_amount": 0.0, **fields}
    effective = FIRST + dt.timedelta(weeks=number)
    return CorporateAction("XYZ", effective, kind, currency="USD", known_at_us=0, memos=memos, **values)


AFTER = days_of_date(FIRST) + 400
TWELVE = Deliverable.parse("12 XYZ + cash in lieu of 0.5 XYZ")
REVERSE = event(0, OptionMemo("XYZ", "XYZ1", multiplier=100.0, deliverable=TWELVE))


def terms_of(walked, place: int):
    return walked.terms[int(walked.era_code[place])]


def test_a_contract_under_a_root_that_an_event_made_came_through_it() -> None:
    walked = original_terms([3.0, 2.37], AFTER, [REVERSE], "XYZ1")
    # 2.37 is no strike that anybody lists, but the root leaves no doubt
    assert walked.original_strike.tolist() == [3.0, 2.37]
    for place in (0, 1):
        terms = terms_of(walked, place)
        assert (terms.era, terms.original_root, terms.multiplier, terms.deliverable) == (
            "",
            "XYZ",
            100.0,
            TWELVE,
        )


def test_a_contract_under_the_root_that_an_event_took_away_was_listed_after_it() -> None:
    walked = original_terms([3.0], AFTER, [REVERSE], "XYZ")
    terms = terms_of(walked, 0)
    assert (terms.era, terms.original_root, terms.deliverable) == (FIRST.isoformat(), "XYZ", None)
    assert terms_of(original_terms([3.0], days_of_date(FIRST) - 1, [REVERSE], "XYZ"), 0).era == ""


def test_a_strike_that_the_memo_of_a_root_cannot_have_made_is_refused() -> None:
    odd = event(0, OptionMemo("XYZ", "XYZ1", strike_divisor=1.5, multiplier=150.0))
    assert original_terms([26.67], AFTER, [odd], "XYZ1").original_strike.tolist() == [40.0]
    made_of_nothing = event(0, OptionMemo("XYZ", "XYZ1", strike_divisor=0.001))
    with pytest.raises(ValueError, match=r"strike 26\.67 is listed under XYZ1.*strike_divisor"):
        original_terms([26.67], AFTER, [made_of_nothing], "XYZ1")


def test_a_reduced_strike_is_walked_back_and_a_fresh_one_is_not() -> None:
    special = event(0, OptionMemo("XYZ", "XYZ", strike_reduction=0.43))
    walked = original_terms([29.57, 30.0], AFTER, [special], "XYZ")
    assert walked.original_strike.tolist() == [30.0, 30.0]
    assert [terms_of(walked, i).era for i in (0, 1)] == ["", FIRST.isoformat()]


def test_a_contract_goes_back_through_two_roots_to_the_first() -> None:
    further = event(1, OptionMemo("XYZ1", "XYZ2", deliverable=Deliverable.parse("6 XYZ + USD 5")))
    walked = original_terms([3.0], AFTER, [REVERSE, further], "XYZ2")
    terms = terms_of(walked, 0)
    assert (terms.original_root, terms.era, str(terms.deliverable)) == ("XYZ", "", "6 XYZ + USD 5")
    # listed under XYZ1 between the two events: nobody lists there anew
    assert terms_of(original_terms([3.0], AFTER, [REVERSE, further], "XYZ1"), 0).era == "2015-01-12"


def test_what_joins_a_standing_root_takes_the_identity_that_it_finds() -> None:
    joins = event(1, OptionMemo("XYZ1", "XYZ", deliverable=Deliverable.parse("100 XYZ")))
    made = event(0, OptionMemo("XYZ", "XYZ1", deliverable=Deliverable.parse("100 XYZ + 10 R")))
    walked = original_terms([50.0], AFTER, [made, joins], "XYZ")
    assert terms_of(walked, 0).original_root == "XYZ"


MEMOS = st.one_of(
    st.sampled_from([2.0, 3.0, 4.0]).map(lambda n: ("split", n)),
    st.floats(0.15, 1.5).map(lambda x: ("reduction", round(x, 2))),
    st.sampled_from([1.5, 1.25, 1.05]).map(lambda r: ("odd", r)),
    st.just(("root", 1.0)),
)


@settings(max_examples=300)
@given(
    drawn=st.lists(MEMOS, min_size=1, max_size=5),
    strikes=st.lists(st.integers(80, 1200).map(lambda n: n / 2), min_size=1, max_size=8, unique=True),
)
def test_the_walk_undoes_any_five_adjustments(drawn, strikes) -> None:
    # beyond, half cents of rounding reach the listing grid: nobody can tell (in a contract's life nobody has to)
    divisors = [amount for what, amount in drawn if what in ("split", "odd")]
    assume(sum(accumulate(divisors, mul)) < 40)
    root, contracts, now = "XYZ", 1.0, np.array(sorted(strikes))
    actions = []
    for number, (what, amount) in enumerate(drawn):
        if what == "split":
            memo = OptionMemo(root, root, contracts=amount, strike_divisor=amount)
        elif what == "reduction":
            memo = OptionMemo(root, root, strike_reduction=amount)
        else:
            memo = OptionMemo(root, f"XYZ{number + 1}", strike_divisor=amount)
        assume((now > memo.strike_reduction + 1).all())
        now, root, contracts = memo.strike_after(now), memo.root_after(root), contracts * memo.contracts
        actions.append(event(number, memo))
    # two strikes that a divisor has made one cannot be told apart by anybody
    assume(len(set(now.tolist())) == len(strikes))
    walked = original_terms(now, AFTER, actions, root)
    # what the walk finds leads to what is listed, always
    eras = [terms_of(walked, i).era for i in range(len(now))]
    for origin, era, listed in zip(walked.original_strike, eras, now, strict=True):
        strike = origin
        for action in actions:
            if not era or action.effective_date.isoformat() > era:
                strike = float(action.memos[0].strike_after(strike))
        assert strike == pytest.approx(listed, abs=1e-9)
    # and it is the origin itself, but where a strike reduced off the listing grid was then divided: 39.53 and 39.50
    # both become 9.88
    if not reduced_then_divided(drawn):
        assert walked.original_strike.tolist() == sorted(strikes)
        assert {terms_of(walked, i).original_root for i in range(len(now))} == {"XYZ"}
        assert walked.adjustment_factor.tolist() == [contracts] * len(now)


def reduced_then_divided(drawn) -> bool:
    kinds = [what for what, _ in drawn]
    return "reduction" in kinds and any(
        what in ("split", "odd") for what in kinds[kinds.index("reduction") :]
    )
