"""``lean_options``: option bars in QuantConnect Lean's data format, daily, hourly or of a minute.

Layout, below ``provider.path`` (a Lean ``Data`` folder), see ``layout``: quotes, trades and open interest in
``option/usa/...`` or ``indexoption/usa/...``, the underlyings' bars in ``equity/usa/...`` or ``index/usa/...``.

The vendor's conventions: prices and strikes of options and equities times 10,000, an index as it is; an empty price
is a side without a quote; no line is a bar without activity. Times are the START of a bar, New York for options and
equities, the index's own zone for its bars. What a bar's last values are is known at its END: ``ts`` is the end of
the bar (of a daily one the end of the session), so nothing is known before it was so. A snapshot is one end of a
bar and holds the contracts that have one; with several roots a daily snapshot is that of the latest close.

``last`` is the newest trade bar's close of this session, ``last_trade_ts`` the end of that bar, ``volume`` the
session's up to ``ts`` (0 where trades are given and there was none yet). ``open_interest`` is that of the same date
and contract only: published before the open under the strikes of that moment, it says nothing of an adjusted
contract on the first day after a split, and is rejected then. ``spot`` is the close of the underlying's bar that
ends at ``ts``.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from resources.providers.file_adapter import QUOTES, UNDERLYING_PRICES
from resources.providers.lean.adapter import LeanAdapter
from resources.providers.lean.archive import days_of
from resources.providers.lean.bars import UnderlyingBars
from resources.providers.lean.chain import chain_rows, root_chain
from resources.providers.lean.layout import (
    LeanOptionsSettings,
    OptionFile,
    TickType,
    date_of,
    option_files,
)
from resources.providers.lean.option_rows import OptionRows, read_option_rows
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.protocol import ParsedDay, ParsedUnderlying
from resources.providers.underlying_prices import UnderlyingPrice
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec, UniverseSpec

TRADES = "trades"
OPEN_INTEREST = "open_interest"
_PART_KINDS: dict[TickType, str] = {"quote": QUOTES, "trade": TRADES, "openinterest": OPEN_INTEREST}
_TICK_TYPES = {part_kind: kind for kind, part_kind in _PART_KINDS.items()}


class LeanOptionsProvider(LeanAdapter):
    """Option chains from a Lean data folder."""

    format_name = "lean_options"
    settings_model = LeanOptionsSettings
    settings: LeanOptionsSettings

    def __init__(self, universe: UniverseSpec, folder: Path) -> None:
        super().__init__(universe, folder)
        # days of each file by (path, modification time, size)
        self._known_days: dict[tuple[Path, int, int], frozenset[dt.date]] = {}

    @property
    def bar_settings(self) -> LeanOptionsSettings:
        return self.settings

    def available_days(self) -> list[dt.date]:
        days: set[dt.date] = set()
        for file in option_files(self.require_folder(), self.settings, self.universe.underlyings):
            days |= self._days_of(file)
        return sorted(days)

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        folder = self.require_folder()
        claims = f"{trade_date:%Y%m%d}" if self.settings.intraday_file else f"{trade_date:%Y}"
        parts = []
        for file in option_files(folder, self.settings, self.universe.underlyings, claims):
            part = self.bar_part(_PART_KINDS[file.kind], file.kind, file.spec, file.path, trade_date)
            if part is not None:
                parts.append(part)
        parts += self.price_parts(trade_date)
        return parts

    def _days_of(self, file: OptionFile) -> frozenset[dt.date]:
        """The days that a file holds; of an unreadable one, every day that its name claims."""
        if self.settings.intraday_file:
            day = date_of(file.claims)
            return frozenset() if day is None else frozenset({day})
        status = file.path.stat()
        key = (file.path, status.st_mtime_ns, status.st_size)
        if key not in self._known_days:
            name = file.path.relative_to(self.folder).as_posix()
            try:
                days = frozenset(days_of(file.path.read_bytes(), name, file.kind))
            except UnreadablePayloadError:
                first = dt.date(max(int(file.claims), 1), 1, 1)
                every = (first + dt.timedelta(days=n) for n in range(366))
                days = frozenset(day for day in every if day.year == first.year)
            self._known_days[key] = days
        return self._known_days[key]

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        underlyings: dict[str, ParsedUnderlying] = {}
        prices: list[UnderlyingPrice] = []
        for spec in self.universe.underlyings:
            mine = sorted((p for p in parts if p.underlying == spec.symbol), key=lambda p: (p.kind, p.name))
            bars, problem = self.bars_of(spec, trade_date, mine)
            if bars is not None:
                prices += self.prices_of(spec, trade_date, bars)
            options = [part for part in mine if part.kind != UNDERLYING_PRICES]
            if options:
                underlyings[spec.symbol] = self._parse_chain(spec, trade_date, options, bars, problem)
        return ParsedDay(trade_date, underlyings, self.price_table(trade_date, prices))

    def _parse_chain(
        self,
        spec: UnderlyingSpec,
        trade_date: dt.date,
        parts: Sequence[RawPart],
        bars: UnderlyingBars | None,
        problem: str | None,
    ) -> ParsedUnderlying:
        first = next((part for part in parts if part.kind == QUOTES), parts[0])
        rejected = [] if bars is None else list(bars.rejected)

        def refused(why: str) -> ParsedUnderlying:
            return self.parsed(spec.symbol, trade_date, first, None, rejected, None, why)

        if not self.calendar.is_session(trade_date):
            return refused(
                f"{first.name}: {trade_date} is no session of {self.universe.calendar}; a file of such a day is a "
                "defect of the source, look at it before using it"
            )
        if problem is not None:
            return refused(problem)
        try:
            read = self._read(spec, trade_date, parts)
        except UnreadablePayloadError as error:
            return refused(str(error))
        if QUOTES not in {part.kind for part in parts}:
            names = ", ".join(part.name for part in parts)
            return refused(
                f"{names}: no quotes of {spec.symbol} on {trade_date} beside them; add the quote archive, or "
                "leave the day out"
            )
        chains = [root_chain(rows) for _, rows in sorted(read.items())]
        rejected += [row for chain in chains for row in chain.rejected]
        quotes = chain_rows(chains, bars)
        # one payload holds all snapshots; a daily one claims its day on every line, but no moment
        claimed = None
        if quotes is not None and self.settings.resolution != "daily":
            claimed = int(quotes.ts_us.max())
        return self.parsed(spec.symbol, trade_date, first, quotes, rejected, claimed)

    def _read(
        self, spec: UnderlyingSpec, trade_date: dt.date, parts: Sequence[RawPart]
    ) -> dict[str, dict[TickType, OptionRows]]:
        """Every archive by root and kind.

        Raises
        ------
        UnreadablePayloadError
            If one cannot be read, or two hold the same.
        """
        read: dict[str, dict[TickType, OptionRows]] = {}
        names: dict[tuple[str, TickType], str] = {}
        for part in parts:
            kind = _TICK_TYPES[part.kind]
            rows = read_option_rows(
                part,
                kind,
                spec,
                trade_date,
                self.settings,
                opens_us=self.calendar.open_us(trade_date),
                closes_us=self.close_us(spec, trade_date),
            )
            other = names.setdefault((rows.root, kind), part.name)
            if other != part.name:
                raise UnreadablePayloadError(
                    f"{other} and {part.name} both hold {part.kind} of {rows.root} on {trade_date}; remove one"
                )
            read.setdefault(rows.root, {})[kind] = rows
        return read
