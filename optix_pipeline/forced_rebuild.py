"""What a forced rebuild has not come to yet, kept in the lake: a status tells that a session is complete, not when.

A session whose rebuild was cut off has new files under an old status. Until its rebuild ends it counts as not complete,
for whoever runs the next backfill.
"""

import datetime as dt
import hashlib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import assets
import engine
import resources
from assets.naming import digest_of
from resources.lake.errors import LakeFileNotFoundError
from resources.lake.lake import Lake
from resources.lake.layout import rebuild_path
from resources.universe import UniverseSpec


class ForcedRebuild:
    """The sessions of one universe that are still to be rebuilt; empty where none was asked for."""

    def __init__(self, universe: UniverseSpec, lake: Lake) -> None:
        self._universe = universe
        self._lake = lake
        self._path = rebuild_path(universe.name)
        try:
            record = lake.read_json(self._path)
        except LakeFileNotFoundError:
            record = {"asked": [], "code": "", "left": []}
        self._asked: list[str] = record["asked"]
        self._code: str = record["code"]
        self._left = set(record["left"])

    @property
    def left(self) -> set[dt.date]:
        return {dt.date.fromisoformat(day) for day in self._left}

    def ask(self, days: Sequence[dt.date]) -> bool:
        """Ask for these sessions (in order); returns whether this goes on with a rebuild that was cut off.

        It does where the same range was asked for, of the same code; otherwise all of the range is left again.
        """
        asked, code = [days[0].isoformat(), days[-1].isoformat()], _layers_code(self._universe)
        if self._left and self._asked == asked and self._code == code:
            return True
        self._asked, self._code = asked, code
        self._left |= {day.isoformat() for day in days}
        self._write()
        return False

    def rebuilt(self, days: Collection[dt.date]) -> None:
        """These sessions are rebuilt."""
        done = {day.isoformat() for day in days} & self._left
        if done:
            self._left -= done
            self._write()

    def _write(self) -> None:
        if self._left:
            record = {"asked": self._asked, "code": self._code, "left": sorted(self._left)}
            self._lake.write_json(self._path, record)
        else:
            self._lake.delete(self._path)


def _layers_code(universe: UniverseSpec) -> str:
    """Changes with the universe and with every module that a layer may run through."""
    roots = [Path(package.__file__).parent for package in (assets, engine, resources) if package.__file__]
    return digest_of(universe.model_dump_json(), *_module_digests(roots))


def _module_digests(roots: Iterable[Path]) -> Iterable[str]:
    for root in roots:
        for path in sorted(root.rglob("*.py")):
            yield f"{path.relative_to(root.parent).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}"
