"""Answers that have arrived but are not in the raw store yet, kept on disk so that a rerun goes on from there.

One folder per snapshot or day. An answer is two files named by the digest of its address: the bytes, then a note
with address, time and SHA-256. The note is written last and by renaming, so an answer without a valid note has
not arrived. The key travels in a header and so is in neither.
"""

import datetime as dt
import hashlib
import json
import logging
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from resources.network.addresses import without_secrets

logger = logging.getLogger("optix.network")


@dataclass(frozen=True)
class SpooledAnswer:
    """An answer as it arrived; ``resumed`` says whether an earlier run received it."""

    url: str
    body: bytes
    received_at: dt.datetime
    resumed: bool = False


class Spool:
    """A folder of answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, url: str) -> SpooledAnswer | None:
        """What arrived for an address; None where nothing did, or what did is damaged."""
        return self._read(self._note(url))

    def write(self, url: str, body: bytes, received_at: dt.datetime) -> SpooledAnswer:
        """Keep an answer."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shown = without_secrets(url)
        note = {
            "url": shown,
            "received_at": received_at.astimezone(dt.UTC).isoformat(),
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        path = self._note(url)
        _write_atomically(path.with_suffix(".body"), body)
        _write_atomically(path, json.dumps(note, indent=1).encode())
        return SpooledAnswer(shown, body, received_at)

    def drop(self, url: str) -> None:
        """Forget an answer that turned out to be unusable, so that a rerun asks again."""
        path = self._note(url)
        path.unlink(missing_ok=True)
        path.with_suffix(".body").unlink(missing_ok=True)

    def answers(self) -> list[SpooledAnswer]:
        """Everything that has arrived, by the time of arrival."""
        found = [self._read(path) for path in sorted(self.folder.glob("*.json"))]
        return sorted(
            (answer for answer in found if answer is not None), key=lambda a: (a.received_at, a.url)
        )

    def empty(self) -> None:
        """Remove the folder: its answers are in the raw store."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _note(self, url: str) -> Path:
        digest = hashlib.sha256(without_secrets(url).encode()).hexdigest()
        return self.folder / f"{digest[:40]}.json"

    def _read(self, path: Path) -> SpooledAnswer | None:
        try:
            note = json.loads(path.read_bytes())
            body = path.with_suffix(".body").read_bytes()
            if hashlib.sha256(body).hexdigest() != note["sha256"]:
                raise ValueError("its bytes are not those that arrived")
            return SpooledAnswer(
                note["url"], body, dt.datetime.fromisoformat(note["received_at"]), resumed=True
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            logger.warning(f"{path} is damaged ({error}); it is asked for again")
            return None


def _write_atomically(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
