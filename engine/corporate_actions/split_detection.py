"""Splits told from the data of two sessions: price, strikes and open interest together, and real jumps told apart.

A price alone cannot tell a crash by half from a 2-for-1 split. Strikes can: in a whole split every contract stands at
its divided strike, whatever grid new series would be listed on; in a crash every contract stays where it was. In
reverse and odd splits strikes stay too, but the contracts move to an adjusted root.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from engine.corporate_actions.listing_reconciliation import ROOT_BITS, Listing, contract_keys
from engine.corporate_actions.memos import OptionMemo

#: log change of price below which no split is looked for: the smallest usual one, 5-for-4, is 0.22
LEAST_JUMP = 0.18
#: what a price may have moved by itself on the day of a split (log)
_OWN_MOVE = 0.3
#: (new shares, old shares) of splits that companies made; others only count where they are recorded
_USUAL = (
    *((float(n), 1.0) for n in (*range(2, 21), 25, 30, 40, 50)),
    *((1.0, float(n)) for n in (*range(2, 21), 25, 30, 40, 50, 75, 100)),
    *((3.0, 2.0), (5.0, 4.0), (4.0, 3.0), (5.0, 2.0), (5.0, 3.0), (2.0, 3.0), (3.0, 4.0)),
)
#: steps to which strikes are rounded: cents, and eighths before 2007
_GRIDS = (0.01, 0.125)
#: contracts that it takes to judge anything
_MIN_CONTRACTS = 10
_NEARLY_ALL, _MOST, _HALF = 0.95, 0.8, 0.5
#: log distance of open interest from what a split makes of it that contradicts a double listing
_OTHER_OPEN_INTEREST = 0.5


class Verdict(StrEnum):
    """What two sessions say."""

    SPLIT = "split"
    #: the price jumped, and the contracts stayed as they were
    REAL_JUMP = "real jump"
    NONE = "none"
    #: too little to judge, or evidence against evidence
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class SplitEvidence:
    """What became of the contracts under one ratio.

    Attributes
    ----------
    contracts
        Contracts of the session before that have not expired.
    moved, stayed, rerooted
        Shares of them listed at the divided strike, at their own, and under a root that was not there before. Strikes
        that are one contract's and another's divided one say nothing, and are left out of the first two.
    open_interest_ratio
        Median over the moved contracts of open interest now to before; NaN where none is given.
    """

    contracts: int
    moved: float
    stayed: float
    rerooted: float
    open_interest_ratio: float


@dataclass(frozen=True, slots=True)
class SplitFinding:
    """The verdict, and what it rests on.

    Attributes
    ----------
    new_shares, old_shares
        Of the split; 1, 1 without one. Where the contracts moved to another root the price alone tells the ratio.
    price_ratio
        Price before to price now; NaN where one is missing.
    """

    verdict: Verdict
    new_shares: float
    old_shares: float
    price_ratio: float
    evidence: SplitEvidence | None = None

    @property
    def ratio(self) -> float:
        return self.new_shares / self.old_shares

    @property
    def by_root(self) -> bool:
        """Whether contracts moved to another root instead of other strikes."""
        return self.verdict is Verdict.SPLIT and self.evidence is not None and self.evidence.moved < _MOST

    def describe(self) -> str:
        """In words, with the evidence."""
        about = "about " if self.by_root else ""
        what = (
            f"a split of {about}{self.new_shares:g} for {self.old_shares:g}"
            if self.verdict is Verdict.SPLIT
            else {Verdict.NONE: "no split", Verdict.REAL_JUMP: "a move that is no split"}.get(
                self.verdict, "no clear sign of a split"
            )
        )
        told = [] if math.isnan(self.price_ratio) else [f"price before / now {self.price_ratio:.4g}"]
        if (e := self.evidence) is not None:
            told.append(
                f"of {e.contracts} contracts {100 * e.moved:.0f}% stand at the divided strike, "
                f"{100 * e.stayed:.0f}% at their own"
            )
            if e.rerooted:
                told.append(f"{100 * e.rerooted:.0f}% under a new root")
            if not math.isnan(e.open_interest_ratio):
                told.append(f"open interest now / before {e.open_interest_ratio:.3g}")
        return f"{what} ({', '.join(told) or 'no price and no contracts to compare'})"


def may_have_split(price_before: float, price_now: float, recorded_ratio: float = 1.0) -> bool:
    """Whether the contracts have to be looked at: the price jumped, is unknown, or a split is on record."""
    known = price_before > 0 and price_now > 0
    return (
        not known
        or abs(math.log(price_before / price_now)) >= LEAST_JUMP
        or abs(math.log(recorded_ratio)) >= LEAST_JUMP
    )


def detect_split(
    before: Listing,
    now: Listing,
    price_before: float,
    price_now: float,
    trade_days: int,
    recorded_ratio: float = 1.0,
) -> SplitFinding:
    """Whether an underlying split between two sessions.

    Parameters
    ----------
    before, now
        Its contracts as listed in both.
    price_before, price_now
        Of the underlying, per unit, as quoted; NaN where unknown.
    trade_days
        The later session, days since 1970-01-01.
    recorded_ratio
        New shares per old one over the splits on record between the two; it is tried beside the usual ones.
    """
    known = price_before > 0 and price_now > 0
    price_ratio = price_before / price_now if known else math.nan
    jump = math.log(price_ratio) if known else math.nan
    declared = _shares_of(recorded_ratio) if abs(math.log(recorded_ratio)) >= LEAST_JUMP else None
    if not may_have_split(price_before, price_now, recorded_ratio):
        return SplitFinding(Verdict.NONE, 1.0, 1.0, price_ratio)
    candidates = [pair for pair in _USUAL if known and abs(math.log(pair[0] / pair[1]) - jump) <= _OWN_MOVE]
    if declared is not None and declared not in candidates:
        candidates.append(declared)
    # of equal evidence the recorded ratio is taken, else the one nearest to the price
    candidates.sort(key=lambda p: (p != declared, abs(math.log(p[0] / p[1]) - jump) if known else 0.0))
    tried = [(pair, _evidence(before, now, pair[0] / pair[1], trade_days)) for pair in candidates]
    if not tried:
        return SplitFinding(
            Verdict.UNDECIDED if not known else _without_ratio(before, now, trade_days), 1.0, 1.0, price_ratio
        )
    by_strike = [found for found in tried if found[1].moved >= _MOST]
    pair, best = max(by_strike, key=lambda found: found[1].moved) if by_strike else tried[0]
    follows = not known or abs(jump - math.log(pair[0] / pair[1])) <= _OWN_MOVE
    verdict = _verdict(best, pair[0] / pair[1], jumped=not known or abs(jump) >= LEAST_JUMP, follows=follows)
    if verdict is Verdict.SPLIT:
        return SplitFinding(verdict, pair[0], pair[1], price_ratio, best)
    return SplitFinding(verdict, 1.0, 1.0, price_ratio, best)


def _verdict(found: SplitEvidence, ratio: float, *, jumped: bool, follows: bool) -> Verdict:
    if found.contracts < _MIN_CONTRACTS:
        return Verdict.UNDECIDED
    moved = found.moved >= _MOST and found.stayed <= _HALF
    # a double listing: all of them stand at both strikes, and what is open at the new ones, in new contracts or still
    # in old ones, does not deny it
    denied = found.open_interest_ratio > 0 and all(
        abs(math.log(found.open_interest_ratio / due)) > _OTHER_OPEN_INTEREST for due in (ratio, 1.0)
    )
    doubled = found.moved >= _NEARLY_ALL
    moved = moved or (doubled and not denied)
    if moved or found.rerooted >= _MOST:
        return Verdict.SPLIT if jumped and follows else Verdict.UNDECIDED
    if found.stayed >= _MOST and not doubled:
        return Verdict.REAL_JUMP if jumped else Verdict.NONE
    return Verdict.UNDECIDED


def _without_ratio(before: Listing, now: Listing, trade_days: int) -> Verdict:
    """Of a jump that is no usual split's."""
    found = _evidence(before, now, 1.0, trade_days)
    enough = found.contracts >= _MIN_CONTRACTS and found.stayed >= _MOST
    return Verdict.REAL_JUMP if enough else Verdict.UNDECIDED


def _evidence(before: Listing, now: Listing, ratio: float, trade_days: int) -> SplitEvidence:
    alive = before.rows(before.expiry_days >= trade_days)
    if not len(alive) or not len(now):
        return SplitEvidence(len(alive), 0.0, 0.0, 0.0, math.nan)
    book: dict[str, int] = {}
    old, here = contract_keys(alive, book), contract_keys(now, book)
    return max(
        (
            _on_grid(alive, now, old, here, OptionMemo(strike_divisor=ratio, strike_grid=grid), book)
            for grid in _GRIDS
        ),
        key=lambda found: found.moved,
    )


def _on_grid(
    alive: Listing,
    now: Listing,
    old: NDArray[np.int64],
    here: NDArray[np.int64],
    memo: OptionMemo,
    book: dict[str, int],
) -> SplitEvidence:
    new = contract_keys(replace(alive, strike=memo.strike_after(alive.strike)), book)
    telling, own = ~np.isin(new, old), ~np.isin(old, new)
    in_new, in_old = np.isin(new, here), np.isin(old, here)
    unknown = ~np.isin(np.array(now.roots, dtype=object), np.array(alive.roots, dtype=object))[now.root_code]
    rerooted = float(np.isin(old >> ROOT_BITS, here[unknown] >> ROOT_BITS).mean())
    return SplitEvidence(
        contracts=len(alive),
        moved=float(in_new[telling].mean()) if telling.sum() >= _MIN_CONTRACTS else 0.0,
        stayed=float(in_old[own].mean()) if own.any() else float(in_old.mean()),
        rerooted=rerooted,
        open_interest_ratio=_open_interest_ratio(alive, now, new, here, telling & in_new),
    )


def _open_interest_ratio(
    alive: Listing, now: Listing, new: NDArray[np.int64], here: NDArray[np.int64], rows: NDArray[np.bool_]
) -> float:
    order = np.argsort(here, kind="stable")
    at = order[np.minimum(np.searchsorted(here[order], new[rows]), len(here) - 1)]
    later, earlier = now.open_interest[at], alive.open_interest[rows]
    both = (later > 0) & (earlier > 0)
    return float(np.median(later[both] / earlier[both])) if both.any() else math.nan


def _shares_of(ratio: float) -> tuple[float, float]:
    whole = Fraction(ratio).limit_denominator(1000)
    return float(whole.numerator), float(whole.denominator)


def in_words(ratio: float) -> str:
    """New shares for old ones."""
    new, old = _shares_of(ratio)
    return f"{new:g} for {old:g}"


def agrees(finding: SplitFinding, recorded_ratio: float, other_events: Sequence[object] = ()) -> bool | None:
    """Whether what was found is what is on record; None where it cannot be judged.

    Parameters
    ----------
    other_events
        Recorded events of the time that are no splits and may move contracts to another root.
    """
    declared = abs(math.log(recorded_ratio)) >= LEAST_JUMP
    if finding.verdict is Verdict.SPLIT:
        if finding.by_root and other_events:
            return None
        return abs(math.log(finding.ratio / recorded_ratio)) < 1e-3
    if finding.verdict is Verdict.UNDECIDED:
        if not declared:
            return None
        if math.isnan(finding.price_ratio):
            return None
        # without contracts to compare the price alone can bear a record out
        follows = abs(math.log(finding.price_ratio / recorded_ratio)) <= _OWN_MOVE
        enough = finding.evidence is not None and finding.evidence.contracts >= _MIN_CONTRACTS
        return None if follows and not enough else follows
    return not declared
