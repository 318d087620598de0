"""Deribit's answers from the service itself.

See ``deribit_api`` for the requests and their documentation at docs.deribit.com.
"""

import datetime as dt
import logging
from collections.abc import Sequence
from pathlib import Path

from engine.calendars import TradingCalendar
from resources.home import optix_home
from resources.network.clock import Clock, SystemClock
from resources.network.http_client import HttpClient
from resources.network.snapshot_spools import SnapshotSpools
from resources.network.spool import Spool, SpooledAnswer
from resources.network.spooled_client import SpooledClient
from resources.providers.deribit_api import (
    DeribitRestSettings,
    ask_for_delivery_prices,
    ask_for_snapshot,
    part_name,
)
from resources.providers.deribit_instrument import index_of
from resources.providers.deribit_parsing import INDEX_PRICE, INSTRUMENTS, cached_results, delivery_slice
from resources.providers.file_adapter import QUOTES, SETTLEMENT_PRICES
from resources.providers.saved_answers import is_date
from resources.providers.snapshot_label import snapshot_label
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec, UniverseSpec

logger = logging.getLogger("optix.network")


class DeribitNetwork:
    """The service, for one universe."""

    def __init__(
        self, universe: UniverseSpec, settings: DeribitRestSettings, clock: Clock | None = None
    ) -> None:
        self.universe = universe
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        # session_of also answers beyond this range
        self._calendar = TradingCalendar.for_code(
            universe.calendar, universe.start, universe.end or universe.start
        )
        self._snapshots = universe.provider.mode == "snapshot_only"
        self._official: dict[str, list[SpooledAnswer]] = {}

    def available_days(self) -> list[dt.date]:
        """The days with an official price; of a snapshot-only universe, the current session."""
        if self._snapshots:
            return [self._current_session()]
        days: set[str] = set()
        for spec in self.universe.underlyings:
            for answer in self._official_answers(spec):
                for record in cached_results(answer.body, answer.url).delivery_prices:
                    days.add(str(record.get("date")))
        return sorted(dt.date.fromisoformat(day) for day in days if is_date(day))

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        """A snapshot of now, where the day is the current session, or the official price of a day."""
        if not self._snapshots:
            return [
                part
                for spec in self.universe.underlyings
                for answer in self._official_answers(spec)
                if (part := self._delivery_part(spec, answer, trade_date, "")) is not None
            ]
        if trade_date != self._current_session():
            return []
        spools = self._spools(trade_date)
        with self._http() as http:
            ask_for_snapshot(
                SpooledClient(http, spools.current), self.settings, sorted(self.universe.root_terms())
            )
        return [
            part
            for spool in (*spools.earlier, spools.current)
            for part in self._snapshot_parts(spool.answers(), trade_date)
        ]

    def pending(self, trade_date: dt.date) -> list[RawPart]:
        """What an interrupted harvest of a day that is over has received."""
        if not self._snapshots:
            return []
        spools = self._spools(trade_date)
        return [
            part
            for spool in (*spools.earlier, spools.current)
            for part in self._snapshot_parts(spool.answers(), trade_date)
        ]

    def stored(self, trade_date: dt.date) -> None:
        """What was fetched for a day is in the raw store: the spool is not needed any more."""
        if not self._snapshots:
            for spec in self.universe.underlyings:
                self._official_spool(spec).empty()
        else:
            self._spools(trade_date).empty()

    def _current_session(self) -> dt.date:
        return self._calendar.session_of(int(self.clock.now() * 1_000_000), self.universe.timezone)

    def _http(self) -> HttpClient:
        return HttpClient(self.settings.address, self.settings.network, clock=self.clock)

    def _spool_folder(self) -> Path:
        return optix_home() / "spool" / self.universe.name

    def _spools(self, trade_date: dt.date) -> SnapshotSpools:
        now = dt.datetime.fromtimestamp(self.clock.now(), dt.UTC)
        within = dt.timedelta(minutes=self.settings.network.resume_within_minutes)
        return SnapshotSpools(self._spool_folder() / trade_date.isoformat(), now, within)

    def _official_spool(self, spec: UnderlyingSpec) -> Spool:
        today = dt.datetime.fromtimestamp(self.clock.now(), dt.UTC).date()
        return Spool(self._spool_folder() / f"delivery-{spec.symbol}-{today.isoformat()}")

    def _official_answers(self, spec: UnderlyingSpec) -> list[SpooledAnswer]:
        """The whole list of official prices, asked for once per run."""
        if spec.symbol not in self._official:
            spool = self._official_spool(spec)
            with self._http() as http:
                ask_for_delivery_prices(SpooledClient(http, spool), self.settings, spec.roots[0].root)
            self._official[spec.symbol] = spool.answers()
        return self._official[spec.symbol]

    def _snapshot_parts(self, answers: Sequence[SpooledAnswer], trade_date: dt.date) -> list[RawPart]:
        """The parts of one snapshot, under the service's own latest time in it."""
        stamps = [
            int(stamp)
            for answer in answers
            for results in [cached_results(answer.body, part_name(answer.url))]
            for records, name in ((results.summaries, "creation_timestamp"), (results.books, "timestamp"))
            for record in records
            if isinstance(stamp := record.get(name), int) and not isinstance(stamp, bool)
        ]
        if not stamps:
            if answers:
                logger.warning(
                    f"{self.universe.name}: an interrupted snapshot of {trade_date} has no quotes yet; its "
                    f"{len(answers)} other answers are not kept"
                )
            return []
        label = snapshot_label(max(stamps))
        parts = []
        for answer in answers:
            spec = self._underlying_of(answer.url)
            if "get_delivery_prices" in answer.url and spec is not None:
                part = self._delivery_part(spec, answer, trade_date, f"{label}/")
                parts += [part] if part is not None else []
                continue
            kind = next((kind for method, kind in _KINDS.items() if method in answer.url), QUOTES)
            name = f"{label}/{part_name(answer.url)}"
            parts.append(RawPart.whole(kind, spec.symbol if spec else None, name, answer.url, answer.body))
        return parts

    def _delivery_part(
        self, spec: UnderlyingSpec, answer: SpooledAnswer, trade_date: dt.date, folder: str
    ) -> RawPart | None:
        name = f"{folder}{part_name(answer.url)}"
        digest = delivery_slice(cached_results(answer.body, name), trade_date)
        if digest is None:
            return None
        rule = f"date={trade_date.isoformat()}"
        return RawPart(SETTLEMENT_PRICES, spec.symbol, name, answer.url, answer.body, rule, digest)

    def _underlying_of(self, url: str) -> UnderlyingSpec | None:
        """Whose answer it is: that of an index, or of one instrument; the others serve every underlying."""
        for spec in self.universe.underlyings:
            for root in spec.roots:
                if f"index_name={index_of(root.root)}" in url.split("?")[-1].split("&"):
                    return spec
                if f"instrument_name={root.root}-" in url:
                    return spec
        return None


_KINDS: dict[str, str] = {
    "get_index_price": INDEX_PRICE,
    "get_instruments": INSTRUMENTS,
    "get_delivery_prices": SETTLEMENT_PRICES,
}
