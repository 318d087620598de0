"""The releases of a universe: decisions on record in the lake, which validation reads."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from resources.data_quality.catalogue import CATALOGUE
from resources.data_quality.release_rules import ReleaseError, RowFix, RowRelease
from resources.lake.lake import Lake
from resources.raw_store import RawPart, RawStore

#: the raw store's dataset
DATASET = "quality_releases"
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
    record
        Path and digest of what the store keeps of it; None before it is kept.
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
    record: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ReleaseError(f"a release from {self.first} to {self.last} has no session; swap the dates")
        if not self.because.strip():
            raise ReleaseError("a release needs a reason that others can read; give --because")
        if not self.reasons:
            raise ReleaseError(
                "a release names at least one reason that it answers; see: optix quality explain"
            )
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
        said = (
            self.universe,
            self.underlying,
            str(self.first),
            str(self.last),
            *sorted(self.reasons),
            self.fix,
        )
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
        kept = {
            name: value for name, value in asdict(self).items() if name not in ("first", "last", "record")
        }
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
    """The releases of one universe, kept like everything else that was received: content-addressed, append-only.

    A revocation is a newer version of its release, so a run that used the older one can still be rebuilt.
    """

    def __init__(self, lake: Lake, universe: str) -> None:
        self._store = RawStore(lake, universe, DATASET)
        self.universe = universe

    def all(self) -> list[Release]:
        """Every release, revoked ones too, by the time at which it was made."""
        found = []
        for key in self._store.keys():  # noqa: SIM118 (no mapping)
            record = self._store.require(key)
            release = _from_json(json.loads(self._store.payload(record.parts[0])))
            found.append(replace(release, record=(record.path, record.digest)))
        return sorted(found, key=lambda release: (release.released_at, release.id))

    def in_force(self) -> list[Release]:
        """Those that have not been revoked."""
        return [release for release in self.all() if release.revoked_at is None]

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
        return self._keep(release, release.released_at)

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
            raise ReleaseError(
                f"{len(found)} releases of {self.universe} begin with {release_id}; known: {known}"
            )
        release = found[0]
        if release.revoked_at is not None:
            raise ReleaseError(f"release {release.id} was revoked on {release.revoked_at:%Y-%m-%d} already")
        if not because.strip():
            raise ReleaseError("a revocation needs a reason that others can read; give --because")
        return self._keep(replace(release, revoked_at=at, revoked_by=by, revoked_because=because), at)

    def _keep(self, release: Release, at: dt.datetime) -> Release:
        payload = json.dumps(_to_json(release), sort_keys=True, ensure_ascii=False).encode()
        part = RawPart.whole(DATASET, release.underlying, f"{release.id}.json", "optix quality", payload)
        record = self._store.put(release.id, [part], received_at=at)
        return replace(release, record=(record.path, record.digest))


def overruled_checks(
    releases: Sequence[Release], days: Sequence[dt.date]
) -> dict[tuple[dt.date, str], frozenset[str]]:
    """By session of these days and underlying, the checks that releases overrule."""
    found: dict[tuple[dt.date, str], frozenset[str]] = {}
    for release in releases:
        for day in days:
            if release.session_checks and release.covers(release.underlying, day):
                key = day, release.underlying
                found[key] = found.get(key, frozenset()) | frozenset(release.session_checks)
    return found


def release_inputs(releases: Iterable[Release]) -> dict[str, str]:
    """What a session that used releases names among its inputs: path -> digest of their records."""
    return dict(release.record for release in releases if release.record is not None)


def _to_json(release: Release) -> dict[str, Any]:
    content = {name: value for name, value in asdict(release).items() if name != "record"}
    return {
        **content,
        "first": str(release.first),
        "last": str(release.last),
        "reasons": sorted(release.reasons),
        "released_at": release.released_at.isoformat(),
        "revoked_at": None if release.revoked_at is None else release.revoked_at.isoformat(),
    }


def _from_json(content: dict[str, Any]) -> Release:
    revoked_at = content["revoked_at"]
    return Release(
        **{
            **content,
            "first": dt.date.fromisoformat(content["first"]),
            "last": dt.date.fromisoformat(content["last"]),
            "reasons": tuple(content["reasons"]),
            "released_at": dt.datetime.fromisoformat(content["released_at"]),
            "revoked_at": None if revoked_at is None else dt.datetime.fromisoformat(revoked_at),
        }
    )
