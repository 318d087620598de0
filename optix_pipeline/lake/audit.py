"""Whether a lake is intact: every byte that a record vouches for, read again and compared."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from optix_pipeline.lake.faults import Audit, Damage, Fault
from optix_pipeline.lake.gaps import missing_partitions
from optix_pipeline.lake.inventory import Place, sorted_files
from optix_pipeline.lake.receipts import Receipt, unanswered
from optix_pipeline.lake.statuses import status_problem
from resources.lake.errors import LakeError, LakeFileNotFoundError
from resources.lake.lake import Lake, StoredFile
from resources.lake.layout import STATUS_FILE
from resources.raw_store import CorruptPayloadError, HarvestRecord, RawStore, StoredPart, parts_digest

#: called with (label, files done, files in all)
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class _Verified:
    paths: tuple[str, ...]
    faults: tuple[Fault, ...] = ()


def audit(lake: Lake, universe: str | None = None, progress: Progress | None = None) -> Audit:
    """Read everything that a record, a status or a study vouches for, and compare every digest.

    Files that nothing vouches for (tear sheets, blobs that no record names) are counted as unrecorded, not as wrong.
    """
    found = sorted_files(lake, universe)
    checks: list[Callable[[], _Verified]] = []
    faults: list[Fault] = []
    records: list[tuple[Place, HarvestRecord]] = []
    receipts: list[tuple[Place, str, Receipt]] = []
    paths: set[str] = set()
    named = list(_read_documents(lake, found))
    for place, path, document in named:
        if isinstance(document, str):
            faults.append(Fault(_damage_of(place), place, path, document))
            continue
        if place.part == "record":
            problem = _record_problem(path, document)
            if problem:
                faults.append(Fault(Damage.RECORD, place, path, problem))
                continue
            records.append((place, HarvestRecord.from_json(document)))
            paths.add(path)
        elif place.part == "receipt":
            paths.add(path)
            receipts.append((place, path, Receipt.from_json(document)))
        else:
            checks += _file_checks(lake, place, path, document)
    checks += _payload_checks(lake, records)
    for done, result in enumerate(lake.overlapped(lambda check: check(), checks), start=1):
        paths.update(result.paths)
        faults += result.faults
        if progress:
            progress("files verified", done, len(checks))
    faults += missing_partitions(found, named)
    faults += unanswered(receipts)
    sizes = {file.path: file.size for files in found.values() for file in files}
    wrong = {fault.path for fault in faults}
    known = paths & set(sizes)
    return Audit(
        faults=sorted(faults, key=lambda fault: (fault.damage, fault.path)),
        verified_files=len(known - wrong),
        verified_bytes=sum(sizes[path] for path in known - wrong),
        unrecorded=tuple(sorted(p for p in set(sizes) - paths - wrong if not _in_wrong_folder(p, wrong))),
    )


def _in_wrong_folder(path: str, wrong: set[str]) -> bool:
    return path.rsplit("/", 1)[0] in wrong


def _damage_of(place: Place) -> Damage:
    return {"record": Damage.RECORD, "study": Damage.STUDY, "receipt": Damage.RECEIPT}.get(
        place.part, Damage.LAYER
    )


def _read_documents(
    lake: Lake, found: dict[Place, list[StoredFile]]
) -> Iterator[tuple[Place, str, dict[str, Any] | str]]:
    """Every record, status and study document: its content, or what is wrong with it."""
    wanted = [
        (place, file.path)
        for place, files in sorted(found.items(), key=lambda item: item[1][0].path)
        for file in files
        if place.part in ("record", "receipt")
        or (place.part == "layer" and file.path.endswith("/" + STATUS_FILE))
        or (place.part == "study" and file.path.endswith("/record.json"))
    ]

    def read(item: tuple[Place, str]) -> tuple[Place, str, dict[str, Any] | str]:
        place, path = item
        try:
            document = lake.read_json(path)
        except LakeError as error:
            return place, path, _told(error, lake, path)
        return place, path, _document_problem(place, document) or document

    return lake.overlapped(read, wanted)


def _document_problem(place: Place, document: Any) -> str:
    if not isinstance(document, dict):
        return "is no document of fields"
    if place.part == "layer":
        return status_problem(place.asset, place.key, document)
    if place.part == "receipt":
        try:
            Receipt.from_json(document)
        except ValueError as error:
            return str(error)
    return ""


def _record_problem(path: str, document: dict[str, Any]) -> str:
    try:
        record = HarvestRecord.from_json(document)
        said = parts_digest(record.parts)
    except (TypeError, KeyError, AttributeError) as error:
        return f"is no harvest record ({error})"
    if record.path != path:
        return f"holds the record of {record.path}"
    if said != record.digest:
        return f"its parts have digest {said[:12]}…, it says {record.digest[:12]}…: it was changed"
    return ""


def _payload_checks(
    lake: Lake, records: list[tuple[Place, HarvestRecord]]
) -> Iterator[Callable[[], _Verified]]:
    """Each payload once, however many records name it."""
    naming: dict[str, list[tuple[Place, StoredPart, str]]] = {}
    for place, record in records:
        for part in record.parts:
            naming.setdefault(part.path, []).append((place, part, record.key))
    for path, uses in sorted(naming.items()):
        place, part, _ = uses[0]
        keys = tuple(dict.fromkeys(key for _, _, key in uses))
        yield _payload_check(RawStore(lake, place.owner, place.asset), place, path, part, keys)


def _payload_check(
    store: RawStore, place: Place, path: str, part: StoredPart, keys: tuple[str, ...]
) -> Callable[[], _Verified]:
    def check() -> _Verified:
        try:
            store.payload(part)
        except (CorruptPayloadError, LakeError) as error:
            what = f"{_told(error, store.lake, path)} (received for {', '.join(keys[:3])}{'…' * (len(keys) > 3)})"
            return _Verified((path,), (Fault(Damage.PAYLOAD, place, path, what, part, keys),))
        return _Verified((path,))

    return check


def _file_checks(
    lake: Lake, place: Place, path: str, document: dict[str, Any]
) -> Iterator[Callable[[], _Verified]]:
    """What a status or a study's record vouches for: the files that it names with their digests, and itself."""
    named = list(named_files(document))
    damage = _damage_of(place)

    def itself() -> _Verified:
        if damage is Damage.STUDY and not named and "digest" in document:
            body = {name: value for name, value in document.items() if name != "digest"}
            if hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest() != document["digest"]:
                return _Verified((path,), (Fault(damage, place, path, "was changed after it was written"),))
        return _Verified((path,))

    def file(target: str, sha256: str) -> Callable[[], _Verified]:
        def check() -> _Verified:
            try:
                lake.read_bytes(target, sha256=sha256)
            except LakeError as error:
                return _Verified((target,), (Fault(damage, place, target, _told(error, lake, target)),))
            return _Verified((target,))

        return check

    yield itself
    for target, sha256 in named:
        yield file(target, sha256)


def named_files(document: Any) -> Iterator[tuple[str, str]]:
    """Every ``path`` with a ``sha256`` beside it, however deep."""
    if isinstance(document, dict):
        path, sha256 = document.get("path"), document.get("sha256")
        if isinstance(path, str) and isinstance(sha256, str) and path and sha256:
            yield path, sha256
        for value in document.values():
            yield from named_files(value)
    elif isinstance(document, list):
        for value in document:
            yield from named_files(value)


def _told(error: Exception, lake: Lake, path: str) -> str:
    """An error's message without the words that the fault's own line says already."""
    if isinstance(error, LakeFileNotFoundError):
        return "is missing"
    return str(error).removeprefix(f"{lake.uri}/{path} ").removeprefix("is ").strip()
