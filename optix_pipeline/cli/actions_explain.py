"""``optix actions explain``: one contract through every event, with what decided each."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.calendars import days_of_date
from engine.corporate_actions.contract_adjustment import original_terms
from engine.corporate_actions.contract_history import (
    ContractHistory,
    HistoryStep,
    contract_history,
    identity_of,
)
from engine.corporate_actions.events import CorporateAction
from engine.instruments.identity import contract_ids
from engine.instruments.osi import OsiSymbol, parse_osi
from engine.instruments.terms import Right
from optix_pipeline.cli.actions_list import instant
from optix_pipeline.cli.data_option import use_data_folder
from optix_pipeline.cli.output import print_json
from optix_pipeline.cli.session_range import parse_day
from resources.universe import UniverseSpec

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class _Asked:
    """The contract as it is listed on a day."""

    symbol: OsiSymbol
    underlying: str
    multiplier: float
    on: dt.date


def explain_contract(
    universe: str,
    contract: str,
    on: str | None,
    until: str | None,
    *,
    every: bool,
    data: Path | None,
    as_json: bool,
) -> None:
    """Print a contract's terms from its listing on, event by event.

    Raises
    ------
    LookupError, ValueError
        No such universe, root or contract; a symbol or a date that is none.
    """
    use_data_folder(data)
    day = None if on is None else parse_day(on, "--on")
    last = None if until is None else parse_day(until, "--until")
    from optix_pipeline.catalog import load_catalog
    from optix_pipeline.recorded_actions import recorded_actions

    spec = load_catalog().universe(universe)
    events = recorded_actions(spec)
    asked = (
        _from_lake(spec, int(contract), day)
        if contract.isdigit()
        else _from_symbol(spec, contract, day, events)
    )
    own = [a for a in events if a.underlying == asked.underlying]
    # without a day: everything that is on record about it
    end = last or asked.symbol.expiry
    known_us = _end_of(end) if last is not None else np.iinfo(np.int64).max
    history = contract_history(
        asked.symbol.root,
        asked.symbol.strike,
        asked.symbol.expiry,
        asked.on,
        own,
        underlying=asked.underlying,
        multiplier=asked.multiplier,
        until=end,
        known_until_us=int(known_us),
    )
    number = _contract_id(spec, asked, own)
    if as_json:
        print_json(_document(asked, number, history))
    else:
        _print(asked, number, history, every=every)


def _from_symbol(
    spec: UniverseSpec, contract: str, day: dt.date | None, events: list[CorporateAction]
) -> _Asked:
    symbol = parse_osi(contract)
    terms = spec.root_terms()
    made = {memo.new_root: a.underlying for a in events for memo in a.memos if memo.new_root}
    if symbol.root in terms:
        underlying, multiplier = terms[symbol.root].underlying, terms[symbol.root].multiplier
    elif symbol.root in made:
        underlying = made[symbol.root]
        multiplier = next(t.multiplier for t in terms.values() if t.underlying == underlying)
    else:
        raise LookupError(
            f"universe {spec.name} has no root {symbol.root}; it has {', '.join(sorted({*terms, *made}))}"
        )
    on = day or min(symbol.expiry, spec.end or symbol.expiry)
    return _Asked(symbol, underlying, multiplier, on)


def _from_lake(spec: UniverseSpec, contract_id: int, day: dt.date | None) -> _Asked:
    """The row of that id in the adjusted layer of a session."""
    import pyarrow.compute as pc

    from assets.day_status import read_status
    from resources.home import lake_uri
    from resources.lake.opening import open_lake

    if day is None:
        raise ValueError(f"contract_id {contract_id} needs --on, a session whose adjusted quotes hold it")
    lake = open_lake(lake_uri())
    columns = ["contract_id", "root", "expiry", "right", "strike", "underlying", "multiplier"]
    for found in read_status(lake, spec, "adjusted_quotes", day).underlyings.values():
        table = lake.read_table(found.path, columns=columns) if found.rows else None
        rows = [] if table is None else table.filter(pc.equal(table["contract_id"], contract_id)).to_pylist()
        if rows:
            row = rows[0]
            symbol = OsiSymbol(row["root"], row["expiry"], Right(row["right"]), row["strike"])
            return _Asked(symbol, row["underlying"], row["multiplier"], day)
    raise LookupError(
        f"{spec.name} {day}: no adjusted quote has contract_id {contract_id}; check the id and --on"
    )


def _contract_id(spec: UniverseSpec, asked: _Asked, own: list[CorporateAction]) -> int:
    root, strike, era = identity_of(
        original_terms([asked.symbol.strike], days_of_date(asked.on), own, asked.symbol.root)
    )
    right = 1 if asked.symbol.right is Right.PUT else 0
    ids = contract_ids(
        spec.underlying(asked.underlying).id,
        root,
        np.array([days_of_date(asked.symbol.expiry)], dtype=np.int32),
        np.array([right], dtype=np.int8),
        np.array([strike]),
        np.array([era], dtype=object),
    )
    return int(ids[0])


def _end_of(day: dt.date) -> int:
    return (days_of_date(day) + 1) * 86_400_000_000 - 1


def _print(asked: _Asked, contract_id: int, history: ContractHistory, *, every: bool) -> None:
    s = asked.symbol
    kind = "call" if s.right is Right.CALL else "put"
    since = (
        f"listed after the event of {history.listed_after}"
        if history.listed_after
        else "listed before every event"
    )
    print(f"{asked.underlying} {s.expiry} {s.strike:.10g} {kind}, as listed on {asked.on}")
    print(f"contract_id {contract_id}, {since}")
    print(f"at first {history.first}")
    passed: dict[str, list[HistoryStep]] = {}
    for step in history.steps:
        if step.changed or every:
            print(
                f"\n{step.action.effective_date}  {step.action.describe()}, known from "
                f"{instant(step.action.known_at_us)} UTC\n            {step.decided_by}"
            )
            if step.changed:
                print(f"            {step.after}")
        else:
            passed.setdefault(step.decided_by, []).append(step)
    print()
    for reason, steps in passed.items():
        print(f"{_events(steps)}: {reason}")
    if passed:
        print("each of them: --all")
    elif not history.steps:
        print("no corporate action is on record")


def _events(steps: list[HistoryStep]) -> str:
    first, last = steps[0].action.effective_date, steps[-1].action.effective_date
    if len(steps) == 1:
        return f"1 event ({first}, {steps[0].action.describe()})"
    return f"{len(steps)} events ({first} to {last})"


def _document(asked: _Asked, contract_id: int, history: ContractHistory) -> dict[str, object]:
    s = asked.symbol
    return {
        "contract_id": contract_id,
        "underlying": asked.underlying,
        "expiry": s.expiry,
        "right": s.right.value,
        "listed_on": asked.on,
        "listed_after": history.listed_after,
        "first": _terms(history.first),
        "steps": [
            {
                "effective_date": step.action.effective_date,
                "event": step.action.describe(),
                "known_at": instant(step.action.known_at_us),
                "decided_by": step.decided_by,
                "changed": step.changed,
                "after": _terms(step.after),
            }
            for step in history.steps
        ],
    }


def _terms(terms: object) -> dict[str, object]:
    return {
        name: _plain(getattr(terms, name))
        for name in ("root", "strike", "contracts", "multiplier", "deliverable")
    }


def _plain(value: object) -> object:
    return value if isinstance(value, float | str) else str(value)
