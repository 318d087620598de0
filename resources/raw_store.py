"""The append-only store of payloads exactly as they were received.

Bytes are kept once, under their own SHA-256 (``_blobs``); a record (``_records``) says which of them a
harvest of one key (a day, a month) received. The same content again is a no-op, other content a new version
beside the old one; nothing is ever overwritten.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pyarrow as pa

from resources.lake.errors import LakeError
from resources.lake.lake import Lake
from resources.lake.layout import blob_path, record_path, records_folder

#: the kind of the parts that hold option quotes
QUOTES = "quotes"
_GZIP_MAGIC = b"\x1f\x8b"
#: fixed, so that equal payloads give equal files
_ZSTD_LEVEL = 3


class CorruptPayloadError(RuntimeError):
    """A stored payload is not what was received."""


class MissingHarvestError(LookupError):
    """A key that was asked for has not been harvested."""


@dataclass(frozen=True, slots=True)
class RawPart:
    """One file as received, and which part of it belongs to the key that is harvested.

    Attributes
    ----------
    kind
        What it holds: ``quotes``, ``underlying_prices``, ``settlement_prices``, ``rates``, ...
    underlying
        Whose it is; None for a file that serves all of them.
    name
        Path relative to the provider's folder: the same on every machine.
    source
        Where it was found: absolute path or address. For people; never part of a digest.
    payload
        The bytes as received, compressed or not.
    slice_rule
        For a file of many days: which lines belong to the key. None: all of it.
    slice_digest
        SHA-256 of just the header and these lines (of ``payload`` without a rule), so that a file that has
        grown changes nothing for the days that it held before.
    """

    kind: str
    underlying: str | None
    name: str
    source: str
    payload: bytes
    slice_rule: str | None
    slice_digest: str

    @classmethod
    def whole(cls, kind: str, underlying: str | None, name: str, source: str, payload: bytes) -> "RawPart":
        """A file that belongs to the key as a whole."""
        digest = hashlib.sha256(payload).hexdigest()
        return cls(kind, underlying, name, source, payload, None, digest)


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part as the record tells of it; ``sha256`` and ``size`` are of the bytes as received."""

    kind: str
    underlying: str | None
    name: str
    source: str
    slice_rule: str | None
    slice_digest: str
    sha256: str
    size: int
    path: str


@dataclass(frozen=True, slots=True)
class HarvestRecord:
    """One version of what was received for a key.

    ``new`` says whether this very ``put`` wrote it; it is not stored.
    """

    universe: str
    dataset: str
    key: str
    sequence: int
    digest: str
    received_at: str
    parts: tuple[StoredPart, ...]
    new: bool = False

    @property
    def path(self) -> str:
        """Lake path of the record."""
        return record_path(self.universe, self.dataset, self.key, self.sequence, self.digest)

    @property
    def has_quotes(self) -> bool:
        """Whether option quotes came; prices of the underlying may come without them."""
        return any(part.kind == QUOTES for part in self.parts)

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "new"}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "HarvestRecord":
        return cls(**{**content, "parts": tuple(StoredPart(**part) for part in content["parts"])})


def parts_digest(parts: Iterable[RawPart | StoredPart]) -> str:
    """SHA-256 over what the parts say: kind, underlying, name and slice digest of each, in sorted order."""
    rows = sorted((p.kind, p.underlying or "", p.name, p.slice_digest) for p in parts)
    return hashlib.sha256("\n".join("\x00".join(row) for row in rows).encode()).hexdigest()


class RawStore:
    """Payloads of one dataset of one universe.

    Two processes that harvest the same key at once may write two records of one sequence; both stay, and the
    order by (sequence, digest) is the same for everybody.
    """

    def __init__(self, lake: Lake, universe: str, dataset: str) -> None:
        self.lake = lake
        self.universe = universe
        self.dataset = dataset

    def put(self, key: str, parts: Sequence[RawPart], *, received_at: dt.datetime) -> HarvestRecord:
        """Keep what was received for a key.

        Blobs are written before the record that names them, so an interrupted put leaves no record.

        Parameters
        ----------
        received_at
            When it was received, with a time zone; recorded, never part of a digest.

        Returns
        -------
        HarvestRecord
            The latest record where the content is the same (a blob that went missing is put back), else the
            new one. No parts at all never supersede a record that has some: a source that has dropped an old
            file does not undo its harvest.
        """
        if received_at.tzinfo is None:
            raise ValueError(f"received_at {received_at} has no time zone")
        digest = parts_digest(parts)
        latest = self.latest(key)
        if latest is not None and not parts:
            return latest
        if latest is not None and latest.digest == digest and self._restored(latest, parts):
            return latest
        stored = tuple(
            sorted(
                (self._keep(part) for part in parts),
                key=lambda p: (p.kind, p.underlying or "", p.name, p.sha256),
            )
        )
        record = HarvestRecord(
            universe=self.universe,
            dataset=self.dataset,
            key=key,
            sequence=1 if latest is None else latest.sequence + 1,
            digest=digest,
            received_at=received_at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
            parts=stored,
        )
        if self.lake.write_new_json(record.path, record.to_json()):
            return replace(record, new=True)
        # another process received the same at the same time; its record stays
        return HarvestRecord.from_json(self.lake.read_json(record.path))

    def latest(self, key: str) -> HarvestRecord | None:
        """The newest version of a key; None where it was never harvested."""
        paths = self._record_paths(key)
        return HarvestRecord.from_json(self.lake.read_json(paths[-1])) if paths else None

    def require(self, key: str) -> HarvestRecord:
        """The newest version of a key.

        Raises
        ------
        MissingHarvestError
            If the key was never harvested.
        """
        record = self.latest(key)
        if record is None:
            raise MissingHarvestError(
                f"{self.universe}/{self.dataset} has no harvest of {key}; run: optix harvest {self.universe}"
            )
        return record

    def versions(self, key: str) -> list[HarvestRecord]:
        """Every version of a key, oldest first."""
        return [HarvestRecord.from_json(self.lake.read_json(path)) for path in self._record_paths(key)]

    def keys(self) -> list[str]:
        """The keys that have been harvested, sorted."""
        folder = records_folder(self.universe, self.dataset)
        return sorted({path[len(folder) + 1 :].split("/")[0] for path in self.lake.list(folder)})

    def payload(self, part: StoredPart) -> bytes:
        """The bytes of a part as they were received, verified.

        Raises
        ------
        CorruptPayloadError
            If the stored bytes cannot be unpacked or their SHA-256 is not the recorded one.
        LakeFileNotFoundError
            If the file is gone.
        """
        stored = self.lake.read_bytes(part.path)
        where = f"{self.lake.uri}/{part.path}"
        if part.path.endswith(".zst"):
            try:
                received = pa.decompress(
                    stored, decompressed_size=part.size, codec="zstd", asbytes=True, memory_pool=None
                )
            except (pa.ArrowException, OSError) as error:
                raise CorruptPayloadError(
                    f"{where} ({part.name}) cannot be unpacked ({error}): the stored file was changed or "
                    "damaged; restore it, or delete it and harvest again"
                ) from error
        else:
            received = stored
        found = hashlib.sha256(received).hexdigest()
        if found != part.sha256:
            raise CorruptPayloadError(
                f"{where} ({part.name}) has sha256 {found[:12]}…, received was {part.sha256[:12]}…: the "
                "stored file was changed or damaged; restore it, or delete it and harvest again"
            )
        return bytes(received)

    def restore(self, part: StoredPart, payload: bytes) -> None:
        """Put back the bytes of a part whose stored file is damaged or gone.

        Raises
        ------
        CorruptPayloadError
            If these are not the bytes that were received.
        """
        found = hashlib.sha256(payload).hexdigest()
        if found != part.sha256:
            raise CorruptPayloadError(
                f"{part.name}: these bytes have sha256 {found[:12]}…, received was {part.sha256[:12]}…"
            )
        self.lake.write_bytes(part.path, _zstd(payload) if part.path.endswith(".zst") else payload)
        self.payload(part)

    def load(self, record: HarvestRecord) -> list[RawPart]:
        """The parts of a record with their verified payloads, as a provider's ``parse`` takes them."""
        return [
            RawPart(p.kind, p.underlying, p.name, p.source, self.payload(p), p.slice_rule, p.slice_digest)
            for p in record.parts
        ]

    def export_to(self, other: Lake, record: HarvestRecord) -> HarvestRecord:
        """Copy a record and its payloads into another lake, verifying every digest on the way."""
        if parts_digest(record.parts) != record.digest:
            raise CorruptPayloadError(
                f"{self.lake.uri}/{record.path}: its parts do not give its digest {record.digest[:12]}…; "
                "the record was changed"
            )
        for part in record.parts:
            self.payload(part)
            self.lake.copy(part.path, other)
        other.write_json(record.path, record.to_json())
        return record

    def _record_paths(self, key: str) -> list[str]:
        paths = self.lake.list(records_folder(self.universe, self.dataset, key))
        return sorted(paths, key=lambda path: record_order(self.lake, path))

    def _keep(self, part: RawPart) -> StoredPart:
        sha256 = hashlib.sha256(part.payload).hexdigest()
        packed = part.payload.startswith(_GZIP_MAGIC)
        path = blob_path(self.universe, self.dataset, sha256, "gz" if packed else "zst")
        # content-addressed: what is there under this name is the same bytes already
        if not self.lake.exists(path):
            self.lake.write_new(path, part.payload if packed else _zstd(part.payload))
        return StoredPart(
            part.kind,
            part.underlying,
            part.name,
            part.source,
            part.slice_rule,
            part.slice_digest,
            sha256,
            len(part.payload),
            path,
        )

    def _restored(self, record: HarvestRecord, parts: Sequence[RawPart]) -> bool:
        """Whether every blob of the record is there, after putting back those whose bytes are at hand."""
        missing = [part for part in record.parts if not self.lake.exists(part.path)]
        if not missing:
            return True
        at_hand = {hashlib.sha256(part.payload).hexdigest(): part for part in parts}
        if any(part.sha256 not in at_hand for part in missing):
            return False
        for part in missing:
            self._keep(at_hand[part.sha256])
        return True


def _zstd(payload: bytes) -> bytes:
    return bytes(pa.Codec("zstd", compression_level=_ZSTD_LEVEL).compress(payload, asbytes=True))


def record_order(lake: Lake, path: str) -> tuple[int, str]:
    """By what the versions of a key are ordered: sequence and digest of a record, from its path."""
    sequence, separator, digest = path.rsplit("/", 1)[-1].removesuffix(".json").partition("-")
    if not (separator and sequence.isdigit()):
        raise LakeError(f"{lake.uri}/{path} is no harvest record; move it out of the _records folder")
    return int(sequence), digest
