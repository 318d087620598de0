"""Every kind of event, against figures that were worked out by hand, and the page that is written from them."""

import pytest

from engine.corporate_actions.events import ActionKind
from tests.worked_actions.examples import EXAMPLES, Example
from tests.worked_actions.page import PAGE, text
from tests.worked_actions.worked import work


@pytest.mark.parametrize("example", EXAMPLES, ids=[e.title for e in EXAMPLES])
def test_the_position_becomes_what_was_worked_out_by_hand(example: Example) -> None:
    found, expected = work(example).after, example.becomes
    assert [(o.root, o.strike, o.contracts, o.multiplier, o.deliverable) for o in found.options] == list(
        expected.options
    )
    assert [s.security for s in found.shares] == [s[0] for s in expected.shares]
    for row, (_, shares, cost) in zip(found.shares, expected.shares, strict=True):
        assert row.shares == pytest.approx(shares, abs=1e-9)
        assert row.cost == pytest.approx(cost, abs=1e-6)
    assert found.cash == pytest.approx(expected.cash, abs=1e-9)


@pytest.mark.parametrize("example", EXAMPLES, ids=[e.title for e in EXAMPLES])
def test_the_value_of_the_position_is_what_it_was(example: Example) -> None:
    worked = work(example)
    # cash in lieu is paid to the cent
    assert worked.after.value == pytest.approx(worked.before.value, abs=0.005)


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.exercise], ids=lambda e: e.title)
def test_exercise_moves_what_was_worked_out_by_hand(example: Example) -> None:
    worked = work(example)
    assert example.exercise is not None and worked.delivery is not None
    assert worked.unit_price == pytest.approx(example.exercise.unit_price, abs=1e-9)
    assert worked.delivery.cash == pytest.approx(example.exercise.cash, abs=1e-9)
    assert [(p.security, p.quantity) for p in worked.delivery.shares] == list(example.exercise.shares)


def test_every_kind_of_event_has_an_example() -> None:
    assert {e.action.kind for e in EXAMPLES} == set(ActionKind)


def test_the_page_is_what_the_examples_give() -> None:
    assert PAGE.read_text(encoding="utf-8") == text(), (
        "docs/corporate-actions.md is not what its examples give: python -m tests.worked_actions --write"
    )
