"""Polygon's answers from the service itself (see ``polygon_api``)."""

import datetime as dt
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.calendars import TradingCalendar
from resources.home import optix_home
from resources.network.api_key import api_key_from_environment
from resources.network.clock import Clock, SystemClock
from resources.network.http_client import HttpClient
from resources.network.snapshot_spools import SnapshotSpools
from resources.network.spool import Spool, SpooledAnswer
from resources.network.spooled_client import SpooledClient
from resources.providers.file_adapter import QUOTES, UNDERLYING_PRICES
from resources.providers.payload_text import text_digest
from resources.providers.polygon_api import PolygonSettings, bars_url, chain_url, checker, read_page
from resources.providers.polygon_results import Record, bar_day, cached_results, latest_ns
from resources.providers.snapshot_label import snapshot_label
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec, UniverseSpec

logger = logging.getLogger("optix.network")

_NS_PER_MS = 1_000_000


class PolygonNetwork:
    """The service, for one universe."""

    def __init__(self, universe: UniverseSpec, settings: PolygonSettings, clock: Clock | None = None) -> None:
        self.universe = universe
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self._zone = ZoneInfo(universe.timezone)
        # session_of also answers beyond this range
        self._calendar = TradingCalendar.for_code(
            universe.calendar, universe.start, universe.end or universe.start
        )
        self._snapshots = universe.provider.mode == "snapshot_only"
        self._bars: dict[str, list[SpooledAnswer]] = {}

    def available_days(self) -> list[dt.date]:
        """The days with a bar of an underlying; of a snapshot-only universe, the current session."""
        if self._snapshots:
            return [self._current_session()]
        days = {
            day
            for spec in self.universe.underlyings
            for answer in self._bar_answers(spec)
            for bar in cached_results(answer.body, answer.url).bars
            if (day := bar_day(bar, self._zone)) is not None
        }
        return sorted(dt.date.fromisoformat(day) for day in days)

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        """A snapshot of now, where the day is the current session, or the underlyings' bars of a day."""
        if not self._snapshots:
            return [
                part
                for spec in self.universe.underlyings
                for number, answer in enumerate(self._bar_answers(spec), start=1)
                if (part := self._bar_part(spec, answer, number, trade_date, "")) is not None
            ]
        if trade_date != self._current_session():
            return []
        spools = self._spools(trade_date)
        check = checker(self.settings.api_key_variable)
        with self._http() as http:
            client = SpooledClient(http, spools.current)
            for spec in self.universe.underlyings:
                client.get(bars_url(self.settings.address, spec.source_symbol, trade_date, trade_date), check)
            for spec in self.universe.underlyings:
                for _ in client.pages(chain_url(self.settings.address, spec.source_symbol), check, read_page):
                    pass  # every page is in the spool
        return [
            part
            for spool in (*spools.earlier, spools.current)
            for part in self._snapshot_parts(spool, trade_date)
        ]

    def pending(self, trade_date: dt.date) -> list[RawPart]:
        """What an interrupted harvest of a day that is over has received."""
        if not self._snapshots:
            return []
        spools = self._spools(trade_date)
        return [
            part
            for spool in (*spools.earlier, spools.current)
            for part in self._snapshot_parts(spool, trade_date)
        ]

    def stored(self, trade_date: dt.date) -> None:
        """What was fetched for a day is in the raw store: the spool is not needed any more."""
        if self._snapshots:
            self._spools(trade_date).empty()
        else:
            for spec in self.universe.underlyings:
                self._bar_spool(spec).empty()

    def _current_session(self) -> dt.date:
        return self._calendar.session_of(int(self.clock.now() * 1_000_000), self.universe.timezone)

    def _today(self) -> dt.date:
        return dt.datetime.fromtimestamp(self.clock.now(), self._zone).date()

    def _http(self) -> HttpClient:
        key = api_key_from_environment(self.settings.api_key_variable, self.universe.name)
        return HttpClient(self.settings.address, self.settings.network, key=key, clock=self.clock)

    def _spool_folder(self) -> Path:
        return optix_home() / "spool" / self.universe.name

    def _spools(self, trade_date: dt.date) -> SnapshotSpools:
        now = dt.datetime.fromtimestamp(self.clock.now(), dt.UTC)
        within = dt.timedelta(minutes=self.settings.network.resume_within_minutes)
        return SnapshotSpools(self._spool_folder() / trade_date.isoformat(), now, within)

    def _bar_spool(self, spec: UnderlyingSpec) -> Spool:
        return Spool(self._spool_folder() / f"bars-{spec.symbol}-{self._today().isoformat()}")

    def _bar_answers(self, spec: UnderlyingSpec) -> list[SpooledAnswer]:
        """The whole history of an underlying's bars, asked for once per run."""
        if spec.symbol not in self._bars:
            last = min(self._today(), self.universe.end or self._today())
            url = bars_url(self.settings.address, spec.source_symbol, self.universe.start, last)
            with self._http() as http:
                client = SpooledClient(http, self._bar_spool(spec))
                self._bars[spec.symbol] = list(
                    client.pages(url, checker(self.settings.api_key_variable), read_page)
                )
        return self._bars[spec.symbol]

    def _snapshot_parts(self, spool: Spool, trade_date: dt.date) -> list[RawPart]:
        """The parts of one snapshot, under the latest time of anything in it."""
        answers = spool.answers()
        per_underlying = [(spec, self._chain_pages(spec, spool)) for spec in self.universe.underlyings]
        latest = latest_ns(
            row
            for _, pages in per_underlying
            for page in pages
            for row in cached_results(page.body, page.url).contracts
        )
        if latest is None:
            if answers:
                logger.warning(
                    f"{self.universe.name}: an interrupted snapshot of {trade_date} has no quotes yet; its "
                    f"{len(answers)} other answers are not kept"
                )
            return []
        label = snapshot_label(latest // _NS_PER_MS)
        parts = []
        for spec, pages in per_underlying:
            parts += [
                RawPart.whole(
                    QUOTES, spec.symbol, f"{label}/{spec.symbol}-chain-{n:03d}.json", page.url, page.body
                )
                for n, page in enumerate(pages, start=1)
            ]
            url = bars_url(self.settings.address, spec.source_symbol, trade_date, trade_date)
            bars = spool.read(url)
            part = None if bars is None else self._bar_part(spec, bars, 1, trade_date, f"{label}/")
            parts += [part] if part is not None else []
        return parts

    def _chain_pages(self, spec: UnderlyingSpec, spool: Spool) -> list[SpooledAnswer]:
        """The pages that arrived, in their order."""
        pages = []
        url: str | None = chain_url(self.settings.address, spec.source_symbol)
        while url is not None and (page := spool.read(url)) is not None:
            pages.append(page)
            url = read_page(page.body)[1]
        return pages

    def _bar_part(
        self, spec: UnderlyingSpec, answer: SpooledAnswer, number: int, trade_date: dt.date, folder: str
    ) -> RawPart | None:
        digest = bars_slice(cached_results(answer.body, answer.url).bars, trade_date, self._zone)
        if digest is None:
            return None
        name = f"{folder}{spec.symbol}-bars-{number:03d}.json"
        rule = f"day={trade_date.isoformat()}"
        return RawPart(UNDERLYING_PRICES, spec.symbol, name, answer.url, answer.body, rule, digest)


def bars_slice(bars: Sequence[Record], trade_date: dt.date, zone: ZoneInfo) -> str | None:
    """The digest of what a list of bars says about one day; None where it says nothing."""
    lines = sorted(
        json.dumps(bar, sort_keys=True) for bar in bars if bar_day(bar, zone) == trade_date.isoformat()
    )
    return text_digest("\n".join(lines).encode()) if lines else None
