"""The newest harvest of every key of a dataset, from one listing: for questions about a whole history."""

import datetime as dt
from collections.abc import Iterator

from resources.lake.lake import Lake
from resources.lake.layout import records_folder
from resources.raw_store import HarvestRecord, record_order


class NewestHarvests:
    """What the raw store held when this was made; records are read when they are asked for."""

    def __init__(self, lake: Lake, universe: str, dataset: str) -> None:
        self._lake = lake
        folder = records_folder(universe, dataset)
        paths = sorted(lake.list(folder), key=lambda path: record_order(lake, path))
        self._paths = {path[len(folder) + 1 :].split("/")[0]: path for path in paths}

    def path(self, day: dt.date) -> str | None:
        """Lake path of a day's newest record; None where it was never harvested."""
        return self._paths.get(day.isoformat())

    def had_quotes(self, day: dt.date) -> bool | None:
        """Whether option quotes came; None where the day was never harvested."""
        path = self.path(day)
        return None if path is None else HarvestRecord.from_json(self._lake.read_json(path)).has_quotes

    def days(self) -> Iterator[dt.date]:
        """Days that were harvested, the newest first."""
        return (dt.date.fromisoformat(day) for day in sorted(self._paths, reverse=True))
