"""``splits_catalog_json``: catalogued splits, one JSON file a year: ``{year, updated, splits: [...]}``.

An entry has symbol, name, date, ratioNew, ratioOld and optionally exchange, isin, source and notes. Its date is
sometimes the ex-date and sometimes the day in whose evening the split took effect; ``split_dates`` settles which,
and ``source`` of the event says by what. Entries that cannot be settled go to quarantine. A split is known at the
end of the day on which the notes say it was announced, else at the open of its ex-date.
"""

import datetime as dt
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from engine.calendars import CalendarRangeError
from engine.corporate_actions.events import ActionKind, CorporateAction
from resources.providers.payload_text import UnreadablePayloadError, unpacked
from resources.reference.corporate_actions.format import ActionsContext, ActionsFormat
from resources.reference.corporate_actions.split_dates import split_date
from resources.reference.corporate_actions.split_notes import announced_before, stated_ex_dates
from resources.reference.corporate_actions.table import actions_table
from resources.reference.dated_csv import CONFLICTING_ROWS, REPEATED_ROW, iso_date
from resources.reference.parsed import ParsedReference, RejectedEntry, parsed_reference
from resources.reference.publication import end_of_day_us

NAME = "splits_catalog_json"
#: announced for a day after the file was last brought up to date: nobody has checked yet that it happened
UNCONFIRMED = "unconfirmed"
_TEXTS = ("exchange", "isin", "name", "notes", "source")


def catalog_files(path: Path) -> list[Path]:
    """The year files of a folder, or the one file."""
    return sorted(path.glob("*.json")) if path.is_dir() else [path] if path.is_file() else []


def parse(payload: bytes, name: str, context: ActionsContext) -> ParsedReference:
    """The splits of one file.

    Raises
    ------
    UnreadablePayloadError
        If the file is no catalogue of a year.
    """
    year, updated, entries = _document(unpacked(payload, name), name)
    rejected: list[RejectedEntry] = []
    actions = []
    again = _repetitions(entries)
    for entry, repeated in zip(entries, again, strict=True):
        reasons = [*_faults(entry, year), *repeated]
        if reasons:
            rejected.append(_rejected(entry, reasons))
            continue
        outcome = _action(entry, updated, context)
        if isinstance(outcome, str):
            rejected.append(_rejected(entry, [outcome]))
        else:
            actions.append(outcome)
    return parsed_reference(NAME, name, len(entries), actions_table(actions), rejected)


def _document(text: bytes, name: str) -> tuple[int, dt.date, list[Any]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadablePayloadError(
            f"{name} is no JSON ({error}); fetch it again from the source"
        ) from error
    known = isinstance(document, dict) and {"year", "updated", "splits"} <= document.keys()
    if not known or type(document["year"]) is not int or not isinstance(document["splits"], list):
        raise UnreadablePayloadError(
            f"{name} is no catalogue of splits: it needs an object with year (a number), updated (a date) and "
            "splits (a list)"
        )
    try:
        updated = iso_date(str(document["updated"]))
    except ValueError as error:
        raise UnreadablePayloadError(f"{name}: updated {error}") from error
    return document["year"], updated, document["splits"]


def _repetitions(entries: list[Any]) -> list[list[str]]:
    """For each entry the reason why another one of its symbol and date keeps it out; the first equal one stays."""
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, entry in enumerate(entries):
        if isinstance(entry, dict):
            groups[(str(entry.get("symbol")), str(entry.get("date")))].append(i)
    found: list[list[str]] = [[] for _ in entries]
    for places in groups.values():
        same = all(entries[i] == entries[places[0]] for i in places)
        for i in places[1:] if same else places:
            if len(places) > 1:
                found[i].append(REPEATED_ROW if same else CONFLICTING_ROWS)
    return found


def _faults(entry: Any, year: int) -> list[str]:
    if not isinstance(entry, dict):
        return ["untyped:entry"]
    faults = []
    if not isinstance(entry.get("symbol"), str) or not entry["symbol"].strip():
        faults.append("untyped:symbol")
    day = _day(entry)
    if day is None:
        faults.append("untyped:date")
    elif day.year != year:
        faults.append("other_year")
    shares = [entry.get("ratioNew"), entry.get("ratioOld")]
    # bool is an int of Python and no number of shares
    if any(type(n) is not int or n < 1 for n in shares) or shares[0] == shares[1]:
        faults.append("no_ratio")
    faults += [f"untyped:{k}" for k in _TEXTS if not isinstance(entry.get(k, ""), str)]
    return faults


def _action(entry: dict[str, Any], updated: dt.date, context: ActionsContext) -> CorporateAction | str:
    """The event, or the reason why there is none."""
    given = iso_date(entry["date"])
    if given > updated:
        return UNCONFIRMED
    notes = entry.get("notes", "")
    ratio = entry["ratioNew"] / entry["ratioOld"]
    symbol = entry["symbol"].strip()
    try:
        settled = split_date(
            given, ratio, stated_ex_dates(notes), context.calendar, context.closes.get(symbol)
        )
    except CalendarRangeError:
        return "outside_calendar"
    if settled.ex_date is None:
        return str(settled.reason)
    announced = announced_before(notes, settled.ex_date)
    known_at_us = context.calendar.open_us(settled.ex_date) if announced is None else end_of_day_us(announced)
    return CorporateAction(
        underlying=symbol,
        effective_date=settled.ex_date,
        kind=ActionKind.SPLIT,
        new_shares=float(entry["ratioNew"]),
        old_shares=float(entry["ratioOld"]),
        cash_amount=0.0,
        currency=context.currency,
        known_at_us=known_at_us,
        source=f"{NAME}, {given} settled by {settled.basis}",
    )


def _rejected(entry: Any, reasons: list[str]) -> RejectedEntry:
    raw = json.dumps(entry, ensure_ascii=False, sort_keys=True)
    if not isinstance(entry, dict):
        return RejectedEntry(tuple(sorted(reasons)), raw)
    symbol = entry["symbol"].strip() if isinstance(entry.get("symbol"), str) else None
    return RejectedEntry(tuple(sorted(reasons)), raw, symbol or None, _day(entry))


def _day(entry: dict[str, Any]) -> dt.date | None:
    try:
        return iso_date(str(entry.get("date")))
    except ValueError:
        return None


FORMAT = ActionsFormat(name=NAME, files=catalog_files, expected="no *.json file", parse=parse)
