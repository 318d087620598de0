"""From an adapter's columns to the canonical quote table."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.calendars import TradingCalendar, last_trade_days, settlement_instants_us
from engine.instruments.terms import RootTerms
from resources.schemas import KEY, QUOTE_SCHEMA, TS

US_PER_MINUTE = 60_000_000
#: Listed expiries lie within these many days of the trade date; beyond them a date is a typing error. Expired
#: contracts (a defect of its own, which the row rules name) are still typed when they are recent.
EXPIRY_DAYS_BACK = 1_100
EXPIRY_DAYS_AHEAD = 15 * 366


@dataclass(frozen=True)
class QuoteRows:
    """One underlying's rows of one day, in any order, as an adapter read them.

    Attributes
    ----------
    roots, symbols, rights
        Text arrays; rights are ``C`` and ``P``; every root is one of the universe's.
    expiry_days
        int32[n] days since 1970-01-01.
    ts_us
        int64[n] UTC microseconds.
    values
        Nullable columns of ``QUOTE_SCHEMA`` by name; those not given are null. ``harvest_id`` (text) where the
        rows come from several payloads.
    """

    roots: pa.Array
    symbols: pa.Array
    rights: pa.Array
    expiry_days: NDArray[np.int32]
    strikes: NDArray[np.float64]
    ts_us: NDArray[np.int64]
    snapshot_ids: NDArray[np.int32]
    values: Mapping[str, pa.Array] = field(default_factory=dict)


def price(column: pa.Array) -> pa.Array:
    """A price, size or volatility for which the source writes 0 where it has none: 0 becomes null."""
    return pc.if_else(pc.equal(column, 0.0), pa.scalar(None, pa.float64()), column)


def expiry_out_of_range(expiry_days: NDArray[np.int32], trade_date: dt.date) -> NDArray[np.bool_]:
    """Which expiries cannot be meant."""
    day = _days(trade_date)
    return (expiry_days < day - EXPIRY_DAYS_BACK) | (expiry_days > day + EXPIRY_DAYS_AHEAD)


def joined_rows(parts: Sequence[QuoteRows]) -> QuoteRows:
    """Several batches of rows as one; each must have the same ``values``."""

    def texts(columns: list[pa.Array]) -> pa.Array:
        plain = [c.cast(pa.string()) if pa.types.is_dictionary(c.type) else c for c in columns]
        return pa.concat_arrays(plain)

    return QuoteRows(
        roots=texts([part.roots for part in parts]),
        symbols=texts([part.symbols for part in parts]),
        rights=texts([part.rights for part in parts]),
        expiry_days=np.concatenate([part.expiry_days for part in parts]),
        strikes=np.concatenate([part.strikes for part in parts]),
        ts_us=np.concatenate([part.ts_us for part in parts]),
        snapshot_ids=np.concatenate([part.snapshot_ids for part in parts]),
        values={name: texts([part.values[name] for part in parts]) for name in parts[0].values},
    )


def empty_quotes() -> pa.Table:
    """No rows of ``QUOTE_SCHEMA``."""
    return QUOTE_SCHEMA.empty_table()


def quote_table(
    rows: QuoteRows,
    *,
    underlying: str,
    trade_date: dt.date,
    terms: Mapping[str, RootTerms],
    calendar: TradingCalendar,
    known_after_minutes: float,
    source: str,
    harvest_id: str,
) -> pa.Table:
    """``QUOTE_SCHEMA`` in its total order.

    The terms of each row are those of its root; ``known_at`` is ``ts`` plus the declared delay. Rows that
    share the sort keys and the root are ordered by their other columns, so the table does not depend on the
    order of the rows received.
    """
    n = len(rows.strikes)
    root_codes, roots = _codes(rows.roots)
    right_codes, rights = _codes(rows.rights)
    settles_us = np.empty(n, dtype=np.int64)
    last_days = np.empty(n, dtype=np.int32)
    for code, root in enumerate(roots):
        mine = root_codes == code
        expiries, inverse = np.unique(rows.expiry_days[mine], return_inverse=True)
        settles_us[mine] = settlement_instants_us(terms[root], expiries, calendar)[inverse]
        last_days[mine] = last_trade_days(terms[root], expiries, calendar)[inverse]

    def per_root(attribute: str) -> pa.DictionaryArray:
        texts = [str(getattr(terms[root], attribute)) for root in roots]
        values = sorted(set(texts))
        place = np.array([values.index(text) for text in texts] or [0], dtype=np.int32)
        return _keys(place[root_codes], values)

    delay_us = round(known_after_minutes * US_PER_MINUTE)
    multipliers = np.array([terms[root].multiplier for root in roots] or [0.0])
    columns: dict[str, pa.Array] = {
        "underlying": _constant(underlying, n),
        "root": _keys(root_codes, roots),
        "symbol": rows.symbols.dictionary_encode(),
        "trade_date": pa.array(np.full(n, _days(trade_date), dtype=np.int32)).view(pa.date32()),
        "snapshot_id": pa.array(rows.snapshot_ids),
        "ts": instants(rows.ts_us),
        "known_at": instants(rows.ts_us + delay_us),
        "expiry": pa.array(rows.expiry_days).view(pa.date32()),
        "last_trade_date": pa.array(last_days).view(pa.date32()),
        "settles_at": instants(settles_us),
        "settlement_time": per_root("settlement_time"),
        "settlement_type": per_root("settlement_type"),
        "right": _keys(right_codes, rights),
        "style": per_root("style"),
        "strike": pa.array(rows.strikes),
        "multiplier": pa.array(multipliers[root_codes]),
        "quote_currency": per_root("quote_currency"),
        "settlement_currency": per_root("settlement_currency"),
        "source": _constant(source, n),
        "harvest_id": _constant(harvest_id, n),
        **rows.values,
    }
    if pa.types.is_string(columns["harvest_id"].type):  # rows of several payloads have one each
        columns["harvest_id"] = columns["harvest_id"].dictionary_encode()
    arrays = [columns[f.name] if f.name in columns else pa.nulls(n, f.type) for f in QUOTE_SCHEMA]
    table = pa.Table.from_arrays(arrays, schema=QUOTE_SCHEMA)
    keys = (root_codes, rows.strikes, right_codes, rows.expiry_days, rows.ts_us)
    order = np.lexsort(keys)
    if _has_ties(keys, order):
        return _fully_sorted(table)
    return table if np.array_equal(order, np.arange(n)) else table.take(pa.array(order))


def instants(us: NDArray[np.int64]) -> pa.Array:
    """UTC microseconds as timestamps."""
    return pa.array(us).view(TS)


def _has_ties(keys: tuple[NDArray[np.generic], ...], order: NDArray[np.int64]) -> bool:
    if len(order) < 2:
        return False
    tied = np.ones(len(order) - 1, dtype=bool)
    for key in keys:
        ordered = key[order]
        equal = ordered[1:] == ordered[:-1]
        if ordered.dtype.kind == "f":
            equal |= np.isnan(ordered[1:]) & np.isnan(ordered[:-1])
        tied &= equal
    return bool(tied.any())


def _fully_sorted(table: pa.Table) -> pa.Table:
    """By ts, expiry, right, strike, root, then every other column; equal rows are interchangeable."""
    first = ["ts", "expiry", "right", "strike", "root"]
    # constant within an underlying's day: no need to compare them
    skip = {"underlying", "trade_date", "source", "harvest_id", *first}
    names = first + [name for name in table.column_names if name not in skip]
    plain = {
        name: column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        for name, column in ((name, table.column(name)) for name in names)
    }
    order = pc.sort_indices(pa.table(plain), sort_keys=[(name, "ascending") for name in names])
    return table.take(order)


def _days(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days


def _codes(texts: pa.Array) -> tuple[NDArray[np.int32], list[str]]:
    """Codes into the sorted distinct values."""
    encoded = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    ordered = sorted(values)
    place = np.array([ordered.index(value) for value in values] or [0], dtype=np.int32)
    return place[encoded.indices.to_numpy(zero_copy_only=False)], ordered


def _keys(codes: NDArray[np.int32], values: list[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(values, type=KEY.value_type))


def _constant(text: str, n: int) -> pa.DictionaryArray:
    return _keys(np.zeros(n, dtype=np.int32), [text])
