"""``volatility_surface``: an SVI slice for every expiry of the option chain, without static arbitrage."""

import datetime as dt
import sys
from typing import Any

import dagster as dg
import numpy as np
import pyarrow as pa

from assets import engine_arrays as ea
from assets.day_status import DayStatus, made_from, read_status, write_status, write_underlying
from assets.layers import daily_asset, daily_result, each_day, partition_days
from assets.naming import picture, universe_key
from assets.surface_rows import (
    CHAIN_COLUMNS,
    NEAR_DEVIATIONS,
    ChainSurface,
    chain_surfaces,
    constant_maturity_iv,
    surface_rows,
)
from engine.pricing.surface.arbitrage import ROUNDING
from engine.pricing.surface.surface import SliceSource
from engine.pricing.surface.svi import total_variance
from resources.lake.lake import Lake
from resources.lake.layout import partition_path
from resources.lake.resource import LakeResource
from resources.schemas import SURFACE_SCHEMA
from resources.universe import UniverseSpec

ASSET = "volatility_surface"
NO_BUTTERFLY, NO_CALENDAR, NEAR_QUOTES = (
    "no_butterfly_arbitrage",
    "no_calendar_arbitrage",
    "surface_near_quotes",
)
#: a slice is near its quotes below this root mean square, decimal volatility; share of slices below which it warns
NEAR_ERROR, NEAR_SHARE = 0.02, 0.9
_INDEX_DAYS = 30
_LINE_POINTS = 121
#: the rows of each day and underlying that has any
Tables = dict[tuple[dt.date, str], pa.Table]


def fit_days(universe: UniverseSpec, lake: Lake, days: list[dt.date]) -> tuple[list[DayStatus], Tables]:
    """Build the layer for these sessions."""
    made = each_day(lambda day: _fit_day(universe, lake, day), days, lake)
    return [status for status, _ in made], {key: rows for _, tables in made for key, rows in tables.items()}


def _fit_day(universe: UniverseSpec, lake: Lake, day: dt.date) -> tuple[DayStatus, Tables]:
    upstream = read_status(lake, universe, "option_chain", day)
    underlyings, tables = {}, {}
    for name, before in sorted(upstream.underlyings.items()):
        pieces = [SURFACE_SCHEMA.empty_table()]
        if before.rows:
            chain = lake.read_table(before.path, columns=CHAIN_COLUMNS, sha256=before.sha256)
            pieces += [
                surface_rows(made, coin_settled=universe.coin_settled) for made in chain_surfaces(chain)
            ]
        table = pa.concat_tables(pieces).unify_dictionaries()
        path = partition_path(universe.name, ASSET, day.isoformat(), name)
        underlyings[name] = write_underlying(
            lake, path, table, status=before.status, reasons=before.reasons, warnings=before.warnings
        )
        if table.num_rows:
            tables[day, name] = table
    status = DayStatus(day, underlyings, made_from(upstream))
    write_status(lake, universe, ASSET, status)
    return status, tables


def arbitrage_check(name: str, column: str, tables: Tables) -> dg.AssetCheckResult:
    """Whether a column of ``SURFACE_SCHEMA`` is nowhere below zero, and where it is lowest."""
    lowest, where, failing = np.inf, "", 0
    for (day, underlying), table in tables.items():
        values = ea.floats(table, column)
        failing += int(np.sum(values < -ROUNDING))
        if np.isnan(values).all():
            continue
        row = int(np.nanargmin(values))
        if values[row] < lowest:
            lowest = float(values[row])
            root, expiry = (table.column(c)[row].as_py() for c in ("root", "expiry"))
            where = f"{underlying} {day}, {root} {expiry}"
    if not where:
        return dg.AssetCheckResult(
            check_name=name,
            passed=True,
            severity=dg.AssetCheckSeverity.ERROR,
            description="no slice to judge in these partitions",
        )
    return dg.AssetCheckResult(
        check_name=name,
        passed=failing == 0,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{failing} slices fail; {column} is lowest, {lowest:.3g}, at {where}",
        metadata={f"least_{column}": lowest, "where": where, "slices_that_fail": failing},
    )


def near_check(tables: Tables) -> dg.AssetCheckResult:
    """Whether nearly all slices pass near the quotes that they were fitted to."""
    errors = np.concatenate([np.empty(0), *(ea.floats(table, "rms_error") for table in tables.values())])
    errors = errors[np.isfinite(errors)]
    share = float(np.mean(errors <= NEAR_ERROR)) if errors.size else None
    return dg.AssetCheckResult(
        check_name=NEAR_QUOTES,
        passed=share is None or share >= NEAR_SHARE,
        severity=dg.AssetCheckSeverity.WARN,
        description=(
            "no slice with quotes in these partitions"
            if share is None
            else f"{share:.1%} of {errors.size} slices are within {100 * NEAR_ERROR:.0f} volatility points of their "
            f"quotes, median {100 * float(np.median(errors)):.2f}"
        ),
        metadata={} if share is None else {"near_share": share, "median_rms_error": float(np.median(errors))},
    )


def _of_day(tables: Tables) -> dict[dt.date, dict[str, Any]]:
    """What the UI plots over the days: the volatility thirty days ahead in the last snapshot."""
    found: dict[dt.date, dict[str, Any]] = {}
    for (day, name), table in tables.items():
        last = ea.microseconds(table, "ts")
        sigma = constant_maturity_iv(table.filter(pa.array(last == last[-1])), _INDEX_DAYS)
        if np.isfinite(sigma):
            found.setdefault(day, {})[f"{name}_atm_iv_{_INDEX_DAYS}d"] = sigma
    return found


def surface_picture(universe: UniverseSpec, lake: Lake, tables: Tables) -> dg.MarkdownMetadataValue | None:
    """The last snapshot with slices of the last usable day: quotes, slices and the term structure."""
    if not tables:
        return None
    day = max(day for day, _ in tables)
    name = min(name for of, name in tables if of == day)
    upstream = read_status(lake, universe, "option_chain", day).underlyings[name]
    chain = lake.read_table(upstream.path, columns=CHAIN_COLUMNS, sha256=upstream.sha256)
    made = [made for made in chain_surfaces(chain) if made.surface.quotes.code.size][-1]
    return picture(figure_of(made, f"{name} {day}"), f"volatility surface of {name} on {day}")


def figure_of(made: ChainSurface, title: str) -> bytes:
    """The picture of one surface, PNG."""
    from engine.reports.figures import surface_figure

    surface, quotes = made.surface, made.surface.quotes
    first = made.first_rows
    atm = np.sqrt(total_variance(np.zeros(quotes.code.size), surface.parameters) / quotes.year_fraction)
    deviation = np.sqrt(quotes.year_fraction) * atm
    points = deviation[:, None] * np.linspace(-6.0, 3.0, _LINE_POINTS)
    each = np.repeat(np.arange(quotes.code.size), _LINE_POINTS)
    fitted = total_variance(points.ravel(), surface.parameters.at(each)) / quotes.year_fraction[each]
    drawn = np.where(surface.source == SliceSource.NONE, np.nan, atm)
    return surface_figure(
        expiry_days=ea.days(made.rows, "expiry")[first],
        labels=ea.texts(made.rows, "root")[first].tolist(),
        year_fraction=quotes.year_fraction,
        at_the_money=drawn,
        quote_expiry=quotes.expiry,
        log_moneyness=quotes.log_moneyness,
        sigma_bid=ea.floats(made.rows, "iv_bid")[quotes.row],
        sigma_ask=ea.floats(made.rows, "iv_ask")[quotes.row],
        fitted_log_moneyness=points,
        fitted_sigma=np.sqrt(fitted).reshape(points.shape),
        rms_error=surface.rms_error(NEAR_DEVIATIONS),
        title=title,
    )


def build_volatility_surface(
    universe: UniverseSpec, daily: dg.TimeWindowPartitionsDefinition
) -> dg.AssetsDefinition:
    """The Dagster asset of one universe."""
    key = universe_key(universe, ASSET)
    descriptions = {
        NO_BUTTERFLY: "No slice has a negative density: no butterfly costs less than nothing, at any strike.",
        NO_CALENDAR: "No slice falls below the one before it: no calendar spread costs less than nothing.",
        NEAR_QUOTES: (
            f"At least {NEAR_SHARE:.0%} of the slices are within {100 * NEAR_ERROR:.0f} volatility points (root mean "
            "square, near the money) of the quotes that they were fitted to."
        ),
    }

    @dg.asset(
        **daily_asset(universe, ASSET, daily, sys.modules[__name__], SURFACE_SCHEMA),
        deps=[universe_key(universe, "option_chain")],
        kinds={"parquet", "numpy"},
        check_specs=[
            dg.AssetCheckSpec(name, asset=key, description=text) for name, text in descriptions.items()
        ],
        description=(
            "An SVI slice for every expiry, fitted to firm and wide quotes out of the money, free of butterfly and "
            "calendar arbitrage; where an expiry has few quotes SSVI over all of them speaks for it. Beside it the "
            "variance of each expiry's strip of options by Cboe's method."
        ),
    )
    def volatility_surface(context: dg.AssetExecutionContext, lake: LakeResource):
        store = lake.open()
        statuses, tables = fit_days(universe, store, partition_days(context))
        drawn = surface_picture(universe, store, tables)
        yield daily_result(context, statuses, of_day=_of_day(tables), **({"surface": drawn} if drawn else {}))
        yield arbitrage_check(NO_BUTTERFLY, "worst_density", tables)
        yield arbitrage_check(NO_CALENDAR, "worst_crossing", tables)
        yield near_check(tables)

    return volatility_surface
