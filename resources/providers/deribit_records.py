"""Typing Deribit's order books and book summaries: the rows of one underlying, and those set aside.

The service's conventions: prices in the instrument's quote currency (coin for coin-settled options), 0 or null for
no quote; volatilities in percent; times in milliseconds UTC; amounts in units of the underlying.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.instruments.terms import RootTerms
from resources.providers.deribit_instrument import (
    DeribitOption,
    currency_of,
    is_other_instrument,
    parse_option_name,
)
from resources.providers.deribit_results import Record
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.quote_table import expiry_out_of_range
from resources.providers.strict_json import strict_json
from resources.providers.typed_csv import RejectedRow
from resources.providers.typed_records import RecordLayout, TypedRecords, read_typed_records

_BOOK = {
    "ts": "timestamp",
    "bid": "best_bid_price",
    "bid_size": "best_bid_amount",
    "ask": "best_ask_price",
    "ask_size": "best_ask_amount",
    "last": "last_price",
    "mark": "mark_price",
    "iv": "mark_iv",
    "volume": "stats.volume",
    "open_interest": "open_interest",
    "forward": "underlying_price",
    "index": "index_price",
    **{name: f"greeks.{name}" for name in ("delta", "gamma", "vega", "theta")},
}
_SUMMARY = {
    "ts": "creation_timestamp",
    "bid": "bid_price",
    "ask": "ask_price",
    "last": "last",
    "mark": "mark_price",
    "iv": "mark_iv",
    "volume": "volume",
    "open_interest": "open_interest",
    "forward": "underlying_price",
}
_TEXTS = ("instrument_name", "state", "quote_currency")
US_PER_MS = 1_000
#: 2016-01-01 (the venue opened that year) and 2100-01-01; a time outside is in another unit
EARLIEST_MS, LATEST_MS = 1_451_606_400_000, 4_102_444_800_000
_US_PER_DAY = 86_400_000_000
_EIGHT_HOURS_US = 8 * 3_600_000_000


@dataclass(frozen=True)
class ReceivedRecords:
    """Records of one payload.

    Attributes
    ----------
    group
        What the records of one snapshot have in common; None where that shows only in their times.
    summaries
        Whether they are book summaries rather than order books.
    """

    records: Sequence[Record]
    group: str | None
    summaries: bool
    texts: bool


@dataclass
class ChainRows:
    """The rows of one underlying, as columns under canonical names, and what was set aside."""

    options: list[DeribitOption] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    groups: list[str | None] = field(default_factory=list)
    is_summary: list[bool] = field(default_factory=list)
    columns: dict[str, list[float | None]] = field(default_factory=lambda: {name: [] for name in _BOOK})
    records: list[Record] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Only the marked rows."""
        rows = np.flatnonzero(mask).tolist()
        self.options = [self.options[row] for row in rows]
        self.names = [self.names[row] for row in rows]
        self.groups = [self.groups[row] for row in rows]
        self.is_summary = [self.is_summary[row] for row in rows]
        self.columns = {name: [values[row] for row in rows] for name, values in self.columns.items()}
        self.records = [self.records[row] for row in rows]


def collect_rows(
    received: Sequence[ReceivedRecords],
    roots: Mapping[str, RootTerms],
    instruments: Mapping[str, Record],
    trade_date: dt.date,
) -> ChainRows:
    """Type the records of one underlying and set aside those that cannot be used, each with its reasons.

    Parameters
    ----------
    roots
        The underlying's own. Options of other coins, and instruments that are no options, are nobody's here; an
        option of this coin with another root is set aside.
    instruments
        The service's own description of each instrument, where it was received.
    """
    rows = ChainRows()
    for batch in received:
        fields = _SUMMARY if batch.summaries else _BOOK
        layout = RecordLayout(
            {**dict.fromkeys(_TEXTS, str), **dict.fromkeys(fields.values(), float), fields["ts"]: int},
            frozenset({"instrument_name", fields["ts"]}),
        )
        mine = [record for record in batch.records if _concerns(record, roots)]
        typed = read_typed_records(mine, layout, texts=batch.texts)
        named = [parse_option_name(name) for name in typed.column("instrument_name").to_pylist()]
        stamps = typed.column(fields["ts"]).to_numpy()
        reasons = {
            "time_out_of_range": (stamps < EARLIEST_MS) | (stamps > LATEST_MS),
            "untyped:instrument_name": np.array([option is None for option in named], dtype=bool),
            "closed": np.array(
                [state == "closed" for state in typed.column("state").to_pylist()], dtype=bool
            ),
        }
        if not batch.summaries:
            reasons |= _book_faults(typed, batch.texts)
        typed = typed.split(reasons)
        options = [parse_option_name(name) for name in typed.column("instrument_name").to_pylist()]
        known = [option for option in options if option is not None]
        typed_ok = typed.split(_term_faults(typed, known, roots, instruments, trade_date))
        rows.rejected += typed_ok.rejected
        _append(rows, typed_ok, fields, batch)
    return rows


def _concerns(record: object, roots: Mapping[str, RootTerms]) -> bool:
    """Whether a record is about an option of this underlying's coin, or about nothing that can be told."""
    if not isinstance(record, Mapping):
        return True
    name = record.get("instrument_name")
    if not isinstance(name, str):
        return True
    if is_other_instrument(name):
        return False
    return name.partition("-")[0].partition("_")[0] in {root.partition("_")[0] for root in roots}


def _book_faults(typed: TypedRecords, texts: bool) -> dict[str, NDArray[np.bool_]]:
    """The best prices must be the first of the book's levels, where these were delivered."""
    disagrees = np.zeros(len(typed), dtype=bool)
    untyped = {side: np.zeros(len(typed), dtype=bool) for side in ("bids", "asks")}
    for side, best in (("bids", "best_bid_price"), ("asks", "best_ask_price")):
        stated = typed.column(best).to_pylist()
        for row, record in enumerate(typed.records):
            levels = record.get(side)
            if levels is None or levels == "":
                continue
            try:
                first = _first_price(levels, texts)
            except (UnreadablePayloadError, TypeError, ValueError, LookupError, OverflowError):
                untyped[side][row] = True
                continue
            disagrees[row] |= first != (stated[row] or 0.0)
    return {
        "best_price_disagrees_with_book": disagrees,
        **{f"untyped:{side}": mask for side, mask in untyped.items()},
    }


def _first_price(levels: object, texts: bool) -> float:
    """The best price of a side, 0 where it is empty."""
    if texts:
        levels = strict_json(str(levels).encode(), "book")
    if not isinstance(levels, list):
        raise TypeError(f"{levels!r} is no list of levels")
    return float(levels[0][0]) if levels else 0.0


def _term_faults(
    typed: TypedRecords,
    options: Sequence[DeribitOption],
    roots: Mapping[str, RootTerms],
    instruments: Mapping[str, Record],
    trade_date: dt.date,
) -> dict[str, NDArray[np.bool_]]:
    n = len(typed)
    faults = {
        name: np.zeros(n, dtype=bool)
        for name in (
            "unknown_root",
            "other_quote_currency",
            "contract_size_disagrees",
            "expiry_time_disagrees",
        )
    }
    expiry_days = np.array([option.expiry_day for option in options], dtype=np.int32)
    faults["expiry_out_of_range"] = expiry_out_of_range(expiry_days, trade_date)
    stated = typed.column("quote_currency").to_pylist()
    for row, option in enumerate(options):
        terms = roots.get(option.root)
        if terms is None:
            faults["unknown_root"][row] = True
            quoted = {currency_of(root) for root in roots}
            faults["other_quote_currency"][row] = currency_of(option.root) not in quoted
            continue
        described = instruments.get(typed.records[row]["instrument_name"], {})
        currency = described.get("quote_currency") or stated[row] or currency_of(option.root)
        faults["other_quote_currency"][row] = currency != terms.quote_currency
        size = described.get("contract_size")
        faults["contract_size_disagrees"][row] = size is not None and size != terms.multiplier
        expires = described.get("expiration_timestamp")
        at_ms = (option.expiry_day * _US_PER_DAY + _EIGHT_HOURS_US) // US_PER_MS
        faults["expiry_time_disagrees"][row] = expires is not None and expires != at_ms
    return faults


def _append(rows: ChainRows, typed: TypedRecords, fields: Mapping[str, str], batch: ReceivedRecords) -> None:
    names = typed.column("instrument_name").to_pylist()
    rows.names += names
    rows.options += [option for name in names if (option := parse_option_name(name)) is not None]
    rows.groups += [batch.group] * len(typed)
    rows.is_summary += [batch.summaries] * len(typed)
    rows.records += typed.records
    for name in _BOOK:
        values = typed.column(fields[name]).to_pylist() if name in fields else [None] * len(typed)
        rows.columns[name] += values
