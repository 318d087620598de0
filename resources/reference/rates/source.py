"""The rates of a universe as they were known on the morning of each of its sessions."""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from engine.calendars import TradingCalendar
from resources.providers.payload_cache import PayloadCache
from resources.providers.payload_text import UnreadablePayloadError, text_digest, unpacked
from resources.providers.protocol import ProviderError
from resources.providers.quote_table import instants
from resources.raw_store import RawPart
from resources.reference.dated_csv import table_of
from resources.reference.parsed import ParsedReference
from resources.reference.rates.series import Observation, RateFormat, observations_by_series
from resources.reference.rates.zero_curve import ZeroRate, zero_curve
from resources.schemas import RATES_SCHEMA
from resources.universe import RatesSpec, UniverseSpec

RATES = "rates"
_KEPT_FILES = 26


@dataclass(frozen=True)
class ParsedRates:
    """The curve known on a day (``RATES_SCHEMA``, by tenor), and why there is none or less of it."""

    table: pa.Table
    problem: str | None = None


class RatesSource:
    """Rates of a universe, from the files of one format."""

    def __init__(self, universe: UniverseSpec, spec: RatesSpec, path: Path, rate_format: RateFormat) -> None:
        self.universe = universe
        self.spec = spec
        self.path = path
        self.format = rate_format
        self.calendar = TradingCalendar.for_code(
            universe.calendar, universe.start, universe.end or universe.start
        )

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        """Every file, each with the observations that may matter for the day as its slice.

        Raises
        ------
        ProviderError
            If the path is missing or holds nothing of the format.
        """
        if not self.path.exists():
            raise ProviderError(
                f"universe {self.universe.name}: the rates path {self.path} does not exist; check rates.path"
            )
        parts = [self._part(path, trade_date) for path in self.format.files(self.path)]
        if not parts:
            raise ProviderError(
                f"universe {self.universe.name}: {self.path} holds {self.format.expected}; rates.format is "
                f"{self.format.name}"
            )
        return parts

    def _part(self, path: Path, trade_date: dt.date) -> RawPart:
        payload = path.read_bytes()
        first, last = self._span(trade_date)
        try:
            lines = _lines.get(payload, lambda: _dated_lines(payload, path.name))
        except UnreadablePayloadError:
            return RawPart.whole(RATES, None, path.name, str(path), payload)
        window = lines.window(self.format.date_text(first), self.format.date_text(last))
        rule = f"{first.isoformat()} <= date <= {last.isoformat()}"
        return RawPart(RATES, None, path.name, str(path), payload, rule, text_digest(window))

    def _span(self, trade_date: dt.date) -> tuple[dt.date, dt.date]:
        """Observation days that may matter: young enough, and known by the open of the trade date."""
        oldest = trade_date - dt.timedelta(days=self.spec.max_age_days)
        return oldest, trade_date - dt.timedelta(days=self.format.known_after_days)

    def rates_as_of(self, trade_date: dt.date, parts: Sequence[RawPart] | None = None) -> ParsedRates:
        """The zero curve from the observations known when the day's market opened.

        No more of them becomes known before a session ends (a value of the evening is not used until the
        next open), so the curve of the open is that of the whole session, and on a market that never closes
        nothing from later in the day leaks in. Rows in quarantine are named where they are of the span of
        days that matters, or of no legible day.

        Parameters
        ----------
        parts
            As fetched; without them they are fetched now.
        """
        as_of_us = self.calendar.open_us(trade_date)
        oldest, newest = self._span(trade_date)
        latest: dict[str, Observation] = {}
        problems: list[str] = []
        for part in self.fetch(trade_date) if parts is None else parts:
            try:
                label = f"{self.format.name}:{part.name}"
                file = _files.get(part.payload, lambda part=part: _read(self.format, part), label)
            except UnreadablePayloadError as error:
                problems.append(str(error))
                continue
            problems += _quarantined(file.parsed, oldest, newest)
            for series, observations in file.by_series.items():
                known = [s for s in _between(observations, oldest, newest) if s.known_at_us <= as_of_us]
                if known:
                    latest[series] = known[-1]
        rows: list[ZeroRate] = []
        try:
            rows = zero_curve(latest, self.format.quotations)
        except ValueError as error:  # the yields contradict each other: none of them can be trusted
            problems.append(f"{self.path}, known on {trade_date}: {error}")
        if not rows and not problems:
            problems.append(
                f"no rate was observed from {oldest} to {newest} and known when that day opened; add newer "
                f"files to {self.path}, or raise rates.max_age_days ({self.spec.max_age_days})"
            )
        return ParsedRates(self._table(trade_date, rows), "; ".join(problems) or None)

    def _table(self, trade_date: dt.date, rows: Sequence[ZeroRate]) -> pa.Table:
        return table_of(
            RATES_SCHEMA,
            {
                "trade_date": [trade_date] * len(rows),
                "currency": [self.spec.currency] * len(rows),
                "series": [row.series for row in rows],
                "tenor_days": [row.tenor_days for row in rows],
                "rate": [row.rate for row in rows],
                "observation_date": [row.observed for row in rows],
                "known_at": instants(np.array([row.known_at_us for row in rows], dtype=np.int64)),
                "source": [self.format.name] * len(rows),
            },
        )


@dataclass(frozen=True)
class _File:
    parsed: ParsedReference
    by_series: dict[str, list[Observation]]


@dataclass(frozen=True)
class _DatedLines:
    """A file's header, and its lines by the text of the day that they begin with."""

    header: bytes
    days: list[str]
    lines: list[bytes]

    def window(self, first: str, last: str) -> bytes:
        """Header and the lines of a span of days, by day."""
        start, stop = bisect_left(self.days, first), bisect_right(self.days, last)
        return b"\n".join((self.header, *self.lines[start:stop], b""))


_files: PayloadCache[_File] = PayloadCache(kept=_KEPT_FILES)
_lines: PayloadCache[_DatedLines] = PayloadCache(kept=_KEPT_FILES)


def _read(rate_format: RateFormat, part: RawPart) -> _File:
    parsed = rate_format.parse(part.payload, part.name)
    return _File(parsed, observations_by_series(parsed.table))


def _dated_lines(payload: bytes, name: str) -> _DatedLines:
    header, *body = unpacked(payload, name).splitlines()
    lines = sorted((line for line in body if line.strip()), key=_first_cell)
    return _DatedLines(header, [_first_cell(line) for line in lines], lines)


def _first_cell(line: bytes) -> str:
    return line.partition(b",")[0].decode().strip().strip('"')


def _between(observations: list[Observation], first: dt.date, last: dt.date) -> list[Observation]:
    start = bisect_left(observations, first, key=lambda seen: seen.day)
    return observations[start : bisect_right(observations, last, key=lambda seen: seen.day)]


def _quarantined(parsed: ParsedReference, first: dt.date, last: dt.date) -> list[str]:
    """One sentence for the rows in quarantine that may have mattered."""
    rows = [r for r in parsed.rejected.to_pylist() if r["day"] is None or first <= r["day"] <= last]
    if not rows:
        return []
    shown = "; ".join(f"{r['raw'][:80]!r} ({', '.join(r['reasons'])})" for r in rows[:5])
    return [f"{parsed.file} has {len(rows)} row{'s' * (len(rows) > 1)} in quarantine: {shown}"]
