"""A folder of saved answers of a service: every file is what it holds, whatever it is called.

A file belongs to the days of its own timestamps; one of several days is kept whole and sliced by day. A file that
is about no day (a list of instruments) goes with every day, and so does one that cannot be read: nobody can tell
of which day it is, so it blocks them until it is mended or taken away.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from resources.providers.file_adapter import QUOTES
from resources.providers.payload_text import UnreadablePayloadError
from resources.raw_store import RawPart


@dataclass(frozen=True)
class Held:
    """What a file holds.

    Attributes
    ----------
    kind
        Of its parts.
    days
        ISO date -> digest of what belongs to it.
    always_sliced
        Whether the file grows: then even one day of it is a slice.
    """

    kind: str
    days: Mapping[str, str]
    always_sliced: bool = False


class SavedAnswers:
    """The files below a folder.

    Parameters
    ----------
    require_folder
        Gives the folder, or raises where there is none.
    suffixes
        Endings of the names of files that count, without ``.gz``.
    held
        What a payload holds (by its name for messages); raises ``UnreadablePayloadError``.
    """

    def __init__(
        self,
        require_folder: Callable[[], Path],
        suffixes: tuple[str, ...],
        held: Callable[[bytes, str], Held],
    ) -> None:
        self._require_folder = require_folder
        self._suffixes = suffixes
        self._held = held
        # by path, modification time and size; None for a file that cannot be read
        self._known: dict[tuple[Path, int, int], Held | None] = {}

    def available_days(self) -> list[dt.date]:
        """The days of the timestamps in the files."""
        found = (self._contents(path) for path in self._files())
        days = {day for held in found if held is not None for day in held.days}
        return sorted(dt.date.fromisoformat(day) for day in days)

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        """The files that hold something of a day, with those that are about none; empty without the former."""
        day = trade_date.isoformat()
        dated, others = [], []
        for path in self._files():
            held = self._contents(path)
            name = path.relative_to(self._require_folder()).as_posix()
            if held is None or not held.days:
                kind = QUOTES if held is None else held.kind
                others.append(RawPart.whole(kind, None, name, str(path), path.read_bytes()))
            elif day in held.days:
                payload = path.read_bytes()
                sliced = held.always_sliced or len(held.days) > 1
                dated.append(
                    RawPart(held.kind, None, name, str(path), payload, f"day={day}", held.days[day])
                    if sliced
                    else RawPart.whole(held.kind, None, name, str(path), payload)
                )
        return [*dated, *others] if dated else []

    def pending(self, trade_date: dt.date) -> list[RawPart]:
        """Nothing arrives here."""
        return []

    def stored(self, trade_date: dt.date) -> None:
        """Nothing to do: the files are somebody else's."""

    def _files(self) -> list[Path]:
        return sorted(
            path
            for path in self._require_folder().rglob("*")
            if path.is_file() and path.name.removesuffix(".gz").endswith(self._suffixes)
        )

    def _contents(self, path: Path) -> Held | None:
        status = path.stat()
        key = (path, status.st_mtime_ns, status.st_size)
        if key not in self._known:
            name = path.relative_to(self._require_folder()).as_posix()
            try:
                self._known[key] = self._held(path.read_bytes(), name)
            except UnreadablePayloadError:
                self._known[key] = None
        return self._known[key]


def is_date(text: str) -> bool:
    """Whether a text is a date as services write it."""
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
