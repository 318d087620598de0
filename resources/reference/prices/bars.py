"""Daily bars: the rules that every format shares, and the table that they end in."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.calendars import CalendarRangeError, TradingCalendar
from resources.providers.quote_table import instants
from resources.reference.dated_csv import DatedRows, table_of
from resources.reference.parsed import ParsedReference
from resources.schemas import INDEX_HISTORY_SCHEMA

NOT_A_SESSION = "not_a_session"
#: prices come through 32-bit floats; a high may be below the close by their rounding
_ROUNDING = 1e-6
_US_PER_MINUTE = 60_000_000


@dataclass(frozen=True)
class PriceContext:
    """What beside the bytes decides how bars are read.

    Attributes
    ----------
    symbol
        Whose bars they are, for formats that do not say it.
    calendar
        A bar belongs to a session of it and is complete at that session's close.
    known_after_minutes
        From the close until a trader could have known the bar.
    """

    symbol: str
    calendar: TradingCalendar
    known_after_minutes: float


@dataclass(frozen=True)
class PriceFormat:
    """How to read one format of price histories.

    ``parse`` gives ``INDEX_HISTORY_SCHEMA`` of every symbol in the file, by day and symbol, and raises
    ``UnreadablePayloadError``. ``many_symbols`` says whether the file names them itself.
    """

    name: str
    parse: Callable[[bytes, str, PriceContext], ParsedReference]
    many_symbols: bool = False


def usable_bars(dated: DatedRows, columns: Mapping[str, str], calendar: TradingCalendar) -> DatedRows:
    """Without the bars that no market made.

    Parameters
    ----------
    columns
        From open, high, low, close, volume to the format's own names; those that it lacks are left out.
    """
    values = {ours: dated.column(theirs) for ours, theirs in columns.items()}
    reasons = {NOT_A_SESSION: not_a_session(dated.days, calendar)}
    for name in ("open", "high", "low", "close"):
        if name in values:
            # an empty cell is missing, not wrong
            reasons[f"not_a_price:{name}"] = values[name] <= 0
    if {"high", "low"} <= values.keys():
        low, high = values["low"] * (1 - _ROUNDING), values["high"] * (1 + _ROUNDING)
        reasons["high_below_low"] = high < low
        for name in ("open", "close"):
            if name in values:
                reasons[f"{name}_outside_range"] = (values[name] < low) | (values[name] > high)
    if "volume" in values:
        reasons["not_a_volume"] = values["volume"] < 0
    return dated.without(reasons)


def not_a_session(days: Sequence[dt.date], calendar: TradingCalendar) -> NDArray[np.bool_]:
    """Which days the calendar has no session on, or does not reach."""
    return np.array([not _is_session(calendar, day) for day in days], dtype=bool)


def _is_session(calendar: TradingCalendar, day: dt.date) -> bool:
    try:
        return calendar.is_session(day)
    except CalendarRangeError:
        return False


def bar_table(dated: DatedRows, columns: Mapping[str, str], context: PriceContext) -> pa.Table:
    """``INDEX_HISTORY_SCHEMA`` from bars that all belong to sessions; ``ts`` is the session's close."""
    closes = np.array([context.calendar.close_us(day) for day in dated.days], dtype=np.int64)
    delay_us = round(context.known_after_minutes * _US_PER_MINUTE)
    count = len(dated.days)
    numbers = {
        ours: dated.rows.column(columns[ours]) if ours in columns else pa.nulls(count, pa.float64())
        for ours in ("open", "high", "low", "close", "volume")
    }
    return table_of(
        INDEX_HISTORY_SCHEMA,
        {
            "name": dated.symbols or [context.symbol] * count,
            "trade_date": dated.days,
            "ts": instants(closes),
            "known_at": instants(closes + delay_us),
            **numbers,
            "source": [dated.source] * count,
        },
    )
