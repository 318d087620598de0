"""``deribit_rest``: option chains of Deribit from its public REST methods, live or from saved answers.

The answers are documented at docs.deribit.com (see ``deribit_api`` and ``deribit_results``). ``settings.source``
says where they come from. From the service, ``mode: snapshot_only`` takes a snapshot with every harvest, and
several of one day stand side by side; ``mode: historical`` gives only the official delivery prices: they settle
expiries of a history that comes from elsewhere. Saved answers (``source: files``) are all ``*.json``,
``*.jsonl`` and ``*.csv`` (or ``.gz``) below ``provider.path``; a folder named like ``20260302T163005123Z`` holds one
snapshot, elsewhere a new one begins where an instrument comes again, or after a pause of a minute.
"""

import dataclasses
import datetime as dt
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.instruments.terms import RootTerms
from resources.providers.deribit_api import DeribitRestSettings
from resources.providers.deribit_chain import chain_quotes, set_aside_other_days
from resources.providers.deribit_network import DeribitNetwork
from resources.providers.deribit_parsing import cached_results, day_of, held_days
from resources.providers.deribit_records import ChainRows, ReceivedRecords, collect_rows
from resources.providers.deribit_results import DeribitResults, Record
from resources.providers.deribit_rows import UNDERLYING_CURRENCY
from resources.providers.file_adapter import FileAdapter
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.protocol import ParsedDay, ParsedUnderlying, ProviderError
from resources.providers.saved_answers import SavedAnswers
from resources.providers.snapshot_label import label_of
from resources.providers.underlying_prices import UnderlyingPrice, underlying_table
from resources.raw_store import RawPart, parts_digest
from resources.universe import UnderlyingSpec, UniverseSpec

_EIGHT_HOURS_US = 8 * 3_600_000_000
_DAY_US = 86_400_000_000


class DeribitRestProvider(FileAdapter):
    """Coins from order books, book summaries, instruments, index and delivery prices."""

    format_name = "deribit_rest"
    settings_model = DeribitRestSettings

    def __init__(self, universe: UniverseSpec, folder: Path) -> None:
        super().__init__(universe, folder)
        for spec in universe.underlyings:
            indexes = {root.root.partition("_")[2] for root in spec.roots}
            if len(indexes) > 1:
                raise ProviderError(
                    f"universe {universe.name}: {spec.symbol} has roots in several quote currencies; coin-settled and "
                    "linear options settle on different indexes: make a universe for each"
                )

        self.source: DeribitNetwork | SavedAnswers = (
            DeribitNetwork(universe, self.settings)
            if self.settings.source == "network"
            else SavedAnswers(
                self.require_folder,
                (".json", ".jsonl", ".csv"),
                lambda payload, name: held_days(payload, name, self.zone),
            )
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

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        problems: list[str] = []
        read: list[tuple[RawPart, DeribitResults]] = []
        # the order in which the parts are given must not show, not even in a dictionary's order
        for part in sorted(parts, key=lambda part: (part.name, part.slice_digest)):
            try:
                results = cached_results(part.payload, part.name)
            except UnreadablePayloadError as error:
                problems.append(str(error))
                continue
            if results.testnet and self.settings.environment != "testnet":
                problems.append(
                    f"{part.name} comes from Deribit's test network, whose prices are made up; set environment: "
                    "testnet if that is meant"
                )
                continue
            read.append((part, results))
        underlyings: dict[str, ParsedUnderlying] = {}
        prices: list[UnderlyingPrice] = []
        for spec in self.universe.underlyings:
            parsed, known = self._underlying(spec, trade_date, parts, read, problems)
            if parsed is not None:
                underlyings[spec.symbol] = parsed
            if known is not None:
                prices.append(known)
        linear = {root.root.partition("_")[2] for spec in self.universe.underlyings for root in spec.roots}
        table = underlying_table(
            prices,
            trade_date=trade_date,
            currency=next(iter(linear)) or UNDERLYING_CURRENCY if len(linear) == 1 else UNDERLYING_CURRENCY,
            known_after_minutes=self.universe.provider.known_after_minutes,
            source=self.format_name,
        )
        return ParsedDay(trade_date, underlyings, table, tuple(problems))

    def _underlying(
        self,
        spec: UnderlyingSpec,
        trade_date: dt.date,
        parts: Sequence[RawPart],
        read: Sequence[tuple[RawPart, DeribitResults]],
        problems: list[str],
    ) -> tuple[ParsedUnderlying | None, UnderlyingPrice | None]:
        mine = [(part, results) for part, results in read if part.underlying in (None, spec.symbol)]
        delivery = self._delivery_price(spec, trade_date, mine, problems)
        official = None
        if delivery is not None:
            # the venue's price is official whether or not anybody took a snapshot that day
            day_us = (trade_date - dt.date(1970, 1, 1)).days * _DAY_US
            official = UnderlyingPrice(spec.symbol, day_us + _EIGHT_HOURS_US, settlement_price=delivery)
        quoting = [part for part, results in mine if results.books or results.summaries]
        if problems:
            # part of what was received cannot be read: what is missing without it cannot be told
            whole = _joined([part for part in parts if part.underlying in (None, spec.symbol)])
            if whole is None:
                return None, official
            return self.parsed(spec.symbol, trade_date, whole, None, (), None, "; ".join(problems)), official
        joined = _joined(quoting)
        if joined is None:
            return None, official
        rows = self._rows(spec, trade_date, mine)
        other_us = set_aside_other_days(
            rows, trade_date, lambda ts_us: self.calendar.session_of(ts_us, self.universe.timezone)
        )
        if not rows.options and other_us is not None:
            held = self.calendar.session_of(other_us, self.universe.timezone)
            problem = (
                f"{joined.name} holds a snapshot of {held}, not of {trade_date}; put it under its own day"
            )
            return self.parsed(spec.symbol, trade_date, joined, None, (), other_us, problem), official
        if not rows.options:
            return self.parsed(spec.symbol, trade_date, joined, None, rows.rejected, None), official
        quotes = chain_quotes(rows, self._index_by_group(spec, mine))
        last_us = int(quotes.ts_us.max())
        spots = quotes.values["spot"].to_numpy(zero_copy_only=False)[quotes.ts_us == last_us]
        spots = spots[np.isfinite(spots)]
        close = float(np.median(spots)) if len(spots) else None
        claimed = dict(zip(quotes.snapshot_ids.tolist(), quotes.ts_us.tolist(), strict=True))
        parsed = self.parsed(
            spec.symbol, trade_date, joined, quotes, rows.rejected, last_us, snapshot_payload_ts_us=claimed
        )
        return parsed, UnderlyingPrice(spec.symbol, last_us, close=close, settlement_price=delivery)

    def _rows(
        self, spec: UnderlyingSpec, trade_date: dt.date, mine: Sequence[tuple[RawPart, DeribitResults]]
    ) -> ChainRows:
        roots: dict[str, RootTerms] = {root.root: self.terms[root.root] for root in spec.roots}
        instruments: dict[str, Record] = {}
        received = []
        for part, results in mine:
            instruments |= results.instruments
            group = label_of(part.name)
            for records, summaries in ((results.books, False), (results.summaries, True)):
                if records:
                    kept = self._of_slice(part, records, summaries)
                    received.append(ReceivedRecords(kept, group, summaries, results.texts))
        return collect_rows(received, roots, instruments, trade_date)

    def _of_slice(self, part: RawPart, records: Sequence[Record], summaries: bool) -> Sequence[Record]:
        """The records that belong to the harvested day, where the file holds several."""
        if part.slice_rule is None:
            return records
        day = part.slice_rule.partition("=")[2]
        return [record for record in records if day_of(record, summaries, self.zone) in (day, None)]

    def _index_by_group(
        self, spec: UnderlyingSpec, mine: Sequence[tuple[RawPart, DeribitResults]]
    ) -> dict[str, float]:
        found: dict[str, float] = {}
        for part, results in mine:
            group = label_of(part.name)
            # an index price does not say of which index: it must come under the underlying's name, or be the only
            alone = len(self.universe.underlyings) == 1
            if group is None or not (alone or part.underlying == spec.symbol):
                continue
            for value in results.index_prices:
                if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf:
                    found[group] = float(value)
        return found

    def _delivery_price(
        self,
        spec: UnderlyingSpec,
        trade_date: dt.date,
        mine: Sequence[tuple[RawPart, DeribitResults]],
        problems: list[str],
    ) -> float | None:
        alone = len(self.universe.underlyings) == 1
        stated = {
            str(record.get("delivery_price")): record.get("delivery_price")
            for part, results in mine
            if alone or part.underlying == spec.symbol
            for record in results.delivery_prices
            if record.get("date") == trade_date.isoformat()
        }
        usable = {
            float(value)
            for value in stated.values()
            if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf
        }
        if not stated:
            return None
        if len(usable) == len(stated) == 1:
            return usable.pop()
        problems.append(
            f"the delivery price of {spec.symbol} on {trade_date} is stated as "
            f"{' and '.join(text[:40] for text in sorted(stated)[:5])}; exactly one above 0 is needed"
        )
        return None


def _joined(parts: Sequence[RawPart]) -> RawPart | None:
    """One part that stands for several: their names, and a digest over all of them."""
    if len(parts) < 2:
        return parts[0] if parts else None
    names = f"{parts[0].name} and {len(parts) - 1} more"
    return dataclasses.replace(parts[0], name=names, slice_digest=parts_digest(parts))
