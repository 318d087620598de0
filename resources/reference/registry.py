"""From the formats that a universe names to the readers of its reference data."""

from collections.abc import Mapping
from pathlib import Path

from resources.providers.file_adapter import AdapterSettings
from resources.providers.registry import SettingsError, validated
from resources.reference.corporate_actions import (
    actions_csv,
    lean_factor_files,
    memos_yaml,
    polygon_actions,
    splits_catalog_json,
)
from resources.reference.corporate_actions.format import ActionsFormat
from resources.reference.corporate_actions.polygon_service import PolygonActionsSettings, PolygonActionsSource
from resources.reference.corporate_actions.source import ActionsSource, PricesFile
from resources.reference.earnings import earnings_sqlite
from resources.reference.earnings.source import EarningsReader, EarningsSource
from resources.reference.prices import daily_price_csv, vix_daily_csv, yahoo_daily_csv
from resources.reference.prices.bars import PriceFormat
from resources.reference.prices.quandl_wiki_zip import WIKI
from resources.reference.prices.source import IndexHistorySource
from resources.reference.prices.tiingo_daily_csv import TIINGO
from resources.reference.rates import fred_csv, lean_interest_rate, sofr_ohlc_csv, treasury_cmt_csv
from resources.reference.rates.series import RateFormat
from resources.reference.rates.source import RatesSource
from resources.universe import UniverseSpec

RATE_FORMATS: dict[str, RateFormat] = {
    module.FORMAT.name: module.FORMAT
    for module in (fred_csv, treasury_cmt_csv, sofr_ohlc_csv, lean_interest_rate)
}
ACTION_FORMATS: dict[str, ActionsFormat] = {
    actions.name: actions
    for actions in (
        actions_csv.FORMAT,
        lean_factor_files.FORMAT,
        memos_yaml.FORMAT,
        polygon_actions.FORMAT,
        splits_catalog_json.FORMAT,
        WIKI.actions_format,
        TIINGO.actions_format,
    )
}
PRICE_FORMATS: dict[str, PriceFormat] = {
    prices.name: prices
    for prices in (
        vix_daily_csv.FORMAT,
        yahoo_daily_csv.FORMAT,
        daily_price_csv.FORMAT,
        WIKI.price_format,
        TIINGO.price_format,
    )
}
EARNINGS_FORMATS: dict[str, EarningsReader] = {earnings_sqlite.NAME: earnings_sqlite.parse}


def make_rates(universe: UniverseSpec, path: Path) -> RatesSource | None:
    """The source of a universe's interest rates; None where it names none (coins)."""
    spec = universe.rates
    return None if spec is None else RatesSource(universe, spec, path, RATE_FORMATS[spec.format])


def make_actions(
    universe: UniverseSpec, path: Path, prices: Path | None = None, memos: Path | None = None
) -> ActionsSource | None:
    """The source of a universe's corporate actions; None where it names none.

    ``prices`` and ``memos`` are the paths of ``corporate_actions.prices`` and ``.memos``, where it names them.
    ``polygon_actions`` without a path asks the service.
    """
    spec = universe.corporate_actions
    if spec is None:
        return None
    if spec.format == polygon_actions.NAME and not spec.path:
        return PolygonActionsSource(
            universe, PolygonActionsSettings.model_validate(spec.settings), memos=memos
        )
    file = (
        PricesFile(prices, PRICE_FORMATS[spec.prices.format])
        if spec.prices is not None and prices is not None
        else None
    )
    return ActionsSource(universe, path, ACTION_FORMATS[spec.format], file, memos)


def check_actions(universe: UniverseSpec) -> None:
    """Whether the format of the corporate actions takes what the universe says of it.

    Raises
    ------
    SettingsError
        With the place in the YAML and the rule.
    """
    spec = universe.corporate_actions
    if spec is None:
        return
    asks = spec.format == polygon_actions.NAME
    model = PolygonActionsSettings if asks and not spec.path else AdapterSettings
    validated(model, spec.settings, ("corporate_actions", "settings"), spec.format)
    if not spec.path and not asks:
        raise SettingsError(("corporate_actions", "path"), f"{spec.format} reads files; name them")


def make_index_histories(universe: UniverseSpec, paths: Mapping[str, Path]) -> IndexHistorySource | None:
    """The source of the histories that a universe names, with the path of each; None where it names none."""
    return IndexHistorySource(universe, paths, PRICE_FORMATS) if universe.index_histories else None


def make_earnings(universe: UniverseSpec, path: Path) -> EarningsSource | None:
    """The source of a universe's earnings dates; None where it names none."""
    spec = universe.earnings
    return None if spec is None else EarningsSource(universe, path, EARNINGS_FORMATS[spec.format])
