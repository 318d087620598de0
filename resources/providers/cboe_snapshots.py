"""What the formats with several chains of CBOE's delayed feed a day have in common.

A file is one snapshot of one ticker. Snapshots are numbered in the order of the times of their markets. The first
from after the close shows the closing market and has its time; a later one keeps its own, so that no two snapshots
of a contract share an instant, and whether it says anything new is for the quality suite to judge. A snapshot of
another session, from before the open say, is set aside row by row, and so is a different payload of the same
instant. A file that cannot be read leaves one row in the quarantine that says why, and the day's other snapshots
go on; where none is left the day has a problem.
"""

import datetime as dt
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field, field_validator

from resources.providers.cboe_rows import quote_rows
from resources.providers.cboe_underlying import CboeUnderlying, session_price, spot_at
from resources.providers.file_adapter import QUOTES, AdapterSettings, FileAdapter, joined_rejections
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.protocol import ParsedDay, ParsedUnderlying
from resources.providers.quote_table import QuoteRows, joined_rows
from resources.providers.typed_csv import RejectedRow, TypedRows
from resources.providers.typed_records import TypedRecords
from resources.providers.underlying_prices import UnderlyingPrice, underlying_table
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec

UNREADABLE = "unreadable_file"
ANOTHER_PAYLOAD = "another_payload_of_that_time"
_US_PER_MINUTE = 60_000_000
_US_PER_DAY = 86_400_000_000
#: a time further away is no neighbouring session, and may lie outside the calendar
_FAR_US = 30 * _US_PER_DAY


class CboeSnapshotSettings(AdapterSettings):
    """What a universe may set under ``provider.settings``.

    Attributes
    ----------
    feed_delay_minutes
        How far the market shown lies behind the time of the feed.
    file_timezone
        IANA name of the collector's clock, which the names of the files tell.
    """

    feed_delay_minutes: float = Field(default=15, ge=0, le=1440)
    file_timezone: str = "UTC"

    @field_validator("file_timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{name!r} is no time zone; use an IANA name such as UTC") from error
        return name


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One file as read.

    Attributes
    ----------
    market_us
        When its market was, UTC microseconds: the time of the feed less its delay.
    text_digest
        Of the unpacked text: one payload saved twice is one snapshot.
    line
        What it says about the underlying, where it says anything.
    """

    part: RawPart
    market_us: int
    text_digest: str
    rows: TypedRows | TypedRecords
    line: CboeUnderlying | None = None


@dataclass(frozen=True, eq=False)
class Terms:
    """The checked rows of a snapshot and what they say of their contracts, all of one length."""

    rows: TypedRows | TypedRecords
    symbols: pa.Array
    roots: pa.Array
    rights: pa.Array
    expiry_days: NDArray[np.int32]
    strikes: NDArray[np.float64]


class CboeSnapshotProvider(FileAdapter):
    """Base of the formats with a file per ticker and snapshot."""

    settings_model = CboeSnapshotSettings
    #: whether the payload itself says its time (else only the name of its file does)
    payload_has_time: bool

    @abstractmethod
    def files(self, spec: UnderlyingSpec) -> list[tuple[dt.date, Path]]:
        """Every file of a ticker with its day at the exchange."""

    @abstractmethod
    def read(self, spec: UnderlyingSpec, trade_date: dt.date, part: RawPart) -> Snapshot:
        """A file as typed rows.

        Raises
        ------
        UnreadablePayloadError
            If nothing of it can be used.
        """

    @abstractmethod
    def contract_terms(self, spec: UnderlyingSpec, trade_date: dt.date, snapshot: Snapshot) -> Terms:
        """The rows that are about the universe's contracts; the others among ``rows.rejected``."""

    def available_days(self) -> list[dt.date]:
        self.require_folder()
        return sorted({day for spec in self.universe.underlyings for day, _ in self.files(spec)})

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        self.require_folder()
        return [
            self.whole_part(QUOTES, spec.symbol, path)
            for spec in self.universe.underlyings
            for day, path in sorted(self.files(spec))
            if day == trade_date
        ]

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        underlyings: dict[str, ParsedUnderlying] = {}
        prices: list[UnderlyingPrice] = []
        problems: list[str] = []
        for spec in self.universe.underlyings:
            mine = [part for part in parts if part.kind == QUOTES and part.underlying == spec.symbol]
            if not mine:
                continue
            snapshots, faults = self._read_all(spec, trade_date, mine)
            parsed, last = self._parsed_snapshots(spec, trade_date, snapshots, faults, mine[0])
            underlyings[spec.symbol] = parsed
            if parsed.problem is None:
                problems += [text for _, text in faults]
            if last is not None and last.line is not None:
                prices.append(session_price(spec, last.line, trade_date, self.calendar))
        table = underlying_table(
            prices,
            trade_date=trade_date,
            currency=self.universe.quote_currency,
            known_after_minutes=self.universe.provider.known_after_minutes,
            source=self.format_name,
        )
        return ParsedDay(trade_date, underlyings, table, tuple(sorted(problems)))

    @property
    def delay_us(self) -> int:
        """How far the market shown lies behind the time of the feed."""
        return round(self.settings.feed_delay_minutes * _US_PER_MINUTE)

    def session_of(self, market_us: int, trade_date: dt.date) -> dt.date | None:
        """The session whose market was shown then; None far from ``trade_date``."""
        noon_us = ((trade_date - dt.date(1970, 1, 1)).days * 2 + 1) * _US_PER_DAY // 2
        if abs(market_us - noon_us) > _FAR_US:
            return None
        return self.calendar.session_of(market_us, self.universe.timezone)

    def _read_all(
        self, spec: UnderlyingSpec, trade_date: dt.date, parts: Sequence[RawPart]
    ) -> tuple[list[Snapshot], list[tuple[RawPart, str]]]:
        """The readable files in the order of their markets, one payload once; and why others are not."""
        found: dict[tuple[int, str], Snapshot] = {}
        faults = []
        for part in sorted(parts, key=lambda part: part.name):
            try:
                snapshot = self.read(spec, trade_date, part)
            except UnreadablePayloadError as error:
                faults.append((part, str(error)))
                continue
            found.setdefault((snapshot.market_us, snapshot.text_digest), snapshot)
        return sorted(found.values(), key=lambda s: (s.market_us, s.part.name)), faults

    def _parsed_snapshots(
        self,
        spec: UnderlyingSpec,
        trade_date: dt.date,
        snapshots: Sequence[Snapshot],
        faults: Sequence[tuple[RawPart, str]],
        first_part: RawPart,
    ) -> tuple[ParsedUnderlying, Snapshot | None]:
        """The day's result, and its last snapshot."""
        own = [s for s in snapshots if self.session_of(s.market_us, trade_date) == trade_date]
        if not own:
            reasons = [text for _, text in faults] + [self._of_another_day(s, trade_date) for s in snapshots]
            more = f" (and {len(reasons) - 1} more files cannot be used)" if len(reasons) > 1 else ""
            parsed = self.parsed(spec.symbol, trade_date, first_part, None, (), None, f"{reasons[0]}{more}")
            return parsed, None
        repeated = {id(b) for a, b in pairwise(own) if a.market_us == b.market_us}
        own = [s for s in own if id(s) not in repeated]
        quotes: list[QuoteRows] = []
        aside = [
            self.set_aside(spec.symbol, trade_date, part, [RejectedRow((UNREADABLE,), text)])
            for part, text in faults
        ]
        for snapshot in snapshots:
            if snapshot in own:
                number = own.index(snapshot)
                before = own[number - 1] if number else None
                rows, rejected = self._rows_of(spec, trade_date, snapshot, number, before)
                quotes.append(rows)
            else:
                reason = ANOTHER_PAYLOAD if id(snapshot) in repeated else "other_day"
                everything = np.ones(len(snapshot.rows), dtype=bool)
                rejected = snapshot.rows.split({reason: everything}).rejected
            aside.append(self.set_aside(spec.symbol, trade_date, snapshot.part, rejected))
        claimed = {i: s.market_us for i, s in enumerate(own)} if self.payload_has_time else {}
        last = own[-1]
        payload_ts_us = last.market_us if self.payload_has_time else None
        parsed = self.parsed(
            spec.symbol,
            trade_date,
            last.part,
            joined_rows(quotes),
            (),
            payload_ts_us,
            snapshot_payload_ts_us=claimed,
        )
        return replace(parsed, rejected=joined_rejections(aside)), last

    def _rows_of(
        self,
        spec: UnderlyingSpec,
        trade_date: dt.date,
        snapshot: Snapshot,
        snapshot_id: int,
        before: Snapshot | None,
    ) -> tuple[QuoteRows, list[RejectedRow]]:
        """The quotes of a snapshot; ``before`` is the one before it."""
        terms = self.contract_terms(spec, trade_date, snapshot)
        closes_us = self.closing_instants_us(terms.roots, trade_date)
        shown_us = np.minimum(closes_us, snapshot.market_us)
        if before is not None:
            # that one has the closing market already, and its time
            shown_us = np.where(closes_us <= before.market_us, snapshot.market_us, shown_us)
        n = len(terms.rows)
        line = snapshot.line
        rows = quote_rows(
            terms.rows,
            symbols=terms.symbols,
            roots=terms.roots,
            rights=terms.rights,
            expiry_days=terms.expiry_days,
            strikes=terms.strikes,
            ts_us=shown_us,
            spot=None if line is None else spot_at(line, trade_date, self.calendar),
        )
        own = pa.array([snapshot.part.slice_digest[:12]] * n, type=pa.string())
        numbered = replace(
            rows,
            snapshot_ids=np.full(n, snapshot_id, dtype=np.int32),
            values={**rows.values, "harvest_id": own},
        )
        return numbered, terms.rows.rejected

    def _of_another_day(self, snapshot: Snapshot, trade_date: dt.date) -> str:
        session = self.session_of(snapshot.market_us, trade_date)
        instant = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=snapshot.market_us)
        at = f"{instant.astimezone(self.zone):%Y-%m-%d %H:%M} ({self.universe.timezone})"
        of = "another time" if session is None else f"session {session}"
        return f"{snapshot.part.name} shows the market of {at}, of {of}, not of {trade_date}; put it under its own day"
