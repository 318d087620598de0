"""The rules that hold for whatever an adapter accepts, from a good file or a damaged one."""

import datetime as dt
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.calendars import TradingCalendar
from resources.providers.protocol import ParsedDay, ParsedUnderlying
from resources.schemas import QUARANTINE_SCHEMA, QUOTE_SCHEMA, SORT_KEYS, UNDERLYING_SCHEMA
from resources.universe import UniverseSpec

#: Columns that hold a price, a size or a volatility, for which 0 is no value but a vendor's word for "none".
NEVER_ZERO = ("bid", "ask", "last", "mark", "spot", "vendor_forward", "vendor_iv")

Failure = Callable[[str, str], "ContractViolation"]


class ContractViolation(AssertionError):
    """An adapter breaks a rule of the contract; the message names the format, the rule and what was found."""


def failure(format_name: str) -> Failure:
    """Makes the violations of one format from a rule and what was found."""

    def fail(rule: str, found: str) -> ContractViolation:
        return ContractViolation(f"{format_name}: {rule}: {found}")

    return fail


def require_contract(universe: UniverseSpec, trade_date: dt.date, day: ParsedDay) -> None:
    """The rules that hold for whatever an adapter accepts, also from a damaged file.

    Raises
    ------
    ContractViolation
        If a table has another schema or order, a forbidden zero or NaN, a time outside its session, or a row
        that is not the universe's.
    """
    fail = failure(universe.provider.format)
    if day.trade_date != trade_date:
        raise fail("identity", f"parsed {day.trade_date} when {trade_date} was asked")
    if not day.underlying_prices.schema.equals(UNDERLYING_SCHEMA):
        raise fail("schema", "underlying_prices is not of UNDERLYING_SCHEMA")
    names = day.underlying_prices.column("underlying").to_pylist()
    if len(set(names)) != len(names):
        raise fail("identity", f"underlying_prices has several rows of {sorted(names)}")
    symbols = {u.symbol for u in universe.underlyings}
    for problem in day.problems:
        _require_one_line(fail, problem)
    for symbol, parsed in day.underlyings.items():
        _require_underlying(symbols, symbol, parsed, fail)
        _require_rows(universe, trade_date, symbol, parsed.quotes, fail)


def _require_underlying(symbols: set[str], symbol: str, parsed: ParsedUnderlying, fail: Failure) -> None:
    if symbol not in symbols or parsed.underlying != symbol:
        raise fail("identity", f"{symbol} is none of the universe's underlyings")
    if not parsed.quotes.schema.equals(QUOTE_SCHEMA):
        raise fail("schema", f"{symbol}: quotes are not of QUOTE_SCHEMA")
    if not parsed.rejected.schema.equals(QUARANTINE_SCHEMA):
        raise fail("schema", f"{symbol}: rejected rows are not of QUARANTINE_SCHEMA")
    if parsed.problem is not None:
        _require_one_line(fail, parsed.problem)
        if parsed.quotes.num_rows:
            raise fail(
                "bad input", f"{symbol}: a problem ({parsed.problem}) and yet {parsed.quotes.num_rows} quotes"
            )
    if any(not reasons for reasons in parsed.rejected.column("reasons").to_pylist()):
        raise fail("nothing lost", f"{symbol}: a rejected row without a reason")


def _require_rows(
    universe: UniverseSpec, trade_date: dt.date, symbol: str, quotes: pa.Table, fail: Failure
) -> None:
    for column in QUOTE_SCHEMA:
        if not column.nullable and quotes.column(column.name).null_count:
            raise fail(
                "nulls", f"{symbol}: {column.name} is null in {quotes.column(column.name).null_count} rows"
            )
        if pa.types.is_floating(column.type) and (pc.sum(pc.is_nan(quotes.column(column.name))).as_py() or 0):
            raise fail("nulls", f"{symbol}: {column.name} is NaN; a missing number is null")
    for name in NEVER_ZERO:
        if pc.sum(pc.equal(quotes.column(name), 0.0)).as_py():
            raise fail("nulls", f"{symbol}: {name} is 0; a missing one is null")
    if not quotes.num_rows:
        return
    if set(quotes.column("underlying").to_pylist()) != {symbol}:
        raise fail("identity", f"{symbol}: rows of another underlying")
    roots = {r.root for r in universe.underlying(symbol).roots}
    if strange := set(quotes.column("root").to_pylist()) - roots:
        raise fail("identity", f"{symbol}: root {sorted(strange)} is not the universe's")
    if set(quotes.column("right").to_pylist()) - {"C", "P"}:
        raise fail("identity", f"{symbol}: right is neither C nor P")
    if set(quotes.column("trade_date").to_pylist()) != {trade_date}:
        raise fail("identity", f"{symbol}: rows of another trade date")
    if set(quotes.column("source").to_pylist()) != {universe.provider.format}:
        raise fail("identity", f"{symbol}: source is not {universe.provider.format}")
    _require_times(universe, trade_date, symbol, quotes, fail)
    keys = [key for key in SORT_KEYS if key != "underlying"]
    plain = pa.table({key: _plain(quotes.column(key)) for key in keys})
    order = pc.sort_indices(plain, sort_keys=[(key, "ascending") for key in keys])
    if not plain.take(order).equals(plain):
        raise fail("order", f"{symbol}: rows are not in the order of {', '.join(SORT_KEYS)}")


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _require_times(
    universe: UniverseSpec, trade_date: dt.date, symbol: str, quotes: pa.Table, fail: Failure
) -> None:
    calendar = TradingCalendar.for_code(universe.calendar, universe.start, universe.end or universe.start)
    ts = np.unique(np.asarray(quotes.column("ts").cast(pa.int64())))
    delay_us = round(universe.provider.known_after_minutes * 60e6)
    known = np.asarray(quotes.column("known_at").cast(pa.int64())) - np.asarray(
        quotes.column("ts").cast(pa.int64())
    )
    if (known < delay_us).any():
        raise fail("time", f"{symbol}: known_at is earlier than ts plus the delay that the universe declares")
    if not calendar.is_session(trade_date):
        return
    sessions = {calendar.session_of(int(t), universe.timezone) for t in ts}
    # a stale payload may be true at another day's time; it must say so, and then no part of it is of today
    if len(sessions) > 1:
        raise fail("time", f"{symbol}: rows of the sessions {sorted(map(str, sessions))} in one day")
    snapshots = quotes.group_by("snapshot_id").aggregate([("ts", "count_distinct"), ("ts", "min")])
    starts = sorted(
        zip(snapshots.column("snapshot_id").to_pylist(), snapshots.column("ts_min").to_pylist(), strict=True)
    )
    if [time for _, time in starts] != sorted(time for _, time in starts):
        raise fail("time", f"{symbol}: snapshots are not numbered in the order of their times")


def _require_one_line(fail: Failure, text: str) -> None:
    if not text or "\n" in text or len(text) > 1500:
        raise fail("bad input", f"a problem is one line of text, not {text[:200]!r}")
