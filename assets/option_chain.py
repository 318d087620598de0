"""``option_chain``: adjusted quotes plus forward, discount, implied volatility, Greeks, age and grade."""

import datetime as dt
import sys
from collections.abc import Sequence

import dagster as dg
import numpy as np
import pyarrow as pa

from assets import engine_arrays as ea
from assets.corporate_actions import ActionsInForce
from assets.day_status import DayStatus, read_status, write_status, write_underlying
from assets.known_dividends import cash_dividends
from assets.layers import daily_asset, daily_result, each_day, partition_days
from assets.naming import picture, universe_key
from assets.rates import rate_curve
from assets.unit_spot import priced_groups
from engine.corporate_actions.events import CorporateAction
from engine.instruments.terms import ExerciseStyle, QuoteGrade
from engine.pricing.chain_columns import FORWARD_METHODS, IV_STATUSES, MODELS, ChainInputs, ChainOutputs
from engine.pricing.enrich import enrich_chain
from engine.pricing.implied_volatility import IvStatus
from resources.data_quality.grade import grade_quotes
from resources.lake.lake import Lake
from resources.lake.layout import partition_path
from resources.lake.resource import LakeResource
from resources.schemas import ADJUSTED_SCHEMA, CHAIN_SCHEMA
from resources.universe import UniverseSpec

ASSET = "option_chain"
CHECK = "implied_volatility_solved"
#: share of two-sided quotes whose mid has an implied volatility, below which the check warns
SOLVED_SHARE = 0.9


def enrich_quotes(
    adjusted: pa.Table,
    universe: UniverseSpec,
    tenor_days: np.ndarray,
    rates: np.ndarray,
    actions: Sequence[CorporateAction] = (),
) -> pa.Table:
    """Rows of ``ADJUSTED_SCHEMA`` of one underlying and session as ``CHAIN_SCHEMA``.

    Parameters
    ----------
    tenor_days, rates
        The zero curve known that day: int32 days, continuously compounded decimals; may be empty.
    actions
        Corporate actions known that day; the underlying's cash dividends enter American prices.
    """
    if adjusted.num_rows == 0:
        return CHAIN_SCHEMA.empty_table()
    ts = ea.microseconds(adjusted, "ts")
    pieces = []
    # one snapshot at a time; rows are ordered by ts
    bounds = np.flatnonzero(np.diff(ts)) + 1
    for start, stop in zip([0, *bounds], [*bounds, len(ts)], strict=True):
        rows = adjusted.slice(start, stop - start)
        pieces.append(
            _with_outputs(rows, _price(rows, universe, int(ts[start]), tenor_days, rates, actions), universe)
        )
    return pa.concat_tables(pieces, promote_options="default").cast(CHAIN_SCHEMA)


def _price(
    rows: pa.Table,
    universe: UniverseSpec,
    ts_us: int,
    tenor_days: np.ndarray,
    rates: np.ndarray,
    actions: Sequence[CorporateAction],
) -> ChainOutputs:
    group, unit_spot = priced_groups(rows)
    style, styles = ea.codes(rows, "style")
    # what delivers other things than shares one for one stays with the European model, as the model column says
    american = np.isin(styles, ExerciseStyle.AMERICAN.value)[style] & (unit_spot == ea.floats(rows, "spot"))
    name = str(rows.column("underlying")[0])
    ex_us, amounts = cash_dividends(actions, name, ts_us, universe.timezone)
    return enrich_chain(
        ChainInputs(
            root_code=group,
            expiry_days=ea.days(rows, "expiry"),
            right=ea.rights(rows),
            strike=ea.floats(rows, "adjusted_strike"),
            bid=ea.floats(rows, "bid"),
            ask=ea.floats(rows, "ask"),
            spot=unit_spot,
            vendor_forward=ea.floats(rows, "vendor_forward"),
            settles_us=ea.microseconds(rows, "settles_at"),
            ts_us=ts_us,
            coin_settled=universe.coin_settled,
            american=american,
            dividend_ex_us=ex_us,
            dividend_amount=amounts,
            curve_tenor_days=tenor_days.astype(np.float64),
            curve_rate=rates,
        )
    )


def _with_outputs(rows: pa.Table, out: ChainOutputs, universe: UniverseSpec) -> pa.Table:
    ts, quote_ts = ea.microseconds(rows, "ts"), ea.microseconds(rows, "quote_ts")
    known = quote_ts > np.iinfo(np.int64).min
    age = np.where(known, (ts - np.where(known, quote_ts, ts)) / 1e6, np.nan)
    grade = grade_quotes(ea.floats(rows, "bid"), ea.floats(rows, "ask"), age, universe.quality)
    columns = {
        "forward": ea.nullable(out.forward),
        "discount": ea.nullable(out.discount),
        "forward_method": ea.encoded(out.forward_method_code, FORWARD_METHODS),
        "year_fraction": pa.array(out.year_fraction),
        "model": ea.encoded(out.model_code, MODELS),
        "iv": ea.nullable(out.iv),
        "iv_bid": ea.nullable(out.iv_bid),
        "iv_ask": ea.nullable(out.iv_ask),
        "iv_status": ea.encoded(out.iv_status_code, IV_STATUSES),
        "delta": ea.nullable(out.delta),
        "gamma": ea.nullable(out.gamma),
        "vega_per_vol_point": ea.nullable(out.vega_per_vol_point),
        "theta_per_day": ea.nullable(out.theta_per_day),
        "rho_per_pct": ea.nullable(out.rho_per_pct),
        "early_exercise_premium": ea.nullable(out.early_exercise_premium),
        "quote_age_seconds": ea.nullable(age),
        "grade": ea.encoded(grade, [g.name.lower() for g in QuoteGrade]),
    }
    return pa.table({**{n: rows.column(n) for n in ADJUSTED_SCHEMA.names}, **columns})


def enrich_days(universe: UniverseSpec, lake: Lake, days: list[dt.date]) -> list[DayStatus]:
    """Build the layer for these sessions."""
    in_force = ActionsInForce(universe, lake)
    return each_day(lambda day: _enrich_day(universe, lake, in_force, day), days, lake)


def _enrich_day(universe: UniverseSpec, lake: Lake, in_force: ActionsInForce, day: dt.date) -> DayStatus:
    upstream = read_status(lake, universe, "adjusted_quotes", day)
    actions, action_inputs = in_force.on(day)
    tenor_days, rates, rate_inputs = rate_curve(universe, lake, day)
    underlyings = {}
    for name, before in upstream.underlyings.items():
        if before.status == "ok":
            quotes = lake.read_table(before.path, sha256=before.sha256)
            table = enrich_quotes(quotes, universe, tenor_days, rates, actions)
        else:
            table = CHAIN_SCHEMA.empty_table()
        path = partition_path(universe.name, ASSET, day.isoformat(), name)
        underlyings[name] = write_underlying(
            lake, path, table, status=before.status, reasons=before.reasons, warnings=before.warnings
        )
    status = DayStatus(day, underlyings, {**upstream.inputs, **action_inputs, **rate_inputs})
    write_status(lake, universe, ASSET, status)
    return status


def solved_share(lake: Lake, statuses: list[DayStatus]) -> float | None:
    """Share of two-sided quotes whose mid has an implied volatility; None where there is no such quote.

    An American option that costs what exercise pays has none, and is not counted.
    """
    two_sided = solved = 0
    for status in statuses:
        for u in status.underlyings.values():
            if not u.rows:
                continue
            table = lake.read_table(u.path, columns=["grade", "iv", "iv_status", "style"])
            quoted = np.isin(ea.texts(table, "grade"), ("firm", "wide", "stale", "locked"))
            american = ea.texts(table, "style") == ExerciseStyle.AMERICAN.value
            quoted &= ~(american & (ea.texts(table, "iv_status") == IvStatus.BELOW_INTRINSIC.label))
            two_sided += int(quoted.sum())
            solved += int((quoted & ~np.isnan(ea.floats(table, "iv"))).sum())
    return solved / two_sided if two_sided else None


def smile_picture(lake: Lake, statuses: list[DayStatus]) -> dg.MarkdownMetadataValue | None:
    """The smile of the last usable day of the run."""
    from engine.reports.figures import smile_figure

    for status in reversed(statuses):
        for name, u in sorted(status.underlyings.items()):
            if not u.rows:
                continue
            table = lake.read_table(
                u.path, columns=["expiry", "strike", "right", "iv", "forward", "year_fraction", "grade"]
            )
            png = smile_figure(
                strike=ea.floats(table, "strike"),
                forward=ea.floats(table, "forward"),
                iv=ea.floats(table, "iv"),
                right=ea.rights(table),
                expiry_days=ea.days(table, "expiry"),
                year_fraction=ea.floats(table, "year_fraction"),
                title=f"{name} {status.trade_date}",
            )
            return picture(png, f"implied volatility of {name} on {status.trade_date}")
    return None


def build_option_chain(
    universe: UniverseSpec, daily: dg.TimeWindowPartitionsDefinition
) -> dg.AssetsDefinition:
    """The Dagster asset of one universe."""
    deps = [universe_key(universe, "adjusted_quotes")]
    if universe.rates is not None:
        deps.append(universe_key(universe, "rates"))
    if universe.corporate_actions is not None:
        deps.append(universe_key(universe, "corporate_actions"))

    @dg.asset(
        **daily_asset(universe, ASSET, daily, sys.modules[__name__], CHAIN_SCHEMA),
        deps=deps,
        kinds={"parquet", "numpy"},
        check_specs=[
            dg.AssetCheckSpec(
                CHECK,
                asset=universe_key(universe, ASSET),
                description=(
                    f"At least {SOLVED_SHARE:.0%} of two-sided quotes have an implied volatility; American options "
                    "that cost what exercise pays have none and do not count."
                ),
            )
        ],
        description=(
            "Parity forwards, discounts, implied volatilities (bid, mid, ask), Greeks, quote age and grade. "
            "The model column says what priced a row: Black's formula, or for American options a tree with the cash "
            "dividends that are known."
        ),
    )
    def option_chain(context: dg.AssetExecutionContext, lake: LakeResource):
        store = lake.open()
        statuses = enrich_days(universe, store, partition_days(context))
        share = solved_share(store, statuses)
        smile = smile_picture(store, statuses)
        yield daily_result(context, statuses, **({"smile": smile} if smile else {}))
        yield dg.AssetCheckResult(
            check_name=CHECK,
            passed=share is None or share >= SOLVED_SHARE,
            severity=dg.AssetCheckSeverity.WARN,
            description=(
                "no two-sided quote in these partitions"
                if share is None
                else f"{share:.2%} of two-sided quotes have an implied volatility"
            ),
            metadata={
                "solved_share": share if share is not None else "no two-sided quote in these partitions"
            },
        )

    return option_chain
