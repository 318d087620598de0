"""All assets of one universe."""

import dagster as dg

from assets.adjusted_quotes import build_adjusted_quotes
from assets.chain_month import build_chain_month
from assets.corporate_actions import build_corporate_actions
from assets.earnings_dates import build_earnings_dates
from assets.harvest_tick import HarvestTick
from assets.index_history import build_index_history
from assets.option_chain import build_option_chain
from assets.rates import build_rates
from assets.raw_quotes import build_raw_quotes
from assets.underlying_prices import build_underlying_prices
from assets.validated_quotes import build_validated_quotes
from assets.volatility_surface import build_volatility_surface
from resources.universe import UniverseSpec

#: the daily layers, in order; the first five need nothing but the harvest and each other
DAILY_ASSETS = (
    "raw_quotes",
    "underlying_prices",
    "rates",
    "validated_quotes",
    "quarantined_quotes",
    "adjusted_quotes",
    "superseded_quotes",
    "option_chain",
    "volatility_surface",
)
#: the monthly layers of reference data, of which a universe names some
MONTHLY_REFERENCE_ASSETS = ("corporate_actions", "earnings_dates", "index_history")


def monthly_reference_assets(universe: UniverseSpec) -> list[str]:
    """The monthly layers of reference data that the universe names, before anything that rests on them."""
    named = {
        "corporate_actions": universe.corporate_actions is not None,
        "earnings_dates": universe.earnings is not None,
        "index_history": bool(universe.index_histories),
    }
    return [asset for asset, wanted in named.items() if wanted]


def build_universe_assets(
    universe: UniverseSpec,
    daily: dg.TimeWindowPartitionsDefinition,
    monthly: dg.TimeWindowPartitionsDefinition,
    tick: HarvestTick,
) -> list[dg.AssetsDefinition]:
    """The chain from harvest to compaction: key prefix and group are the universe's name; ``tick`` its schedule's."""
    built = [
        build_raw_quotes(universe, daily, tick),
        build_underlying_prices(universe, daily),
        build_validated_quotes(universe, daily),
        build_adjusted_quotes(universe, daily),
        build_option_chain(universe, daily),
        build_volatility_surface(universe, daily),
        build_chain_month(universe, daily, monthly),
    ]
    if universe.rates is not None:
        built.append(build_rates(universe, daily))
    if universe.corporate_actions is not None:
        built.append(build_corporate_actions(universe, monthly))
    if universe.earnings is not None:
        built.append(build_earnings_dates(universe, monthly))
    if universe.index_histories:
        built.append(build_index_history(universe, monthly))
    return built
