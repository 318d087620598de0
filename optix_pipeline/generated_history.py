"""A generated universe starts where its files start: ``optix demo --full`` makes three years of them."""

import datetime as dt
from pathlib import Path

from engine.backtest.study import StudySpec
from resources.generator.manifest import read_manifest
from resources.universe import UniverseSpec

_PLACEHOLDER = "${generated}/"


def generated_folder_of(universe: UniverseSpec, generated: Path) -> Path | None:
    """Where a generated universe's files stand; None for other universes."""
    if not universe.provider.path.startswith(_PLACEHOLDER):
        return None
    return generated / universe.provider.path.removeprefix(_PLACEHOLDER)


def generated_start(universe: UniverseSpec, generated: Path) -> dt.date | None:
    """First day of the files that stand in a generated universe's folder; None for other universes, or where
    nothing has been generated yet."""
    folder = generated_folder_of(universe, generated)
    manifest = read_manifest(folder) if folder else None
    return dt.date.fromisoformat(manifest["identity"]["start"]) if manifest else None


def with_generated_start(universe: UniverseSpec, generated: Path) -> UniverseSpec:
    """The universe with the longer history that its files have; never a shorter one."""
    start = generated_start(universe, generated)
    if start is None or start >= universe.start:
        return universe
    return universe.model_copy(update={"start": start})


def study_on(study: StudySpec, written: UniverseSpec, found: UniverseSpec) -> StudySpec:
    """A study that began with its universe's history as written begins with the longer one too."""
    if found.start >= written.start or study.period.start != written.start:
        return study
    return study.model_copy(update={"period": study.period.model_copy(update={"start": found.start})})
