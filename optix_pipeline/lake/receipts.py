"""Receipts of what was archived, and whether the archives that they name still have it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from optix_pipeline.lake.faults import Damage, Fault
from optix_pipeline.lake.inventory import Place
from resources.lake.errors import LakeFormatError
from resources.lake.lake import Lake
from resources.lake.layout import receipts_folder


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a partition was copied to.

    Attributes
    ----------
    archive
        Address of the other lake.
    files
        Lake path -> ``sha256`` and ``size``.
    """

    archive: str
    files: Mapping[str, Mapping[str, Any]]

    @classmethod
    def from_json(cls, document: Any) -> "Receipt":
        """The receipt of a JSON document.

        Raises
        ------
        ValueError
            If the document is none.
        """
        archive = document.get("archive") if isinstance(document, dict) else None
        files = document.get("files") if isinstance(document, dict) else None
        if not isinstance(archive, str) or not isinstance(files, dict):
            raise ValueError("is no receipt of an archived partition")
        for entry in files.values():
            said = (entry.get("sha256"), entry.get("size")) if isinstance(entry, dict) else ()
            if [type(value) for value in said] != [str, int]:
                raise ValueError("is no receipt of an archived partition")
        return cls(archive, files)


def read_receipt(lake: Lake, path: str) -> Receipt:
    """A receipt of the lake.

    Raises
    ------
    LakeFormatError
        If the file is none.
    """
    try:
        return Receipt.from_json(lake.read_json(path))
    except LakeFormatError:
        raise
    except ValueError as error:
        raise LakeFormatError(
            f"{lake.uri}/{path} {error}; delete it, and the partition is archived again if the lake still has it"
        ) from error


def unanswered(receipts: list[tuple[Place, str, Receipt]]) -> Iterator[Fault]:
    """Receipts whose archive has not what they say: one fault for an archive that has nothing, else one a receipt.

    An archive is listed once for each universe; its bytes are not read.
    """
    from resources.lake.opening import open_lake

    by_archive: dict[tuple[str, str], list[tuple[Place, str, Receipt]]] = defaultdict(list)
    for place, path, receipt in receipts:
        by_archive[receipt.archive, place.owner].append((place, path, receipt))
    silent: dict[str, str] = {}  # asked once: a store that is down takes its time to say so
    for (uri, owner), members in sorted(by_archive.items()):
        place, folder = members[0][0], receipts_folder(owner)
        said = f"{len(members)} receipts name the archive {uri}, which"
        there: dict[str, int] = {}
        if uri not in silent:
            try:
                there = {file.path: file.size for file in open_lake(uri).files(owner)}
            except (OSError, ValueError, LookupError) as error:
                silent[uri] = str(error)
        if uri in silent:
            yield Fault(Damage.RECEIPT, place, folder, f"{said} does not answer: {silent[uri]}")
            continue
        if not there:
            what = f"{said} holds nothing of {owner}; bring the archive back to that address"
            yield Fault(Damage.RECEIPT, place, folder, what)
            continue
        for place, path, receipt in members:
            lost = [p for p, entry in sorted(receipt.files.items()) if there.get(p) != entry["size"]]
            if lost:
                what = (
                    f"{len(lost)} of its {len(receipt.files)} files are not in the archive {uri} as they were"
                )
                yield Fault(Damage.RECEIPT, place, path, f"{what}, the first is {lost[0]}")
