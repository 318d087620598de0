"""docs/corporate-actions.md, from the worked examples."""

from pathlib import Path

from resources.reference.corporate_actions.memos_yaml import event_record, file_text
from tests.worked_actions.examples import EXAMPLES, Example
from tests.worked_actions.worked import OptionRow, Position, work

PAGE = Path(__file__).parents[2] / "docs" / "corporate-actions.md"

_HEAD = """# Corporate actions, worked

What each kind of event does to shares, to option contracts and to what is held. This page is written by
`python -m tests.worked_actions --write` from the examples that the tests check against figures worked out by hand
(`tests/worked_actions/examples.py`); a test fails when it differs from them. Real events carry the clearing house's
published terms, XYZ is nobody's share, and prices around them are round numbers.

- A contract keeps its id through every event. Its terms change by the memo of the event, as written, or by a standing
  rule where that leaves no choice ([decision 27](decisions/0027-memos-as-written.md)).
- The value of the position is the same before and after, but for cash in lieu, which is paid to the cent. So is its
  cost, but for the part that is paid out ([decision 28](decisions/0028-positions-through-corporate-actions.md)).
- The records are in the format `memos_yaml` ([how to write one](guide/universes.md)). `optix actions explain` tells the
  same of any contract.
"""


def text() -> str:
    """The whole page."""
    return _HEAD + "".join(_section(example) for example in EXAMPLES)


def _section(example: Example) -> str:
    worked, action = work(example), example.action
    head = f"\n## {example.title}\n\n{example.text}\n\n`{action}`"
    record = file_text([event_record(action)]).strip()
    rows = [("", "before", "after")]
    for old, new in zip(worked.before.options, worked.after.options, strict=True):
        rows.append(("option", _option(old, action.underlying), _option(new, action.underlying)))
    securities = dict.fromkeys(s.security for p in (worked.before, worked.after) for s in p.shares)
    for security in securities:
        rows.append(("shares", _shares(worked.before, security), _shares(worked.after, security)))
    rows.append(("cash received", "", f"{worked.after.cash:,.2f}"))
    rows.append(("value of the whole", f"{worked.before.value:,.2f}", f"{worked.after.value:,.2f}"))
    table = "\n".join(
        ["| " + " | ".join(rows[0]) + " |", "|---|---|---|", *("| " + " | ".join(r) + " |" for r in rows[1:])]
    )
    return f"{head}\n\n```yaml\n{record}\n```\n\n{table}\n{_exercise(example)}"


def _option(row: OptionRow, underlying: str) -> str:
    right = "call" if row.right == "C" else "put"
    delivers = row.deliverable or f"{row.multiplier:g} {underlying}"
    return (
        f"{row.contracts:+g} {row.root} {row.strike:.2f} {right}, x {row.multiplier:g}, delivers {delivers}"
    )


def _shares(position: Position, security: str) -> str:
    for row in position.shares:
        if row.security == security:
            return f"{row.shares:+,.10g} {security} for {row.cost:,.2f}"
    return ""


def _exercise(example: Example) -> str:
    worked = work(example)
    if example.exercise is None or worked.delivery is None:
        return ""
    put = example.options[0][0] == "P"
    prices = ", ".join(f"{security} at {price:g}" for security, price in example.exercise.prices)
    moved = [f"{part.quantity:+g} {part.security}" for part in worked.delivery.shares]
    holder = "put" if put else "call"
    return (
        f"\nExercised {f'with {prices}' if prices else 'after that'}: a unit is worth {worked.unit_price:.10g}; the "
        f"{holder}'s holder gets or gives {', '.join([*moved, f'{worked.delivery.cash:+,.2f} in cash'])} a contract.\n"
    )
