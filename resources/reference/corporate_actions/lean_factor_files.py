"""``lean_factor_files``: splits and cash dividends out of Lean's factor files.

One file a ticker, ``factor_files/<ticker>.csv`` of Lean's ``equity/usa``: the path of a universe is that folder, and
every underlying needs its file there. Source: QuantConnect Lean, ``Common/Data/Auxiliary``.

A factor file has no header: date, price factor, split factor, and the close of that date before any adjustment. A
line holds until the next one begins to: where a factor differs from the next line's, the underlying trades on a new
basis from the session after the line's date. The factors are rounded to 7 decimals (a column of 8 may end in a
padded 0), so an event is the simplest number that rounding allows: the fraction of smallest terms for a split, the
decimal of fewest digits for a dividend (close times one minus the ratio of price factors). A difference that
rounding explains is no event. A file tells no announcement: an event counts as known at the open of its ex-date.
"""

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path, PurePosixPath

from engine.calendars import CalendarRangeError
from engine.corporate_actions.events import ActionKind, CorporateAction
from resources.providers.lean.layout import date_of
from resources.reference.corporate_actions.event_rules import InvalidActionsError
from resources.reference.corporate_actions.format import ActionsContext, ActionsFormat
from resources.reference.corporate_actions.numbered_lines import numbered_lines, raise_on_faults
from resources.reference.corporate_actions.table import actions_table
from resources.reference.parsed import ParsedReference, RejectedEntry, parsed_reference

NAME = "lean_factor_files"
#: at the beginning of a file: the factor is one that Lean could not write
UNWRITABLE = "unwritable_factor"
_HALF_UNIT = Fraction(1, 2 * 10**7)
#: a ratio known less well than this is not told by the file
_LOOSEST = Fraction(1, 100)


@dataclass(frozen=True)
class FactorRow:
    """One line: factors that hold up to ``day``; ``close`` is that day's, 0 where the file gives none."""

    line: int
    day: dt.date
    price_factor: Fraction
    split_factor: Fraction
    close: Fraction


def factor_files(path: Path) -> list[Path]:
    """The files of a folder, or the one file."""
    return sorted(path.glob("*.csv")) if path.is_dir() else [path] if path.is_file() else []


def parse(payload: bytes, name: str, context: ActionsContext) -> ParsedReference:
    """Every split and dividend of a factor file; its name is the symbol.

    A dividend on the day of a split is per share of that day. Lines at the beginning whose factor Lean could not
    write (``inf``, ``1.6e+6``, 0) tell nothing: they are set aside, and events begin after them.

    Raises
    ------
    InvalidActionsError
        Naming the lines at fault: one wrong factor makes the event before and the one after it wrong.
    """
    rows, unwritable = read_factor_rows(payload, name)
    underlying = PurePosixPath(name).name.split(".csv")[0].upper()
    actions: list[CorporateAction] = []
    for row, following in pairwise(rows):
        ratio = _split_ratio(row, following, name)
        cash = _dividend(row, following, name)
        if ratio == 1 and cash == 0:
            continue
        try:
            effective = context.calendar.next(row.day)
            known_at_us = context.calendar.open_us(effective)
        except CalendarRangeError as error:
            raise InvalidActionsError(f"{name}: line {row.line}: {error}") from error
        common = {"underlying": underlying, "effective_date": effective, "currency": context.currency}
        if ratio != 1:
            actions.append(
                CorporateAction(
                    **common,
                    kind=ActionKind.SPLIT,
                    new_shares=float(ratio.numerator),
                    old_shares=float(ratio.denominator),
                    cash_amount=0.0,
                    known_at_us=known_at_us,
                    source=NAME,
                )
            )
        if cash:
            actions.append(
                CorporateAction(
                    **common,
                    kind=ActionKind.CASH_DIVIDEND,
                    new_shares=1.0,
                    old_shares=1.0,
                    cash_amount=float(cash / ratio),
                    known_at_us=known_at_us,
                    source=NAME,
                )
            )
    rejected = [RejectedEntry((UNWRITABLE,), text) for text in unwritable]
    return parsed_reference(NAME, name, len(rows) + len(rejected), actions_table(actions), rejected)


def read_factor_rows(payload: bytes, name: str) -> tuple[list[FactorRow], list[str]]:
    """The lines of a factor file in order of date, and those at its beginning that Lean could not write.

    Raises
    ------
    InvalidActionsError
        Naming the lines at fault.
    """
    faults: list[str] = []
    rows: list[FactorRow] = []
    unwritable: list[str] = []
    for number, cells in numbered_lines(payload, name):
        if not rows and not faults and _unwritable(cells):
            unwritable.append(",".join(cells))
            continue
        try:
            rows.append(_row(number, cells))
        except ValueError as error:
            faults.append(f"line {number}: {error}")
    faults += [
        f"line {row.line}: {row.day} does not come after {before.day}"
        for before, row in pairwise(rows)
        if row.day <= before.day
    ]
    if not faults and len(rows) < 2:
        faults.append("it needs at least a first line and a line of the present (20501231,1,1,0)")
    raise_on_faults(faults, name)
    return rows, unwritable


def simplest_fraction(low: Fraction, high: Fraction) -> Fraction:
    """The fraction of smallest denominator within ``low`` and ``high``, both above 0 (Stern-Brocot tree)."""
    whole = low.numerator // low.denominator
    if whole >= low:
        return Fraction(whole)
    if whole + 1 <= high:
        return Fraction(whole + 1)
    return whole + 1 / simplest_fraction(1 / (high - whole), 1 / (low - whole))


def shortest_decimal(low: Fraction, high: Fraction) -> Fraction:
    """The number of fewest decimals within ``low`` and ``high``, the nearest to their middle."""
    middle = (low + high) / 2
    for digits in range(12):
        candidate = Fraction(round(middle * 10**digits), 10**digits)
        if low <= candidate <= high:
            return candidate
    return middle


def _split_ratio(row: FactorRow, following: FactorRow, name: str) -> Fraction:
    """New shares per old share; 1 where rounding explains the difference."""
    this, after = row.split_factor, following.split_factor
    if this == after:
        return Fraction(1)
    low, high = (
        (after - _HALF_UNIT) / (this + _HALF_UNIT),
        (after + _HALF_UNIT) / max(this - _HALF_UNIT, _HALF_UNIT),
    )
    if low <= 0 or high / low - 1 > _LOOSEST:
        raise_on_faults(
            [f"line {row.line}: the split factors {float(this)} and {float(after)} have too few digits"], name
        )
    return simplest_fraction(low, high)


def _dividend(row: FactorRow, following: FactorRow, name: str) -> Fraction:
    """Cash per share of the old basis; 0 where rounding explains the difference."""
    this, after = row.price_factor, following.price_factor
    if this == after:
        return Fraction(0)
    if after <= _HALF_UNIT:
        raise_on_faults(
            [f"line {row.line}: the price factor {float(after)} after it has too few digits"], name
        )
    if not row.close:
        raise_on_faults(
            [f"line {row.line}: the price factor changes, but there is no close to tell a dividend by"], name
        )
    high = row.close * (1 - (this - _HALF_UNIT) / (after + _HALF_UNIT))
    low = row.close * (1 - (this + _HALF_UNIT) / (after - _HALF_UNIT))
    if high < 0:
        raise_on_faults(
            [f"line {row.line}: the price factor falls to {float(after)}: a dividend below 0"], name
        )
    return Fraction(0) if low <= 0 else shortest_decimal(low, high)


def _unwritable(cells: list[str]) -> bool:
    return len(cells) >= 3 and any(
        "inf" in cell or "e+" in cell or cell.strip("0.") == "" for cell in cells[1:3]
    )


def _row(number: int, cells: list[str]) -> FactorRow:
    if not 3 <= len(cells) <= 5:
        raise ValueError(f"{len(cells)} cells, not date, price factor, split factor and close")
    day = date_of(cells[0])
    if day is None:
        raise ValueError(f"{cells[0][:20]!r} is no date (YYYYMMDD)")
    price_factor, split_factor = _number(cells[1]), _number(cells[2])
    if price_factor <= 0 or split_factor <= 0:
        raise ValueError("a factor is not above 0")
    close = _number(cells[3]) if len(cells) > 3 and cells[3] else Fraction(0)
    return FactorRow(number, day, price_factor, split_factor, close)


def _number(text: str) -> Fraction:
    # exactly as written; exponents stand for digits that Lean has lost
    if not text.isascii() or not text.replace(".", "", 1).isdigit() or len(text) > 40:
        raise ValueError(f"{text[:40]!r} is no plain decimal number")
    return Fraction(text)


FORMAT = ActionsFormat(NAME, factor_files, "no factor file (<ticker>.csv)", parse, file_per_symbol=True)
