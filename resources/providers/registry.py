"""From the format that a universe names to the adapter that reads it.

Adapters are imported when a universe needs them: a table of names costs nothing, twenty modules do.
"""

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from resources.providers.file_adapter import AdapterSettings, FileAdapter
from resources.providers.protocol import Provider, ProviderError
from resources.universe import UniverseSpec

#: format -> module below ``resources.providers``, and the class in it
_ADAPTERS: dict[str, tuple[str, str]] = {
    "cboe_csv": ("cboe_csv", "CboeCsvProvider"),
    "cboe_intraday_csv": ("cboe_intraday_csv", "CboeIntradayCsvProvider"),
    "cboe_json": ("cboe_json", "CboeJsonProvider"),
    "deribit_rest": ("deribit_rest", "DeribitRestProvider"),
    "deribit_surface_csv": ("deribit_surface_csv", "DeribitSurfaceCsvProvider"),
    "generic_table": ("generic_table", "GenericTableProvider"),
    "historicaloptiondata_csv": ("historicaloptiondata_csv", "HistoricalOptionDataCsvProvider"),
    "ivolatility_csv": ("ivolatility_csv", "IVolatilityCsvProvider"),
    "lean_options": ("lean.options", "LeanOptionsProvider"),
    "lean_universe": ("lean.universe_files", "LeanUniverseProvider"),
    "optionsdx_deribit": ("optionsdx_deribit", "OptionsDxDeribitProvider"),
    "optionsdx_equity": ("optionsdx_equity", "OptionsDxEquityProvider"),
    "orats_csv": ("orats_csv", "OratsCsvProvider"),
    "polygon_flat_files": ("polygon_flat_files", "PolygonFlatFilesProvider"),
    "polygon_snapshot": ("polygon_snapshot", "PolygonSnapshotProvider"),
    "risk_site_json": ("risk_site_json", "RiskSiteJsonProvider"),
    "tardis_options_chain": ("tardis_options_chain", "TardisOptionsChainProvider"),
    "yfinance_csv": ("yfinance_csv", "YfinanceCsvProvider"),
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
    models = {name: adapter_of(name).settings_model for name in provider_formats()}
    return {name: model for name, model in models.items() if model.model_fields}


@lru_cache
def adapter_of(format_name: str) -> type[FileAdapter]:
    """The adapter of a format that exists."""
    module, name = _ADAPTERS[format_name]
    adapter: type[FileAdapter] = getattr(import_module(f"resources.providers.{module}"), name)
    return adapter


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
    provider: Provider = adapter_of(universe.provider.format)(universe, folder)  # type: ignore[assignment]
    return provider


def reads_folder(universe: UniverseSpec) -> bool:
    """Whether a universe that was checked takes its quotes from a folder of files."""
    adapter = adapter_of(universe.provider.format)
    return adapter.needs_folder(adapter.settings_model.model_validate(universe.provider.settings))


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
    adapter = adapter_of(name)
    place = ("provider", "settings")
    settings = validated(adapter.settings_model, universe.provider.settings, place, name)
    fault = adapter.settings_fault(universe, settings)
    if fault is not None:
        raise SettingsError((*place, *fault[0]), fault[1])
    if not universe.provider.path and adapter.needs_folder(settings):
        raise SettingsError(("provider", "path"), f"the format {name} reads a folder; name it")


def validated(
    model: type[AdapterSettings], given: dict[str, Any], location: tuple[str, ...], format_name: str
) -> AdapterSettings:
    """What a universe sets for a format.

    Raises
    ------
    SettingsError
        For a field that the format does not have, or a value that it cannot use.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        owner = f"the format {format_name}"
        level: type[BaseModel] = model
        for depth, part in enumerate(first["loc"][:-1], 1):
            inner = _section(level, part)
            if inner is None:
                break
            owner, level = ".".join(map(str, first["loc"][:depth])), inner
        known = ", ".join(level.model_fields) or "no settings at all"
        rule = "unknown setting" if first["type"] == "extra_forbidden" else first["msg"]
        raise SettingsError((*location, *first["loc"]), f"{rule}; {owner} has {known}") from error


def _section(model: type[BaseModel], name: str | int) -> type[BaseModel] | None:
    """The model of a setting that is a section of settings; None of other settings."""
    field = model.model_fields.get(str(name))
    if field is None:
        return None
    sections = [field.annotation, *get_args(field.annotation)]
    return next((s for s in sections if isinstance(s, type) and issubclass(s, BaseModel)), None)
