"""The story of a contract: each step with its terms, and every event accounted for with a reason."""

import datetime as dt

import pytest

from engine.corporate_actions.contract_history import contract_history
from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.corporate_actions.memos import OptionMemo
from engine.corporate_actions.standing_rules import UnsupportedAdjustmentError
from engine.instruments.deliverable import Deliverable

DAY_US = 86_400_000_000
FAR = 2**62


def event(kind: ActionKind, date: str, *memos: OptionMemo, known: str = "", **fields) -> CorporateAction:
    effective = dt.date.fromisoformat(date)
    known_on = dt.date.fromisoformat(known) if known else effective
    values = {"new_shares": 1.0, "old_shares": 1.0, "cash_amount": 0.0, **fields}
    return CorporateAction(
        "USO", effective, kind, currency="USD", memos=memos,
        known_at_us=(known_on - dt.date(1970, 1, 1)).days * DAY_US, **values,
    )  # fmt: skip


EVENTS = [
    event(ActionKind.SPLIT, "2010-03-01", new_shares=2.0),
    event(ActionKind.SPLIT, "2019-03-01", new_shares=2.0),
    event(ActionKind.CASH_DIVIDEND, "2019-06-03", cash_amount=9.0),
    event(ActionKind.SPECIAL_DIVIDEND, "2019-07-01", cash_amount=0.1),
    event(
        ActionKind.SPLIT, "2020-04-29",
        OptionMemo("USO", "USO1", multiplier=100.0, deliverable=Deliverable.parse("12 USO + cash in lieu of 0.5 USO"),
                   number="1"),
        old_shares=8.0,
    ),
    event(
        ActionKind.CONTRACT_ADJUSTMENT, "2020-05-06",
        OptionMemo("USO1", "USO1", deliverable=Deliverable.parse("12 USO + USD 9.41 in lieu of 0.5 USO")),
    ),
    event(ActionKind.SPLIT, "2021-01-04", new_shares=3.0),
]  # fmt: skip


def history(
    root: str, strike: float, listed_on: str, events=EVENTS, until: str = "2020-06-30", known: int = FAR
):
    return contract_history(
        root,
        strike,
        dt.date(2020, 7, 17),
        dt.date.fromisoformat(listed_on),
        events,
        underlying="USO",
        multiplier=100.0,
        until=dt.date.fromisoformat(until),
        known_until_us=known,
    )


def test_each_event_is_told_with_what_decided_it() -> None:
    told = history("USO1", 3.0, "2020-06-01")
    assert [(s.changed, s.decided_by) for s in told.steps] == [
        (False, "before it can have been listed"),
        (True, "standing rule of whole n-for-1 splits, strike / 2, contracts x 2"),
        (False, "ordinary dividends adjust no contract, whatever their size"),
        (False, "10.00 a contract is below the threshold of 12.50"),
        (True, "memo 1, USO becomes USO1"),
        (True, "memo without a number"),
        (False, "passed over: not in force by then"),
    ]
    assert str(told.first) == "1 x USO strike 6, multiplier 100, delivers 100 USO"
    assert str(told.steps[-1].after) == (
        "2 x USO1 strike 3, multiplier 100, delivers 12 USO + USD 9.41 in lieu of 0.5 USO"
    )


def test_a_contract_listed_after_an_event_did_not_come_through_it() -> None:
    told = history("USO", 25.25, "2020-06-01")
    assert told.listed_after == "2020-04-29"
    assert [s.changed for s in told.steps] == [False] * 7
    assert told.steps[4].decided_by == "before it was listed"
    assert told.steps[5].decided_by == "its memos are about USO1, not USO"


def test_what_was_not_known_is_passed_over() -> None:
    late = [event(ActionKind.SPLIT, "2019-03-01", new_shares=2.0, known="2020-01-01")]
    known = (dt.date(2019, 12, 1) - dt.date(1970, 1, 1)).days * DAY_US
    (step,) = history("USO", 6.0, "2019-12-01", late, known=known).steps
    assert (step.changed, step.decided_by) == (False, "passed over: not known by then")


def test_rounding_is_told() -> None:
    (step,) = history(
        "USO", 635.0, "2014-06-06", [event(ActionKind.SPLIT, "2018-06-09", new_shares=7.0)]
    ).steps
    assert "90.714286 rounded to 90.71" in step.decided_by


def test_an_event_without_a_memo_ends_the_story_where_it_can_no_longer_be_told() -> None:
    bare = event(ActionKind.SPLIT, "2020-04-29", old_shares=8.0)
    told = history("USO", 3.0, "2020-04-01", [bare, EVENTS[-2]])
    assert len(told.steps) == 1 and told.steps[0].decided_by.startswith("cannot be told: USO 1-for-8 split")
    with pytest.raises(UnsupportedAdjustmentError):
        history("USO", 3.0, "2020-06-01", [bare])
