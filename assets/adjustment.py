"""From validated quotes to adjusted ones: identity, terms of the day, listings and open interest around an event.

What a vendor still lists under terms from before an event goes to ``superseded_quotes``.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assets import engine_arrays as ea
from assets.contract_walk import WalkedContracts, walk_contracts
from assets.corporate_actions import ActionsInForce
from assets.day_status import DayStatus, UnderlyingStatus, read_status, write_status
from assets.layers import each_day
from assets.listing_changes import (
    ReconciledQuotes,
    Settling,
    read_settling,
    reconcile_quotes,
)
from assets.underlying_prices import universe_calendar
from assets.validation import VALIDATED
from engine.corporate_actions.events import CorporateAction
from engine.corporate_actions.price_factors import price_factor_as_of
from engine.instruments.deliverable import Deliverable
from resources.lake.digest import table_digest
from resources.lake.lake import Lake, WrittenTable
from resources.lake.layout import partition_path
from resources.providers.protocol import Provider
from resources.schemas import ADJUSTED_SCHEMA, QUOTE_SCHEMA, SUPERSEDED_SCHEMA
from resources.universe import UniverseSpec

ASSET, SUPERSEDED = "adjusted_quotes", "superseded_quotes"
_NONE, _NONE_SUPERSEDED = ADJUSTED_SCHEMA.empty_table(), SUPERSEDED_SCHEMA.empty_table()


@dataclass(frozen=True)
class AdjustedDay:
    """One underlying and session: both tables, and what was found in the listings."""

    table: pa.Table
    superseded: pa.Table
    vanished: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def in_force_at(
    quotes: pa.Table, underlying: str, day: dt.date, actions: Sequence[CorporateAction]
) -> list[CorporateAction]:
    """The actions of an underlying that are in force, without those that only became known after the quotes' own time:
    what is announced in the evening must not change the contracts of that day's close."""
    known_until = int(ea.microseconds(quotes, "ts").min(initial=np.iinfo(np.int64).max))
    return [
        a
        for a in actions
        if a.underlying == underlying and a.known_at_us <= known_until and a.effective_date <= day
    ]


def adjust_quotes(
    quotes: pa.Table,
    universe: UniverseSpec,
    underlying: str,
    day: dt.date,
    own: list[CorporateAction],
    settling: Settling | None = None,
) -> AdjustedDay:
    """Quotes of one underlying and session with identity and adjusted terms.

    Parameters
    ----------
    quotes
        Rows of ``QUOTE_SCHEMA``.
    own
        The underlying's actions in force (:func:`in_force_at`).
    settling
        What a day near an event is compared with.

    Returns
    -------
    AdjustedDay
        ``ADJUSTED_SCHEMA`` and ``SUPERSEDED_SCHEMA``, in the lake's total order.
    """
    found = reconcile_quotes(quotes, day, settling)
    quotes = found.quotes
    spec = universe.underlying(underlying)
    trade_days = (day - dt.date(1970, 1, 1)).days
    walked = walk_contracts(quotes, spec.id, trade_days, own)
    listed = ea.floats(quotes, "multiplier")
    multiplier = np.where(np.isnan(walked.multiplier), listed, walked.multiplier)
    unit = universe.settlement_currency if spec.kind == "coin" else underlying
    # units of today that one unit from before the first recorded action has become: spot * factor is continuous
    first = min((a.effective_date for a in own if a.split_ratio != 1.0), default=day)
    before = min(trade_days, (first - dt.date(1970, 1, 1)).days - 1)
    to_today = price_factor_as_of(own, underlying, np.array([before], dtype=np.int32), trade_days)
    listed_columns = dict(zip(quotes.column_names, quotes.columns, strict=True))
    table = pa.table(
        {
            **listed_columns,
            "contract_id": pa.array(walked.contract_id),
            "open_interest": found.open_interest,
            "original_root": ea.encoded(walked.original_root, walked.original_roots),
            "original_strike": pa.array(walked.original_strike),
            "listing_era": ea.encoded(walked.era, walked.eras),
            "adjustment_factor": pa.array(walked.contracts),
            "adjusted_strike": pa.array(walked.adjusted_strike),
            "adjusted_multiplier": pa.array(multiplier),
            "deliverable": _deliverables(quotes, walked, multiplier, unit),
            "underlying_price_factor": pa.array(np.full(quotes.num_rows, 1.0 / float(to_today[0]))),
            "open_interest_listed": listed_columns["open_interest"],
            "open_interest_basis": found.basis,
        },
        # every column has its type already; a cast would copy the table
        schema=ADJUSTED_SCHEMA,
    )
    aside = _superseded(found, spec.id, trade_days, own)
    return AdjustedDay(table, aside, found.vanished, found.warnings)


def _superseded(
    found: ReconciledQuotes, underlying_id: str, trade_days: int, own: list[CorporateAction]
) -> pa.Table:
    """The rows under old terms, each with the contract whose terms in force are known."""
    rows, terms = found.superseded, found.in_force
    if rows is None or terms is None:
        return _NONE_SUPERSEDED
    in_force = rows
    for name in ("root", "strike"):
        in_force = in_force.set_column(rows.schema.get_field_index(name), name, terms.column(name))
    table = pa.table(
        {
            "contract_id": pa.array(walk_contracts(in_force, underlying_id, trade_days, own).contract_id),
            **{name: rows.column(name) for name in QUOTE_SCHEMA.names},
            "root_in_force": terms.column("root"),
            "strike_in_force": terms.column("strike"),
            "reason": terms.column("reason"),
        }
    )
    return table.cast(SUPERSEDED_SCHEMA)


def _deliverables(
    quotes: pa.Table, walked: WalkedContracts, multiplier: NDArray[np.float64], unit: str
) -> pa.DictionaryArray:
    """What one contract delivers, in the text form of ``Deliverable``: shares, or the cash value of them."""
    settlement, kinds = ea.codes(quotes, "settlement_type")
    if not walked.deliverables and len(multiplier) and len(kinds) == 1 and np.ptp(multiplier) == 0.0:
        whole = Deliverable.of_shares(unit, float(multiplier[0]), cash_settled=kinds[0] != "physical")
        return ea.encoded(np.zeros(len(multiplier), dtype=np.int32), [str(whole)])
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


@dataclass(frozen=True)
class AdjustedStatuses:
    """The statuses of both layers of one session, what was found, and by underlying the contracts that vanished."""

    adjusted: DayStatus
    superseded: DayStatus
    told: tuple[str, ...]
    vanished: dict[str, tuple[str, ...]]


def adjust_days(
    universe: UniverseSpec, lake: Lake, provider: Callable[[], Provider], days: list[dt.date]
) -> list[AdjustedStatuses]:
    """Build both layers for these sessions; a blocked or absent underlying gets empty files.

    ``provider`` is asked for only where a day has to be compared with the payloads before it.
    """
    in_force = ActionsInForce(universe, lake)
    # while Arrow encodes the big table, which needs no interpreter, its digest is taken and the other one written
    with ThreadPoolExecutor(lake.requests_at_once, thread_name_prefix="beside") as beside:
        return each_day(lambda day: _adjust_day(universe, lake, provider, in_force, day, beside), days, lake)


def _adjust_day(
    universe: UniverseSpec,
    lake: Lake,
    provider: Callable[[], Provider],
    in_force: ActionsInForce,
    day: dt.date,
    beside: Executor,
) -> AdjustedStatuses:
    upstream = read_status(lake, universe, VALIDATED, day)
    actions, action_inputs = in_force.on(day)
    inputs = {**upstream.inputs, **action_inputs}
    calendar = cache(lambda: universe_calendar(universe, day))
    statuses: dict[str, dict[str, UnderlyingStatus]] = {ASSET: {}, SUPERSEDED: {}}
    vanished: dict[str, tuple[str, ...]] = {}
    told: list[str] = []
    for name, before in upstream.underlyings.items():
        found = AdjustedDay(_NONE, _NONE_SUPERSEDED)
        if before.status == "ok":
            quotes = lake.read_table(before.path, sha256=before.sha256)
            own = in_force_at(quotes, name, day, actions)
            settling = read_settling(universe, lake, provider, name, day, own, calendar)
            found = adjust_quotes(quotes, universe, name, day, own, settling)
            inputs |= settling.inputs if settling else {}
        if found.vanished:
            vanished[name] = found.vanished
        mine = tuple(f"{name} {day}: {what}" for what in found.warnings)
        told += mine
        digest = beside.submit(table_digest, found.table)
        aside = beside.submit(_written, lake, SUPERSEDED, universe, day, name, found.superseded)
        path = partition_path(universe.name, ASSET, day.isoformat(), name)
        written = lake.write_table(path, found.table)
        facts = {ASSET: (written, digest.result()), SUPERSEDED: aside.result()}
        for asset, (file, content) in facts.items():
            statuses[asset][name] = UnderlyingStatus(
                status=before.status,
                reasons=before.reasons,
                warnings=(*before.warnings, *mine),
                rows=file.rows,
                path=file.path,
                sha256=file.sha256,
                digest=content,
            )
    adjusted, superseded = (DayStatus(day, statuses[asset], inputs) for asset in (ASSET, SUPERSEDED))
    write_status(lake, universe, SUPERSEDED, superseded)
    write_status(lake, universe, ASSET, adjusted)
    return AdjustedStatuses(adjusted, superseded, tuple(told), vanished)


def _written(
    lake: Lake, asset: str, universe: UniverseSpec, day: dt.date, name: str, table: pa.Table
) -> tuple[WrittenTable, str]:
    """The file of one underlying, written, and the digest of its rows."""
    path = partition_path(universe.name, asset, day.isoformat(), name)
    return lake.write_table(path, table), table_digest(table)
