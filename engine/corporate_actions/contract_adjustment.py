"""Listed contracts walked back to the terms under which they were first listed, and their terms of the day.

Each event of the underlying changes contracts by a memo or by a standing rule
(:func:`engine.corporate_actions.standing_rules.contract_changes`). Going back over those in force, a contract that
stands under a root which an event made (AAPL1) came through that event; one under a root which an event took
away was listed after it. Where the root stayed, the strike decides.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.calendars.epoch import days_of_date
from engine.corporate_actions.events import CorporateAction
from engine.corporate_actions.memos import OptionMemo
from engine.corporate_actions.standing_rules import UnsupportedAdjustmentError, contract_changes
from engine.instruments.deliverable import Deliverable

#: era of contracts listed before every adjustment in force
FIRST_ERA = ""

_LISTING_GRID = 0.5
# Half a cent lost at each split, times what it is multiplied with on the way back, must stay below half a
# step of the listing grid; else an original strike cannot be told from its neighbours.
_MAX_AMPLIFICATION = 50.0
_SAME_CENT = 1e-6


@dataclass(frozen=True, slots=True)
class Terms:
    """What contracts of one era have become by the day.

    ``multiplier`` and ``deliverable`` are None where no event changed them.
    """

    era: str
    original_root: str
    contracts: float
    multiplier: float | None
    deliverable: Deliverable | None


@dataclass(frozen=True, slots=True)
class OriginalTerms:
    """How the contracts of one root that were listed on a day were first listed.

    Attributes
    ----------
    original_strike : float64[n]
        The strike when the contract was listed.
    terms : tuple of Terms
        By era, in order; the first is that of contracts from before every event.
    era_code : int32[n]
        Which of them each contract belongs to: 0 for one from before every event, else the latest event that
        it was listed after.
    adjusted_strike : float64[n]
        The original strike carried through those events: the strike listed on the day.
    """

    original_strike: NDArray[np.float64]
    terms: tuple[Terms, ...]
    era_code: NDArray[np.int32]
    adjusted_strike: NDArray[np.float64]

    @property
    def eras(self) -> tuple[str, ...]:
        return tuple(t.era for t in self.terms)

    @property
    def era(self) -> NDArray[np.object_]:
        """object[n], the era of each contract: ISO date of the event that it was listed after, or ``""``."""
        return np.array(self.eras, dtype=object)[self.era_code]

    @property
    def adjustment_factor(self) -> NDArray[np.float64]:
        """float64[n], contracts that one original contract has become (7.0 after a 7-for-1)."""
        return np.array([t.contracts for t in self.terms])[self.era_code]


@dataclass(frozen=True, slots=True)
class _Change:
    """One memo in force, as contracts of the root at hand meet it."""

    effective: dt.date
    memo: OptionMemo
    label: str
    #: it concerns the contracts that stand under the root at this point of the walk
    concerns: bool
    #: every contract here came through it: it made their root, or leaves no trace in strikes
    certain: bool
    root_before: str


def adjust_strike(strike: ArrayLike, new_shares: float) -> NDArray[np.float64]:
    """Strikes after a whole n-for-1 split: divided by n, rounded to the cent, half a cent up."""
    return OptionMemo(contracts=new_shares, strike_divisor=new_shares).strike_after(strike)


def original_terms(
    strike: ArrayLike, trade_days: int, actions: Sequence[CorporateAction], root: str = ""
) -> OriginalTerms:
    """Walk the strikes of one root listed on a day back over the events in force on it.

    From the latest event to the first. Where the event kept the root, a listed strike K belongs to the time
    before it when the multiple K0 of 0.5 nearest to the unrounded way back gives K again; else its contract was
    listed after the event, and its era is the event's date. Where K0 is off the grid of 0.5 because an earlier
    event had already moved it (133.75, from 535, before a second split), the walk tries that event and the
    earlier one in a single step. So a contract keeps its original terms over any number of events, and they depend
    on nothing but root, strike and the events up to the day.

    A contract first listed after a split at a strike that a contract from before it could have is given
    the earlier era: both trade under one symbol, and for an expiry that existed before they are one
    contract. Two strikes never become one (the map is injective). A strike off the grid that no earlier
    split explains (a fresh 12.25) begins a new era at each split.

    Parameters
    ----------
    strike : float64[n]
        Strikes as listed on ``trade_days``, of one underlying and root.
    trade_days : int
        Days since 1970-01-01.
    actions
        The corporate actions of that underlying; those effective after the day are passed over.
    root
        The root under which the contracts are listed; memos name roots.

    Raises
    ------
    UnsupportedAdjustmentError
        An event in force on the day needs a memo that is not recorded, or divides strikes by 50 or more
        under one root (strikes rounded to the cent then no longer tell the original ones apart).
    ValueError
        A strike is not a positive number or none that the memo of its root can have made, or the actions name
        several underlyings.
    """
    listed = np.asarray(strike, dtype=np.float64)
    if not np.all(np.isfinite(listed) & (listed > 0)):
        raise ValueError("a listed strike is not a positive number; validate the quotes first")
    changes, floor = _changes_in_force(trade_days, actions, root)

    origin = listed.copy()
    # events that each contract still has before it on its way back
    remaining = np.full(listed.shape, len(changes), dtype=np.int64)
    for last in range(len(changes), floor, -1):
        walking = remaining == last
        if not walking.any():
            continue
        if not changes[last - 1].concerns or (
            changes[last - 1].certain and not changes[last - 1].memo.changes_strike
        ):
            remaining[walking] = last - 1
            continue
        # what stands under a root that an event made was there before it, and came through all that followed
        least = _events_since_its_root(changes, last, floor)
        for steps in range(max(least, 1), last - floor + 1):
            crossed = [c.memo for c in changes[last - steps : last] if c.concerns]
            if not _tells_strikes_apart(crossed):
                break
            before, fits = _before(origin, crossed, _LISTING_GRID)
            fits &= walking
            origin[fits] = before[fits]
            remaining[fits] = last - steps
            walking &= ~fits
            if not walking.any():
                break
        if least and walking.any():
            for change in reversed(changes[last - least : last]):
                if change.concerns and change.memo.changes_strike:
                    _undo_to_the_cent(change, origin, walking)
            remaining[walking] = last - least
    return OriginalTerms(
        original_strike=origin,
        terms=tuple(_terms(changes, root, first) for first in range(len(changes) + 1)),
        era_code=remaining.astype(np.int32),
        adjusted_strike=listed.copy(),
    )


def changes_of(actions: Sequence[CorporateAction]) -> list[tuple[CorporateAction, OptionMemo]]:
    """Every adjustment of contracts, in order, each with its event.

    Raises
    ------
    UnsupportedAdjustmentError
        See :func:`engine.corporate_actions.standing_rules.contract_changes`.
    """
    return [(action, memo) for action in sorted(actions) for memo in contract_changes(action)]


def _changes_in_force(
    trade_days: int, actions: Sequence[CorporateAction], root: str
) -> tuple[list[_Change], int]:
    """The changes in order, and the number of them that no contract of this root can have come through."""
    in_force = [a for a in actions if days_of_date(a.effective_date) <= trade_days]
    names = {action.underlying for action in in_force}
    if len(names) > 1:
        raise ValueError(f"the splits are of several underlyings: {', '.join(sorted(names))}")
    changes: list[_Change] = []
    floor, name = 0, root
    pairs = changes_of(in_force)
    for number in range(len(pairs), 0, -1):
        action, memo = pairs[number - 1]
        concerns = certain = False
        if not floor:
            if memo.moves_root and name == memo.old_root:
                # the event took this root away: what stands under it now was listed afterwards
                floor = number
            elif memo.moves_root:
                # what joins a root that was there takes the identity of the contracts that it finds
                concerns = certain = name == memo.new_root and not memo.consolidates
            else:
                concerns = memo.concerns(name)
                certain = not memo.changes_strike
            if concerns and not certain and not _tells_strikes_apart([memo]):
                raise UnsupportedAdjustmentError(
                    f"{action}: strikes rounded to the cent after it no longer tell the original ones apart; "
                    "end the universe before it, or leave the underlying out"
                )
            if concerns and memo.moves_root:
                name = memo.old_root
        changes.append(_Change(action.effective_date, memo, str(action), concerns, certain, name))
    return changes[::-1], floor


def _events_since_its_root(changes: Sequence[_Change], last: int, floor: int) -> int:
    """How many of the changes up to ``last`` a contract has come through for sure; 0 where only strikes can tell."""
    for place in range(floor + 1, last + 1):
        change = changes[place - 1]
        # the first of the roots that it went through: it was there before that
        if change.concerns and change.memo.moves_root:
            return last - place + 1
    return 0


def _tells_strikes_apart(memos: Sequence[OptionMemo]) -> bool:
    """Whether half a cent of rounding at each split stays below half a step of the listing grid."""
    # The rounding at split i is multiplied with the divisors of split i and of all before it on the way back.
    amplification: float = sum(accumulate((m.strike_divisor for m in memos if m.strike_divisor != 1.0), mul))
    return amplification < _MAX_AMPLIFICATION


def _before(
    listed: NDArray[np.float64], memos: Sequence[OptionMemo], grid: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Strikes on a grid before ``memos`` (in order), and where they lead to ``listed`` again."""
    unrounded = listed
    for memo in reversed(memos):
        unrounded = memo.strike_before(unrounded)
    per_unit = round(1.0 / grid)
    before = np.rint(unrounded * per_unit) / per_unit
    carried = before
    for memo in memos:
        carried = memo.strike_after(carried)
    return before, np.abs(carried - listed) < _SAME_CENT


def _undo_to_the_cent(change: _Change, origin: NDArray[np.float64], rows: NDArray[np.bool_]) -> None:
    """Contracts that certainly came through the event, from strikes that were off the listing grid before."""
    before, fits = _before(origin, [change.memo], 0.01)
    if (rows & ~fits).any():
        strike = origin[rows & ~fits][0]
        raise ValueError(
            f"strike {strike:g} is listed under {change.memo.new_root}, but the memo of the {change.label} makes it "
            "of no strike; check the memo's strike_divisor and strike_reduction against the clearing house's text"
        )
    origin[rows] = before[rows]


def _terms(changes: Sequence[_Change], root: str, remaining: int) -> Terms:
    """Terms of contracts that came through all but the first ``remaining`` changes."""
    contracts, multiplier, deliverable = 1.0, None, None
    original_root = changes[remaining].root_before if remaining < len(changes) else root
    for change in changes[remaining:]:
        if not change.concerns:
            continue
        contracts *= change.memo.contracts
        multiplier = change.memo.multiplier if change.memo.multiplier is not None else multiplier
        deliverable = change.memo.deliverable if change.memo.deliverable is not None else deliverable
    era = changes[remaining - 1].effective.isoformat() if remaining else FIRST_ERA
    return Terms(era, original_root, contracts, multiplier, deliverable)
