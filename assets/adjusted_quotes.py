"""``adjusted_quotes``: validated quotes plus permanent contract identity and adjusted terms, point in time."""

import datetime as dt
import sys

import dagster as dg
import numpy as np
import pyarrow as pa

from assets import engine_arrays as ea
from assets.corporate_actions import ActionsInForce
from assets.day_status import DayStatus, UnderlyingStatus, read_status, write_status
from assets.layers import daily_asset, daily_result, each_day, partition_days
from assets.naming import universe_key
from engine.corporate_actions.contract_adjustment import original_terms
from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.corporate_actions.price_factors import price_factor_as_of
from engine.instruments.identity import contract_ids
from resources.lake.digest import table_digest
from resources.lake.lake import Lake
from resources.lake.layout import partition_path
from resources.lake.resource import LakeResource
from resources.schemas import ADJUSTED_SCHEMA, QUOTE_SCHEMA
from resources.universe import UniverseSpec

ASSET = "adjusted_quotes"


def adjust_quotes(
    quotes: pa.Table, universe: UniverseSpec, underlying: str, day: dt.date, actions: list[CorporateAction]
) -> pa.Table:
    """Quotes of one underlying and session with identity and adjusted terms.

    Parameters
    ----------
    quotes
        Rows of ``QUOTE_SCHEMA``.
    actions
        Actions of any underlying. One that only became known after the quotes' own time is left out: what is
        announced in the evening must not change the contracts of that day's close.

    Returns
    -------
    pa.Table
        ``ADJUSTED_SCHEMA``, in the lake's total order.
    """
    spec = universe.underlying(underlying)
    known_until = int(ea.microseconds(quotes, "ts").min(initial=np.iinfo(np.int64).max))
    own = [a for a in actions if a.underlying == underlying and a.known_at_us <= known_until]
    splits = [a for a in own if a.kind is ActionKind.SPLIT and a.effective_date <= day]
    trade_days = (day - dt.date(1970, 1, 1)).days
    strike = ea.floats(quotes, "strike")
    terms = original_terms(strike, trade_days, splits)
    root_codes, roots = ea.codes(quotes, "root")
    expiry, right = ea.days(quotes, "expiry"), ea.rights(quotes)
    ids = np.zeros(len(strike), dtype=np.int64)
    for code, root in enumerate(roots):
        rows = root_codes == code
        ids[rows] = contract_ids(
            spec.id, root, expiry[rows], right[rows], terms.original_strike[rows], terms.era[rows]
        )
    multiplier = ea.floats(quotes, "multiplier")
    unit = universe.settlement_currency if spec.kind == "coin" else underlying
    settlement, kinds = ea.codes(quotes, "settlement_type")
    # what one contract delivers: shares of the underlying, or the cash value of that many units
    multipliers, multiplier_code = np.unique(multiplier, return_inverse=True)
    pairs, pair_code = np.unique(multiplier_code * len(kinds) + settlement, return_inverse=True)
    labels = [
        f"{m:g} {unit}" if kind == "physical" else f"cash value of {m:g} {unit}"
        for m, kind in ((multipliers[p // len(kinds)], kinds[p % len(kinds)]) for p in pairs.tolist())
    ]
    # units of today that one unit from before the first recorded action has become: spot * factor is continuous
    first = min((a.effective_date for a in splits), default=day)
    before = min(trade_days, (first - dt.date(1970, 1, 1)).days - 1)
    to_today = price_factor_as_of(splits, underlying, np.array([before], dtype=np.int32), trade_days)
    table = pa.table(
        {
            "contract_id": pa.array(ids),
            **{name: quotes.column(name) for name in QUOTE_SCHEMA.names},
            "original_strike": pa.array(terms.original_strike),
            "listing_era": ea.encoded(terms.era_code, terms.eras),
            "adjustment_factor": pa.array(terms.adjustment_factor),
            "adjusted_strike": pa.array(terms.adjusted_strike),
            "adjusted_multiplier": pa.array(multiplier),
            "deliverable": ea.encoded(pair_code, labels),
            "underlying_price_factor": pa.array(np.full(len(ids), 1.0 / float(to_today[0]))),
        }
    )
    return table.cast(ADJUSTED_SCHEMA)


def adjust_days(universe: UniverseSpec, lake: Lake, days: list[dt.date]) -> list[DayStatus]:
    """Build the layer for these sessions; a blocked or absent underlying gets an empty file."""
    in_force = ActionsInForce(universe, lake)
    return each_day(lambda day: _adjust_day(universe, lake, in_force, day), days, lake)


def _adjust_day(universe: UniverseSpec, lake: Lake, in_force: ActionsInForce, day: dt.date) -> DayStatus:
    upstream = read_status(lake, universe, "validated_quotes", day)
    actions, action_inputs = in_force.on(day)
    underlyings = {}
    for name, before in upstream.underlyings.items():
        path = partition_path(universe.name, ASSET, day.isoformat(), name)
        if before.status == "ok":
            quotes = lake.read_table(before.path, sha256=before.sha256)
            table = adjust_quotes(quotes, universe, name, day, actions)
        else:
            table = ADJUSTED_SCHEMA.empty_table()
        written = lake.write_table(path, table)
        underlyings[name] = UnderlyingStatus(
            status=before.status,
            reasons=before.reasons,
            warnings=before.warnings,
            rows=table.num_rows,
            path=path,
            sha256=written.sha256,
            digest=table_digest(table),
        )
    status = DayStatus(day, underlyings, {**upstream.inputs, **action_inputs})
    write_status(lake, universe, ASSET, status)
    return status


def build_adjusted_quotes(
    universe: UniverseSpec, daily: dg.TimeWindowPartitionsDefinition
) -> dg.AssetsDefinition:
    """The Dagster asset of one universe."""
    deps: list[dg.AssetKey] = [universe_key(universe, "validated_quotes")]
    if universe.corporate_actions is not None:
        deps.append(universe_key(universe, "corporate_actions"))

    @dg.asset(
        **daily_asset(universe, ASSET, daily, sys.modules[__name__], ADJUSTED_SCHEMA),
        deps=deps,
        kinds={"parquet", "python"},
        description=(
            "Validated quotes with a permanent contract_id, and the terms in force that day (strike, multiplier, "
            "deliverable) beside the listed ones. Uses only corporate actions known on the day."
        ),
    )
    def adjusted_quotes(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        statuses = adjust_days(universe, lake.open(), partition_days(context))
        return daily_result(context, statuses)

    return adjusted_quotes
