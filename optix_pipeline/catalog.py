"""The universes and studies of this installation, checked against each other before anything runs."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml

from engine.backtest.study import StudySpec
from engine.strategies.registry import UnknownStrategyError, validate_parameters
from engine.validation.windows import WalkForwardPeriodError, month_windows
from optix_pipeline.generated_history import study_on, with_generated_start
from optix_pipeline.yaml_specs import SpecError, field_line, load_spec
from resources.home import data_folder, generated_folder
from resources.providers.registry import SettingsError, check_provider
from resources.reference.registry import check_actions
from resources.universe import UniverseSpec

Spec = TypeVar("Spec", UniverseSpec, StudySpec)

PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Catalog:
    """Universes and studies by name, and the file that each came from."""

    universes: dict[str, UniverseSpec]
    studies: dict[str, StudySpec]
    files: dict[str, Path]

    def universe(self, name: str) -> UniverseSpec:
        return _known(self.universes, name, "universe", "OPTIX_UNIVERSES")

    def study(self, name: str) -> StudySpec:
        return _known(self.studies, name, "study", "OPTIX_STUDIES")

    def studies_of(self, universe: str) -> list[StudySpec]:
        return [s for s in self.studies.values() if s.universe == universe]

    def study_text(self, name: str) -> str:
        """The study's YAML as its author wrote it; where it came from no file, as the spec reads."""
        path = self.files.get(f"study:{name}")
        if path is None:
            return yaml.safe_dump(self.studies[name].model_dump(mode="json"), sort_keys=False)
        return path.read_text(encoding="utf-8")


def _known(specs: dict[str, Spec], name: str, kind: str, variable: str) -> Spec:
    if name not in specs:
        known = ", ".join(sorted(specs)) or "none"
        overlooked = _overlooked(name, variable)
        way_out = (
            f"{overlooked} does not count, only *.yaml files do: rename it"
            if overlooked is not None
            else f"Add a folder of *.yaml files with {variable}"
        )
        raise SpecError(f"no {kind} is named {name}; known: {known}. {way_out}")
    return specs[name]


def _overlooked(name: str, variable: str) -> Path | None:
    """A file of that name which would count if its own name ended in .yaml."""
    for folder in _named_folders(variable):
        for path in sorted(folder.iterdir()):
            if path.stem == name and path.suffix != ".yaml" and path.suffix.lower() in (".yml", ".yaml"):
                return path
    return None


def folders(variable: str, shipped: Path, examples: Path) -> list[Path]:
    """Where specs are looked for: the package, the examples when a data folder is named, the variable's folders."""
    found = [shipped]
    if data_folder() is not None and examples.is_dir():
        found.append(examples)
    found += [folder for folder in _named_folders(variable) if folder not in found]
    return found


def _named_folders(variable: str) -> list[Path]:
    found: list[Path] = []
    for part in os.environ.get(variable, "").split(os.pathsep):
        if not part:
            continue
        folder = Path(part).expanduser().resolve()
        if not folder.is_dir():
            raise SpecError(f"{variable} names {part}, which is no folder; correct it or unset it")
        if folder not in found:
            found.append(folder)
    return found


def load_catalog() -> Catalog:
    """Load and check every YAML file.

    Raises
    ------
    SpecError
        Naming file, line and field of whatever can't work.
    """
    examples = PACKAGE.parent / "examples"
    written: dict[str, UniverseSpec] = {}
    universes: dict[str, UniverseSpec] = {}
    studies: dict[str, StudySpec] = {}
    files: dict[str, Path] = {}
    for folder in folders("OPTIX_UNIVERSES", PACKAGE / "universes", examples / "universes"):
        for path in sorted(folder.glob("*.yaml")):
            universe = load_spec(path, UniverseSpec)
            _check_provider(universe, path)
            _unique(f"universe:{universe.name}", path, files)
            written[universe.name] = universe
            universes[universe.name] = with_generated_start(universe, generated_folder())
    for folder in folders("OPTIX_STUDIES", PACKAGE / "studies", examples / "studies"):
        for path in sorted(folder.glob("*.yaml")):
            study = load_spec(path, StudySpec)
            _unique(f"study:{study.name}", path, files)
            if study.name in universes:
                raise SpecError(
                    f"{path}:{field_line(path, ('name',))}: name: {study.name} is a universe's name"
                )
            if study.universe in universes:
                study = study_on(study, written[study.universe], universes[study.universe])
            check_study(study, path, universes)
            studies[study.name] = study
    return Catalog(universes, studies, files)


def _check_provider(universe: UniverseSpec, path: Path) -> None:
    try:
        check_provider(universe)
        check_actions(universe)
    except SettingsError as error:
        raise SpecError(f"{path}:{field_line(path, error.location)}: {error}") from error


def _unique(label: str, path: Path, files: dict[str, Path]) -> None:
    if label in files:
        kind, name = label.split(":")
        raise SpecError(
            f"{path}:{field_line(path, ('name',))}: name: {kind} {name} is defined in {files[label]} too"
        )
    files[label] = path


def check_study(study: StudySpec, path: Path, universes: dict[str, UniverseSpec]) -> None:
    """The rules that tie a study to its universe and strategy.

    Raises
    ------
    SpecError
        For an unknown universe, underlying or strategy, a parameter that the strategy doesn't take, a period
        outside the universe's history, or a coin study in the wrong currency.
    """

    def fail(location: tuple[str | int, ...], message: str) -> SpecError:
        return SpecError(f"{path}:{field_line(path, location)}: {'.'.join(map(str, location))}: {message}")

    universe = universes.get(study.universe)
    if universe is None:
        known = ", ".join(sorted(universes)) or "none"
        raise fail(("universe",), f"no universe is named {study.universe}; known: {known}")
    symbols = [u.symbol for u in universe.underlyings]
    if study.underlying not in symbols:
        raise fail(("underlying",), f"{universe.name} has no {study.underlying}; it has {', '.join(symbols)}")
    if study.period.start < universe.start:
        raise fail(
            ("period", "start"), f"{study.period.start} is before {universe.name} starts ({universe.start})"
        )
    if universe.end is not None and study.period.end > universe.end:
        raise fail(("period", "end"), f"{study.period.end} is after {universe.name} ends ({universe.end})")
    try:
        validate_parameters(study.strategy.name, study.strategy.parameters)
    except UnknownStrategyError as error:
        raise fail(("strategy", "name"), str(error)) from error
    except ValueError as error:
        raise fail(("strategy", "parameters"), str(error).replace("\n", "; ")) from error
    if study.walk_forward is not None:
        for key, values in study.walk_forward.grid.items():
            for value in values:
                try:
                    validate_parameters(study.strategy.name, {**study.strategy.parameters, key: value})
                except ValueError as error:
                    message = f"{value!r}: {error}".replace("\n", "; ")
                    raise fail(("walk_forward", "grid", key), message) from error
        try:
            month_windows(
                study.period.start,
                study.period.end,
                study.walk_forward.train_months,
                study.walk_forward.test_months,
            )
        except WalkForwardPeriodError as error:
            raise fail(("walk_forward", "train_months"), str(error)) from error
    if study.capital.base_currency not in {"USD", universe.quote_currency, universe.settlement_currency}:
        raise fail(
            ("capital", "base_currency"),
            f"{study.capital.base_currency} is not a currency of {universe.name} ({universe.quote_currency})",
        )
