"""From the format that a universe names to the adapter that reads it."""

from pathlib import Path

from resources.providers.actions_csv import CsvActions
from resources.providers.cboe_csv import CboeCsvProvider
from resources.providers.deribit_surface_csv import DeribitSurfaceCsvProvider
from resources.providers.file_adapter import FileAdapter
from resources.providers.fred_csv import FredRates
from resources.providers.optionsdx_deribit import OptionsDxDeribitProvider
from resources.providers.protocol import Provider, ProviderError
from resources.universe import UniverseSpec

_ADAPTERS: dict[str, type[FileAdapter]] = {
    adapter.format_name: adapter
    for adapter in (CboeCsvProvider, OptionsDxDeribitProvider, DeribitSurfaceCsvProvider)
}


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
    name = universe.provider.format
    if name not in _ADAPTERS:
        raise ProviderError(
            f"universe {universe.name}: provider.format {name!r} is unknown; there are "
            f"{', '.join(provider_formats())}"
        )
    provider: Provider = _ADAPTERS[name](universe, folder)  # type: ignore[assignment]
    return provider


def make_rates(universe: UniverseSpec, folder: Path) -> FredRates | None:
    """The source of a universe's interest rates; None where it names none (coins)."""
    return None if universe.rates is None else FredRates(universe, universe.rates, folder)


def make_actions(universe: UniverseSpec, path: Path) -> CsvActions | None:
    """The source of a universe's corporate actions; None where it names none."""
    return None if universe.corporate_actions is None else CsvActions(universe, path)
