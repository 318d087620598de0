"""Copies old partitions to a second lake and, where the policy says so, removes them here.

The order never varies: every file is read here and compared with the digest that its record states; copied; read
again from the archive and compared; then a receipt with all digests is written; and only then is anything deleted,
the partition's status first, so that a reader sees it whole or not at all. Interrupted anywhere, the next run ends
the same.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from optix_pipeline.lake.audit import Progress, named_files
from optix_pipeline.lake.elsewhere import refuse_same_place, refuse_shared_files
from optix_pipeline.lake.inventory import Place, receipt_name, sorted_files
from optix_pipeline.lake.policy import RAW, RetentionPolicy, last_day, refuse_unheld
from optix_pipeline.lake.receipts import read_receipt
from optix_pipeline.lake.statuses import status_problem
from resources.lake.errors import LakeError, LakeFileNotFoundError
from resources.lake.lake import Lake, StoredFile
from resources.lake.layout import RECORDS, STATUS_FILE, receipt_path
from resources.raw_store import CorruptPayloadError, HarvestRecord, RawStore


@dataclass(frozen=True)
class Move:
    """One partition that is to be archived.

    Attributes
    ----------
    files
        Of the partition; for raw the records and every payload that they name.
    delete
        The paths that leave the lake afterwards, in that order; payloads that other records still name stay.
    """

    universe: str
    asset: str
    key: str
    raw: bool
    files: tuple[StoredFile, ...]
    delete: tuple[str, ...]
    receipt: str

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


@dataclass
class Outcome:
    """What was done: partitions and bytes copied, files deleted, and what could not be archived."""

    copied: int = 0
    copied_bytes: int = 0
    deleted: int = 0
    deleted_bytes: int = 0
    refused: list[str] = field(default_factory=list)


def plan(
    lake: Lake,
    policy: RetentionPolicy,
    today: dt.date,
    universe: str | None = None,
    policy_file: Path | None = None,
) -> list[Move]:
    """The partitions that the policy wants archived or removed and that still are not.

    Raises
    ------
    ValueError
        If the archive is the lake, as far as that can be told without writing.
    LookupError, SpecError
        If the lake holds nothing of a universe that is named, by the caller or by the policy of ``policy_file``.
    """
    from resources.lake.opening import open_lake

    refuse_same_place(lake, open_lake(policy.archive))
    found = sorted_files(lake, universe)
    refuse_unheld(policy, {place.owner for place in found}, lake.uri, universe, policy_file)
    by_name: dict[tuple[str, str, str, bool], list[StoredFile]] = defaultdict(list)
    receipts = set()
    for place, files in found.items():
        if policy.universes is not None and place.owner not in policy.universes:
            continue
        if place.part in ("layer", "record"):
            by_name[place.owner, place.asset, place.key, place.part == "record"] += files
        elif place.part == "receipt":
            receipts.add((place.owner, place.asset, place.key))
    blobs = {file.path: file for place, files in found.items() if place.part == "blob" for file in files}
    keepers = _naming(lake, found, blobs)
    moves = []
    for (owner, asset, key, raw), files in sorted(by_name.items()):
        rule = policy.layers.get(RAW if raw else asset)
        day = last_day(asset, key)
        # a payload of no day (a file of all corporate actions) is always copied and never leaves
        if rule is None or (day is None and not raw) or (day and (today - day).days <= rule.keep_days):
            continue
        leaves = rule.delete and day is not None
        receipt = receipt_path(owner, receipt_name(asset, raw), key)
        copied = (owner, receipt_name(asset, raw), key) in receipts
        if copied and not leaves and _unchanged(lake, receipt, files):
            continue
        named = sorted(p for p, users in keepers.items() if raw and (owner, asset, key) in users)
        delete = sorted((f.path for f in files), key=lambda p: (not p.endswith("/" + STATUS_FILE), p))
        members = (*files, *(blobs[p] for p in named))
        moves.append(Move(owner, asset, key, raw, members, tuple(delete) if leaves else (), receipt))
    return _with_payloads(moves, keepers)


def _naming(
    lake: Lake, found: dict[Place, list[StoredFile]], blobs: dict[str, StoredFile]
) -> dict[str, set[tuple[str, str, str]]]:
    """Payload -> the (universe, dataset, key) whose records name it."""
    users: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    items = [(place, file.path) for place, files in found.items() if place.part == "record" for file in files]
    for (place, path), document in zip(
        items, lake.overlapped(lambda item: lake.read_json(item[1]), items), strict=True
    ):
        try:
            parts = HarvestRecord.from_json(document).parts
        except (TypeError, KeyError) as error:
            raise LakeError(
                f"{lake.uri}/{path} is no harvest record, so nobody knows which payloads it names; "
                "run optix lake repair"
            ) from error
        for part in parts:
            if part.path in blobs:
                users[part.path].add((place.owner, place.asset, place.key))
    return users


def _with_payloads(moves: list[Move], keepers: dict[str, set[tuple[str, str, str]]]) -> list[Move]:
    """A payload leaves with the last of the keys that name it."""
    leaving = [(m.universe, m.asset, m.key) for m in moves if m.raw and m.delete]
    last = {}
    for path, users in keepers.items():
        if users <= set(leaving):
            last[path] = max(users, key=leaving.index)
    mine: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for path, user in sorted(last.items()):
        mine[user].append(path)
    return [
        replace(m, delete=(*m.delete, *mine[m.universe, m.asset, m.key])) if m.raw and m.delete else m
        for m in moves
    ]


def _unchanged(lake: Lake, receipt: str, files: list[StoredFile]) -> bool:
    """Whether the archived copy is of these files: a status names the digests of its files, a record's name holds
    its own."""
    stated = read_receipt(lake, receipt).files
    if not all(file.path in stated for file in files):
        return False
    statuses = [file.path for file in files if file.path.endswith("/" + STATUS_FILE)]
    return all(
        hashlib.sha256(lake.read_bytes(path)).hexdigest() == stated[path]["sha256"] for path in statuses
    )


def carry_out(lake: Lake, archive: Lake, moves: list[Move], progress: Progress | None = None) -> Outcome:
    """Copy, verify, write receipts, delete. A partition that is damaged here stays as it is and is named.

    Raises
    ------
    ValueError
        If the archive is the lake under any name.
    """
    refuse_same_place(lake, archive)
    if moves:
        refuse_shared_files(lake, archive)
    outcome = Outcome()
    proven: dict[str, dict[str, Any]] = {}
    staying: set[str] = set()
    for done, move in enumerate(moves, start=1):
        try:
            _copy(lake, archive, move, proven)
        except (LakeError, CorruptPayloadError) as error:
            staying.update(file.path for file in move.files)  # payloads that other keys name too
            outcome.refused.append(f"{move.universe}/{move.asset} {move.key}: {error}")
            continue
        files = {file.path: proven[file.path] for file in move.files}
        lake.write_json(move.receipt, {"archive": archive.uri, "files": files})
        outcome.copied += 1
        outcome.copied_bytes += move.size
        for path in move.delete:
            if path not in staying:
                lake.delete(path)
                outcome.deleted += 1
                outcome.deleted_bytes += proven[path]["size"]
        if progress:
            progress("partitions archived", done, len(moves))
    return outcome


def _copy(lake: Lake, archive: Lake, move: Move, proven: dict[str, dict[str, Any]]) -> None:
    """Every file of a partition in the archive, proven by reading it back; its status or records last."""
    stated = _stated(lake, move, proven)

    def one(file: StoredFile) -> tuple[str, dict[str, Any]]:
        data = lake.read_bytes(file.path, sha256=stated.get(file.path))
        written = archive.write_bytes(file.path, data)
        archive.read_bytes(file.path, sha256=written.sha256)
        return file.path, {"sha256": written.sha256, "size": written.size}

    missing = [file for file in move.files if file.path not in proven]
    for last in (False, True):
        proven.update(lake.overlapped(one, [f for f in missing if f.path.endswith(".json") is last]))


def _stated(lake: Lake, move: Move, proven: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Path -> digest of what a partition's status vouches for; the payloads of raw are verified at once.

    Raises
    ------
    LakeError, CorruptPayloadError
        If a payload is damaged or gone, or a partition has lost its status or a file of it.
    """
    if move.raw:
        store = RawStore(lake, move.universe, move.asset)
        for file in move.files:
            if f"/{RECORDS}/" in file.path:
                for part in HarvestRecord.from_json(lake.read_json(file.path)).parts:
                    if part.path not in proven:
                        store.payload(part)
        return {}
    status = next((f.path for f in move.files if f.path.endswith("/" + STATUS_FILE)), None)
    if status is None:
        raise LakeError("the partition has no status; run optix lake repair")
    document = lake.read_json(status)
    problem = status_problem(move.asset, move.key, document)
    if problem:
        # nothing vouches for the files then
        raise LakeError(f"{lake.uri}/{status} {problem}; run optix lake repair")
    stated = dict(named_files(document))
    gone = sorted(set(stated) - {file.path for file in move.files})
    if gone:
        raise LakeError(f"{', '.join(gone)} is missing; run optix lake repair")
    return stated


def restore(
    lake: Lake, universe: str, first: dt.date | None, last: dt.date | None
) -> Iterator[tuple[str, int]]:
    """Bring archived partitions back, each file compared with its receipt; yields (receipt, files brought back).

    The receipt stays: it still says where the copy is.
    """
    from resources.lake.opening import open_lake

    for place, files in sorted(sorted_files(lake, universe).items(), key=lambda item: item[1][0].path):
        day = last_day(place.asset, place.key)
        if place.part != "receipt" or day is None:
            continue
        if (first and day < first) or (last and dt.date.fromisoformat(place.key) > last):
            continue
        receipt = read_receipt(lake, files[0].path)
        archive = open_lake(receipt.archive)
        wanted = sorted(receipt.files.items(), key=lambda item: (item[0].endswith(".json"), item[0]))
        missing = [(path, entry["sha256"]) for path, entry in wanted if not lake.exists(path)]
        for path, sha256 in missing:
            try:
                data = archive.read_bytes(path, sha256=sha256)
            except LakeFileNotFoundError:
                # "not in the lake" would be said of the archive, which is one, and be read of this lake
                raise LakeFileNotFoundError(
                    f"{path} is not in the archive {archive.uri}, where {files[0].path} says it is; bring the "
                    "archive back to that address, then run the same command"
                ) from None
            lake.write_bytes(path, data)
        if missing:
            yield files[0].path, len(missing)
