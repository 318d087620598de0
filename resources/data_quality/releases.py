"""The releases of a universe: records in the lake, append-only, that validation reads."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from resources.data_quality.catalogue import CATALOGUE
from resources.data_quality.release_rules import ReleaseError, RowFix, RowRelease
from resources.lake.lake import Lake
from resources.lake.layout import release_path, releases_folder, revocation_path

#: how a reason that names a check of the whole session is written
SESSION_PREFIX = "session:"
#: where nothing was received or could be read, there is nothing to let through
_OVERRULABLE = tuple(
    sorted(name for name, check in CATALOGUE.items() if check.level != "row" and not check.fixed)
)


@dataclass(frozen=True)
class Release:
    """Somebody's decision to let through what the suite kept out.

    Attributes
    ----------
    first, last
        Range of sessions, both included.
    reasons
        Names of row rules, or of session checks behind ``session:``; one kind per release.
    fix
        See ``release_rules.RowFix``; always ``accept`` for session checks.
    because, released_by, released_at
        For the audit; no part of the id, nor of any digest.
    revoked_at, revoked_by, revoked_because
        Empty while the release is in force.
    """

    universe: str
    underlying: str
    first: dt.date
    last: dt.date
    reasons: tuple[str, ...]
    fix: str
    because: str
    released_by: str
    released_at: dt.datetime
    revoked_at: dt.datetime | None = None
    revoked_by: str = ""
    revoked_because: str = ""

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ReleaseError(f"a release from {self.first} to {self.last} has no session; swap the dates")
        if not self.because.strip():
            raise ReleaseError("a release needs a reason that others can read; give --because")
        if not self.reasons:
            raise ReleaseError("a release names at least one reason that it answers; see: optix quality explain")
        session = [reason for reason in self.reasons if reason.startswith(SESSION_PREFIX)]
        if not session:
            RowRelease(self.id, self.reasons, RowFix(self.fix))
            return
        if len(session) < len(self.reasons):
            raise ReleaseError("a release answers reasons of rows or of sessions; make two releases")
        if self.fix != "accept":
            raise ReleaseError(f"{session[0]} is judged of a whole session: there is no fix but accept")
        for check in self.session_checks:
            if check not in _OVERRULABLE:
                known = ", ".join(_OVERRULABLE)
                raise ReleaseError(f"{check} is no check that can be overruled; there are {known}")

    @property
    def id(self) -> str:
        """The same decision has the same id, whoever takes it and whenever."""
        said = (self.universe, self.underlying, str(self.first), str(self.last), *sorted(self.reasons), self.fix)
        return hashlib.sha256("\x00".join(said).encode()).hexdigest()[:12]

    @property
    def session_checks(self) -> tuple[str, ...]:
        """The session checks that it overrules."""
        return tuple(r.removeprefix(SESSION_PREFIX) for r in self.reasons if r.startswith(SESSION_PREFIX))

    @property
    def row_release(self) -> RowRelease | None:
        """Its part for rows; None where it overrules a session check."""
        return None if self.session_checks else RowRelease(self.id, self.reasons, RowFix(self.fix))

    def row(self) -> dict[str, Any]:
        """Its row in Postgres."""
        kept = {name: value for name, value in asdict(self).items() if name not in ("first", "last")}
        return {
            **kept,
            "id": self.id,
            "first_session": self.first,
            "last_session": self.last,
            "reasons": sorted(self.reasons),
        }

    def covers(self, underlying: str, day: dt.date) -> bool:
        """Whether it is in force for an underlying's session."""
        return self.revoked_at is None and self.underlying == underlying and self.first <= day <= self.last


class ReleaseStore:
    """The releases of one universe in its lake."""

    def __init__(self, lake: Lake, universe: str) -> None:
        self.lake = lake
        self.universe = universe

    def all(self) -> list[Release]:
        """Every release, revoked ones too, by the time at which it was made."""
        found = []
        for path in self.lake.list(releases_folder(self.universe)):
            if path.endswith(".revoked.json"):
                continue
            release = _from_json(self.lake.read_json(path))
            revoked = revocation_path(self.universe, release.id)
            if self.lake.exists(revoked):
                said = self.lake.read_json(revoked)
                release = replace(
                    release,
                    revoked_at=dt.datetime.fromisoformat(said["revoked_at"]),
                    revoked_by=said["revoked_by"],
                    revoked_because=said["revoked_because"],
                )
            found.append(release)
        return sorted(found, key=lambda release: (release.released_at, release.id))

    def add(self, release: Release) -> Release:
        """Keep a release; the same decision again returns the one that stands.

        Raises
        ------
        ReleaseError
            If the same decision was revoked: a revocation stays on record.
        """
        for known in self.all():
            if known.id == release.id:
                if known.revoked_at is not None:
                    raise ReleaseError(
                        f"release {known.id} was revoked by {known.revoked_by} ({known.revoked_because}); a release of "
                        "exactly the same sessions, reasons and fix cannot be made again: choose another range"
                    )
                return known
        self.lake.write_json(release_path(self.universe, release.id), _to_json(release))
        return release

    def revoke(self, release_id: str, *, by: str, at: dt.datetime, because: str) -> Release:
        """Take a release back; its record stays.

        Raises
        ------
        ReleaseError
            If there is none that begins with this id, several do, or it has been revoked.
        """
        found = [release for release in self.all() if release.id.startswith(release_id)]
        if len(found) != 1:
            known = ", ".join(release.id for release in self.all()) or "none"
            raise ReleaseError(f"{len(found)} releases of {self.universe} begin with {release_id}; known: {known}")
        release = found[0]
        if release.revoked_at is not None:
            raise ReleaseError(f"release {release.id} was revoked on {release.revoked_at:%Y-%m-%d} already")
        if not because.strip():
            raise ReleaseError("a revocation needs a reason that others can read; give --because")
        said = {"revoked_at": at.isoformat(), "revoked_by": by, "revoked_because": because}
        self.lake.write_json(revocation_path(self.universe, release.id), said)
        return replace(release, revoked_at=at, revoked_by=by, revoked_because=because)


def release_inputs(releases: Iterable[Release]) -> dict[str, str]:
    """What a session that used releases names among its inputs: path -> digest of what they say."""
    return {release_path(release.universe, release.id): release.id for release in releases}


def _to_json(release: Release) -> dict[str, Any]:
    content = {name: value for name, value in asdict(release).items() if not name.startswith("revoked")}
    return {
        **content,
        "first": str(release.first),
        "last": str(release.last),
        "reasons": sorted(release.reasons),
        "released_at": release.released_at.isoformat(),
    }


def _from_json(content: dict[str, Any]) -> Release:
    return Release(
        **{
            **content,
            "first": dt.date.fromisoformat(content["first"]),
            "last": dt.date.fromisoformat(content["last"]),
            "reasons": tuple(content["reasons"]),
            "released_at": dt.datetime.fromisoformat(content["released_at"]),
        }
    )
