"""The quotes of an underlying's roots, with the trades and the open interest known at each, as one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.providers.file_adapter import floats
from resources.providers.lean.bars import UnderlyingBars
from resources.providers.lean.joining import join_latest
from resources.providers.lean.layout import PRICE_SCALE, TickType
from resources.providers.lean.option_rows import OptionRows
from resources.providers.quote_table import QuoteRows, price
from resources.providers.typed_csv import RejectedRow
from resources.schemas import TS


@dataclass(frozen=True)
class RootChain:
    """One root's quotes of a day and its columns of ``QUOTE_SCHEMA``; ``quotes`` is None where there are none."""

    quotes: OptionRows | None
    rejected: list[RejectedRow]
    values: dict[str, pa.Array] = field(default_factory=dict)


def root_chain(read: Mapping[TickType, OptionRows]) -> RootChain:
    """One root's quotes with what was traded and open at each; the rest is rejected with its reasons."""
    quotes = read.get("quote")
    if quotes is None:
        alone = [
            rows.without(f"{_NAMES[kind]}_without_quote", np.ones(len(rows.rows), dtype=bool))
            for kind, rows in read.items()
        ]
        return RootChain(None, [row for rows in alone for row in rows.rows.rejected])
    rejected = list(quotes.rows.rejected)
    values = {
        "bid": _dollars(quotes, "bid_close"),
        "ask": _dollars(quotes, "ask_close"),
        "bid_size": price(quotes.rows.column("bid_size")),
        "ask_size": price(quotes.rows.column("ask_size")),
    }
    if "trade" in read:
        joined = join_latest(quotes, read["trade"], _NAMES["trade"])
        rejected += joined.other.rows.rejected
        traded = joined.running_sum(floats(joined.other.rows, "volume"))
        # trades are given, so a contract without any so far has traded none
        values["volume"] = pc.fill_null(joined.take(traded), 0.0)
        values["last"] = price(joined.take(floats(joined.other.rows, "close") / PRICE_SCALE))
        values["last_trade_ts"] = joined.take(joined.other.ts_us).view(TS)
    if "openinterest" in read:
        joined = join_latest(quotes, read["openinterest"], _NAMES["openinterest"])
        rejected += joined.other.rows.rejected
        values["open_interest"] = joined.take(floats(joined.other.rows, "open_interest"))
    return RootChain(quotes, rejected, values)


def chain_rows(chains: Sequence[RootChain], bars: UnderlyingBars | None) -> QuoteRows | None:
    """The roots of one underlying in one table; None where no row is left.

    Snapshots are numbered over all roots; spot is the close of the underlying's bar that ends at the same instant.
    """
    full = [(chain, chain.quotes) for chain in chains if chain.quotes is not None and len(chain.quotes.ts_us)]
    if not full:
        return None
    ts_us = np.concatenate([quotes.ts_us for _, quotes in full])
    values = {
        name: pa.concat_arrays(
            [
                chain.values.get(
                    name, pa.nulls(len(quotes.ts_us), TS if name == "last_trade_ts" else pa.float64())
                )
                for chain, quotes in full
            ]
        )
        for name in sorted({name for chain, _ in full for name in chain.values})
    }
    spot = np.full(len(ts_us), np.nan) if bars is None else bars.close_at(ts_us)
    roots = [pa.array([quotes.root] * len(quotes.ts_us)) for _, quotes in full]
    return QuoteRows(
        roots=pa.concat_arrays(roots),
        symbols=pa.concat_arrays([quotes.symbols for _, quotes in full]),
        rights=pa.concat_arrays([quotes.rights for _, quotes in full]),
        expiry_days=np.concatenate([quotes.expiry_days for _, quotes in full]),
        strikes=np.concatenate([quotes.strikes for _, quotes in full]),
        ts_us=ts_us,
        snapshot_ids=np.searchsorted(np.unique(ts_us), ts_us).astype(np.int32),
        values={**values, "spot": pa.array(spot, from_pandas=True)},
    )


_NAMES: dict[TickType, str] = {"quote": "quote", "trade": "trade", "openinterest": "open_interest"}


def _dollars(rows: OptionRows, name: str) -> pa.Array:
    """A price in currency; 0 and empty are none."""
    return price(pc.divide(rows.rows.column(name), PRICE_SCALE))
