"""Daily prices of the underlyings as a canonical table."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from resources.providers.quote_table import US_PER_MINUTE, instants
from resources.schemas import UNDERLYING_SCHEMA


@dataclass(frozen=True)
class UnderlyingPrice:
    """One underlying on one day; a price that the source does not have is None.

    ``close`` is the last price at ``ts_us``; where that is before the session's close it is the price of that
    moment.
    """

    underlying: str
    ts_us: int
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    settlement_price: float | None = None
    volume: float | None = None


def underlying_table(
    prices: Sequence[UnderlyingPrice],
    *,
    trade_date: dt.date,
    currency: str,
    known_after_minutes: float,
    source: str,
) -> pa.Table:
    """``UNDERLYING_SCHEMA``, one row per underlying, sorted by it.

    ``currency`` is what the prices are in: USD also where options are quoted in coin.
    """
    ordered = sorted(prices, key=lambda price: price.underlying)
    n = len(ordered)
    ts_us = np.array([price.ts_us for price in ordered], dtype=np.int64)
    columns = {
        "underlying": [price.underlying for price in ordered],
        "trade_date": [trade_date] * n,
        "ts": instants(ts_us),
        "known_at": instants(ts_us + round(known_after_minutes * US_PER_MINUTE)),
        "currency": [currency] * n,
        "source": [source] * n,
        **{
            name: [getattr(price, name) for price in ordered]
            for name in ("open", "high", "low", "close", "settlement_price", "volume")
        },
    }
    arrays = [
        column if isinstance(column := columns[f.name], pa.Array) else pa.array(column, type=f.type)
        for f in UNDERLYING_SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=UNDERLYING_SCHEMA)
