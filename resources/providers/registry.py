"""From the format that a universe names to the adapter that reads it."""

from pathlib import Path

from pydantic import ValidationError

from resources.providers.cboe_csv import CboeCsvProvider
from resources.providers.cboe_intraday_csv import CboeIntradayCsvProvider
from resources.providers.cboe_json import CboeJsonProvider
from resources.providers.deribit_surface_csv import DeribitSurfaceCsvProvider
from resources.providers.file_adapter import FileAdapter
from resources.providers.generic_table import GenericTableProvider
from resources.providers.historicaloptiondata_csv import HistoricalOptionDataCsvProvider
from resources.providers.ivolatility_csv import IVolatilityCsvProvider
from resources.providers.optionsdx_deribit import OptionsDxDeribitProvider
from resources.providers.optionsdx_equity import OptionsDxEquityProvider
from resources.providers.orats_csv import OratsCsvProvider
from resources.providers.protocol import Provider, ProviderError
from resources.providers.risk_site_json import RiskSiteJsonProvider
from resources.providers.tardis_options_chain import TardisOptionsChainProvider
from resources.providers.yfinance_csv import YfinanceCsvProvider
from resources.universe import UniverseSpec

_ADAPTERS: dict[str, type[FileAdapter]] = {
    adapter.format_name: adapter
    for adapter in (
        CboeCsvProvider,
        CboeIntradayCsvProvider,
        CboeJsonProvider,
        DeribitSurfaceCsvProvider,
        GenericTableProvider,
        HistoricalOptionDataCsvProvider,
        IVolatilityCsvProvider,
        OptionsDxEquityProvider,
        OratsCsvProvider,
        TardisOptionsChainProvider,
        OptionsDxDeribitProvider,
        RiskSiteJsonProvider,
        YfinanceCsvProvider,
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
    try:
        settings = _ADAPTERS[name].settings_model.model_validate(universe.provider.settings)
    except ValidationError as error:
        first = error.errors()[0]
        known = ", ".join(_ADAPTERS[name].settings_model.model_fields) or "no settings at all"
        rule = "unknown setting" if first["type"] == "extra_forbidden" else first["msg"]
        raise SettingsError(
            ("provider", "settings", *first["loc"]), f"{rule}; the format {name} has {known}"
        ) from error
    fault = _ADAPTERS[name].settings_fault(universe, settings)
    if fault is not None:
        raise SettingsError(("provider", "settings", *fault[0]), fault[1])
