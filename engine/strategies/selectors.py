"""Choosing an expiry and strikes, with a declared order for ties and a record of what was passed over."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.execution.fill_model import Refusal
from engine.instruments.terms import QuoteGrade, Right
from engine.market.view import MarketView, SnapshotQuotes

Record = Callable[[Refusal], None]
_RIGHT_CODE = {Right.CALL: 0, Right.PUT: 1}


@dataclass(frozen=True, slots=True)
class ExpiryChoice:
    """Rows ``start:stop`` of the snapshot hold the expiry; ``root_code`` is the root to take from it."""

    expiry_days: int
    days: int
    root_code: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One option that was chosen."""

    contract_id: int
    right: Right
    strike: float
    multiplier: float
    mid: float
    delta: float
    row: int


def select_expiry(
    view: MarketView,
    record: Record,
    *,
    days: int,
    tolerance_days: int,
    roots: tuple[str, ...] | None = None,
    more_than_days: int = 0,
) -> ExpiryChoice | None:
    """The expiry nearest to ``days`` calendar days away.

    Ties: the earlier expiry; then, where several roots list it, the first in ``roots`` (alphabetical without).

    Returns
    -------
    None, with the reason recorded, if no expiry is more than ``more_than_days`` and within ``tolerance_days``.
    """
    q = view.quotes
    names = sorted(q.root_codes) if roots is None else [r for r in roots if r in q.root_codes]
    if not names:
        record(Refusal("no_root", math.nan, math.nan, f"none of {', '.join(roots or ())} is in the snapshot"))
        return None
    expiries = q.expiry_days
    starts = np.flatnonzero(np.diff(expiries, prepend=-1))
    stops = np.append(starts[1:], len(expiries))
    dte = expiries[starts].astype(np.int64) - view.trade_day
    best: ExpiryChoice | None = None
    every_root = len(names) == len(q.root_codes)
    nearest = math.inf
    for i in np.argsort(np.abs(dte - days), kind="stable"):
        distance = int(dte[i])
        if distance <= more_than_days:
            continue
        start, stop = int(starts[i]), int(stops[i])
        code = _first_root(q, start, stop, names, check=not every_root or len(names) > 1)
        if code is None:
            continue
        nearest = abs(distance - days)
        best = ExpiryChoice(int(expiries[start]), distance, code, start, stop)
        break
    if best is None or nearest > tolerance_days:
        note = (
            f"wanted {days} days"
            if best is None
            else f"wanted {days} days, the nearest expiry has {best.days}"
        )
        record(Refusal("days_to_expiry", nearest if best else math.nan, float(tolerance_days), note))
        return None
    return best


def _first_root(q: SnapshotQuotes, start: int, stop: int, names: list[str], *, check: bool) -> int | None:
    if not check:
        return q.root_codes[names[0]]
    present = q.root[start:stop][q.standard[start:stop]]
    for name in names:
        if (present == q.root_codes[name]).any():
            return q.root_codes[name]
    return None


def _tradable(
    view: MarketView, expiry: ExpiryChoice, right: Right, record: Record
) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
    """Rows of one right and root whose quotes are two-sided and neither locked nor crossed, and their mids.

    Contracts whose deliverable a corporate action changed are passed over: their strikes and deltas are of
    something else than the underlying that the strategy looks at.
    """
    q = view.quotes
    part = slice(expiry.start, expiry.stop)
    listed = (q.right[part] == _RIGHT_CODE[right]) & (q.root[part] == expiry.root_code) & q.standard[part]
    rows = np.flatnonzero(listed) + expiry.start
    bid, ask = q.bid[rows], q.ask[rows]
    good = (q.grade[rows] < QuoteGrade.LOCKED) & (ask > bid)  # NaN compares False: no bid or no ask drops out
    rejected = int(len(rows) - good.sum())
    if rejected:
        note = f"{right.value} of expiry {expiry.expiry_days}: {rejected} of {len(rows)} candidates not two-sided"
        record(Refusal("candidate_quote", float(rejected), math.nan, note))
    if not good.any():
        record(Refusal("no_candidate", 0.0, 1.0, f"{right.value} of expiry {expiry.expiry_days}"))
        return None
    rows = rows[good]
    return rows, (bid[good] + ask[good]) / 2.0


def _candidate(view: MarketView, right: Right, row: int, mid: float) -> Candidate:
    q = view.quotes
    return Candidate(
        contract_id=int(q.contract_id[row]),
        right=right,
        strike=float(q.strike[row]),
        multiplier=float(q.multiplier[row]),
        mid=mid,
        delta=float(q.delta[row]),
        row=row,
    )


def _nearest(view: MarketView, right: Right, rows: NDArray[np.int64], distance: NDArray[np.float64]) -> int:
    """Index of the smallest distance; ties: further out of the money, then the smaller contract id."""
    q = view.quotes
    outward = -q.strike[rows] if right is Right.CALL else q.strike[rows]
    # distances that differ by rounding only are ties
    return int(np.lexsort((q.contract_id[rows], outward, np.round(distance, 12)))[0])


def select_by_delta(
    view: MarketView,
    expiry: ExpiryChoice,
    right: Right,
    record: Record,
    *,
    delta: float,
    tolerance: float,
) -> Candidate | None:
    """The option whose absolute delta is nearest to ``delta``; ties: further out of the money."""
    found = _tradable(view, expiry, right, record)
    if found is None:
        return None
    rows, mids = found
    distance = np.abs(np.abs(view.quotes.delta[rows]) - delta)
    known = np.isfinite(distance)
    if not known.any():
        record(
            Refusal("no_delta", 0.0, 1.0, f"{right.value} of expiry {expiry.expiry_days}: no delta at all")
        )
        return None
    rows, mids, distance = rows[known], mids[known], distance[known]
    i = _nearest(view, right, rows, distance)
    if distance[i] > tolerance:
        note = f"{right.value} of expiry {expiry.expiry_days}: wanted delta {delta:g}"
        record(Refusal("delta_distance", float(distance[i]), tolerance, note))
        return None
    return _candidate(view, right, int(rows[i]), float(mids[i]))


def select_by_strike(
    view: MarketView,
    expiry: ExpiryChoice,
    right: Right,
    record: Record,
    *,
    strike: float,
) -> Candidate | None:
    """The option whose strike is nearest to ``strike``; ties: further out of the money (the wider wing)."""
    found = _tradable(view, expiry, right, record)
    if found is None:
        return None
    rows, mids = found
    i = _nearest(view, right, rows, np.abs(view.quotes.strike[rows] - strike))
    return _candidate(view, right, int(rows[i]), float(mids[i]))


def select_by_moneyness(
    view: MarketView,
    expiry: ExpiryChoice,
    right: Right,
    record: Record,
    *,
    moneyness: float,
) -> Candidate | None:
    """The option whose strike / spot is nearest to ``moneyness``; None, recorded, without a spot."""
    if not view.spot > 0:
        record(Refusal("no_spot", view.spot, 0.0, "moneyness needs a spot"))
        return None
    return select_by_strike(view, expiry, right, record, strike=moneyness * view.spot)
