"""``cboe_csv``: CBOE delayed-quote chains flattened to one CSV per ticker and session.

Layout: ``chains/<ticker>/<YYYY-MM-DD>.csv[.gz]``, ``underlying.csv[.gz]`` with the time of each payload, and
optionally ``settlement_prices.csv[.gz]`` (date, symbol, settlement_price).

The vendor's conventions are those of ``cboe_rows``; ``payload_timestamp`` is in UTC.
"""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from resources.providers import osi_columns
from resources.providers.cboe_rows import quote_rows
from resources.providers.cboe_underlying import (
    CboeUnderlying,
    UnderlyingLines,
    session_price,
    settlement_prices,
    spot_at,
)
from resources.providers.file_adapter import (
    QUOTES,
    SETTLEMENT_PRICES,
    UNDERLYING_PRICES,
    FileAdapter,
    day_numbers,
    find_one,
    floats,
    outside,
)
from resources.providers.payload_text import UnreadablePayloadError, unpacked
from resources.providers.protocol import ParsedDay, ParsedPrices, ParsedUnderlying
from resources.providers.quote_table import QuoteRows, expiry_out_of_range
from resources.providers.typed_csv import CsvLayout, TypedRows, read_typed_csv
from resources.providers.underlying_prices import UnderlyingPrice, underlying_table
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec

_F = pa.float64()
_LAYOUT = CsvLayout(
    columns={
        "session_date": pa.date32(),
        "ticker": pa.string(),
        "expiry": pa.date32(),
        "right": pa.string(),
        "strike": _F,
        "option": pa.string(),
        **dict.fromkeys(
            ("bid", "bid_size", "ask", "ask_size", "last_trade_price", "volume", "open_interest", "iv"), _F
        ),
        **dict.fromkeys(("delta", "gamma", "theta", "vega", "rho", "theo", "open", "high", "low"), _F),
        **dict.fromkeys(("prev_day_close", "change", "percent_change"), _F),
        "last_trade_time": pa.timestamp("us"),
    },
    required=frozenset({"session_date", "ticker", "expiry", "right", "strike", "option"}),
)


class CboeCsvProvider(FileAdapter):
    """Chains and underlyings from a folder of CBOE delayed quotes."""

    format_name = "cboe_csv"

    def available_days(self) -> list[dt.date]:
        folder = self.require_folder() / "chains"
        days = set()
        for spec in self.universe.underlyings:
            for path in (folder / spec.source_symbol).glob("*.csv*"):
                day = _day_of(path.name)
                if day is not None:
                    days.add(day)
        return sorted(days)

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        folder = self.require_folder()
        parts = [
            self.whole_part(QUOTES, spec.symbol, path)
            for spec in self.universe.underlyings
            for path in find_one(folder / "chains" / spec.source_symbol, f"{trade_date.isoformat()}.csv")
        ]
        for kind, stem, column in (
            (UNDERLYING_PRICES, "underlying.csv", "session_date"),
            (SETTLEMENT_PRICES, "settlement_prices.csv", "date"),
        ):
            for path in find_one(folder, stem):
                part = self.day_part(kind, path, column, trade_date)
                if part is not None:
                    parts.append(part)
        return parts

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        lines = UnderlyingLines(parts, trade_date)
        prices, settlement_problems = self._prices(trade_date, parts, lines)
        underlyings: dict[str, ParsedUnderlying] = {}
        for spec in self.universe.underlyings:
            line = lines.line(spec.source_symbol)
            mine = [part for part in parts if part.kind == QUOTES and part.underlying == spec.symbol]
            if len(mine) > 1:
                names = " and ".join(part.name for part in mine)
                problem = f"{names} both claim {spec.symbol} on {trade_date}; remove the wrong one"
                underlyings[spec.symbol] = self.parsed(
                    spec.symbol, trade_date, mine[0], None, (), line.payload_ts_us if line else None, problem
                )
            elif mine:
                underlyings[spec.symbol] = self._parse_chain(
                    spec, trade_date, mine[0], line, lines.problem(spec.source_symbol)
                )
        return ParsedDay(trade_date, underlyings, prices, tuple(lines.problems + settlement_problems))

    def parse_prices(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedPrices:
        lines = UnderlyingLines(parts, trade_date)
        table, _ = self._prices(trade_date, parts, lines)
        found = {spec.symbol: lines.line(spec.source_symbol) for spec in self.universe.underlyings}
        return ParsedPrices(
            trade_date,
            table,
            {symbol: line.payload_ts_us for symbol, line in found.items() if line is not None},
        )

    def _prices(
        self, trade_date: dt.date, parts: Sequence[RawPart], lines: UnderlyingLines
    ) -> tuple[pa.Table, list[str]]:
        settled, problems = settlement_prices(parts, trade_date)
        known = [
            self._price(
                spec,
                trade_date,
                lines.line(spec.source_symbol),
                settled.get(spec.symbol, settled.get(spec.source_symbol)),
            )
            for spec in self.universe.underlyings
        ]
        table = underlying_table(
            [price for price in known if price is not None],
            trade_date=trade_date,
            currency=self.universe.quote_currency,
            known_after_minutes=self.universe.provider.known_after_minutes,
            source=self.format_name,
        )
        return table, problems

    def _price(
        self,
        spec: UnderlyingSpec,
        trade_date: dt.date,
        line: CboeUnderlying | None,
        settlement: float | None,
    ) -> UnderlyingPrice | None:
        if line is None:
            if settlement is None:
                return None
            # an official price without a chain: known from the opening on which it is made
            return UnderlyingPrice(
                spec.symbol, self.calendar.open_us(trade_date), settlement_price=settlement
            )
        return session_price(spec, line, trade_date, self.calendar, settlement)

    def _parse_chain(
        self,
        spec: UnderlyingSpec,
        trade_date: dt.date,
        part: RawPart,
        line: CboeUnderlying | None,
        line_problem: str | None,
    ) -> ParsedUnderlying:
        payload_ts_us = None if line is None else line.payload_ts_us
        try:
            rows = read_typed_csv(unpacked(part.payload, part.name), _LAYOUT, part.name)
        except UnreadablePayloadError as error:
            return self.parsed(spec.symbol, trade_date, part, None, (), payload_ts_us, str(error))
        other_day = day_numbers(rows, "session_date") != (trade_date - dt.date(1970, 1, 1)).days
        other_name = outside(rows.column("ticker"), [spec.source_symbol])
        problem = line_problem
        if len(rows) and other_day.all():
            found = rows.column("session_date")[0]
            problem = f"{part.name} holds session {found}, not {trade_date}; put it under its own day"
        elif len(rows) and other_name.all():
            found = rows.column("ticker")[0]
            problem = f"{part.name} holds {found}, not {spec.source_symbol}; put it into its own folder"
        if problem or line is None:
            return self.parsed(spec.symbol, trade_date, part, None, rows.rejected, payload_ts_us, problem)
        rows = rows.split({"other_day": other_day, "other_underlying": other_name})
        rows = rows.split(
            {
                "untyped:right": outside(rows.column("right"), ("C", "P")),
                "untyped:option": osi_columns.not_osi(rows.column("option")),
                "expiry_out_of_range": expiry_out_of_range(day_numbers(rows, "expiry"), trade_date),
            }
        )
        roots = osi_columns.roots_of(rows.column("option"))
        rows = rows.split(
            {
                "unknown_root": outside(roots, [root.root for root in spec.roots]),
                "symbol_disagrees": osi_columns.disagrees(
                    rows.column("option"),
                    day_numbers(rows, "expiry"),
                    rows.column("right"),
                    floats(rows, "strike"),
                    trade_date,
                ),
            }
        )
        try:
            quotes = self._quote_rows(rows, trade_date, line)
        except UnreadablePayloadError as error:
            problem = f"{part.name}: {error}"
            return self.parsed(spec.symbol, trade_date, part, None, rows.rejected, payload_ts_us, problem)
        return self.parsed(spec.symbol, trade_date, part, quotes, rows.rejected, payload_ts_us)

    def _quote_rows(self, rows: TypedRows, trade_date: dt.date, line: CboeUnderlying) -> QuoteRows:
        symbols = rows.column("option")
        roots = osi_columns.roots_of(symbols)
        return quote_rows(
            rows,
            symbols=symbols,
            roots=roots,
            rights=rows.column("right"),
            expiry_days=day_numbers(rows, "expiry"),
            strikes=floats(rows, "strike"),
            # a payload from after the close shows the closing market, one from before it that moment
            ts_us=np.minimum(self.closing_instants_us(roots, trade_date), line.payload_ts_us),
            spot=spot_at(line, trade_date, self.calendar),
        )


def _day_of(file_name: str) -> dt.date | None:
    stem = file_name.removesuffix(".gz").removesuffix(".csv")
    try:
        return dt.date.fromisoformat(stem) if len(stem) == 10 else None
    except ValueError:
        return None
