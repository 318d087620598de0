"""What a lake holds: every file sorted to its universe, asset and partition by its path alone."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from resources.lake.lake import Lake, StoredFile
from resources.lake.layout import ARCHIVED, BLOBS, RECORDS, STUDIES


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file belongs.

    Attributes
    ----------
    owner
        A universe, ``_studies/<study>``, or the first folder of anything else.
    part
        ``layer``, ``record``, ``blob``, ``receipt``, ``study`` or ``other``.
    key
        The partition; empty for blobs, studies and others.
    """

    owner: str
    asset: str
    part: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """One asset's files together, in bytes; ``raw`` are its payloads and harvest records."""

    owner: str
    asset: str
    raw: bool
    partitions: int
    files: int
    size: int
    first: str
    last: str


def receipt_name(asset: str, raw: bool) -> str:
    """An asset's name among the receipts: its payloads and its layer are archived apart."""
    return f"{asset}{RECORDS}" if raw else asset


def place_of(path: str) -> Place:
    """The place of a lake path."""
    match path.split("/"):
        case [studies, study, asset, *rest] if studies == STUDIES and rest:
            return Place(f"{STUDIES}/{study}", asset, "study")
        case [universe, archived, asset, receipt] if archived == ARCHIVED:
            return Place(universe, asset, "receipt", receipt.removesuffix(".json"))
        case [universe, asset, records, key, _] if records == RECORDS:
            return Place(universe, asset, "record", key)
        case [universe, asset, blobs, _] if blobs == BLOBS:
            return Place(universe, asset, "blob")
        case [universe, asset, key, _] if not universe.startswith("_"):
            return Place(universe, asset, "layer", key)
        case [first, *_]:
            return Place(first, "", "other")
    raise ValueError(f"{path!r} is no path")


def sorted_files(lake: Lake, universe: str | None = None) -> dict[Place, list[StoredFile]]:
    """Every file by place; of one universe or of all, studies included.

    Raises
    ------
    LookupError
        If a universe is named of which the lake holds nothing.
    """
    found: dict[Place, list[StoredFile]] = defaultdict(list)
    for file in lake.files(universe or ""):
        found[place_of(file.path)].append(file)
    if universe is not None and not found:
        raise LookupError(f"{lake.uri} holds nothing of {universe}; run: optix harvest {universe}")
    return dict(found)


def layers(files: Iterable[tuple[Place, list[StoredFile]]]) -> list[Layer]:
    """One line per owner and asset, payloads apart from what was made of them."""
    grouped: dict[tuple[str, str, bool], list[tuple[Place, list[StoredFile]]]] = defaultdict(list)
    for place, members in files:
        grouped[place.owner, place.asset, place.part in ("record", "blob")].append((place, members))
    lines = []
    for (owner, asset, raw), members in sorted(grouped.items()):
        keys = sorted({place.key for place, _ in members if place.key and place.part != "receipt"})
        stored = [file for _, files_ in members for file in files_]
        lines.append(
            Layer(
                owner=owner,
                asset=asset,
                raw=raw,
                partitions=len(keys),
                files=len(stored),
                size=sum(file.size for file in stored),
                first=keys[0] if keys else "",
                last=keys[-1] if keys else "",
            )
        )
    return lines
