"""Defects of single quotes: for each kind, in which quotes it may be planted and how a cell is spoiled."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.calendars import date_of_days
from resources.generator.planted.day_sheet import DaySheet
from resources.generator.specs import VendorLayout

Bools = NDArray[np.bool_]
#: contracts with less to live are left alone: an expiry day is odd enough
LEAST_YEARS = 3.0 / 365.0
TICK = {VendorLayout.CBOE: 0.05, VendorLayout.DERIBIT: 0.0005}


@dataclass(frozen=True)
class RowDefect:
    """How one kind is made.

    ``sizes`` run from obvious to the smallest and are taken in turn. ``spoil`` returns what was done, and the
    row that holds the defect.
    """

    sizes: tuple[float, ...]
    candidates: Callable[[DaySheet], Bools]
    spoil: Callable[[DaySheet, int, float], tuple[str, int]]


def plain(sheet: DaySheet) -> Bools:
    """Two-sided quotes of contracts that do not expire within days."""
    chain = sheet.chain
    mask: Bools = (chain.bid > 0.0) & (chain.ask > chain.bid) & (chain.years > LEAST_YEARS)
    return mask


def near(sheet: DaySheet) -> Bools:
    """Where a wrong quote would hurt: near the money, the bid some ticks above 0."""
    delta = np.abs(sheet.chain.delta_forward)
    return plain(sheet) & (delta > 0.1) & (delta < 0.9) & (sheet.chain.bid > 4 * TICK[sheet.layout])


def _most(sheet: DaySheet, row: int) -> float:
    """The most that an option can ever pay, in the unit of its quote."""
    chain = sheet.chain
    if sheet.layout is VendorLayout.DERIBIT:
        # a forward that moves between the collector's calls must not decide
        return 1.002 * float(chain.strike[row] / chain.forward[row]) if chain.is_put[row] else 1.0
    return float(chain.strike[row]) if chain.is_put[row] else sheet.spot


def _text(value: float) -> str:
    return f"{value:g}"


def _crossed(sheet: DaySheet, row: int, size: float) -> tuple[str, int]:
    ask = sheet.number("ask", row)
    bid = round(max(ask * (1.0 + size), ask + TICK[sheet.layout]), 6)
    sheet.put("bid", row, bid)
    return f"bid {_text(bid)} over ask {_text(ask)}", row


def _locked(sheet: DaySheet, row: int, _size: float) -> tuple[str, int]:
    ask = sheet.number("ask", row)
    sheet.put("bid", row, ask)
    return f"bid and ask {_text(ask)}", row


def _one_sided(sheet: DaySheet, row: int, _size: float) -> tuple[str, int]:
    was = sheet.number("bid", row)
    sheet.put("bid", row, 0.0)
    return f"bid {_text(was)} removed", row


def _wide(sheet: DaySheet, row: int, size: float) -> tuple[str, int]:
    # a spread of s middles: ask / bid = (2 + s) / (2 - s)
    bid = sheet.number("bid", row)
    ask = round(bid * (2.0 + size) / (2.0 - size), 6)
    sheet.put("ask", row, ask)
    return f"ask {_text(ask)}, {size:g} middles from the bid", row


def _negative_price(sheet: DaySheet, row: int, size: float) -> tuple[str, int]:
    bid = round(min(-size * sheet.number("bid", row), -TICK[sheet.layout]), 6)
    sheet.put("bid", row, bid)
    return f"bid {_text(bid)}", row


def _negative_amount(sheet: DaySheet, row: int, size: float) -> tuple[str, int]:
    sheet.put(sheet.volume_column, row, -size)
    return f"volume {-size:g}", row


def _absurd(sheet: DaySheet, row: int, size: float) -> tuple[str, int]:
    bid = round(_most(sheet, row) * (1.0 + size) + TICK[sheet.layout], 4)
    sheet.put("bid", row, bid)
    sheet.put("ask", row, round(1.05 * bid, 4))
    return f"bid {_text(bid)}", row


def _scaled(sheet: DaySheet, row: int, size: float) -> tuple[str, int]:
    for column in ("bid", "ask", *(("last_trade_price",) if sheet.layout is VendorLayout.CBOE else ())):
        sheet.put(column, row, round(sheet.number(column, row) * size, 6))
    return f"prices times {size:g}", row


def scalable(sheet: DaySheet) -> Bools:
    """Quotes whose bid times 10,000 is more than the option can pay."""
    bound = np.where(sheet.chain.is_put, sheet.chain.strike, sheet.spot)
    if sheet.layout is VendorLayout.DERIBIT:
        bound = np.where(sheet.chain.is_put, 1.002 * sheet.chain.strike / sheet.chain.forward, 1.0)
    return near(sheet) & (sheet.chain.bid * 10_000.0 > bound)


def _in_dollars(sheet: DaySheet, row: int, _size: float) -> tuple[str, int]:
    forward = float(sheet.chain.forward[row])
    for column in ("bid", "ask", "mark_price"):
        sheet.put(column, row, round(sheet.number(column, row) * forward, 2))
    return f"prices in dollars at {forward:.2f}", row


def _copied(sheet: DaySheet, row: int, _size: float) -> tuple[str, int]:
    return "the row once more", sheet.copy_row(row)


def _conflicting(sheet: DaySheet, row: int, size: float) -> tuple[str, int]:
    copy = sheet.copy_row(row)
    ask = round(
        max(sheet.number("ask", row) * (1.0 + size), sheet.number("ask", row) + TICK[sheet.layout]), 6
    )
    sheet.put("ask", copy, ask)
    return f"once more with ask {_text(ask)}", copy


def _expired(sheet: DaySheet, row: int, size: float) -> tuple[str, int]:
    copy = sheet.copy_row(row)
    expiry = sheet.date - dt.timedelta(days=int(size))
    relabel(sheet, copy, expiry)
    return f"expired {expiry}", copy


def relabel(sheet: DaySheet, row: int, expiry: dt.date) -> None:
    """Give a row another expiry, in its symbol too."""
    sheet.put("expiry", row, expiry.isoformat())
    if sheet.layout is VendorLayout.CBOE:
        symbol = str(sheet.columns["option"][row].as_py())
        sheet.put("option", row, f"{symbol[:-15]}{expiry:%y%m%d}{symbol[-9:]}")
    else:
        sheet.put("days_to_expiry", row, (expiry - sheet.date).days)


def _cell(column: str, text: str) -> Callable[[DaySheet, int, float], tuple[str, int]]:
    def spoil(sheet: DaySheet, row: int, _size: float) -> tuple[str, int]:
        name = sheet.right_column if column == "right" else column
        sheet.put(name, row, text)
        return f"{name} is {text!r}", row

    return spoil


def _cut(sheet: DaySheet, row: int, size: float) -> tuple[str, int]:
    sheet.cut_after[row] = int(len(sheet.columns) * size)
    return f"{sheet.cut_after[row]} of {len(sheet.columns)} fields", row


def _far_expiry(sheet: DaySheet, row: int, size: float) -> tuple[str, int]:
    expiry = date_of_days(int(sheet.chain.expiry_days[row])) + dt.timedelta(days=int(size * 366))
    relabel(sheet, row, expiry)
    return f"expiry {expiry}", row


def _other_day(sheet: DaySheet, row: int, size: float) -> tuple[str, int]:
    other = sheet.date + dt.timedelta(days=int(size))
    if sheet.layout is VendorLayout.CBOE:
        sheet.put("session_date", row, other.isoformat())
    else:
        was = str(sheet.columns["snapshot_ts"][row].as_py())
        sheet.put("snapshot_ts", row, f"{other}{was[10:]}")
    return f"of {other}", row


def _unknown_root(sheet: DaySheet, row: int, _size: float) -> tuple[str, int]:
    symbol = str(sheet.columns["option"][row].as_py())
    sheet.put("option", row, f"{symbol[:-15][:-1]}Q{symbol[-15:]}")
    return f"symbol was {symbol}", row


def _symbol_disagrees(sheet: DaySheet, row: int, size: float) -> tuple[str, int]:
    if size == 0.0:
        right = "C" if sheet.chain.is_put[row] else "P"
        sheet.put("right", row, right)
        return f"right {right}", row
    strike = float(sheet.chain.strike[row]) + size
    sheet.put("strike", row, f"{strike:.3f}")
    return f"strike {strike:g}", row


ONE = (1.0,)
ROW_DEFECTS: dict[str, RowDefect] = {
    "crossed": RowDefect((0.5, 0.05, 0.0), near, _crossed),
    "locked": RowDefect(ONE, near, _locked),
    "one_sided": RowDefect(ONE, near, _one_sided),
    "wide": RowDefect((1.9, 1.5, 1.2), near, _wide),
    "negative_price": RowDefect((1.0, 0.1, 0.0), near, _negative_price),
    "negative_amount": RowDefect((100.0, 1.0), plain, _negative_amount),
    "absurd_price": RowDefect((2.0, 0.2, 0.01), near, _absurd),
    "scaled_price": RowDefect((10_000.0,), scalable, _scaled),
    "price_in_dollars": RowDefect(ONE, near, _in_dollars),
    "copied_row": RowDefect(ONE, plain, _copied),
    "conflicting_rows": RowDefect((0.3, 0.0), near, _conflicting),
    "expired_contract": RowDefect((45.0, 7.0, 1.0), plain, _expired),
    "zero_strike": RowDefect(ONE, plain, _cell("strike", "0.000")),
    "unknown_right": RowDefect(ONE, plain, _cell("right", "X")),
    "missing_expiry": RowDefect(ONE, plain, _cell("expiry", "")),
    "missing_strike": RowDefect(ONE, plain, _cell("strike", "")),
    "text_for_number": RowDefect(ONE, plain, _cell("bid", "n/a")),
    "infinite_price": RowDefect(ONE, plain, _cell("ask", "inf")),
    "missing_column_value": RowDefect((0.7, 0.9), plain, _cut),
    "expiry_out_of_range": RowDefect((60.0, 16.0), plain, _far_expiry),
    "other_day_row": RowDefect((30.0, 1.0), plain, _other_day),
    "unknown_root": RowDefect(ONE, plain, _unknown_root),
    "symbol_disagrees": RowDefect((0.0, 50.0, 0.5), plain, _symbol_disagrees),
    "other_ticker": RowDefect(ONE, plain, _cell("ticker", "OTHER")),
}
