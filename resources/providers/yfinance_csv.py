"""``yfinance_csv``: option chains of Yahoo Finance as the ``yfinance`` package gives them, saved as CSV.

Layout: any ``.csv[.gz]`` below a folder named as the ticker and below, or named with, a day:
``2025/11/25/enriched/AAPL/chain.csv.gz``, ``AAPL/2025-11-25.csv``. A day may come in several files (one per expiry or
right); together they are its one snapshot. The columns are those of ``Ticker.option_chain``
(ranaroussi.github.io/yfinance): ``contractSymbol``, ``lastTradeDate``, ``strike``, ``lastPrice``, ``bid``, ``ask``,
``change``, ``percentChange``, ``volume``, ``openInterest``, ``impliedVolatility``, ``inTheMoney``, ``contractSize``,
``currency``. Of what collectors add, ``type``, ``expiration``, ``snap_date`` and ``spot_price`` are used; others are
ignored.

Yahoo's conventions: 0 for no bid, ask or last; an empty cell for no volume; implied volatility as a decimal, 0.00001
where unsolved; ``lastTradeDate`` in UTC. A file tells at most its day, never the time at which it was taken: ``ts`` is
the close of the session, the latest that its market can have been, and the payload claims no time.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from resources.providers import osi_columns
from resources.providers.file_adapter import QUOTES, FileAdapter, floats, joined_rejections, outside
from resources.providers.file_stamps import file_stamp
from resources.providers.payload_text import UnreadablePayloadError, unpacked
from resources.providers.protocol import ParsedDay, ParsedUnderlying
from resources.providers.quote_table import QuoteRows, expiry_out_of_range, joined_rows, price
from resources.providers.typed_csv import CsvLayout, RejectedRow, TypedRows, read_typed_csv
from resources.providers.underlying_prices import UnderlyingPrice, underlying_table
from resources.raw_store import RawPart
from resources.schemas import TS
from resources.universe import UnderlyingSpec

_F = pa.float64()
_ADDED = {"type": pa.string(), "expiration": pa.date32(), "snap_date": pa.date32(), "spot_price": _F}
_LAYOUT = CsvLayout(
    columns={
        "contractSymbol": pa.string(),
        "lastTradeDate": pa.timestamp("us", tz="UTC"),
        "strike": _F,
        **dict.fromkeys(("lastPrice", "bid", "ask", "volume", "openInterest", "impliedVolatility"), _F),
        "contractSize": pa.string(),
        "currency": pa.string(),
        **_ADDED,
    },
    required=frozenset({"contractSymbol", "strike", "contractSize", "currency"}),
    optional=frozenset(_ADDED),
    others_allowed=True,
)
#: what Yahoo's solver starts from, and leaves where it finds nothing
_UNSOLVED_VOLATILITY = 1.0001e-5
_EPOCH_DAY = dt.date(1970, 1, 1)
_NO_DAY = -1
_RIGHTS = {"call": "C", "put": "P"}


class YfinanceCsvProvider(FileAdapter):
    """Chains from a folder of saved data frames."""

    format_name = "yfinance_csv"

    def _files(self, spec: UnderlyingSpec) -> list[tuple[dt.date, Path]]:
        """Every file of a ticker with its day."""
        found = []
        for path in self.folder.rglob("*"):
            place = path.relative_to(self.folder)
            if path.name.endswith((".csv", ".csv.gz")) and spec.source_symbol in place.parts[:-1]:
                stamp = file_stamp(place.as_posix())
                if stamp is not None:
                    found.append((stamp.day, path))
        return sorted(found)

    def available_days(self) -> list[dt.date]:
        self.require_folder()
        return sorted({day for spec in self.universe.underlyings for day, _ in self._files(spec)})

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        self.require_folder()
        return [
            self.whole_part(QUOTES, spec.symbol, path)
            for spec in self.universe.underlyings
            for day, path in self._files(spec)
            if day == trade_date
        ]

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        underlyings: dict[str, ParsedUnderlying] = {}
        prices: list[UnderlyingPrice] = []
        for spec in self.universe.underlyings:
            mine = sorted((p for p in parts if p.kind == QUOTES and p.underlying == spec.symbol), key=_name)
            if not mine:
                continue
            parsed = self._parse_chain(spec, trade_date, mine)
            underlyings[spec.symbol] = parsed
            spots = parsed.quotes.column("spot").drop_null().to_numpy()
            if len(spots):
                at_us = self.calendar.close_us(trade_date)
                prices.append(UnderlyingPrice(spec.symbol, at_us, close=float(np.median(spots))))
        table = underlying_table(
            prices,
            trade_date=trade_date,
            currency=self.universe.quote_currency,
            known_after_minutes=self.universe.provider.known_after_minutes,
            source=self.format_name,
        )
        return ParsedDay(trade_date, underlyings, table)

    def _parse_chain(
        self, spec: UnderlyingSpec, trade_date: dt.date, parts: Sequence[RawPart]
    ) -> ParsedUnderlying:
        """One underlying's files; one that cannot be used blocks the day, for its chain would lack expiries."""
        if not self.calendar.is_session(trade_date):
            problem = (
                f"{parts[0].name}: {trade_date} is no session of {self.universe.calendar}, so its chain is of another "
                "day; remove it"
            )
            return self.parsed(spec.symbol, trade_date, parts[0], None, (), None, problem)
        batches, aside = [], []
        for part in parts:
            try:
                rows = read_typed_csv(unpacked(part.payload, part.name), _LAYOUT, part.name)
                rows = self._own_day(trade_date, part, rows)
            except UnreadablePayloadError as error:
                return self.parsed(spec.symbol, trade_date, part, None, (), None, str(error))
            quotes, rejected = self._quote_rows(spec, trade_date, rows)
            own = pa.array([part.slice_digest[:12]] * len(quotes.strikes), type=pa.string())
            batches.append(replace(quotes, values={**quotes.values, "harvest_id": own}))
            aside.append(self.set_aside(spec.symbol, trade_date, part, rejected))
        parsed = self.parsed(spec.symbol, trade_date, parts[0], joined_rows(batches), (), None)
        return replace(parsed, rejected=joined_rejections(aside))

    def _own_day(self, trade_date: dt.date, part: RawPart, rows: TypedRows) -> TypedRows:
        """Without the rows of another day; a trade after a chain's day says that the day is not its own."""
        if not len(rows):
            return rows
        midnight = dt.datetime.combine(trade_date + dt.timedelta(days=1), dt.time(0), tzinfo=self.zone)
        later = pc.greater_equal(rows.column("lastTradeDate"), pa.scalar(midnight, TS))
        if pc.any(later).as_py():
            raise UnreadablePayloadError(
                f"{part.name} holds a trade of {rows.column('lastTradeDate').filter(later)[0]}, so it is not of "
                f"{trade_date}; put it under its own day"
            )
        if "snap_date" not in rows.table.column_names:
            return rows
        told = pc.fill_null(rows.column("snap_date").view(pa.int32()), _NO_DAY)
        other = told.to_numpy(zero_copy_only=False) != (trade_date - _EPOCH_DAY).days
        if other.all():
            raise UnreadablePayloadError(
                f"{part.name} holds the chain of {rows.column('snap_date')[0]}, not of {trade_date}; put it under "
                "its own day"
            )
        return rows.split({"other_day": other})

    def _quote_rows(
        self, spec: UnderlyingSpec, trade_date: dt.date, rows: TypedRows
    ) -> tuple[QuoteRows, list[RejectedRow]]:
        rows = rows.split({"untyped:contractSymbol": osi_columns.not_osi(rows.column("contractSymbol"))})
        symbols = rows.column("contractSymbol")
        expiry_days, undated = osi_columns.expiry_days_of(symbols), osi_columns.impossible_dates(symbols)
        rows = rows.split(
            {
                "untyped:contractSymbol": undated,
                "unknown_root": outside(osi_columns.roots_of(symbols), [root.root for root in spec.roots]),
                "expiry_out_of_range": ~undated & expiry_out_of_range(expiry_days, trade_date),
                "other_currency": outside(rows.column("currency"), [self.universe.quote_currency]),
                # another deliverable than the root's: an adjusted or a mini contract
                "other_contract_size": outside(rows.column("contractSize"), ["REGULAR"]),
            }
        )
        rows = rows.split({"symbol_disagrees": _disagrees(rows, trade_date)})
        symbols = rows.column("contractSymbol")
        roots = osi_columns.roots_of(symbols)
        n = len(rows)
        volatility = rows.column("impliedVolatility")
        unsolved = pc.less_equal(volatility, _UNSOLVED_VOLATILITY)
        has_spot = "spot_price" in rows.table.column_names
        quotes = QuoteRows(
            roots=roots,
            symbols=symbols,
            rights=osi_columns.rights_of(symbols),
            expiry_days=osi_columns.expiry_days_of(symbols),
            strikes=floats(rows, "strike"),
            ts_us=self.closing_instants_us(roots, trade_date),
            snapshot_ids=np.zeros(n, dtype=np.int32),
            values={
                "last_trade_ts": rows.column("lastTradeDate"),
                "bid": price(rows.column("bid")),
                "ask": price(rows.column("ask")),
                "last": price(rows.column("lastPrice")),
                "volume": rows.column("volume"),
                "open_interest": rows.column("openInterest"),
                "spot": price(rows.column("spot_price")) if has_spot else pa.nulls(n, _F),
                "vendor_iv": pc.if_else(unsolved, pa.scalar(None, _F), volatility),
            },
        )
        return quotes, rows.rejected


def _name(part: RawPart) -> str:
    return part.name


def _disagrees(rows: TypedRows, trade_date: dt.date) -> NDArray[np.bool_]:
    """Rows whose symbol names other terms than the columns beside it, as far as there are any."""
    symbols = rows.column("contractSymbol")
    columns = rows.table.column_names
    expiry_days, rights = osi_columns.expiry_days_of(symbols), osi_columns.rights_of(symbols)
    if "expiration" in columns:
        told = rows.column("expiration").view(pa.int32())
        expiry_days = pc.fill_null(told, _NO_DAY).to_numpy(zero_copy_only=False)
    if "type" in columns:
        encoded = rows.column("type").dictionary_encode()
        letters = [_RIGHTS.get(text.lower()) for text in encoded.dictionary.to_pylist()]
        rights = pc.fill_null(pa.array(letters, type=pa.string()).take(encoded.indices), "")
    # also of contracts that have expired: nothing else shows which of the two is meant
    return osi_columns.disagrees(symbols, expiry_days, rights, floats(rows, "strike"), dt.date.min)
