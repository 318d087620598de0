"""The newest harvest of every key of a dataset, from one listing: for questions about a whole history."""

import datetime as dt
from collections.abc import Iterable, Iterator

from resources.lake.lake import Lake
from resources.lake.layout import records_folder
from resources.raw_store import HarvestRecord, record_order


class NewestHarvests:
    """What the raw store held when this was made; records are read when they are asked for."""

    def __init__(self, lake: Lake, universe: str, dataset: str) -> None:
        self._lake = lake
        self._folder = records_folder(universe, dataset)
        paths = sorted(lake.list(self._folder), key=lambda path: record_order(lake, path))
        self._paths = {self._key(path): path for path in paths}

    def _key(self, path: str) -> str:
        return path[len(self._folder) + 1 :].split("/")[0]

    def path(self, day: dt.date) -> str | None:
        """Lake path of a day's newest record; None where it was never harvested."""
        return self._paths.get(day.isoformat())

    def outdated(self, records: Iterable[str]) -> list[str]:
        """Days of this dataset's records among these paths that have a newer one, or none any more."""
        mine = [path for path in records if path.startswith(f"{self._folder}/")]
        return sorted(self._key(path) for path in mine if self._paths.get(self._key(path)) != path)

    def had_quotes(self, day: dt.date) -> bool | None:
        """Whether option quotes came; None where the day was never harvested."""
        path = self.path(day)
        return None if path is None else HarvestRecord.from_json(self._lake.read_json(path)).has_quotes

    def days(self) -> Iterator[dt.date]:
        """Days that were harvested, the newest first."""
        return (dt.date.fromisoformat(day) for day in sorted(self._paths, reverse=True))
