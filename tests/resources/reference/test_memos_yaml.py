"""Records with memos: what a person writes is what the engine gets, and one fault refuses the file by line."""

import datetime as dt

import pytest

from engine.corporate_actions.events import ActionKind
from engine.instruments.deliverable import Deliverable
from resources.reference.corporate_actions.event_rules import InvalidActionsError
from resources.reference.corporate_actions.memos_yaml import event_record, file_text, read_memo_file
from resources.reference.corporate_actions.table import actions_table, to_actions
from tests.worked_actions.examples import EXAMPLES

USO = """\
events:
  - underlying: USO
    effective_date: 2020-04-29
    kind: split
    new_shares: 1
    old_shares: 8
    announced_at: 2020-04-22
    source: information memo of 2020-04-22
    memos:
      - old_root: USO
        new_root: USO1
        multiplier: 100
        deliverable: ["12 USO", "cash in lieu of 0.5 USO"]
"""
MERGER = """\
events:
  - underlying: XYZ
    effective_date: 2018-09-10
    kind: merger
    known_at: 2018-09-07T20:00:00Z
    elections:
      - {name: cash, cash_amount: 40}
      - {name: mixed, cash_amount: 10, new_shares: 1, old_shares: 2, new_security: ABC, default: true}
    memos:
      - {number: 43711, old_root: XYZ, new_root: ABC1, deliverable: ["50 ABC", "USD 1000"]}
"""


def only(text: str, currency: str = "USD"):
    (event,) = read_memo_file(text.encode(), "memos.yaml").events
    return event.action(currency)


def test_a_memo_is_stored_as_written() -> None:
    action = only(USO)
    (memo,) = action.memos
    assert (memo.old_root, memo.new_root, memo.multiplier, memo.strike_divisor) == ("USO", "USO1", 100.0, 1.0)
    assert memo.deliverable == Deliverable.parse("12 USO + cash in lieu of 0.5 USO")
    assert (action.share_ratio, action.currency) == (0.125, "USD")


def test_a_day_without_an_hour_may_be_used_from_its_end() -> None:
    assert only(USO).known_at_us == int(dt.datetime(2020, 4, 23, tzinfo=dt.UTC).timestamp()) * 1_000_000
    assert only(USO).announced_at_us == only(USO).known_at_us


def test_holders_get_the_default_election_and_the_others_stay_on_record() -> None:
    action = only(MERGER)
    assert (action.cash_amount, action.share_ratio, action.new_security) == (10.0, 0.5, "ABC")
    assert action.source == "default election mixed; others cash: 40 a share"
    assert action.memos[0].number == "43711"


@pytest.mark.parametrize("example", EXAMPLES, ids=[e.title for e in EXAMPLES])
def test_every_kind_of_event_survives_the_file_and_the_lake(example) -> None:
    text = file_text([event_record(example.action)])
    assert only(text) == example.action
    (stored,) = to_actions(actions_table([example.action]))
    assert stored == example.action


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (USO.replace("12 USO", "12 of USO"), 10, "'12 of USO' is none of '100 XYZ'"),
        (USO.replace("2020-04-29", "2020-04-31"), 3, "date"),
        (USO.replace("kind: split", "kind: divorce"), 4, "Input should be 'split'"),
        (USO.replace("multiplier: 100", "multiplier: 0"), 12, "greater than 0"),
        (USO.replace("new_root: USO1", "new_rot: USO1"), 11, "unknown field"),
        (
            USO.replace("        new_root: USO1\n", ""),
            10,
            "old_root and new_root are given both or not at all",
        ),
        (USO.replace("    announced_at: 2020-04-22\n", ""), 2, "neither known_at nor announced_at"),
        (USO.replace("2020-04-22\n", "2020-04-22T10:00\n", 1), 2, "no offset from UTC"),
        (
            USO.replace("old_shares: 8", "old_shares: 1"),
            2,
            "a split needs new_shares and old_shares that differ",
        ),
        (USO.replace("source:", "basis_kept: 1.2\n    source:"), 2, "basis_kept is a share from 0 to 1"),
        (USO.replace("source:", "known_at: 2020-04-21\n    source:"), 2, "known_at lies before announced_at"),
        (MERGER.replace(", default: true", ""), 2, "0 elections have default: true"),
        (MERGER.replace("    known_at", "    cash_amount: 3\n    known_at"), 2, "stands in the elections"),
        (USO + USO.removeprefix("events:\n"), 1, "events 1 and 2 are both a split of USO"),
        ("events: {}", 1, "valid tuple"),
        ("- 1", 1, "expected a mapping"),
        ("events: [", 1, "not valid YAML"),
    ],
)
def test_a_fault_is_named_with_file_line_and_rule(text: str, line: int, message: str) -> None:
    with pytest.raises(InvalidActionsError) as caught:
        read_memo_file(text.encode(), "memos.yaml")
    assert message in str(caught.value)
    assert f"memos.yaml:{line}:" in str(caught.value)


def test_the_kinds_in_the_file_are_those_of_the_engine() -> None:
    assert {e.action.kind for e in EXAMPLES} == set(ActionKind)
