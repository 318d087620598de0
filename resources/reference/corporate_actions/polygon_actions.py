"""``polygon_actions``: splits and cash dividends as Polygon (now Massive) answers.

massive.com/docs/rest/stocks/corporate-actions: "Splits" (GET /stocks/v1/splits: ticker, execution_date, split_from,
split_to) and "Dividends" (GET /stocks/v1/dividends: ticker, ex_dividend_date, declaration_date, cash_amount, currency);
the deprecated GET /v3/reference/splits and /v3/reference/dividends have the same fields. A file is one answer.

A dividend is known at the end of its declaration date, at the latest at the open of its ex-date; a split, of which
the service does not say when it was announced, at the open of its date. ``distribution_type`` special and the older
``dividend_type`` SC are special dividends, LT and ST capital gains of a fund (massive.com/knowledge-base, "What are the
different types of dividends"); every other dividend counts as ordinary. Two of one kind and ex-date are one event with
their sum. A split whose ``adjustment_type`` is stock_dividend is one.
"""

import dataclasses
import datetime as dt
import json
import math
from collections.abc import Sequence
from typing import Any

from engine.calendars import CalendarRangeError
from engine.corporate_actions.events import SHARE_BASIS, ActionKind, CorporateAction
from resources.providers.payload_text import UnreadablePayloadError, unpacked
from resources.providers.strict_json import strict_json
from resources.reference.corporate_actions.format import ActionsContext, ActionsFormat
from resources.reference.corporate_actions.splits_catalog_json import catalog_files
from resources.reference.corporate_actions.table import actions_table
from resources.reference.dated_csv import CONFLICTING_ROWS, REPEATED_ROW, iso_date
from resources.reference.parsed import ParsedReference, RejectedEntry, parsed_reference
from resources.reference.publication import end_of_day_us

NAME = "polygon_actions"
_KIND_OF_TYPE = {
    "SC": ActionKind.SPECIAL_DIVIDEND,
    "special": ActionKind.SPECIAL_DIVIDEND,
    "LT": ActionKind.CAPITAL_GAIN,
    "ST": ActionKind.CAPITAL_GAIN,
}
#: factors that every later event changes, and so no part of what an event is
CHANGING = frozenset({"historical_adjustment_factor", "split_adjusted_cash_amount"})


def parse(payload: bytes, name: str, context: ActionsContext) -> ParsedReference:
    """The events of one answer.

    Raises
    ------
    UnreadablePayloadError
        If it is no answer of the service.
    """
    return events_of(answer_rows(unpacked(payload, name), name), name, context)


def answer_rows(payload: bytes, name: str) -> list[Any]:
    """The results of an answer.

    Raises
    ------
    UnreadablePayloadError
        If it is no answer of the service.
    """
    content = strict_json(payload, name)
    rows = content.get("results", []) if isinstance(content, dict) and "status" in content else None
    if not isinstance(rows, list):
        raise UnreadablePayloadError(
            f"{name} is no answer of Polygon: it needs an object with a status and a list of results"
        )
    return rows


def events_of(rows: Sequence[Any], name: str, context: ActionsContext) -> ParsedReference:
    """Events out of records; each record is used or set aside with its reasons."""
    rejected: list[RejectedEntry] = []
    read: list[tuple[CorporateAction, Any]] = []
    seen: set[str] = set()
    for row in rows:
        text = _text(row)
        outcome = [REPEATED_ROW] if text in seen else _event(row, context)
        seen.add(text)
        if isinstance(outcome, CorporateAction):
            read.append((outcome, row))
        else:
            rejected.append(_rejected(row, outcome))
    splits: dict[tuple[str, dt.date], set[float]] = {}
    for event, _ in read:
        if event.kind in SHARE_BASIS:
            splits.setdefault((event.underlying, event.effective_date), set()).add(event.split_ratio)
    kept: dict[tuple[str, dt.date, ActionKind, str], CorporateAction] = {}
    for event, row in sorted(read, key=lambda pair: (pair[0], _text(pair[1]))):
        if len(splits.get((event.underlying, event.effective_date), ())) > 1 and event.kind in SHARE_BASIS:
            rejected.append(_rejected(row, [CONFLICTING_ROWS]))
            continue
        key = (event.underlying, event.effective_date, event.kind, event.currency)
        kept[key] = _together(kept[key], event) if key in kept else event
    return parsed_reference(NAME, name, len(rows), actions_table(list(kept.values())), rejected)


def _together(one: CorporateAction, other: CorporateAction) -> CorporateAction:
    """Two dividends of one day, known when both were; two records of one split are that split."""
    announced = [a.announced_at_us for a in (one, other) if a.announced_at_us is not None]
    return dataclasses.replace(
        one,
        cash_amount=one.cash_amount + other.cash_amount,
        known_at_us=max(one.known_at_us, other.known_at_us),
        announced_at_us=max(announced) if announced else None,
    )


def _event(row: Any, context: ActionsContext) -> CorporateAction | list[str]:
    """The event, or the reasons why there is none."""
    if not isinstance(row, dict):
        return ["untyped:entry"]
    split = "execution_date" in row
    faults = []
    if not isinstance(row.get("ticker"), str) or not row["ticker"].strip():
        faults.append("untyped:ticker")
    when = "execution_date" if split else "ex_dividend_date"
    effective, declared = _day(row, when), _day(row, "declaration_date")
    if effective is None:
        faults.append(f"untyped:{when}")
    if declared is None and row.get("declaration_date") not in (None, ""):
        faults.append("untyped:declaration_date")
    new, old = (_positive(row, "split_to"), _positive(row, "split_from")) if split else (1.0, 1.0)
    cash = 0.0 if split else _positive(row, "cash_amount")
    if new is None or old is None or (split and new == old):
        faults.append("no_ratio")
    if cash is None:
        faults.append("no_amount")
    currency = row.get("currency") or context.currency
    if not isinstance(currency, str):
        faults.append("untyped:currency")
    if faults or effective is None or new is None or old is None or cash is None:
        return sorted(faults)
    try:
        if not context.calendar.is_session(effective):
            return ["no_session"]
        known_at_us = context.calendar.open_us(effective)
        if declared is not None:
            known_at_us = min(known_at_us, end_of_day_us(declared))
    except CalendarRangeError:
        return ["outside_calendar"]
    return CorporateAction(
        row["ticker"].strip(), effective, _kind(row, split=split), new, old, cash, currency.upper(), known_at_us, NAME,
        announced_at_us=None if declared is None else known_at_us,
    )  # fmt: skip


def _kind(row: dict[str, Any], *, split: bool) -> ActionKind:
    if split:
        stock = row.get("adjustment_type") == "stock_dividend"
        return ActionKind.STOCK_DIVIDEND if stock else ActionKind.SPLIT
    told = row.get("distribution_type", row.get("dividend_type"))
    return _KIND_OF_TYPE.get(str(told), ActionKind.CASH_DIVIDEND)


def _positive(row: dict[str, Any], name: str) -> float | None:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _day(row: dict[str, Any], name: str) -> dt.date | None:
    try:
        return iso_date(str(row.get(name)))
    except ValueError:
        return None


def _text(row: Any) -> str:
    """A record as one line, without what later events change in it."""
    told = {n: v for n, v in row.items() if n not in CHANGING} if isinstance(row, dict) else row
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def _rejected(row: Any, reasons: list[str]) -> RejectedEntry:
    raw = json.dumps(row, ensure_ascii=False, sort_keys=True)
    if not isinstance(row, dict):
        return RejectedEntry(tuple(reasons), raw)
    symbol = row["ticker"].strip() if isinstance(row.get("ticker"), str) else None
    day = _day(row, "execution_date" if "execution_date" in row else "ex_dividend_date")
    return RejectedEntry(tuple(reasons), raw, symbol or None, day)


FORMAT = ActionsFormat(name=NAME, files=catalog_files, expected="no *.json file", parse=parse)
