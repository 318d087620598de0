"""``risk_site_json``: an archive of a public option-risk site, one closing chain a day in JSON.

Layout: ``archive/<YYYY-MM-DD>/index.json[.gz]`` (``updated`` in UTC, ``date``, and ``data``, a record per name with
``code`` and ``underlyingPrice``) and ``archive/<YYYY-MM-DD>/detail/<ticker>.json[.gz]``: ``header`` with
``underlyingPrice``, and ``contracts``, a call and a put on a line, named ``2026-07-02_1150.00_Call``. A detail file
does not say its day; the index beside it does, and must have the same price of the underlying.

The source's conventions: a single price per option, no bid and no ask. It is the last trade, where there was one,
and becomes ``last``: of CRWD on 2026-06-30, 1,925 of the 2,830 options without volume had the price of the day
before, and just 15 of the 1,306 with volume. Of the others without volume most are held by nobody; the site shows a
price of its own for them, which cannot be told apart and is no mark of a venue. Implied volatility is in percent, 0
where unsolved; 0 is no price. Volatilities of the underlying (``iv30d``) stay in the raw file.

After a split the site lists old and new strikes side by side for days; where an old and a new contract have the same
numbers it has one line for both.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.providers import osi_columns
from resources.providers.file_adapter import QUOTES, UNDERLYING_PRICES, FileAdapter, find_one
from resources.providers.payload_text import UnreadablePayloadError, unpacked
from resources.providers.protocol import ParsedDay, ParsedUnderlying, ProviderError
from resources.providers.quote_table import QuoteRows, expiry_out_of_range, joined_rows, price
from resources.providers.risk_site_index import DayIndex, price_of, read_index
from resources.providers.strict_json import strict_json
from resources.providers.typed_csv import RejectedRow
from resources.providers.typed_records import RecordLayout, read_typed_records
from resources.providers.underlying_prices import UnderlyingPrice, underlying_table
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec, UniverseSpec

_NAME = re.compile(r"^(\d{4}-\d{2}-\d{2})_(\d{1,6}(?:\.\d{1,3})?)_(Call|Put)$")
_EPOCH_DAY = dt.date(1970, 1, 1)
_NUMBERS = ("Price", "Delta", "Volume", "Iv", "Oi")
_SIDES = {"call": "C", "put": "P"}


class RiskSiteJsonProvider(FileAdapter):
    """Chains from an archive of the site's pages."""

    format_name = "risk_site_json"

    def __init__(self, universe: UniverseSpec, folder: Path) -> None:
        super().__init__(universe, folder)
        for spec in universe.underlyings:
            if len(spec.roots) > 1:
                raise ProviderError(
                    f"universe {universe.name}: {self.format_name} does not tell the roots of {spec.symbol} apart; "
                    "name one"
                )

    def available_days(self) -> list[dt.date]:
        self.require_folder()
        days = set()
        for path in (self.folder / "archive").glob("*-*-*"):
            try:
                day = dt.date.fromisoformat(path.name)
            except ValueError:
                continue  # not a day's folder
            if self.fetch(day):
                days.add(day)
        return sorted(days)

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        folder = self.require_folder() / "archive" / trade_date.isoformat()
        parts = [
            self.whole_part(QUOTES, spec.symbol, path)
            for spec in self.universe.underlyings
            for path in find_one(folder / "detail", f"{spec.source_symbol}.json")
        ]
        return parts + [self.whole_part(UNDERLYING_PRICES, None, p) for p in find_one(folder, "index.json")]

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        index, fault = self._index(trade_date, parts)
        underlyings: dict[str, ParsedUnderlying] = {}
        prices: list[UnderlyingPrice] = []
        for spec in self.universe.underlyings:
            mine = sorted(
                (p for p in parts if p.kind == QUOTES and p.underlying == spec.symbol), key=lambda p: p.name
            )
            if mine:
                underlyings[spec.symbol] = self._parse_chain(spec, trade_date, mine, index, fault)
            close = None if index is None else index.prices.get(spec.source_symbol)
            if index is not None and close is not None and self.calendar.is_session(trade_date):
                at_us = min(index.updated_us, self.calendar.close_us(trade_date))
                prices.append(UnderlyingPrice(spec.symbol, at_us, close=close))
        table = underlying_table(
            prices,
            trade_date=trade_date,
            currency=self.universe.quote_currency,
            known_after_minutes=self.universe.provider.known_after_minutes,
            source=self.format_name,
        )
        return ParsedDay(trade_date, underlyings, table, () if index else (fault,))

    def _index(self, trade_date: dt.date, parts: Sequence[RawPart]) -> tuple[DayIndex | None, str]:
        """The day's index, or why there is none."""
        found = sorted((p for p in parts if p.kind == UNDERLYING_PRICES), key=lambda p: p.name)
        if not found:
            return (
                None,
                f"there is no index.json of {trade_date}, so the day and time of its chains are unknown; add it",
            )
        if len(found) > 1:
            return (
                None,
                f"{' and '.join(p.name for p in found)} both claim {trade_date}; remove the wrong one",
            )
        try:
            index = read_index(found[0])
        except UnreadablePayloadError as error:
            return None, str(error)
        if index.day != trade_date:
            return None, f"{found[0].name} is of {index.day}, not of {trade_date}; put it under its own day"
        return index, ""

    def _parse_chain(
        self,
        spec: UnderlyingSpec,
        trade_date: dt.date,
        parts: Sequence[RawPart],
        index: DayIndex | None,
        fault: str,
    ) -> ParsedUnderlying:
        part = parts[0]
        payload_ts_us = None if index is None else index.updated_us
        try:
            if len(parts) > 1:
                names = " and ".join(p.name for p in parts)
                raise UnreadablePayloadError(f"{names} both claim {trade_date}; remove the wrong one")
            contracts, spot = _contracts(part)
            if index is None:
                raise UnreadablePayloadError(f"{part.name}: {fault}")
            _require_same_price(spec, part, spot, index)
            if not self.calendar.is_session(trade_date):
                raise UnreadablePayloadError(
                    f"{part.name}: {trade_date} is no session of {self.universe.calendar}, so its chain is of "
                    "another day; remove it"
                )
        except UnreadablePayloadError as error:
            return self.parsed(spec.symbol, trade_date, part, None, (), payload_ts_us, str(error))
        batches, rejected = [], []
        for side in _SIDES:
            rows, aside = self._legs(spec, trade_date, contracts, side, spot, index.updated_us)
            batches.append(rows)
            rejected += aside
        quotes = joined_rows(batches)
        return self.parsed(spec.symbol, trade_date, part, quotes, rejected, payload_ts_us)

    def _legs(
        self,
        spec: UnderlyingSpec,
        trade_date: dt.date,
        contracts: Sequence[Any],
        side: str,
        spot: float | None,
        updated_us: int,
    ) -> tuple[QuoteRows, list[RejectedRow]]:
        """The calls or the puts of every line, each judged for itself."""
        numbers = {name: f"{side}{name}" for name in _NUMBERS}
        option = f"{side}Option"
        layout = RecordLayout({option: str, **dict.fromkeys(numbers.values(), float)}, frozenset({option}))
        rows = read_typed_records(contracts, layout)
        named = [_terms(text, side) for text in rows.column(option).to_pylist()]
        rows = rows.split({f"untyped:{option}": np.array([terms is None for terms in named], dtype=bool)})
        known = [terms for terms in named if terms is not None]
        expiry_days = np.array([day for day, _ in known], dtype=np.int32)
        strikes = np.array([strike for _, strike in known], dtype=np.float64)
        unusable = {
            "expiry_out_of_range": expiry_out_of_range(expiry_days, trade_date),
            f"untyped:{option}": osi_columns.cannot_be_written(strikes),
        }
        keep = ~np.logical_or.reduce(list(unusable.values()))
        rows = rows.split(unusable)
        expiry_days, strikes = expiry_days[keep], strikes[keep]
        n = len(rows)
        root = spec.roots[0].root
        roots = pa.array([root] * n, type=pa.string())
        quotes = QuoteRows(
            roots=roots,
            symbols=osi_columns.written([root] * n, expiry_days, [_SIDES[side]] * n, strikes),
            rights=pa.array([_SIDES[side]] * n, type=pa.string()),
            expiry_days=expiry_days,
            strikes=strikes,
            ts_us=np.minimum(self.closing_instants_us(roots, trade_date), updated_us),
            snapshot_ids=np.zeros(n, dtype=np.int32),
            values={
                "last": price(rows.column(numbers["Price"])),
                "volume": rows.column(numbers["Volume"]),
                "open_interest": rows.column(numbers["Oi"]),
                "spot": pa.nulls(n, pa.float64()) if spot is None else pa.array(np.full(n, spot)),
                "vendor_iv": pc.divide(price(rows.column(numbers["Iv"])), 100.0),
                "vendor_delta": rows.column(numbers["Delta"]),
            },
        )
        return quotes, rows.rejected


def _contracts(part: RawPart) -> tuple[list[Any], float | None]:
    """The lines of a detail file, and the price of its underlying."""
    document = strict_json(unpacked(part.payload, part.name), part.name)
    contracts = document.get("contracts") if isinstance(document, Mapping) else None
    header = document.get("header") if isinstance(document, Mapping) else None
    if not isinstance(contracts, list) or not contracts or not isinstance(header, Mapping):
        raise UnreadablePayloadError(
            f"{part.name} has no header or no list contracts; is it the detail page of a ticker?"
        )
    fields = [f"{side}{name}" for side in _SIDES for name in ("Option", *_NUMBERS)]
    absent = [f for f in fields if not any(isinstance(line, Mapping) and f in line for line in contracts)]
    if absent:
        raise UnreadablePayloadError(
            f"{part.name}: no line has {', '.join(absent)}; if the site has renamed it, the adapter must learn the new "
            "name first"
        )
    return contracts, price_of(header, "underlyingPrice", part.name)


def _require_same_price(spec: UnderlyingSpec, part: RawPart, spot: float | None, index: DayIndex) -> None:
    """A chain of another day beside this index would have another price."""
    ticker = spec.source_symbol
    if ticker in index.ambiguous:
        raise UnreadablePayloadError(f"{part.name}: index.json has several prices of {ticker}; keep one")
    listed = index.prices.get(ticker)
    if spot is not None and listed is not None and spot != listed:
        raise UnreadablePayloadError(
            f"{part.name} has {ticker} at {spot}, index.json at {listed}: they are not of one day; put each under its "
            "own"
        )


def _terms(text: str, side: str) -> tuple[int, float] | None:
    """Expiry (days since 1970-01-01) and strike of a name of that side; None where it is none."""
    match = _NAME.match(text)
    if match is None or match[3].lower() != side:
        return None
    try:
        return (dt.date.fromisoformat(match[1]) - _EPOCH_DAY).days, float(match[2])
    except ValueError:
        return None
