"""``orats_csv``: ORATS's strikes files, near the end of day or by the minute, a call and a put on a line
(https://docs.orats.io/data-api-guide/definitions.html, https://orats.com/docs/historical-intraday-api,
https://orats.com/near-eod-data).

Layout: any number of ``*.csv[.gz|.zip]`` (``files`` in the settings; the daily ones are called
``ORATS_SMV_Strikes_{yyyymmdd}``), each with the whole market of a day, or whatever was asked of the API. The names of
the older daily files (``stkPx``, ``cBidPx``, ...) are known as well.

The vendor's conventions: 0 for no bid, ask or volatility; volatility as a decimal; vega per vol point, theta per
calendar day. ``delta`` is the call's, a put's is that less 1; gamma and vega are those of both; ``theta`` is the
call's, so a put has none. For an index ``stockPrice`` is the implied futures price of the expiry, and ``spotPrice``
the index. ``expiryTod`` says whether a contract settles on the open or the close, and so its root.

Rows of one ``snapShotDate`` (UTC) are a snapshot; ``quoteDate`` is the quote's own time. A file without it is one
snapshot, at its latest ``updatedAt``; one without either was taken ``minutes_before_close`` (in the settings) before
the exchange's close: 14, as the vendor says of its daily files.
"""

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from engine.instruments.terms import SettlementTime, UnderlyingKind
from resources.providers import osi_columns
from resources.providers.deribit_rows import snapshots
from resources.providers.file_adapter import floats
from resources.providers.osi_rows import column_or_nothing
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.quote_table import QuoteRows, expiry_out_of_range, price
from resources.providers.row_files import FilesSettings, ParsedSlice, RowFileAdapter
from resources.providers.two_legs import Lines, leg_columns, legs, option_rows
from resources.providers.typed_csv import CsvLayout, TypedRows, read_typed_csv
from resources.providers.underlying_prices import UnderlyingPrice
from resources.providers.vendor_clock import local_days
from resources.providers.vendor_dates import ISO, US, dates_of
from resources.raw_store import RawPart
from resources.schemas import TS
from resources.universe import UnderlyingSpec

_F = pa.float64()
_TIMES = ("snapShotDate", "updatedAt", "quoteDate")
_SIZES = ("callBidSize", "callAskSize", "putBidSize", "putAskSize")
_LAYOUT = CsvLayout(
    columns={
        **dict.fromkeys(("ticker", "tradeDate", "expirDate"), pa.string()),
        **dict.fromkeys(("strike", "stockPrice", "callVolume", "callOpenInterest"), _F),
        **dict.fromkeys(("putVolume", "putOpenInterest", "callBidPrice", "callAskPrice"), _F),
        **dict.fromkeys(("putBidPrice", "putAskPrice", "callMidIv", "putMidIv", "spotPrice"), _F),
        **dict.fromkeys((*_SIZES, "delta", "gamma", "theta", "vega"), _F),
        "expiryTod": pa.string(),
        **dict.fromkeys(_TIMES, TS),
    },
    required=frozenset({"ticker", "tradeDate", "expirDate", "strike"}),
    optional=frozenset({*_TIMES, *_SIZES, "expiryTod", "spotPrice"}),
    others_allowed=True,
)
_UNDATED_US = 60_000_000
_EPOCH_DAY = dt.date(1970, 1, 1)
_SETTLES = {"am": SettlementTime.AM, "pm": SettlementTime.PM}


class OratsSettings(FilesSettings):
    """What a universe may set."""

    #: when files that name no time were taken
    minutes_before_close: float = Field(default=14, ge=0, le=390)


class OratsCsvProvider(RowFileAdapter):
    """Chains from a folder of ORATS's strikes files."""

    format_name = "orats_csv"
    settings_model = OratsSettings
    day_column = "tradeDate"
    symbol_column = "ticker"
    date_formats = (ISO, US)
    aliases: ClassVar[Mapping[str, str]] = {
        **{name.lower(): name for name in _LAYOUT.columns},
        **{"trade_date": "tradeDate", "stkpx": "stockPrice", "spot_px": "spotPrice"},
        **{"cvolu": "callVolume", "pvolu": "putVolume", "coi": "callOpenInterest", "poi": "putOpenInterest"},
        **{"cbidpx": "callBidPrice", "caskpx": "callAskPrice", "cmidiv": "callMidIv"},
        **{"pbidpx": "putBidPrice", "paskpx": "putAskPrice", "pmidiv": "putMidIv"},
    }

    def parse_slice(
        self, spec: UnderlyingSpec, trade_date: dt.date, part: RawPart, text: bytes
    ) -> ParsedSlice:
        rows = read_typed_csv(text, _LAYOUT, part.name)
        names = rows.table.column_names
        if len(spec.roots) > 1 and "expiryTod" not in names:
            raise UnreadablePayloadError(
                f"{part.name} has no column expiryTod, so the root of a contract of {spec.symbol} is unknown; use "
                "files that have it, or a universe with one root"
            )
        rows = self._judged(rows, spec, trade_date)
        if not len(rows):
            return self.parsed(spec.symbol, trade_date, part, None, rows.rejected, None), None
        ids, ts_us, claimed = self._snapshots(rows, trade_date)
        quotes = self._quote_rows(rows, spec, ids, ts_us)
        last_us = int(ts_us.max())
        spots = quotes.values["spot"].filter(pa.array(quotes.ts_us == last_us)).drop_null().to_numpy()
        close = float(np.median(spots)) if len(spots) else None
        by_id = dict(zip(ids.tolist(), ts_us.tolist(), strict=True)) if claimed else {}
        parsed = self.parsed(
            spec.symbol,
            trade_date,
            part,
            quotes,
            rows.rejected,
            last_us if claimed else None,
            None,
            by_id,
        )
        return parsed, UnderlyingPrice(spec.symbol, last_us, close=close)

    def _judged(self, rows: TypedRows, spec: UnderlyingSpec, trade_date: dt.date) -> TypedRows:
        day = (trade_date - _EPOCH_DAY).days
        held, undated = dates_of(rows.column("tradeDate"), self.date_formats)
        expiry_days, no_expiry = dates_of(rows.column("expirDate"), self.date_formats)
        faults = {
            "untyped:tradeDate": undated,
            "other_day": ~undated & (held != day),
            "untyped:expirDate": no_expiry,
            "expiry_out_of_range": ~no_expiry & expiry_out_of_range(expiry_days, trade_date),
            "impossible:strike": osi_columns.cannot_be_written(floats(rows, "strike")),
            "unknown_root": np.array([root is None for root in self._roots(rows, spec)], dtype=bool),
        }
        time = _time_column(rows)
        if time is not None:
            us = pc.fill_null(rows.column(time).view(pa.int64()), 0)
            missing = rows.column(time).is_null().to_numpy(zero_copy_only=False)
            # a day more or less than the trade date's is a damaged clock, and would not convert
            near = np.abs(us.to_numpy() // (_UNDATED_US * 1440) - day) <= 1
            faults[f"untyped:{time}"] = missing
            local = local_days(pc.if_else(pa.array(near), us, 0), self.zone).to_numpy()
            faults["other_day"] = faults["other_day"] | (~missing & (~near | (local != day)))
        return rows.split(faults)

    def _roots(self, rows: TypedRows, spec: UnderlyingSpec) -> list[str | None]:
        """The root of each line; None where the universe has none that settles so."""
        if "expiryTod" not in rows.table.column_names:
            return [spec.roots[0].root] * len(rows)
        by_time = {}
        for root in reversed(spec.roots):
            by_time[root.settlement_time] = root.root
        found = rows.column("expiryTod").to_pylist()
        return [by_time.get(_SETTLES.get((text or "").strip().lower())) for text in found]  # type: ignore[arg-type]

    def _snapshots(
        self, rows: TypedRows, trade_date: dt.date
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], bool]:
        """Number and time of each line's snapshot, and whether the file itself says the time."""
        time = _time_column(rows)
        if time is None:
            if not self.calendar.is_session(trade_date):
                raise UnreadablePayloadError(
                    f"{trade_date} is no session of {self.universe.calendar}, and the file names no time; correct "
                    "the day, or the universe's calendar"
                )
            at = self.calendar.close_us(trade_date) - round(self.settings.minutes_before_close * _UNDATED_US)
            return np.zeros(len(rows), dtype=np.int32), np.full(len(rows), at, dtype=np.int64), False
        us = rows.column(time).view(pa.int64()).to_numpy()
        labels = us if time == "snapShotDate" else np.zeros(len(rows), dtype=np.int64)
        ids, ts_us = snapshots(us, labels)
        return ids, ts_us, True

    def _quote_rows(
        self, rows: TypedRows, spec: UnderlyingSpec, ids: NDArray[np.int32], ts_us: NDArray[np.int64]
    ) -> QuoteRows:
        n, names = len(rows), rows.table.column_names
        stock, index = price(rows.column("stockPrice")), price(column_or_nothing(rows, "spotPrice"))
        is_index = spec.kind is UnderlyingKind.INDEX
        values = {
            "spot": index if is_index else pc.coalesce(stock, index),
            "vendor_forward": stock if is_index else pa.nulls(n, _F),
        }
        if "quoteDate" in names:
            values["quote_ts"] = rows.column("quoteDate")
        lines = Lines(
            roots=[root for root in self._roots(rows, spec) if root is not None],
            expiry_days=dates_of(rows.column("expirDate"), self.date_formats)[0],
            strikes=floats(rows, "strike"),
            ts_us=ts_us,
            snapshot_ids=ids,
            values=values,
        )
        delta, gamma, vega = (rows.column(name) for name in ("delta", "gamma", "vega"))

        def sizes(side: str) -> pa.Array:
            return legs(column_or_nothing(rows, f"call{side}Size"), column_or_nothing(rows, f"put{side}Size"))

        return option_rows(
            lines,
            {
                "bid": price(leg_columns(rows, "callBidPrice", "putBidPrice")),
                "ask": price(leg_columns(rows, "callAskPrice", "putAskPrice")),
                "bid_size": price(sizes("Bid")),
                "ask_size": price(sizes("Ask")),
                "volume": leg_columns(rows, "callVolume", "putVolume"),
                "open_interest": leg_columns(rows, "callOpenInterest", "putOpenInterest"),
                "vendor_iv": price(leg_columns(rows, "callMidIv", "putMidIv")),
                "vendor_delta": legs(delta, pc.subtract(delta, 1.0)),
                "vendor_gamma": legs(gamma, gamma),
                "vendor_vega": legs(vega, vega),
                "vendor_theta": legs(rows.column("theta"), pa.nulls(n, _F)),
            },
        )


def _time_column(rows: TypedRows) -> str | None:
    """The column that says when a snapshot was taken."""
    return next((name for name in ("snapShotDate", "updatedAt") if name in rows.table.column_names), None)
