"""The sources of every universe as one Dagster resource: the folders that the YAML's placeholders stand for."""

import datetime as dt
from pathlib import Path
from typing import Protocol, TypeVar

import dagster as dg
from pydantic import PrivateAttr

from engine.calendars import TradingCalendar
from resources.harvest import OFF_CALENDAR_QUOTES, harvest_day, harvest_off_calendar
from resources.lake.lake import Lake
from resources.providers.protocol import Provider
from resources.providers.registry import make_provider
from resources.raw_store import HarvestRecord, RawPart, RawStore
from resources.reference.corporate_actions.polygon_service import PolygonActionsSource
from resources.reference.corporate_actions.source import ActionsSource
from resources.reference.earnings.source import EarningsSource
from resources.reference.prices.source import IndexHistorySource
from resources.reference.rates.source import RatesSource
from resources.reference.registry import make_actions, make_earnings, make_index_histories, make_rates
from resources.universe import UniverseSpec

Source = TypeVar("Source")


class _Whole(Protocol):
    def fetch(self) -> list[RawPart]: ...


class SourcesResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where payloads come from.

    In ``replay`` nothing is fetched: the newest record of the raw store stands for the source, and a session
    without one has nothing. A rebuild from raw payloads runs the same assets in replay.
    """

    data_folder: str | None = None
    generated_folder: str
    replay: bool = False

    _providers: dict[str, Provider] = PrivateAttr(default_factory=dict)
    _rates: dict[str, RatesSource | None] = PrivateAttr(default_factory=dict)

    def provider(self, universe: UniverseSpec) -> Provider:
        """The source of a universe's quotes; one object per run, so that files of many days are read once."""
        if universe.name not in self._providers:
            self._providers[universe.name] = make_provider(
                universe, self._path(universe, universe.provider.path)
            )
        return self._providers[universe.name]

    def rates(self, universe: UniverseSpec) -> RatesSource | None:
        """The source of a universe's rates; None where it has none."""
        if universe.name not in self._rates:
            path = self._path(universe, universe.rates.path) if universe.rates else Path()
            self._rates[universe.name] = make_rates(universe, path)
        return self._rates[universe.name]

    def harvest(
        self, universe: UniverseSpec, store: RawStore, days: list[dt.date]
    ) -> dict[dt.date, HarvestRecord]:
        """Fetch and keep these sessions; in replay, what is kept already."""
        if self.replay:
            return {day: self._kept(store, day.isoformat()) for day in days}
        provider = self.provider(universe)
        return {
            day: harvest_day(universe, provider, store, day, received_at=dt.datetime.now(dt.UTC))
            for day in days
        }

    def harvest_before(
        self, universe: UniverseSpec, store: RawStore, day: dt.date, sessions: int
    ) -> list[HarvestRecord]:
        """Fetch and keep the ``sessions`` before a day that have never been harvested.

        A session is judged against the payloads before it; were they missing, the verdict would depend on the
        order in which days were harvested. Nothing to do in replay, nor for a source that has no past.
        """
        if self.replay or universe.provider.mode == "snapshot_only":
            return []
        calendar = TradingCalendar.for_code(universe.calendar, universe.start, max(day, universe.start))
        wanted: list[dt.date] = []
        for _ in range(sessions):
            day = calendar.previous(day)
            if day < universe.start:
                break
            if store.latest(day.isoformat()) is None:
                wanted.append(day)
        return list(self.harvest(universe, store, sorted(wanted)).values())

    def harvest_off_calendar(
        self, universe: UniverseSpec, lake: Lake, days: list[dt.date]
    ) -> list[HarvestRecord]:
        """Keep what the source has within the range for days that are no session, apart from the sessions."""
        if self.replay or universe.provider.mode == "snapshot_only":
            return []
        store = RawStore(lake, universe.name, OFF_CALENDAR_QUOTES)
        return harvest_off_calendar(
            universe,
            self.provider(universe),
            store,
            received_at=dt.datetime.now(dt.UTC),
            start=days[0],
            end=days[-1],
        )

    def harvest_rates(self, universe: UniverseSpec, store: RawStore, day: dt.date) -> HarvestRecord:
        """The rate files that matter for a session."""
        source = self.rates(universe)
        if self.replay or source is None:
            return self._kept(store, day.isoformat())
        return store.put(day.isoformat(), source.fetch(day), received_at=dt.datetime.now(dt.UTC))

    def harvest_actions(self, universe: UniverseSpec, store: RawStore) -> tuple[HarvestRecord, ActionsSource]:
        """The files of corporate actions, and the reader of them."""
        source = self.actions(universe)
        return self._whole(store, source), source

    def harvest_index_histories(
        self, universe: UniverseSpec, store: RawStore
    ) -> tuple[HarvestRecord, IndexHistorySource]:
        """The files of the index histories, and the reader of them."""
        source = self._index_histories(universe)
        return self._whole(store, source), source

    def harvest_earnings(
        self, universe: UniverseSpec, store: RawStore
    ) -> tuple[HarvestRecord, EarningsSource]:
        """The file of earnings dates, and the reader of it."""
        source = self._earnings(universe)
        return self._whole(store, source), source

    def _whole(self, store: RawStore, source: "_Whole") -> HarvestRecord:
        """Fetch and keep what is not sliced by day; in replay, what is kept already."""
        if self.replay:
            return self._kept(store, "all")
        record = store.put("all", source.fetch(), received_at=dt.datetime.now(dt.UTC))
        if isinstance(source, PolygonActionsSource):
            source.stored()
        return record

    def fetch_again(self, universe: UniverseSpec, dataset: str, key: str) -> list[RawPart]:
        """What the source has now for a key of one of the raw store's datasets; nothing is kept.

        Raises
        ------
        ProviderError
            If the source cannot deliver it (any more).
        """
        whole = {
            "corporate_actions": self.actions,
            "index_history": self._index_histories,
            "earnings_dates": self._earnings,
        }
        if dataset in whole:
            return whole[dataset](universe).fetch()
        day = dt.date.fromisoformat(key)
        if dataset == "rates":
            rates = self.rates(universe)
            return rates.fetch(day) if rates else []
        return self.provider(universe).fetch(day)

    def actions(self, universe: UniverseSpec) -> ActionsSource:
        """The reader of a universe's corporate actions."""
        spec = universe.corporate_actions
        path = self._path(universe, spec.path) if spec else Path()
        prices = self._path(universe, spec.prices.path) if spec and spec.prices else None
        memos = self._path(universe, spec.memos) if spec and spec.memos else None
        return _named(make_actions(universe, path, prices, memos), universe, "corporate actions")

    def _index_histories(self, universe: UniverseSpec) -> IndexHistorySource:
        paths = {history.name: self._path(universe, history.path) for history in universe.index_histories}
        return _named(make_index_histories(universe, paths), universe, "index histories")

    def _earnings(self, universe: UniverseSpec) -> EarningsSource:
        path = self._path(universe, universe.earnings.path) if universe.earnings else Path()
        return _named(make_earnings(universe, path), universe, "earnings")

    def _kept(self, store: RawStore, key: str) -> HarvestRecord:
        kept = store.latest(key)
        if kept is not None:
            return kept
        return store.put(key, [], received_at=dt.datetime.fromtimestamp(0, dt.UTC))

    def _path(self, universe: UniverseSpec, path: str) -> Path:
        if self.replay:
            # parsing needs no folder, and the rebuild's machine may not have it
            return Path(path)
        data = Path(self.data_folder) if self.data_folder else None
        return universe.resolve(path, data=data, generated=Path(self.generated_folder))


def _named(source: Source | None, universe: UniverseSpec, what: str) -> Source:
    if source is None:
        raise ValueError(f"universe {universe.name} names no {what}")
    return source
