"""What a lake should hold and does not: partitions and harvest records that others say they were made from."""

from collections.abc import Iterable, Iterator
from typing import Any

from optix_pipeline.lake.faults import Damage, Fault
from optix_pipeline.lake.inventory import Place, place_of, receipt_name
from resources.lake.lake import StoredFile
from resources.lake.layout import STATUS_FILE, partition_folder, status_path

#: layers that are made from others of the same day: the others must be there
_MADE_FROM = {
    "adjusted_quotes": ("validated_quotes", "quarantined_quotes"),
    "superseded_quotes": ("validated_quotes", "quarantined_quotes"),
    "option_chain": ("adjusted_quotes", "superseded_quotes"),
    "volatility_surface": ("option_chain",),
}
_MONTH_FROM = ("option_chain", "underlying_prices")


def missing_partitions(
    found: dict[Place, list[StoredFile]], named: Iterable[tuple[Place, str, dict[str, Any] | str]]
) -> Iterator[Fault]:
    """Partitions whose status is gone although files, or layers made from them, are there."""
    complete = {
        (p.owner, p.asset, p.key)
        for p, files in found.items()
        if p.part == "layer" and any(f.path.endswith("/" + STATUS_FILE) for f in files)
    }
    archived = {(p.owner, p.asset, p.key) for p in found if p.part == "receipt"}
    for place in found:
        if place.part == "layer" and (place.owner, place.asset, place.key) not in complete:
            folder = partition_folder(place.owner, place.asset, place.key)
            yield Fault(
                Damage.LAYER, place, folder, "has files and no status: it was not completed, or lost it"
            )
    yield from _missing_records(found, named, archived)
    wanted: dict[tuple[str, str, str], str] = {}
    for owner, asset, key in sorted(complete):
        for source in _MADE_FROM.get(asset, ()):
            wanted.setdefault((owner, source, key), f"{asset} {key}")
    for place, _, document in named:
        if place.asset == "chain_month" and place.part == "layer" and isinstance(document, dict):
            for day in document.get("days", {}):
                for source in _MONTH_FROM:
                    wanted.setdefault((place.owner, source, day), f"chain_month {place.key}")
    incomplete = {(p.owner, p.asset, p.key) for p in found if p.part == "layer"} - complete
    for (owner, asset, key), user in wanted.items():
        if (owner, asset, key) not in complete | archived | incomplete:
            place = Place(owner, asset, "layer", key)
            yield Fault(
                Damage.LAYER, place, status_path(owner, asset, key), f"is gone; {user} was made from it"
            )


def _missing_records(
    found: dict[Place, list[StoredFile]],
    named: Iterable[tuple[Place, str, dict[str, Any] | str]],
    archived: set[tuple[str, str, str]],
) -> Iterator[Fault]:
    """Harvest records that a layer says it was made from and that are gone."""
    there = {file.path for place, files in found.items() if place.part == "record" for file in files}
    reported: set[str] = set()
    for place, path, document in named:
        if place.part != "layer" or not isinstance(document, dict):
            continue
        for source in document.get("inputs", {}):
            origin = place_of(source)
            if origin.part != "record" or source in there | reported:
                continue
            if (origin.owner, receipt_name(origin.asset, True), origin.key) not in archived:
                reported.add(source)
                yield Fault(Damage.RECORD, origin, source, f"is missing; {path} was made from it")
