"""The spools of one universe's day: one for each snapshot that is not in the raw store yet."""

import datetime as dt
import logging
from pathlib import Path

from resources.network.spool import Spool

logger = logging.getLogger("optix.network")

_STAMP = "%Y%m%dT%H%M%SZ"


class SnapshotSpools:
    """Spools by the time at which their snapshot began.

    Parameters
    ----------
    now
        With a time zone.
    resume_within
        A snapshot that began longer ago is over: what it did not receive in time shows another market now.
    """

    def __init__(self, folder: Path, now: dt.datetime, resume_within: dt.timedelta) -> None:
        self.folder = folder
        begun = {name: path for path in sorted(folder.glob("*Z")) if (name := _begun(path)) is not None}
        fresh = [at for at in begun if now - resume_within <= at <= now]
        at = max(fresh, default=now.astimezone(dt.UTC))
        #: the one that goes on, or a new one
        self.current = Spool(begun.get(at, folder / at.strftime(_STAMP)))
        #: those that are over, as far as they got
        self.earlier = [Spool(path) for when, path in begun.items() if when != at]
        if self.earlier:
            logger.info(f"{folder}: {len(self.earlier)} interrupted snapshots are kept as far as they got")

    def empty(self) -> None:
        """Remove all of them: they are in the raw store."""
        for spool in (self.current, *self.earlier):
            spool.empty()
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()


def _begun(path: Path) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(path.name, _STAMP).replace(tzinfo=dt.UTC)
    except ValueError:
        return None
