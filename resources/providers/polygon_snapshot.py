"""``polygon_snapshot``: option chains of Polygon (now Massive), live or from saved answers.

The answers are documented at massive.com/docs/rest, "Option Chain Snapshot" and "Custom Bars" (see ``polygon_api``
and ``polygon_results``). ``settings.source`` says where they come from. From the service, ``mode: snapshot_only``
takes a snapshot with every harvest, and several of one day stand side by side; ``mode: historical`` gives the
underlyings' daily bars only: the service has no chain of a past day (see ``polygon_flat_files``). Saved answers
(``source: files``) are all ``*.json``, ``*.jsonl`` (or ``.gz``) and ``*.parquet`` below ``provider.path``; the files
of a folder named like ``20260317T183000250Z`` are one snapshot, any other file is one by itself.
"""

import dataclasses
import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from resources.providers.file_adapter import QUOTES, UNDERLYING_PRICES, FileAdapter
from resources.providers.payload_text import UnreadablePayloadError, text_digest
from resources.providers.polygon_api import PolygonSettings
from resources.providers.polygon_chain import PolygonChain, SnapshotRows, read_chain
from resources.providers.polygon_contract import parse_ticker
from resources.providers.polygon_network import PolygonNetwork, bars_slice
from resources.providers.polygon_results import PolygonResults, Record, bar_day, cached_results, latest_ns
from resources.providers.protocol import ParsedDay, ParsedUnderlying
from resources.providers.saved_answers import Held, SavedAnswers
from resources.providers.snapshot_label import label_of
from resources.providers.underlying_prices import UnderlyingPrice, underlying_table
from resources.raw_store import RawPart, parts_digest
from resources.universe import UnderlyingSpec, UniverseSpec

_NS_PER_US = 1_000
Read = Sequence[tuple[RawPart, PolygonResults]]


class PolygonSnapshotProvider(FileAdapter):
    """Stocks, funds and indexes from chain snapshots and daily bars."""

    format_name = "polygon_snapshot"
    settings_model = PolygonSettings

    def __init__(self, universe: UniverseSpec, folder: Path) -> None:
        super().__init__(universe, folder)
        self.source: PolygonNetwork | SavedAnswers = (
            PolygonNetwork(universe, self.settings)
            if self.settings.source == "network"
            else SavedAnswers(self.require_folder, (".json", ".jsonl", ".parquet"), self._held)
        )

    @classmethod
    def needs_folder(cls, settings: Any) -> bool:
        return bool(settings.source == "files")

    def available_days(self) -> list[dt.date]:
        return self.source.available_days()

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        return self.source.fetch(trade_date)

    def pending(self, trade_date: dt.date) -> list[RawPart]:
        """See ``protocol.ResumableProvider``."""
        return self.source.pending(trade_date)

    def stored(self, trade_date: dt.date) -> None:
        """See ``protocol.ResumableProvider``."""
        self.source.stored(trade_date)

    def _held(self, payload: bytes, name: str) -> Held:
        results = cached_results(payload, name)
        if results.bars and not results.contracts:
            days = {day for bar in results.bars if (day := bar_day(bar, self.zone)) is not None}
            slices = {day: bars_slice(results.bars, dt.date.fromisoformat(day), self.zone) for day in days}
            return Held(
                UNDERLYING_PRICES, {d: s for d, s in slices.items() if s is not None}, always_sliced=True
            )
        at_ns = latest_ns(results.contracts)
        if at_ns is None:
            return Held(QUOTES, {})
        session = self.calendar.session_of(at_ns // _NS_PER_US, self.universe.timezone)
        lines = sorted(json.dumps(row, sort_keys=True, default=str) for row in results.contracts)
        return Held(QUOTES, {session.isoformat(): text_digest("\n".join(lines).encode())})

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        problems: list[str] = []
        read: list[tuple[RawPart, PolygonResults]] = []
        # the order in which the parts are given must not show, not even in a dictionary's order
        for part in sorted(parts, key=lambda part: (part.name, part.slice_digest)):
            try:
                read.append((part, cached_results(part.payload, part.name)))
            except UnreadablePayloadError as error:
                problems.append(str(error))
        underlyings: dict[str, ParsedUnderlying] = {}
        prices: list[UnderlyingPrice] = []
        for spec in self.universe.underlyings:
            mine = [(part, results) for part, results in read if part.underlying in (None, spec.symbol)]
            if problems:
                # part of what was received cannot be read: what is missing without it cannot be told
                if parts:
                    whole = _joined([p for p in parts if p.underlying in (None, spec.symbol)] or list(parts))
                    underlyings[spec.symbol] = self.parsed(
                        spec.symbol, trade_date, whole, None, (), None, "; ".join(problems)[:1400]
                    )
                continue
            parsed, spot = self._chain(spec, trade_date, mine)
            if parsed is not None:
                underlyings[spec.symbol] = parsed
            known = self._price(spec, trade_date, mine, parsed, spot)
            if known is not None:
                prices.append(known)
        table = underlying_table(
            prices,
            trade_date=trade_date,
            currency=self.universe.quote_currency,
            known_after_minutes=self.universe.provider.known_after_minutes,
            source=self.format_name,
        )
        return ParsedDay(trade_date, underlyings, table, tuple(problems))

    def _chain(
        self, spec: UnderlyingSpec, trade_date: dt.date, mine: Read
    ) -> tuple[ParsedUnderlying | None, float | None]:
        groups: dict[str, list[Any]] = {}
        quoting = []
        for part, results in mine:
            rows = [row for row in results.contracts if self._concerns(row, spec, part)]
            if rows:
                quoting.append(part)
                # the file's own name keeps files apart that say nothing about their snapshot
                groups.setdefault(label_of(part.name) or f"{part.name} {part.slice_digest}", []).extend(rows)
        if not quoting:
            return None, None
        whole = _joined(quoting)
        dated = [
            SnapshotRows(rows, at_ns // _NS_PER_US)
            for rows in groups.values()
            if (at_ns := latest_ns(rows)) is not None
        ]
        if len(dated) < len(groups):
            problem = (
                f"{whole.name}: a snapshot of {spec.symbol} has no time in any row, so its day cannot be told"
            )
            return self.parsed(spec.symbol, trade_date, whole, None, (), None, problem), None
        sessions = {s.ts_us: self.calendar.session_of(s.ts_us, self.universe.timezone) for s in dated}
        strange = max((at for at, session in sessions.items() if session != trade_date), default=None)
        if strange is not None:
            held = sessions[strange]
            problem = (
                f"{whole.name} holds a snapshot of {held}, not of {trade_date}; put it under its own day"
            )
            return self.parsed(spec.symbol, trade_date, whole, None, (), strange, problem), None
        roots = {root.root: self.terms[root.root] for root in spec.roots}
        chain: PolygonChain = read_chain(dated, roots, trade_date)
        last_us = max(s.ts_us for s in dated)
        claimed = (
            {}
            if chain.quotes is None
            else dict(zip(chain.quotes.snapshot_ids.tolist(), chain.quotes.ts_us.tolist(), strict=True))
        )
        parsed = self.parsed(
            spec.symbol,
            trade_date,
            whole,
            chain.quotes,
            chain.rejected,
            last_us,
            snapshot_payload_ts_us=claimed,
        )
        return parsed, chain.spot

    def _concerns(self, row: object, spec: UnderlyingSpec, part: RawPart) -> bool:
        """Whether a row is about this underlying: by whom it was asked for, by its own word, or by its root."""
        if part.underlying is not None or len(self.universe.underlyings) == 1:
            return True
        if not isinstance(row, Mapping):
            return spec is self.universe.underlyings[0]  # nobody's: set aside once
        asset, details = row.get("underlying_asset"), row.get("details")
        named = asset.get("ticker") if isinstance(asset, Mapping) else row.get("underlying_asset.ticker")
        if named == spec.source_symbol:
            return True
        if any(named == other.source_symbol for other in self.universe.underlyings):
            return False
        ticker = details.get("ticker") if isinstance(details, Mapping) else row.get("details.ticker")
        osi = parse_ticker(ticker) if isinstance(ticker, str) else None
        if osi is not None and osi.root in self.terms:
            return self.terms[osi.root].underlying == spec.symbol
        return spec is self.universe.underlyings[0]

    def _price(
        self,
        spec: UnderlyingSpec,
        trade_date: dt.date,
        mine: Read,
        parsed: ParsedUnderlying | None,
        spot: float | None,
    ) -> UnderlyingPrice | None:
        bars = [
            bar
            for part, results in mine
            if part.underlying == spec.symbol
            or results.ticker == spec.source_symbol
            or (results.ticker is None and len(self.universe.underlyings) == 1)
            for bar in results.bars
            if bar_day(bar, self.zone) == trade_date.isoformat()
        ]
        at_us = None if parsed is None or parsed.problem else parsed.payload_ts_us
        if bars:
            # of several snapshots' bars the one with the most volume is the latest
            bar = max(bars, key=lambda bar: (_number(bar, "v") or 0.0, json.dumps(bar, sort_keys=True)))
            if not self.calendar.is_session(trade_date):
                return None
            close_us = self.calendar.close_us(trade_date)
            return UnderlyingPrice(
                spec.symbol,
                close_us if at_us is None else min(at_us, close_us),
                open=_number(bar, "o"),
                high=_number(bar, "h"),
                low=_number(bar, "l"),
                close=_number(bar, "c"),
                volume=_number(bar, "v"),
            )
        if at_us is None or spot is None:
            return None
        return UnderlyingPrice(spec.symbol, at_us, close=spot)


def _number(bar: Record, name: str) -> float | None:
    value = bar.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        return None
    return float(value)


def _joined(parts: Sequence[RawPart]) -> RawPart:
    """One part that stands for several: their names, and a digest over all of them."""
    if len(parts) == 1:
        return parts[0]
    names = f"{parts[0].name} and {len(parts) - 1} more"
    return dataclasses.replace(parts[0], name=names, slice_digest=parts_digest(parts))
