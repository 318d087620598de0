"""``fred_csv``: interest rates from FRED series, one file each: ``DGS*.csv``, ``SOFR.csv``, ``DFF.csv`` (or .gz).

A file has two columns, the observation date and the value in percent per year (``.`` or empty where there is
none). The treasury yields (DGS) become zero rates by ``par_curve``. SOFR and the federal funds rate (DFF) are
overnight, simple, actual/360: r = 365 ln(1 + y/360). One row per tenor: where SOFR has a usable observation it
is the overnight rate, else DFF (before April 2018 there was no SOFR); ``series`` says which.
"""

import datetime as dt
import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from engine.calendars import TradingCalendar
from resources.providers.par_curve import zero_rates_from_par
from resources.providers.payload_cache import PayloadCache
from resources.providers.payload_text import UnreadablePayloadError, text_digest, unpacked
from resources.providers.protocol import ProviderError
from resources.providers.quote_table import instants
from resources.raw_store import RawPart
from resources.schemas import RATES_SCHEMA
from resources.universe import RatesSpec, UniverseSpec

RATES = "rates"
#: years of each treasury series
TREASURY_YEARS = {
    "DGS1MO": 1 / 12,
    "DGS3MO": 0.25,
    "DGS6MO": 0.5,
    "DGS1": 1.0,
    "DGS2": 2.0,
    "DGS3": 3.0,
    "DGS5": 5.0,
    "DGS7": 7.0,
    "DGS10": 10.0,
    "DGS20": 20.0,
    "DGS30": 30.0,
}
OVERNIGHT = ("SOFR", "DFF")
_HEADERS = ("date", "observation_date")
_ZONE = ZoneInfo("America/New_York")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Observation:
    """One value of one series; ``value`` as a decimal per year, as quoted."""

    series: str
    day: dt.date
    value: float
    known_at_us: int


@dataclass(frozen=True)
class ParsedRates:
    """The curve known on a day (``RATES_SCHEMA``, by tenor), and why there is none or less of it."""

    table: pa.Table
    problem: str | None = None


class FredRates:
    """Rates of a universe as they were known on the morning of each of its sessions."""

    def __init__(self, universe: UniverseSpec, spec: RatesSpec, folder: Path) -> None:
        self.universe = universe
        self.spec = spec
        self.folder = folder
        self.calendar = TradingCalendar.for_code(
            universe.calendar, universe.start, universe.end or universe.start
        )

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        """Every series' file, each with the observations that may matter for the day as its slice.

        Raises
        ------
        ProviderError
            If the folder is missing or holds none of the series.
        """
        if not self.folder.is_dir():
            raise ProviderError(
                f"universe {self.universe.name}: the rates folder {self.folder} does not exist; check rates.path"
            )
        parts = []
        for series in (*TREASURY_YEARS, *OVERNIGHT):
            for path in (self.folder / f"{series}.csv", self.folder / f"{series}.csv.gz"):
                if path.is_file():
                    parts.append(self._part(path, trade_date))
        if not parts:
            raise ProviderError(
                f"universe {self.universe.name}: {self.folder} holds none of the series "
                f"{', '.join((*TREASURY_YEARS, *OVERNIGHT))} (as <series>.csv or .csv.gz)"
            )
        return parts

    def _part(self, path: Path, trade_date: dt.date) -> RawPart:
        payload = path.read_bytes()
        first, last = self._span(trade_date)
        try:
            text = series_text(payload, path.name).window(first, last)
        except UnreadablePayloadError:
            return RawPart.whole(RATES, None, path.name, str(path), payload)
        rule = f"{first.isoformat()} <= date <= {last.isoformat()}"
        return RawPart(RATES, None, path.name, str(path), payload, rule, text_digest(text))

    def _span(self, trade_date: dt.date) -> tuple[dt.date, dt.date]:
        """Observation days that may matter: old enough to be known on the morning of the trade date."""
        return trade_date - dt.timedelta(days=self.spec.max_age_days), trade_date - dt.timedelta(days=1)

    def rates_as_of(self, trade_date: dt.date, parts: Sequence[RawPart] | None = None) -> ParsedRates:
        """The zero curve from the observations known when the day's market opened.

        An observation counts as known at 08:00 New York on the next weekday, when the last of these series is
        out (a holiday on that weekday is not taken into account: markets that observe it are closed). No more
        of them becomes known before a session ends, so the curve of the open is that of the whole session,
        and on a market that never closes nothing from later in the day leaks in.

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
                observations = read_observations(part.payload, part.name, oldest, newest)
            except UnreadablePayloadError as error:
                problems.append(str(error))
                continue
            known = [seen for seen in observations if seen.known_at_us <= as_of_us]
            if known:
                latest[known[0].series] = max(known, key=lambda seen: seen.day)
        rows: list[ZeroRate] = []
        try:
            rows = zero_curve(latest)
        except ValueError as error:  # the yields contradict each other: none of them can be trusted
            problems.append(f"{self.folder}, known on {trade_date}: {error}")
        if not rows and not problems:
            problems.append(
                f"no rate was observed from {oldest} to {newest} and known when that day opened; add newer "
                f"files to {self.folder}, or raise rates.max_age_days ({self.spec.max_age_days})"
            )
        return ParsedRates(self._table(trade_date, rows), "; ".join(problems) or None)

    def _table(self, trade_date: dt.date, rows: Sequence["ZeroRate"]) -> pa.Table:
        n = len(rows)
        columns = {
            "trade_date": [trade_date] * n,
            "currency": [self.spec.currency] * n,
            "series": [row.series for row in rows],
            "tenor_days": [row.tenor_days for row in rows],
            "rate": [row.rate for row in rows],
            "observation_date": [row.observed for row in rows],
            "source": [self.spec.format] * n,
        }
        known = instants(np.array([row.known_at_us for row in rows], dtype=np.int64))
        arrays = [
            known if f.name == "known_at" else pa.array(columns[f.name], type=f.type) for f in RATES_SCHEMA
        ]
        return pa.Table.from_arrays(arrays, schema=RATES_SCHEMA)


@dataclass(frozen=True)
class ZeroRate:
    """One tenor of the curve: continuously compounded, decimal, actual/365."""

    series: str
    tenor_days: int
    rate: float
    observed: dt.date
    known_at_us: int


def zero_curve(latest: dict[str, Observation]) -> list[ZeroRate]:
    """The zero curve by tenor from the latest observation of each series.

    A treasury zero rate rests on all shorter yields too, so it is known when the last of these is.
    """
    rows = []
    overnight = next((latest[series] for series in OVERNIGHT if series in latest), None)
    if overnight is not None:
        rate = 365 * math.log1p(overnight.value / 360)
        rows.append(ZeroRate(overnight.series, 1, rate, overnight.day, overnight.known_at_us))
    used = [series for series in TREASURY_YEARS if series in latest]
    years = [TREASURY_YEARS[series] for series in used]
    known_at_us = 0
    for series, tenor, rate in zip(
        used, years, zero_rates_from_par(years, [latest[s].value for s in used]).tolist(), strict=True
    ):
        known_at_us = max(known_at_us, latest[series].known_at_us)
        rows.append(ZeroRate(series, int(365 * tenor), rate, latest[series].day, known_at_us))
    return rows


_files: PayloadCache["SeriesText"] = PayloadCache(kept=2 * (len(TREASURY_YEARS) + len(OVERNIGHT)))


@dataclass(frozen=True)
class SeriesText:
    """A file's header, and its lines by the day that they begin with."""

    header: bytes
    days: list[bytes]
    lines: list[bytes]

    def window(self, first: dt.date, last: dt.date) -> bytes:
        """Header and the lines of a span of days, by day."""
        start = bisect_left(self.days, first.isoformat().encode())
        stop = bisect_right(self.days, last.isoformat().encode())
        return b"\n".join((self.header, *self.lines[start:stop], b""))


def series_text(payload: bytes, name: str) -> SeriesText:
    """A received file, unpacked once.

    Raises
    ------
    UnreadablePayloadError
        If it is no text, or a line does not begin with a date.
    """
    return _files.get(payload, lambda: _series_text(payload, name))


def _series_text(payload: bytes, name: str) -> SeriesText:
    header, *body = unpacked(payload, name).splitlines()
    lines = sorted((line for line in body if line.strip()), key=lambda line: line[:10])
    for line in lines:
        if len(line) < 11 or line[4:5] != b"-" or line[7:8] != b"-" or line[10:11] != b",":
            raise UnreadablePayloadError(
                f"{name}: line {line.decode()[:80]!r} does not begin with a date (YYYY-MM-DD) and a comma"
            )
    return SeriesText(header, [line[:10] for line in lines], lines)


def read_observations(payload: bytes, name: str, first: dt.date, last: dt.date) -> list[Observation]:
    """The observations of a span of days of one file; the series is the file's name.

    Raises
    ------
    UnreadablePayloadError
        If the file is none of this format, or a line of the span cannot be typed or repeats a day.
    """
    series = Path(name).name.removesuffix(".gz").removesuffix(".csv")
    lines = series_text(payload, name).window(first, last).decode().splitlines()
    header = [cell.strip().lower() for cell in lines[0].split(",")]
    if len(header) != 2 or header[0] not in _HEADERS:
        raise UnreadablePayloadError(
            f"{name}: its header {lines[0]!r} is not 'date,value' (or 'observation_date,{series}'); fetch it "
            "again from FRED"
        )
    found: dict[dt.date, Observation] = {}
    for line in lines[1:]:
        date_text, _, value_text = (cell.strip() for cell in line.partition(","))
        if value_text in ("", "."):
            continue
        try:
            day, percent = dt.date.fromisoformat(date_text), float(value_text)
        except ValueError as error:
            raise UnreadablePayloadError(f"{name}: line {line!r} has no date and number: {error}") from error
        if not math.isfinite(percent) or abs(percent) > 100:
            raise UnreadablePayloadError(f"{name}: line {line!r} is no rate in percent per year")
        if day in found:
            raise UnreadablePayloadError(f"{name} has {day} twice; remove one of the lines")
        found[day] = Observation(series, day, percent / 100, known_at_us(day))
    return list(found.values())


def known_at_us(observed: dt.date) -> int:
    """08:00 New York on the weekday after the observation, UTC microseconds."""
    morning = observed + dt.timedelta(days=1)
    while morning.weekday() > 4:
        morning += dt.timedelta(days=1)
    return (dt.datetime.combine(morning, dt.time(8), tzinfo=_ZONE) - _EPOCH) // dt.timedelta(microseconds=1)
