"""Listed strikes walked back to the terms under which their contracts were first listed.

OCC adjusts options for a whole n-for-1 split by dividing the strike by n, rounded to the cent, and
multiplying the number of contracts by n; multiplier and deliverable stay (Options Disclosure Document, 2012
supplement; information memos of the single splits). Other splits change the deliverable instead and are not
supported here: they raise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.calendars.epoch import days_of_date
from engine.corporate_actions.events import ActionKind, CorporateAction

#: era of contracts listed before every split in force
FIRST_ERA = ""

_LISTING_GRID = 0.5
# Half a cent lost at each split, times what it is multiplied with on the way back, must stay below half a
# step of the listing grid; else an original strike cannot be told from its neighbours.
_MAX_AMPLIFICATION = 50.0
_SAME_CENT = 1e-6


class UnsupportedAdjustmentError(ValueError):
    """A corporate action whose effect on option contracts is not modelled."""


@dataclass(frozen=True, slots=True)
class OriginalTerms:
    """How the contracts listed on a day were first listed.

    Attributes
    ----------
    original_strike : float64[n]
        The strike when the contract was listed.
    eras : tuple of str
        ``""``, and the ISO dates of the splits in force that day, in order.
    era_code : int32[n]
        Which of them each contract belongs to: 0 for one from before every split, else the latest split that
        it was listed after.
    adjustment_factor : float64[n]
        Contracts that one original contract has become: the product of the n of the splits that it went
        through (7.0 after a 7-for-1). Contracts held are multiplied with it.
    adjusted_strike : float64[n]
        The original strike carried through those splits, rounded to the cent at each: the strike listed
        on the day.
    """

    original_strike: NDArray[np.float64]
    eras: tuple[str, ...]
    era_code: NDArray[np.int32]
    adjustment_factor: NDArray[np.float64]
    adjusted_strike: NDArray[np.float64]

    @property
    def era(self) -> NDArray[np.object_]:
        """object[n], the era of each contract."""
        return np.array(self.eras, dtype=object)[self.era_code]


def adjust_strike(strike: ArrayLike, new_shares: float) -> NDArray[np.float64]:
    """Strikes after a whole n-for-1 split: divided by n, rounded to the cent, half a cent up.

    The direction of ties is CRWD's in its 4-for-1 split of 2026-07-02: 532.50 became 133.13.
    """
    cents = np.asarray(strike, dtype=np.float64) * 100.0 / new_shares
    return np.asarray(np.floor(cents + 0.5 + _SAME_CENT) / 100.0)


def original_terms(strike: ArrayLike, trade_days: int, splits: Sequence[CorporateAction]) -> OriginalTerms:
    """Walk the strikes listed on a day back over the splits in force on it.

    From the latest split to the first: a listed strike K belongs to the time before an n-for-1 split when
    the multiple K0 of 0.5 nearest to K*n gives K again under the split; else its contract was listed after
    the split, and its era is the split's date. Where K0 is off the grid of 0.5 because an earlier split
    had already divided it (133.75, from 535, before a second split), the walk tries that split and the
    earlier one in a single step. So a contract keeps its original terms over any number of splits, and they
    depend on nothing but the strike and the splits up to the day.

    A contract first listed after a split at a strike that a contract from before it could have is given
    the earlier era: both trade under one symbol, and for an expiry that existed before they are one
    contract. Two strikes never become one (the map is injective). A strike off the grid that no earlier
    split explains (a fresh 12.25) begins a new era at each split.

    Parameters
    ----------
    strike : float64[n]
        Strikes as listed on ``trade_days``, of one underlying.
    trade_days : int
        Days since 1970-01-01.
    splits
        The corporate actions of that underlying; those effective after the day, and dividends, are passed
        over.

    Raises
    ------
    UnsupportedAdjustmentError
        A split in force on the day is not whole n-for-1, or n is 50 or more (strikes rounded to the cent
        then no longer tell the original ones apart).
    ValueError
        A strike is not a positive number, or the actions name several underlyings.
    """
    listed = np.asarray(strike, dtype=np.float64)
    if not np.all(np.isfinite(listed) & (listed > 0)):
        raise ValueError("a listed strike is not a positive number; validate the quotes first")
    in_force = _splits_in_force(trade_days, splits)
    ratios = [split.split_ratio for split in in_force]

    origin = listed.copy()
    factor = np.ones(listed.shape, dtype=np.float64)
    # splits that each contract still has before it on its way back
    remaining = np.full(listed.shape, len(in_force), dtype=np.int64)
    for last in range(len(in_force), 0, -1):
        walking = remaining == last
        for steps in range(1, last + 1):
            crossed = ratios[last - steps : last]
            if not _tells_strikes_apart(crossed):
                break
            before, fits = _before_splits(origin, crossed)
            fits &= walking
            origin[fits] = before[fits]
            factor[fits] *= np.prod(crossed)
            remaining[fits] = last - steps
            walking &= ~fits
    return OriginalTerms(
        original_strike=origin,
        eras=(FIRST_ERA, *(split.effective_date.isoformat() for split in in_force)),
        era_code=remaining.astype(np.int32),
        adjustment_factor=factor,
        adjusted_strike=listed.copy(),
    )


def _splits_in_force(trade_days: int, actions: Sequence[CorporateAction]) -> list[CorporateAction]:
    in_force = sorted(
        a for a in actions if a.kind is ActionKind.SPLIT and days_of_date(a.effective_date) <= trade_days
    )
    names = {split.underlying for split in in_force}
    if len(names) > 1:
        raise ValueError(f"the splits are of several underlyings: {', '.join(sorted(names))}")
    for split in in_force:
        whole = split.old_shares == 1 and split.new_shares >= 2 and float(split.new_shares).is_integer()
        if whole and _tells_strikes_apart([split.split_ratio]):
            continue
        reason = (
            "strikes rounded to the cent after it no longer tell the original ones apart"
            if whole
            else "only whole n-for-1 splits leave the deliverable as it is, others are not modelled"
        )
        raise UnsupportedAdjustmentError(
            f"{split.underlying} {split.new_shares:g}-for-{split.old_shares:g} split of "
            f"{split.effective_date}: {reason}; end the universe before it, or leave the underlying out"
        )
    return in_force


def _tells_strikes_apart(ratios: Sequence[float]) -> bool:
    """Whether half a cent of rounding at each split stays below half a step of the listing grid."""
    # The rounding at split i is multiplied with the ratios of split i and of all before it on the way back.
    return float(np.sum(np.cumprod(ratios))) < _MAX_AMPLIFICATION


def _before_splits(
    listed: NDArray[np.float64], ratios: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Strikes on the listing grid before ``ratios`` (in order), and where they lead to ``listed`` again."""
    before = np.rint(listed * np.prod(ratios) / _LISTING_GRID) * _LISTING_GRID
    carried = before
    for ratio in ratios:
        carried = adjust_strike(carried, ratio)
    return before, np.abs(carried - listed) < _SAME_CENT
