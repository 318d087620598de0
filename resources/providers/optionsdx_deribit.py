"""``optionsdx_deribit``: OptionsDX's end-of-day text files of Deribit options, one file per coin and month.

Layout: see ``optionsdx_files``; the underlying in a file's name is the coin.

The vendor's conventions: prices in coin, 0 for no quote; ``MARK_IV`` in percent; ``QUOTE_READTIME``,
``QUOTE_DATE`` and ``EXPIRY_TIME`` are US Eastern, ``QUOTE_UNIXTIME`` and ``EXPIRY_UNIX`` true UTC seconds.
There is no index price: spot is the median forward of the nearest expiry (see ``deribit_rows``). The daily
price file that some collections carry beside it is taken at another hour and is no settlement price, so none is
given.
"""

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.providers.deribit_rows import UNDERLYING_CURRENCY, nearest_forward, nullable, snapshots
from resources.providers.file_adapter import day_numbers, floats, outside
from resources.providers.optionsdx_files import VENDOR_ZONE, OptionsDxAdapter
from resources.providers.quote_table import QuoteRows, expiry_out_of_range, instants, price
from resources.providers.row_files import ParsedSlice
from resources.providers.typed_csv import CsvLayout, TypedRows, read_typed_csv
from resources.providers.underlying_prices import UnderlyingPrice
from resources.providers.vendor_clock import local_days
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec

_F = pa.float64()
_LAYOUT = CsvLayout(
    columns={
        "QUOTE_UNIXTIME": pa.int64(),
        "QUOTE_READTIME": pa.string(),
        "QUOTE_DATE": pa.date32(),
        "QUOTE_TIME_HOURS": _F,
        "INSTRUMENT_NAME": pa.string(),
        "BASE_CURRENCY": pa.string(),
        "CONTRACT_SIZE": _F,
        "UNDERLYING_INDEX": pa.string(),
        "UNDERLYING_PRICE": _F,
        "EXPIRY_DATE": pa.date32(),
        "EXPIRY_UNIX": pa.int64(),
        "EXPIRY_TIME": _F,
        "DTE": _F,
        "OPTION_RIGHT": pa.string(),
        "STRIKE": _F,
        **dict.fromkeys(("BID_SIZE", "BID_PRICE", "ASK_PRICE", "ASK_SIZE", "OPEN_INTEREST", "VOLUME"), _F),
        **dict.fromkeys(("DELTA", "GAMMA", "VEGA", "THETA", "RHO", "MARK_IV", "STRIKE_DISTANCE_PCT"), _F),
    },
    required=frozenset(
        {
            "QUOTE_UNIXTIME",
            "QUOTE_READTIME",
            "QUOTE_DATE",
            "INSTRUMENT_NAME",
            "BASE_CURRENCY",
            "CONTRACT_SIZE",
            "EXPIRY_DATE",
            "EXPIRY_UNIX",
            "OPTION_RIGHT",
            "STRIKE",
        }
    ),
)
_DAY_US = 86_400_000_000


class OptionsDxDeribitProvider(OptionsDxAdapter):
    """Coin chains from a folder of OptionsDX month files."""

    format_name = "optionsdx_deribit"
    underlying_currency = UNDERLYING_CURRENCY

    def parse_slice(
        self, spec: UnderlyingSpec, trade_date: dt.date, part: RawPart, text: bytes
    ) -> ParsedSlice:
        rows = self._judged(read_typed_csv(text, _LAYOUT, part.name), spec, trade_date)
        if not len(rows):
            return self.parsed(spec.symbol, trade_date, part, None, rows.rejected, None), None
        quotes = self._quote_rows(rows)
        payload_ts_us = int(quotes.ts_us.max())
        spot = quotes.values["spot"].filter(pa.array(quotes.ts_us == payload_ts_us))[0].as_py()
        parsed = self.parsed(spec.symbol, trade_date, part, quotes, rows.rejected, payload_ts_us)
        return parsed, UnderlyingPrice(spec.symbol, payload_ts_us, close=spot)

    def _judged(self, rows: TypedRows, spec: UnderlyingSpec, trade_date: dt.date) -> TypedRows:
        """Without the rows that are not this coin's, not this day's, or that contradict themselves."""
        rows = rows.split(
            {
                "untyped:OPTION_RIGHT": outside(rows.column("OPTION_RIGHT"), ("call", "put")),
                "unknown_root": outside(rows.column("BASE_CURRENCY"), [root.root for root in spec.roots]),
                "expiry_out_of_range": expiry_out_of_range(day_numbers(rows, "EXPIRY_DATE"), trade_date),
            }
        )
        taken_us = pc.multiply(rows.column("QUOTE_UNIXTIME"), 1_000_000)
        day = (trade_date - dt.date(1970, 1, 1)).days
        expiry_us = rows.column("EXPIRY_UNIX").to_numpy() * 1_000_000
        sizes = {root.root: root.multiplier for root in spec.roots}
        declared = np.array([sizes[root] for root in rows.column("BASE_CURRENCY").to_pylist()])
        return rows.split(
            {
                "other_day": local_days(taken_us, VENDOR_ZONE).to_numpy() != day,
                "expiry_time_disagrees": expiry_us
                != day_numbers(rows, "EXPIRY_DATE").astype(np.int64) * _DAY_US + _DAY_US // 3,
                "contract_size_disagrees": floats(rows, "CONTRACT_SIZE") != declared,
            }
        )

    def _quote_rows(self, rows: TypedRows) -> QuoteRows:
        own_us = rows.column("QUOTE_UNIXTIME").to_numpy() * 1_000_000
        read_times = rows.column("QUOTE_READTIME").dictionary_encode()
        # the vendor polls for about a minute; rows of one read time are one snapshot
        labels = np.array(read_times.dictionary.to_pylist())[read_times.indices.to_numpy()]
        ids, ts_us = snapshots(own_us, labels)
        forward = price(rows.column("UNDERLYING_PRICE"))
        expiry_days = day_numbers(rows, "EXPIRY_DATE")
        spot = nearest_forward(
            pc.fill_null(forward, float("nan")).to_numpy(zero_copy_only=False), expiry_days, ts_us, ids
        )
        return QuoteRows(
            roots=rows.column("BASE_CURRENCY"),
            symbols=rows.column("INSTRUMENT_NAME"),
            rights=pc.if_else(pc.equal(rows.column("OPTION_RIGHT"), "call"), "C", "P"),
            expiry_days=expiry_days,
            strikes=floats(rows, "STRIKE"),
            ts_us=ts_us,
            snapshot_ids=ids,
            values={
                "quote_ts": instants(own_us),
                "bid": price(rows.column("BID_PRICE")),
                "ask": price(rows.column("ASK_PRICE")),
                "bid_size": price(rows.column("BID_SIZE")),
                "ask_size": price(rows.column("ASK_SIZE")),
                "volume": rows.column("VOLUME"),
                "open_interest": rows.column("OPEN_INTEREST"),
                "spot": nullable(spot),
                "vendor_forward": forward,
                "vendor_iv": pc.divide(price(rows.column("MARK_IV")), 100.0),
                **{
                    f"vendor_{name.lower()}": rows.column(name)
                    for name in ("DELTA", "GAMMA", "VEGA", "THETA")
                },
            },
        )
