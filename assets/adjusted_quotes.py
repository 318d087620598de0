"""``adjusted_quotes``: validated quotes plus permanent contract identity and adjusted terms, point in time."""

import datetime as dt
import sys
from dataclasses import replace

import dagster as dg
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assets import engine_arrays as ea
from assets.contract_walk import WalkedContracts, walk_contracts
from assets.corporate_actions import ActionsInForce
from assets.day_status import DayStatus, UnderlyingStatus, read_status, write_status
from assets.layers import daily_asset, daily_result, each_day, partition_days
from assets.naming import universe_key
from engine.corporate_actions.events import CorporateAction
from engine.corporate_actions.price_factors import price_factor_as_of
from engine.instruments.deliverable import Deliverable
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
    own = [
        a
        for a in actions
        if a.underlying == underlying and a.known_at_us <= known_until and a.effective_date <= day
    ]
    trade_days = (day - dt.date(1970, 1, 1)).days
    walked = walk_contracts(quotes, spec.id, trade_days, own)
    listed = ea.floats(quotes, "multiplier")
    multiplier = np.where(np.isnan(walked.multiplier), listed, walked.multiplier)
    unit = universe.settlement_currency if spec.kind == "coin" else underlying
    # units of today that one unit from before the first recorded action has become: spot * factor is continuous
    first = min((a.effective_date for a in own if a.split_ratio != 1.0), default=day)
    before = min(trade_days, (first - dt.date(1970, 1, 1)).days - 1)
    to_today = price_factor_as_of(own, underlying, np.array([before], dtype=np.int32), trade_days)
    table = pa.table(
        {
            "contract_id": pa.array(walked.contract_id),
            **{name: quotes.column(name) for name in QUOTE_SCHEMA.names},
            "original_root": ea.encoded(walked.original_root, walked.original_roots),
            "original_strike": pa.array(walked.original_strike),
            "listing_era": ea.encoded(walked.era, walked.eras),
            "adjustment_factor": pa.array(walked.contracts),
            "adjusted_strike": pa.array(walked.adjusted_strike),
            "adjusted_multiplier": pa.array(multiplier),
            "deliverable": _deliverables(quotes, walked, multiplier, unit),
            "underlying_price_factor": pa.array(np.full(quotes.num_rows, 1.0 / float(to_today[0]))),
        }
    )
    return table.cast(ADJUSTED_SCHEMA)


def _deliverables(
    quotes: pa.Table, walked: WalkedContracts, multiplier: NDArray[np.float64], unit: str
) -> pa.DictionaryArray:
    """What one contract delivers, in the text form of ``Deliverable``: shares, or the cash value of them."""
    settlement, kinds = ea.codes(quotes, "settlement_type")
    multipliers, multiplier_code = np.unique(multiplier, return_inverse=True)
    width, depth = len(kinds), len(walked.deliverables) + 1
    combined = (multiplier_code * width + settlement) * depth + walked.deliverable + 1
    pairs, place = np.unique(combined, return_inverse=True)
    labels = []
    for pair in pairs.tolist():
        rest, written = divmod(pair, depth)
        cash = kinds[rest % width] != "physical"
        if written:
            labels.append(str(replace(walked.deliverables[written - 1], cash_settled=cash)))
        else:
            labels.append(
                str(Deliverable.of_shares(unit, float(multipliers[rest // width]), cash_settled=cash))
            )
    return ea.encoded(place, labels)


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
