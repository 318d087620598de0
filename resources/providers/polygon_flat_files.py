"""``polygon_flat_files``: option chains of past days out of Polygon's (now Massive's) flat files.

Layout as in the vendor's bucket (massive.com/docs/flat-files), a file a day and dataset, ``.csv.gz`` or ``.csv``:
``us_options_opra/{quotes_v1,trades_v1,minute_aggs_v1,day_aggs_v1}/<YYYY>/<MM>/<YYYY-MM-DD>``, and for the
underlyings ``us_stocks_sip`` and ``us_indices`` with ``minute_aggs_v1`` and ``day_aggs_v1``.

A chain is what was known at an instant: ``settings.snapshot_times`` (wall times of the universe), or the close of
trading. Bid and ask are the last quote until then; last price and volume come from the trades, or where there are
none from the minutes, and at the close from the day's bars. What a dataset would give is missing where it is
absent: without ``quotes_v1`` no row has a bid. The files hold the whole market; a file beyond 512 MB unpacked (a day
of all quotes) must be cut to the wanted tickers first. There is no open interest and no implied volatility.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import field_validator

from engine.calendars import date_of_days, days_of_date, trading_close_us, wall_time_us
from engine.calendars.epoch import parse_wall_time
from resources.providers.file_adapter import QUOTES, UNDERLYING_PRICES, AdapterSettings, FileAdapter
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.polygon_asof import ChainLines, chain_rows
from resources.providers.polygon_contract import PREFIX
from resources.providers.polygon_ticks import (
    DAYS_V1,
    MINUTES_V1,
    QUOTES_V1,
    TRADES_V1,
    MarketLines,
    market_lines,
)
from resources.providers.protocol import ParsedDay, ParsedUnderlying
from resources.providers.typed_csv import RejectedRow
from resources.providers.underlying_prices import UnderlyingPrice, underlying_table
from resources.raw_store import RawPart, parts_digest
from resources.universe import UnderlyingSpec

_OPTIONS = "us_options_opra"
_UNDERLYINGS = ("us_stocks_sip", "us_indices")
_DATASETS = (QUOTES_V1, TRADES_V1, MINUTES_V1, DAYS_V1)
_FILE = re.compile(r"^(?P<day>\d{4}-\d\d-\d\d)\.csv(\.gz)?$")
_NS_PER_US = 1_000


class PolygonFlatFilesSettings(AdapterSettings):
    """``provider.settings``: local times of the chains of a day, HH:MM, ascending; without any the close."""

    snapshot_times: tuple[str, ...] = ()

    @field_validator("snapshot_times")
    @classmethod
    def _ascending(cls, times: tuple[str, ...]) -> tuple[str, ...]:
        for text in times:
            if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
                raise ValueError(f"{text!r} is no wall time HH:MM")
        if list(times) != sorted(set(times)):
            raise ValueError("the times must ascend")
        return times


class PolygonFlatFilesProvider(FileAdapter):
    """Stocks, funds and indexes from the vendor's daily files of the whole market."""

    format_name = "polygon_flat_files"
    settings_model = PolygonFlatFilesSettings

    def available_days(self) -> list[dt.date]:
        days = set()
        for dataset in _DATASETS:
            for path in (self.require_folder() / _OPTIONS / dataset).glob("*/*/*.csv*"):
                match = _FILE.match(path.name)
                if match and _is_date(match["day"]):
                    days.add(dt.date.fromisoformat(match["day"]))
        return sorted(days)

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        folder = self.require_folder()
        tail = f"{trade_date:%Y}/{trade_date:%m}/{trade_date.isoformat()}"
        wanted = [(_OPTIONS, dataset, QUOTES) for dataset in _DATASETS]
        wanted += [(market, d, UNDERLYING_PRICES) for market in _UNDERLYINGS for d in (MINUTES_V1, DAYS_V1)]
        parts = [
            self.whole_part(kind, None, path)
            for market, dataset, kind in wanted
            for suffix in (".csv", ".csv.gz")
            if (path := folder / market / dataset / f"{tail}{suffix}").is_file()
        ]
        return parts if any(part.kind == QUOTES for part in parts) else []

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        problems: list[str] = []
        options, underlyings = self._read(parts, problems)
        underlyings = self._of_day(underlyings, trade_date, problems)
        parsed: dict[str, ParsedUnderlying] = {}
        prices: list[UnderlyingPrice] = []
        for spec in self.universe.underlyings:
            known = (
                self._price(spec, trade_date, underlyings) if self.calendar.is_session(trade_date) else None
            )
            if known is not None:
                prices.append(known)
            quoting = sorted((part for part in parts if part.kind == QUOTES), key=lambda part: part.name)
            if not quoting:
                continue
            whole = RawPart(
                QUOTES, None, " and ".join(p.name for p in quoting), "", b"", None, parts_digest(parts)
            )
            if problems:
                text = "; ".join(sorted(problems))[:1400]
                parsed[spec.symbol] = self.parsed(spec.symbol, trade_date, whole, None, (), None, text)
                continue
            found = self._chain(spec, trade_date, whole, options, underlyings)
            if found is not None:
                parsed[spec.symbol] = found
        table = underlying_table(
            prices,
            trade_date=trade_date,
            currency=self.universe.quote_currency,
            known_after_minutes=self.universe.provider.known_after_minutes,
            source=self.format_name,
        )
        return ParsedDay(trade_date, parsed, table, tuple(sorted(problems)))

    def _read(
        self, parts: Sequence[RawPart], problems: list[str]
    ) -> tuple[dict[str, MarketLines], dict[str, MarketLines]]:
        """By dataset the lines of the universe's options, and of its underlyings."""
        options: dict[str, MarketLines] = {}
        underlyings: dict[str, MarketLines] = {}
        tickers = sorted(f"{spec.source_symbol}," for spec in self.universe.underlyings)
        seen: dict[str, str] = {}
        for part in sorted(parts, key=lambda part: part.name):
            market, dataset = (*part.name.split("/"), "", "")[:2]
            label = f"{market}/{dataset}"
            if dataset not in _DATASETS:
                continue
            if label in seen:
                problems.append(f"{seen[label]} and {part.name} both hold {label}; remove one")
                continue
            seen[label] = part.name
            prefixes = [f"{PREFIX}{root}" for root in self.terms] if market == _OPTIONS else tickers
            try:
                lines = market_lines(part.payload, part.name, dataset, prefixes)
            except UnreadablePayloadError as error:
                problems.append(str(error))
                continue
            if market == _OPTIONS:
                options[dataset] = lines
            else:
                underlyings[label] = lines
        return options, underlyings

    def _of_day(
        self, underlyings: Mapping[str, MarketLines], trade_date: dt.date, problems: list[str]
    ) -> dict[str, MarketLines]:
        """The underlyings' lines of the trade date; a file of another day is no price of this one."""
        kept = {}
        for label, lines in underlyings.items():
            days = lines.local_days(self.zone)
            if len(days) and (days != days_of_date(trade_date)).all():
                held = date_of_days(int(days.min()))
                problems.append(f"{label} of {trade_date} holds lines of {held}; put it under its own day")
            kept[label] = lines.keep(days == days_of_date(trade_date)) if len(days) else lines
        return kept

    def _chain(
        self,
        spec: UnderlyingSpec,
        trade_date: dt.date,
        whole: RawPart,
        options: Mapping[str, MarketLines],
        underlyings: Mapping[str, MarketLines],
    ) -> ParsedUnderlying | None:
        lines = ChainLines(options, self.terms, spec.symbol, trade_date, self.zone)
        other = lines.other_day()
        if other is not None:
            problem = f"{whole.name} holds lines of {other}, not of {trade_date}; put it under its own day"
            return self.parsed(spec.symbol, trade_date, whole, None, lines.rejected, None, problem)
        if not self.calendar.is_session(trade_date):
            problem = f"{trade_date} is no session of {self.universe.calendar}"
            return self.parsed(spec.symbol, trade_date, whole, None, lines.rejected, None, problem)
        if not lines.found and not lines.rejected:
            return None
        close_us = max(
            trading_close_us(self.terms[root.root], trade_date, self.calendar) for root in spec.roots
        )
        instants_us = [
            wall_time_us(trade_date, parse_wall_time(text), self.universe.timezone)
            for text in self.settings.snapshot_times
        ] or [close_us]
        spots = [self._spot(spec, at_us, close_us, underlyings) for at_us in instants_us]
        quotes = chain_rows(lines, instants_us, spots, close_us)
        rejected: Sequence[RejectedRow] = lines.rejected
        last_us = None if quotes is None else int(quotes.ts_us.max())
        claimed = (
            {}
            if quotes is None
            else dict(zip(quotes.snapshot_ids.tolist(), quotes.ts_us.tolist(), strict=True))
        )
        return self.parsed(
            spec.symbol, trade_date, whole, quotes, rejected, last_us, snapshot_payload_ts_us=claimed
        )

    def _spot(
        self, spec: UnderlyingSpec, at_us: int, close_us: int, underlyings: Mapping[str, MarketLines]
    ) -> float | None:
        """The underlying's last price known at an instant: of a minute, or of the day at its close."""
        for label, lines in sorted(underlyings.items()):
            if label.endswith(MINUTES_V1):
                row = lines.last_known(at_us * _NS_PER_US).get(spec.source_symbol)
                if row is not None:
                    return _usable(lines.values("close")[row])
        if at_us >= close_us:
            for label, lines in sorted(underlyings.items()):
                if label.endswith(DAYS_V1):
                    row = lines.last_known(at_us * _NS_PER_US).get(spec.source_symbol)
                    if row is not None:
                        return _usable(lines.values("close")[row])
        return None

    def _price(
        self, spec: UnderlyingSpec, trade_date: dt.date, underlyings: Mapping[str, MarketLines]
    ) -> UnderlyingPrice | None:
        close_us = self.calendar.close_us(trade_date)
        for label, lines in sorted(underlyings.items()):
            row = lines.last_known(close_us * _NS_PER_US).get(spec.source_symbol)
            if not label.endswith(DAYS_V1) or row is None:
                continue
            values = {
                name: _usable(lines.values(name)[row])
                for name in ("open", "high", "low", "close", "volume")
                if name in lines.table.column_names
            }
            return UnderlyingPrice(spec.symbol, close_us, **values)
        return None


def _usable(value: float) -> float | None:
    return float(value) if np.isfinite(value) and value > 0 else None


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True
