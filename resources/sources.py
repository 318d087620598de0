"""The sources of every universe as one Dagster resource: the folders that the YAML's placeholders stand for."""

import datetime as dt
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from engine.calendars import TradingCalendar
from resources.harvest import OFF_CALENDAR_QUOTES, harvest_day, harvest_off_calendar
from resources.lake.lake import Lake
from resources.providers.actions_csv import CsvActions
from resources.providers.fred_csv import FredRates
from resources.providers.protocol import Provider
from resources.providers.registry import make_actions, make_provider, make_rates
from resources.raw_store import HarvestRecord, RawStore
from resources.universe import UniverseSpec


class SourcesResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where payloads come from.

    In ``replay`` nothing is fetched: the newest record of the raw store stands for the source, and a session
    without one has nothing. A rebuild from raw payloads runs the same assets in replay.
    """

    data_folder: str | None = None
    generated_folder: str
    replay: bool = False

    _providers: dict[str, Provider] = PrivateAttr(default_factory=dict)
    _rates: dict[str, FredRates | None] = PrivateAttr(default_factory=dict)

    def provider(self, universe: UniverseSpec) -> Provider:
        """The source of a universe's quotes; one object per run, so that files of many days are read once."""
        if universe.name not in self._providers:
            self._providers[universe.name] = make_provider(
                universe, self._path(universe, universe.provider.path)
            )
        return self._providers[universe.name]

    def rates(self, universe: UniverseSpec) -> FredRates | None:
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

    def harvest_actions(self, universe: UniverseSpec, store: RawStore) -> tuple[HarvestRecord, CsvActions]:
        """The file of corporate actions, and the reader of it."""
        spec = universe.corporate_actions
        source = make_actions(universe, self._path(universe, spec.path) if spec else Path())
        if source is None:
            raise ValueError(f"universe {universe.name} names no corporate actions")
        if self.replay:
            return self._kept(store, "all"), source
        return store.put("all", source.fetch(), received_at=dt.datetime.now(dt.UTC)), source

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
