"""``actions_csv``: corporate actions from one CSV file, validated to the last cell.

Columns: underlying, effective_date, kind (of ``ActionKind``), new_shares, old_shares, cash_amount, currency, known_at
(ISO 8601 with its offset from UTC), and optionally source, announced_at, new_security, security_value, basis_kept,
cash_in_lieu_price. Memos of option contracts do not fit in a table: they are written in ``memos_yaml``.
"""

import csv
import datetime as dt
import io
import math

from engine.corporate_actions.events import ActionKind, CorporateAction
from resources.providers.payload_text import UnreadablePayloadError, unpacked
from resources.reference.corporate_actions.event_rules import (
    InvalidActionsError,
    checked_action,
    instant_us,
)
from resources.reference.corporate_actions.format import ActionsContext, ActionsFormat
from resources.reference.corporate_actions.table import actions_table
from resources.reference.files import one_file
from resources.reference.parsed import ParsedReference, parsed_reference

NAME = "actions_csv"
_COLUMNS = (
    "underlying",
    "effective_date",
    "kind",
    "new_shares",
    "old_shares",
    "cash_amount",
    "currency",
    "known_at",
)
_OPTIONAL = (
    "source",
    "announced_at",
    "new_security",
    "security_value",
    "basis_kept",
    "cash_in_lieu_price",
)


def parse(payload: bytes, name: str, context: ActionsContext) -> ParsedReference:
    """The events of a file, which are written by hand: one fault refuses it as a whole, nothing is set aside.

    Raises
    ------
    InvalidActionsError
        If the file has an error anywhere: no event is better than a wrong one.
    """
    actions = read_actions(payload, name)
    return parsed_reference(NAME, name, len(actions), actions_table(actions), [])


def read_actions(payload: bytes, name: str) -> list[CorporateAction]:
    """Every event of a file.

    Raises
    ------
    InvalidActionsError
        With every fault found (at most the first 20), each with its line number.
    """
    try:
        text = unpacked(payload, name).decode()
    except UnreadablePayloadError as error:
        raise InvalidActionsError(str(error)) from error
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        header = [column.strip() for column in reader.fieldnames or ()]
    except csv.Error as error:
        raise InvalidActionsError(f"{name}: its header cannot be read ({error})") from error
    missing = [column for column in _COLUMNS if column not in header]
    unknown = [column for column in header if column not in (*_COLUMNS, *_OPTIONAL)]
    if missing or unknown or len(set(header)) != len(header):
        raise InvalidActionsError(
            f"{name}: columns missing: {missing}, unknown: {unknown}; it needs exactly "
            f"{', '.join(_COLUMNS)} and optionally {', '.join(_OPTIONAL)}, each once"
        )
    reader.fieldnames = header
    actions: list[CorporateAction] = []
    faults: list[str] = []
    seen: dict[tuple[str, dt.date, ActionKind], int] = {}
    try:
        for row in reader:
            try:
                action = _action(row)
            except ValueError as error:
                faults.append(f"line {reader.line_num}: {error}")
                continue
            key = (action.underlying, action.effective_date, action.kind)
            if key in seen:
                faults.append(
                    f"line {reader.line_num}: a second {action.kind} of {action.underlying} on "
                    f"{action.effective_date} (the first is on line {seen[key]}); join them into one"
                )
            seen.setdefault(key, reader.line_num)
            actions.append(action)
    except csv.Error as error:
        faults.append(f"line {reader.line_num}: {error}")
    if faults:
        more = f"\nand {len(faults) - 20} more" if len(faults) > 20 else ""
        raise InvalidActionsError(
            f"{name} has {len(faults)} fault{'s' * (len(faults) > 1)}:\n" + "\n".join(faults[:20]) + more
        )
    return sorted(actions)


def _action(row: dict[str, str | None]) -> CorporateAction:
    extra = row.get(None)  # type: ignore[call-overload]
    if extra or any(value is None for value in row.values()):
        raise ValueError("it has too many or too few cells")
    cells = {column: (value or "").strip() for column, value in row.items()}
    for column in ("underlying", "currency"):
        if not cells[column]:
            raise ValueError(f"{column} is empty")
    try:
        kind = ActionKind(cells["kind"])
    except ValueError:
        raise ValueError(f"kind {cells['kind']!r} is none of {', '.join(ActionKind)}") from None
    announced = cells.get("announced_at", "")
    # what pays nothing may leave its cell empty
    return checked_action(
        underlying=cells["underlying"],
        effective_date=_date(cells["effective_date"]),
        kind=kind,
        new_shares=_number(cells, "new_shares"),
        old_shares=_number(cells, "old_shares"),
        cash_amount=_number(cells, "cash_amount") if cells["cash_amount"] else 0.0,
        currency=cells["currency"],
        known_at_us=instant_us(cells["known_at"], "known_at"),
        source=cells.get("source", ""),
        announced_at_us=instant_us(announced, "announced_at") if announced else None,
        new_security=cells.get("new_security", ""),
        **{
            name: _number(cells, name) if cells.get(name) else None
            for name in ("security_value", "basis_kept", "cash_in_lieu_price")
        },
    )


def _number(cells: dict[str, str], column: str) -> float:
    try:
        value = float(cells[column])
    except ValueError:
        raise ValueError(f"{column} {cells[column]!r} is no number") from None
    if not math.isfinite(value):
        raise ValueError(f"{column} {cells[column]!r} is not finite")
    return value


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"effective_date {text!r} is no date; write YYYY-MM-DD") from None


FORMAT = ActionsFormat(name=NAME, files=one_file, expected="no file", parse=parse)
