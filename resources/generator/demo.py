"""The demo set: three universes of vendor files in one folder."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resources.generator.defects import DefectKind
from resources.generator.demo_markets import DEMO_MARKETS
from resources.generator.manifest import (
    generator_digest,
    is_complete,
    read_manifest,
    remove_manifest,
    write_manifest,
)
from resources.generator.market import build_market
from resources.generator.specs import MarketSpec
from resources.generator.writer import UniverseWriter

Progress = Callable[[str, int, int], object]


@dataclass(frozen=True, slots=True)
class GenerationSummary:
    """What stands in a universe's folder.

    ``reused`` is true where it stood there complete before. ``defects`` counts the planted ones by kind.
    """

    universe: str
    folder: Path
    first_day: str
    last_day: str
    day_files: int
    quotes: int
    bytes: int
    defects: dict[str, int]
    reused: bool


def generate_demo(
    folder: Path, *, full: bool = False, progress: Progress | None = None
) -> dict[str, GenerationSummary]:
    """Generate the demo universes, each in its own folder under ``folder``.

    The same call gives the same bytes (on the same processor and versions of numpy, pyarrow and zlib), and
    a second one returns at once. A folder that is damaged, half finished, of another generator version or of
    the other length is generated anew; files that the earlier set had and this one lacks are removed.

    Parameters
    ----------
    full
        Three years of each; otherwise two years of the index and half a year of the others. The shorter
        set is the tail of the longer one: its day files are the same.
    progress
        Called as ``progress(universe, days_done, days_total)``.

    Returns
    -------
    dict[str, GenerationSummary]
        By universe name, in the order of generation.
    """
    return {
        spec.name: generate_universe(spec, folder / spec.name, full=full, progress=progress)
        for spec in DEMO_MARKETS
    }


def generate_universe(
    spec: MarketSpec, folder: Path, *, full: bool = False, progress: Progress | None = None
) -> GenerationSummary:
    """Generate one universe into its own folder; see `generate_demo`."""
    start = spec.start(full)
    identity = {"generator": generator_digest(), "start": start.isoformat(), "end": spec.end.isoformat()}
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder):
        before = read_manifest(folder)
        if before is not None and is_complete(folder, before, identity):
            summary = _summary(spec, folder, before, reused=True)
            if progress is not None:
                progress(spec.name, 1, 1)
            return summary
        remove_manifest(folder)
        writer = UniverseWriter(build_market(spec), folder, start)
        writer.write(lambda done, total: progress(spec.name, done, total) if progress is not None else None)
        _remove_leftovers(folder, writer.files)
        manifest: dict[str, Any] = {
            "identity": identity,
            "quotes": writer.rows,
            "day_files": writer.day_files,
            "files": writer.files,
        }
        write_manifest(folder, manifest)
        return _summary(spec, folder, manifest, reused=False)


def _remove_leftovers(folder: Path, files: dict[str, int]) -> None:
    """Remove what an earlier, longer or interrupted generation left: the folder holds the set and no more."""
    for path in sorted(folder.rglob("*")):
        ours = path.suffix in (".csv", ".gz", ".part")
        if ours and path.is_file() and path.relative_to(folder).as_posix() not in files:
            path.unlink()


def _summary(spec: MarketSpec, folder: Path, manifest: dict[str, Any], *, reused: bool) -> GenerationSummary:
    identity = manifest["identity"]
    in_set = [d for d in spec.defects if d.day.isoformat() >= identity["start"]]
    return GenerationSummary(
        universe=spec.name,
        folder=folder,
        first_day=identity["start"],
        last_day=identity["end"],
        day_files=manifest["day_files"],
        quotes=manifest["quotes"],
        bytes=sum(manifest["files"].values()),
        defects={k.value: n for k in DefectKind if (n := sum(d.kind is k for d in in_set))},
        reused=reused,
    )


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the folder against a second process, which waits and then finds the set complete."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
