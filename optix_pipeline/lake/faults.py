"""What can be wrong with a lake, and the outcome of looking."""

from dataclasses import dataclass, field
from enum import StrEnum

from optix_pipeline.lake.inventory import Place
from resources.raw_store import StoredPart


class Damage(StrEnum):
    """What is wrong, which decides how it can be mended."""

    LAYER = "layer"  # a file, status or whole partition of a layer: rebuilt from raw
    PAYLOAD = "payload"  # received bytes: only the source has them
    RECORD = "record"  # a harvest record
    RECEIPT = "receipt"  # of what was archived: the archive is not where it was
    STUDY = "study"  # a study's results: run it again


@dataclass(frozen=True, slots=True)
class Fault:
    """One file, or one partition, that is not what the lake's own records say."""

    damage: Damage
    place: Place
    path: str
    what: str
    part: StoredPart | None = None
    keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


@dataclass(frozen=True)
class Audit:
    """Outcome of one pass over a lake."""

    faults: list[Fault] = field(default_factory=list)
    verified_files: int = 0
    verified_bytes: int = 0
    unrecorded: tuple[str, ...] = ()
