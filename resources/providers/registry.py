"""From the format that a universe names to the adapter that reads it."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from resources.providers.cboe_csv import CboeCsvProvider
from resources.providers.deribit_rest import DeribitRestProvider
from resources.providers.deribit_surface_csv import DeribitSurfaceCsvProvider
from resources.providers.file_adapter import AdapterSettings, FileAdapter
from resources.providers.optionsdx_deribit import OptionsDxDeribitProvider
from resources.providers.polygon_flat_files import PolygonFlatFilesProvider
from resources.providers.polygon_snapshot import PolygonSnapshotProvider
from resources.providers.protocol import Provider, ProviderError
from resources.universe import UniverseSpec

_ADAPTERS: dict[str, type[FileAdapter]] = {
    adapter.format_name: adapter
    for adapter in (
        CboeCsvProvider,
        OptionsDxDeribitProvider,
        DeribitSurfaceCsvProvider,
        DeribitRestProvider,
        PolygonSnapshotProvider,
        PolygonFlatFilesProvider,
    )
}


class SettingsError(ValueError):
    """A field below ``provider`` that the format cannot use; ``location`` is its place in the YAML."""

    def __init__(self, location: tuple[str | int, ...], rule: str) -> None:
        super().__init__(f"{'.'.join(map(str, location))}: {rule}")
        self.location = location
        self.rule = rule


def provider_formats() -> list[str]:
    """The formats that a universe may name, sorted."""
    return sorted(_ADAPTERS)


def settings_models() -> dict[str, type[AdapterSettings]]:
    """The settings of the formats that have any, by format."""
    models = {name: adapter.settings_model for name, adapter in _ADAPTERS.items()}
    return {name: model for name, model in sorted(models.items()) if model.model_fields}


def make_provider(universe: UniverseSpec, folder: Path) -> Provider:
    """The source of a universe's quotes. The folder is not touched yet; parsing never needs it.

    Raises
    ------
    ProviderError
        If there is no such format, or the universe asks what the format cannot give.
    """
    try:
        check_provider(universe)
    except SettingsError as error:
        raise ProviderError(f"universe {universe.name}: {error}") from error
    provider: Provider = _ADAPTERS[universe.provider.format](universe, folder)  # type: ignore[assignment]
    return provider


def check_provider(universe: UniverseSpec) -> None:
    """Whether the format exists and takes the universe's settings, without making the provider.

    Raises
    ------
    SettingsError
        With the place in the YAML and the rule, for an error that names file and line.
    """
    name = universe.provider.format
    if name not in _ADAPTERS:
        raise SettingsError(
            ("provider", "format"), f"{name!r} is unknown; there are {', '.join(provider_formats())}"
        )
    settings = validated(
        _ADAPTERS[name].settings_model, universe.provider.settings, ("provider", "settings"), name
    )
    if not universe.provider.path and _ADAPTERS[name].needs_folder(settings):
        raise SettingsError(("provider", "path"), f"the format {name} reads a folder; name it")


def validated(
    model: type[AdapterSettings], given: dict[str, Any], location: tuple[str, ...], format_name: str
) -> AdapterSettings:
    """What a universe sets for a format; raises ``SettingsError``."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        known = ", ".join(model.model_fields) or "no settings at all"
        rule = "unknown setting" if first["type"] == "extra_forbidden" else first["msg"]
        raise SettingsError(
            (*location, *first["loc"]), f"{rule}; the format {format_name} has {known}"
        ) from error
