"""From the rows of Polygon's chain snapshots to the canonical quotes of one underlying.

The service's conventions: prices per share in dollars, 0 or missing for no quote; implied volatility and Greeks as
decimals, per share; times in nanoseconds UTC; open interest as of the end of the day before. A plan without quotes
delivers no ``last_quote``: then every bid and ask is missing.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.instruments.osi import OsiSymbol
from engine.instruments.terms import RootTerms
from resources.providers.polygon_contract import parse_ticker
from resources.providers.polygon_results import usable_ns
from resources.providers.quote_table import QuoteRows, expiry_out_of_range, price
from resources.providers.typed_csv import RejectedRow
from resources.providers.typed_records import RecordLayout, TypedRecords, read_typed_records
from resources.schemas import TS

_FLOATS = (
    *("details.strike_price", "details.shares_per_contract"),
    *("last_quote.bid", "last_quote.ask", "last_quote.bid_size", "last_quote.ask_size"),
    *("last_trade.price", "day.close", "day.volume", "open_interest", "implied_volatility"),
    *("greeks.delta", "greeks.gamma", "greeks.vega", "greeks.theta"),
    *("underlying_asset.price", "underlying_asset.value"),
)
_INTS = ("last_quote.last_updated", "last_trade.sip_timestamp")
_TEXTS = (
    *("details.ticker", "details.contract_type", "details.expiration_date", "details.exercise_style"),
    "underlying_asset.ticker",
)
_LAYOUT = RecordLayout(
    {**dict.fromkeys(_FLOATS, float), **dict.fromkeys(_INTS, int), **dict.fromkeys(_TEXTS, str)},
    frozenset({"details.ticker"}),
)
_RIGHTS = {"C": "call", "P": "put"}
_STYLES = {"A": "american", "E": "european"}
_NS_PER_US = 1_000
_EPOCH_DAY = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class SnapshotRows:
    """The rows of one snapshot; ``ts_us`` is the latest time of anything in it."""

    records: Sequence[Any]
    ts_us: int


@dataclass
class PolygonChain:
    """One underlying's quotes, or none, what was set aside, and its price at the last snapshot."""

    quotes: QuoteRows | None
    rejected: list[RejectedRow]
    spot: float | None


def read_chain(
    snapshots: Sequence[SnapshotRows], roots: Mapping[str, RootTerms], trade_date: dt.date
) -> PolygonChain:
    """Type and judge the rows of an underlying's snapshots, in the order of their times."""
    ordered = sorted(snapshots, key=lambda snapshot: snapshot.ts_us)
    judged = [_judged(snapshot.records, roots, trade_date) for snapshot in ordered]
    rejected = [row for typed in judged for row in typed.rejected]
    table = pa.concat_tables([typed.table for typed in judged]) if judged else None
    if table is None or not table.num_rows:
        return PolygonChain(None, rejected, None)

    def column(name: str) -> pa.Array:
        return table.column(name).combine_chunks()

    options = [osi for ticker in column("details.ticker").to_pylist() if (osi := parse_ticker(ticker))]
    counts = [len(typed) for typed in judged]
    numbers = np.repeat(np.arange(len(judged)), counts)
    snapshot_ids = np.unique(numbers, return_inverse=True)[1].astype(np.int32)
    ts_us = np.repeat(np.array([snapshot.ts_us for snapshot in ordered], dtype=np.int64), counts)
    spot = price(pc.coalesce(column("underlying_asset.price"), column("underlying_asset.value")))
    last = spot.filter(pa.array(ts_us == ts_us.max())).drop_null().to_numpy()
    quotes = QuoteRows(
        roots=pa.array([osi.root for osi in options], type=pa.string()),
        symbols=column("details.ticker"),
        rights=pa.array([osi.right.value for osi in options], type=pa.string()),
        expiry_days=np.array([(osi.expiry - _EPOCH_DAY).days for osi in options], dtype=np.int32),
        strikes=np.array([osi.strike for osi in options], dtype=np.float64),
        ts_us=ts_us,
        snapshot_ids=snapshot_ids,
        values={
            "quote_ts": _instants(column("last_quote.last_updated")),
            "last_trade_ts": _instants(column("last_trade.sip_timestamp")),
            "bid": price(column("last_quote.bid")),
            "ask": price(column("last_quote.ask")),
            "bid_size": price(column("last_quote.bid_size")),
            "ask_size": price(column("last_quote.ask_size")),
            # a plan without trades still has the day's bar, whose close is the last trade
            "last": price(pc.coalesce(column("last_trade.price"), column("day.close"))),
            "volume": column("day.volume"),
            "open_interest": column("open_interest"),
            "spot": spot,
            "vendor_iv": price(column("implied_volatility")),
            **{f"vendor_{name}": column(f"greeks.{name}") for name in ("delta", "gamma", "vega", "theta")},
        },
    )
    return PolygonChain(quotes, rejected, float(np.median(last)) if len(last) else None)


def _judged(records: Sequence[Any], roots: Mapping[str, RootTerms], trade_date: dt.date) -> TypedRecords:
    typed = read_typed_records(records, _LAYOUT)
    named = [parse_ticker(ticker) for ticker in typed.column("details.ticker").to_pylist()]
    typed = typed.split({"untyped:details.ticker": np.array([osi is None for osi in named], dtype=bool)})
    options = [osi for ticker in typed.column("details.ticker").to_pylist() if (osi := parse_ticker(ticker))]
    return typed.split(_faults(typed, options, roots, trade_date))


def _faults(
    typed: TypedRecords, options: Sequence[OsiSymbol], roots: Mapping[str, RootTerms], trade_date: dt.date
) -> dict[str, NDArray[np.bool_]]:
    stated = {
        name: typed.column(f"details.{name}").to_pylist()
        for name in (
            *("strike_price", "expiration_date", "contract_type"),
            *("shares_per_contract", "exercise_style"),
        )
    }
    n = len(options)
    faults = {
        name: np.zeros(n, dtype=bool)
        for name in (
            "unknown_root",
            "ticker_disagrees_with_details",
            "contract_size_disagrees",
            "exercise_style_disagrees",
        )
    }
    for row, osi in enumerate(options):
        faults["ticker_disagrees_with_details"][row] = (
            _differs(stated["strike_price"][row], osi.strike)
            or _differs(stated["expiration_date"][row], osi.expiry.isoformat())
            or _differs(stated["contract_type"][row], _RIGHTS[osi.right.value])
        )
        terms = roots.get(osi.root)
        if terms is None:
            faults["unknown_root"][row] = True
            continue
        faults["contract_size_disagrees"][row] = _differs(
            stated["shares_per_contract"][row], terms.multiplier
        )
        faults["exercise_style_disagrees"][row] = _differs(
            stated["exercise_style"][row], _STYLES[terms.style.value]
        )
    expiry_days = np.array([(osi.expiry - _EPOCH_DAY).days for osi in options], dtype=np.int32)
    faults["expiry_out_of_range"] = expiry_out_of_range(expiry_days, trade_date)
    times = [typed.column(name).to_pylist() for name in _INTS]
    faults["time_out_of_range"] = np.array(
        [
            any(value is not None and usable_ns(value) is None for value in row)
            for row in zip(*times, strict=True)
        ],
        dtype=bool,
    ).reshape(n)
    return faults


def _differs(stated: Any, meant: Any) -> bool:
    return stated is not None and stated != meant


def _instants(nanoseconds: pa.Array) -> pa.Array:
    return pc.divide(nanoseconds, _NS_PER_US).view(TS)
