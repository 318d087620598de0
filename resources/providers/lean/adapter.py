"""What the readers of a Lean data folder share: a day's part of an archive, and the underlyings' own bars."""

import datetime as dt
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from engine.calendars import trading_close_us
from resources.providers.file_adapter import UNDERLYING_PRICES, FileAdapter
from resources.providers.lean.archive import lines_of_day
from resources.providers.lean.bars import UnderlyingBars, read_bars, session_price
from resources.providers.lean.layout import LeanOptionsSettings, TickType, price_file
from resources.providers.payload_text import UnreadablePayloadError, text_digest
from resources.providers.protocol import ParsedPrices
from resources.providers.underlying_prices import UnderlyingPrice, underlying_table
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec


class LeanAdapter(FileAdapter):
    """Base of the adapters for a Lean data folder."""

    @property
    @abstractmethod
    def bar_settings(self) -> LeanOptionsSettings:
        """Which bars of the underlyings go with the options."""

    def price_parts(self, trade_date: dt.date) -> list[RawPart]:
        """The underlyings' bars of a day."""
        bars = self.bar_settings
        found = []
        for spec in self.universe.underlyings:
            path = price_file(self.folder, bars, bars.resolution, spec.source_symbol, trade_date)
            if path.is_file():
                found.append(self.bar_part(UNDERLYING_PRICES, "trade", spec, path, trade_date))
        return [part for part in found if part is not None]

    def bar_part(
        self, kind: str, holds: TickType, spec: UnderlyingSpec, path: Path, trade_date: dt.date
    ) -> RawPart | None:
        """A day's part of a file; None where a file of many days has no line of it."""
        if self.bar_settings.intraday_file:
            return self.whole_part(kind, spec.symbol, path)
        name, payload = path.relative_to(self.folder).as_posix(), path.read_bytes()
        try:
            text = lines_of_day(payload, name, holds, trade_date)
        except UnreadablePayloadError:
            # received all the same: kept as a whole, and parse says what is wrong with it
            return RawPart.whole(kind, spec.symbol, name, str(path), payload)
        if text is None:
            return None
        rule = f"date={trade_date.isoformat()}"
        return RawPart(kind, spec.symbol, name, str(path), payload, rule, text_digest(text))

    def parse_prices(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedPrices:
        prices: list[UnderlyingPrice] = []
        for spec in self.universe.underlyings:
            bars, _ = self.bars_of(spec, trade_date, [p for p in parts if p.underlying == spec.symbol])
            if bars is not None:
                prices += self.prices_of(spec, trade_date, bars)
        # each bar carries its day, and only those of this day are read: there is no other claim to compare
        return ParsedPrices(trade_date, self.price_table(trade_date, prices), {})

    def bars_of(
        self, spec: UnderlyingSpec, trade_date: dt.date, parts: Sequence[RawPart]
    ) -> tuple[UnderlyingBars | None, str | None]:
        """The underlying's bars, or why there are none although a file was received."""
        mine = [part for part in parts if part.kind == UNDERLYING_PRICES]
        if not mine or not self.calendar.is_session(trade_date):
            return None, None
        if len(mine) > 1:
            return None, f"{' and '.join(p.name for p in mine)} both hold {spec.symbol}; remove one"
        try:
            return read_bars(mine[0], trade_date, self.bar_settings, self.close_us(spec, trade_date)), None
        except UnreadablePayloadError as error:
            return None, str(error)

    def close_us(self, spec: UnderlyingSpec, trade_date: dt.date) -> int:
        """When the last of an underlying's roots stops quoting."""
        return max(trading_close_us(self.terms[r.root], trade_date, self.calendar) for r in spec.roots)

    def prices_of(
        self, spec: UnderlyingSpec, trade_date: dt.date, bars: UnderlyingBars
    ) -> list[UnderlyingPrice]:
        daily = self.bar_settings.resolution == "daily"
        found = session_price(spec, trade_date, bars, self.calendar, daily=daily)
        return [] if found is None else [found]

    def price_table(self, trade_date: dt.date, prices: Sequence[UnderlyingPrice]) -> pa.Table:
        return underlying_table(
            prices,
            trade_date=trade_date,
            currency=self.universe.quote_currency,
            known_after_minutes=self.universe.provider.known_after_minutes,
            source=self.format_name,
        )
