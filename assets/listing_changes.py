"""Quotes around an adjustment of contracts: old listings set apart, open interest in contracts of the day.

Acts within :data:`SETTLING_SESSIONS` sessions after an event; on any other day nothing is read and nothing compared.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assets import engine_arrays as ea
from assets.day_status import read_status
from assets.validation import LOOKBACK_SESSIONS, QUARANTINED
from engine.calendars import TradingCalendar
from engine.calendars.epoch import days_of_date
from engine.corporate_actions.contract_adjustment import changes_of
from engine.corporate_actions.events import CorporateAction
from engine.corporate_actions.listing_reconciliation import Listing, reconcile
from engine.corporate_actions.memos import OptionMemo
from engine.corporate_actions.open_interest import OpenInterestBasis
from resources.data_quality.profile import last_snapshot
from resources.harvest import RAW_QUOTES
from resources.lake.lake import Lake
from resources.providers.protocol import Provider
from resources.raw_store import RawStore
from resources.universe import UniverseSpec

#: sessions after the effective one in which a vendor may still list old terms: those from which the last session
#: before the event is within reach
SETTLING_SESSIONS = LOOKBACK_SESSIONS - 1
#: the days that they take at the most, closed ones between them included
_SETTLING_DAYS = 12
#: why a row is in ``superseded_quotes``
OLD_LISTING, OLD_LISTING_ALONE = "old_listing", "old_listing_alone"
_STRAY = "open_interest_without_quote"
_RIGHTS = ("C", "P")


@dataclass(frozen=True)
class Settling:
    """What a day within reach of an event is compared with.

    Attributes
    ----------
    since
        Effective date of the first of the events.
    before
        The last snapshot of the session before it; None where there is none.
    previous
        That of the session before the day, where it is a later one.
    strays
        Quarantined rows of the day that give the open interest of a contract without a quote.
    inputs
        What these were made from: path -> digest.
    """

    since: dt.date
    memos: tuple[OptionMemo, ...]
    before: pa.Table | None
    previous: pa.Table | None = None
    strays: pa.Table | None = None
    inputs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReconciledQuotes:
    """A day's quotes, reconciled.

    Attributes
    ----------
    quotes
        ``QUOTE_SCHEMA``: the rows that stand for contracts under the terms in force, as listed.
    open_interest, basis
        By row of ``quotes``.
    superseded
        ``QUOTE_SCHEMA`` too: the other rows, as listed; None where there are none.
    in_force
        Terms in force of each of them, with ``reason``; None where there are none.
    vanished
        Symbols of contracts that were listed before, have not expired, and are gone.
    warnings
        What was found, in sentences.
    """

    quotes: pa.Table
    open_interest: pa.Array
    basis: pa.DictionaryArray
    superseded: pa.Table | None = None
    in_force: pa.Table | None = None
    vanished: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def settling_events(
    actions: Sequence[CorporateAction], day: dt.date, calendar: Callable[[], TradingCalendar]
) -> tuple[dt.date, tuple[OptionMemo, ...]] | None:
    """The first effective date and the memos of the events that a day's listings may still show the traces of."""
    near = [a for a in actions if dt.timedelta(0) <= day - a.effective_date <= dt.timedelta(_SETTLING_DAYS)]
    changes = changes_of(near)
    if not changes:
        return None
    oldest = day
    for _ in range(SETTLING_SESSIONS):
        oldest = calendar().previous(oldest)
    mine = [(action, memo) for action, memo in changes if action.effective_date >= oldest]
    return (mine[0][0].effective_date, tuple(memo for _, memo in mine)) if mine else None


def read_settling(
    universe: UniverseSpec,
    lake: Lake,
    provider: Callable[[], Provider],
    underlying: str,
    day: dt.date,
    actions: Sequence[CorporateAction],
    calendar: Callable[[], TradingCalendar],
) -> Settling | None:
    """What the day is compared with; None on a day that no event is near to.

    The sessions before are read from their payloads, as validation does: they are harvested with every range, while
    their layers may be built later.

    Parameters
    ----------
    provider, calendar
        The universe's; asked for only near an event.
    actions
        Of the underlying, in force on the day.
    """
    found = settling_events(actions, day, calendar)
    if found is None:
        return None
    since, memos = found
    earlier, inputs = _earlier_quotes(universe, lake, provider(), underlying, day, calendar())
    before = next((quotes for session, quotes in earlier if session < since), None)
    previous = next((quotes for session, quotes in earlier if session >= since), None)
    aside = read_status(lake, universe, QUARANTINED, day).underlyings[underlying]
    strays = None
    if aside.rows:
        rows = lake.read_table(aside.path, sha256=aside.sha256)
        typed = pc.and_(pc.is_valid(rows.column("strike")), pc.is_valid(rows.column("open_interest")))
        only = pa.array([reasons == [_STRAY] for reasons in rows.column("reasons").to_pylist()])
        strays = rows.filter(pc.and_(typed, only))
    return Settling(since, memos, before, previous, strays, inputs)


def _earlier_quotes(
    universe: UniverseSpec,
    lake: Lake,
    provider: Provider,
    underlying: str,
    day: dt.date,
    calendar: TradingCalendar,
) -> tuple[list[tuple[dt.date, pa.Table]], dict[str, str]]:
    """The last snapshots of the sessions before, the nearest first, and the records that they came from."""
    store = RawStore(lake, universe.name, RAW_QUOTES)
    found: list[tuple[dt.date, pa.Table]] = []
    inputs: dict[str, str] = {}
    for _ in range(LOOKBACK_SESSIONS):
        day = calendar.previous(day)
        record = store.latest(day.isoformat()) if day >= universe.start else None
        if record is None:
            continue
        mine = provider.parse(day, store.load(record)).underlyings.get(underlying)
        if mine is not None and mine.problem is None and mine.quotes.num_rows:
            inputs[record.path] = record.digest
            found.append((day, last_snapshot(mine.quotes)))
    return found, inputs


def reconcile_quotes(quotes: pa.Table, day: dt.date, settling: Settling | None) -> ReconciledQuotes:
    """Set old listings apart and count open interest in contracts of the day, snapshot by snapshot."""
    as_listed = ReconciledQuotes(
        quotes,
        quotes.column("open_interest").combine_chunks(),
        _basis(np.zeros(quotes.num_rows, dtype=np.int8)),
    )
    if settling is None or not quotes.num_rows:
        return as_listed
    if settling.before is None:
        told = (
            f"no session before the event of {settling.since} is usable: old and new listings are not told apart, "
            "and open interest stays as listed"
        )
        return replace(as_listed, warnings=(told,))
    before = _listing(settling.before)
    previous = None if settling.previous is None else _listing(settling.previous)
    strays = None if settling.strays is None else _listing(settling.strays)
    open_interest = ea.floats(quotes, "open_interest").copy()
    basis = np.zeros(quotes.num_rows, dtype=np.int8)
    kept = np.ones(quotes.num_rows, dtype=np.bool_)
    terms, lost = [], before.strike[:0].astype(np.int64)
    snapshots = quotes.column("snapshot_id").to_numpy()
    for snapshot in np.unique(snapshots).tolist():
        rows = np.flatnonzero(snapshots == snapshot)
        found = reconcile(
            _listing(quotes.take(pa.array(rows))),
            before,
            settling.memos,
            days_of_date(day),
            previous=previous,
            strays=strays,
        )
        open_interest[rows], basis[rows] = found.open_interest, found.basis
        kept[rows[found.superseded]] = False
        terms.append((rows[found.superseded], _terms(found.in_force, found.has_row)))
        lost = found.vanished
    aside = np.concatenate([rows for rows, _ in terms])
    vanished = _symbols(settling.before, lost)
    return ReconciledQuotes(
        quotes.filter(pa.array(kept)),
        ea.nullable(open_interest[kept]),
        _basis(basis[kept]),
        quotes.take(pa.array(aside)) if len(aside) else None,
        pa.concat_tables([table for _, table in terms]).unify_dictionaries() if len(aside) else None,
        vanished,
        tuple(_sentences(settling.since, aside, basis[kept], vanished)),
    )


def _sentences(since: dt.date, aside: np.ndarray, basis: np.ndarray, vanished: Sequence[str]) -> list[str]:
    """What was found, for the day's status."""
    event = f"event of {since}"
    told = []
    if len(aside):
        told.append(f"{len(aside)} rows under terms from before the {event} are in superseded_quotes")
    for kind, what in (
        (OpenInterestBasis.RESTATED, "was counted in old contracts and is restated"),
        (OpenInterestBasis.MOVED, "stood under old terms and is moved to those in force"),
        (OpenInterestBasis.LEFT_OVER, "was left over from an old contract of the same strike and is null"),
    ):
        if count := int((basis == kind).sum()):
            told.append(f"open interest of {count} rows {what} ({event})")
    if vanished:
        named = ", ".join(vanished[:3]) + (", ..." if len(vanished) > 3 else "")
        told.append(f"{len(vanished)} contracts listed before the {event} have vanished: {named}")
    return told


def _listing(quotes: pa.Table) -> Listing:
    codes, roots = ea.codes(quotes, "root")
    return Listing(
        tuple(roots),
        codes,
        ea.days(quotes, "expiry"),
        ea.rights(quotes),
        ea.floats(quotes, "strike"),
        ea.floats(quotes, "open_interest"),
    )


def _terms(in_force: Listing, has_row: np.ndarray) -> pa.Table:
    reasons = (OLD_LISTING_ALONE, OLD_LISTING)
    return pa.table(
        {
            "root": ea.encoded(in_force.root_code, in_force.roots),
            "strike": pa.array(in_force.strike),
            "reason": ea.encoded(has_row.astype(np.int32), reasons),
        }
    )


_BASES = pa.array([kind.label for kind in OpenInterestBasis], type=pa.string())


def _basis(codes: np.ndarray) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), _BASES)


def _symbols(quotes: pa.Table, rows: np.ndarray) -> tuple[str, ...]:
    return tuple(sorted(quotes.column("symbol").take(pa.array(rows)).to_pylist()))
