"""A vendor's listings around an adjustment of contracts: which row stands for a contract, and what is open in it.

For a session or more after the effective date vendors list contracts under their old terms beside the new ones, write
open interest under the old strikes, or count it in old contracts. All is told by comparing what is listed on
the day with what was listed the last session before, carried through the memos in force.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.corporate_actions.memos import OptionMemo
from engine.corporate_actions.open_interest import MOST, CountedOpenInterest, OpenInterestBasis

#: the part of a contract's key that is its root
ROOT_BITS = 12


@dataclass(frozen=True, slots=True)
class Listing:
    """Contracts of one underlying as they are listed at one moment.

    Attributes
    ----------
    roots : tuple of str
        The option roots; ``root_code`` holds places in it.
    expiry_days : int32[n]
        Days since 1970-01-01.
    right : int8[n]
        0 for calls, 1 for puts.
    strike, open_interest : float64[n]
        As listed; NaN where no open interest is given.
    """

    roots: tuple[str, ...]
    root_code: NDArray[np.int32]
    expiry_days: NDArray[np.int32]
    right: NDArray[np.int8]
    strike: NDArray[np.float64]
    open_interest: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.strike)

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "Listing":
        """Some of the contracts."""
        return Listing(
            self.roots,
            self.root_code[chosen],
            self.expiry_days[chosen],
            self.right[chosen],
            self.strike[chosen],
            self.open_interest[chosen],
        )


def contract_keys(listing: Listing, book: dict[str, int]) -> NDArray[np.int64]:
    """A number for root, expiry, right and strike (in thousandths); equal in every listing of one ``book``."""
    numbers = np.array([book.setdefault(root, len(book)) for root in listing.roots] or [0], dtype=np.int64)
    strike = np.rint(listing.strike * 1000.0).astype(np.int64)
    key = (listing.expiry_days.astype(np.int64) << 1) | listing.right
    return np.asarray((((key << 33) | strike) << ROOT_BITS) | numbers[listing.root_code], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Carried:
    """Contracts under the terms that memos give them, row by row.

    Attributes
    ----------
    contracts : float64[n]
        Contracts that one has become.
    changed : bool[n]
        Whether root, strike or number of contracts changed.
    """

    listing: Listing
    contracts: NDArray[np.float64]
    changed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What each listed row is.

    Attributes
    ----------
    superseded : int64[m]
        Rows of the listing that stand under old terms.
    in_force : Listing
        The terms in force of the contracts of these rows, m of them.
    has_row : bool[m]
        Whether those terms are listed too.
    open_interest : float64[n]
        In contracts of the day, by row of the listing; NaN where unknown.
    basis : int8[n]
        :class:`OpenInterestBasis`.
    vanished : int64[k]
        Contracts of the listing before (rows of it) that have not expired and are listed under no terms.
    """

    superseded: NDArray[np.int64]
    in_force: Listing
    has_row: NDArray[np.bool_]
    open_interest: NDArray[np.float64]
    basis: NDArray[np.int8]
    vanished: NDArray[np.int64]


def carried(listing: Listing, memos: Sequence[OptionMemo]) -> Carried:
    """The terms of every contract after the memos, in their order."""
    roots = list(listing.roots)
    code, strike = listing.root_code.copy(), listing.strike.copy()
    contracts = np.ones(len(listing))
    for memo in memos:
        concerned = np.array([memo.concerns(root) for root in roots], dtype=np.bool_)[code]
        strike[concerned] = memo.strike_after(strike[concerned])
        contracts[concerned] *= memo.contracts
        if memo.moves_root and concerned.any():
            if memo.new_root not in roots:
                roots.append(memo.new_root)
            code[concerned] = roots.index(memo.new_root)
    changed = (code != listing.root_code) | (strike != listing.strike) | (contracts != 1.0)
    return Carried(replace(listing, roots=tuple(roots), root_code=code, strike=strike), contracts, changed)


def reconcile(
    now: Listing,
    before: Listing,
    memos: Sequence[OptionMemo],
    trade_days: int,
    *,
    previous: Listing | None = None,
    strays: Listing | None = None,
) -> Reconciled:
    """Tell old listings from those in force, and count open interest in contracts of the day.

    - A root is listed twice where most of its contracts stand under the old terms and most under the new ones. Then a
      row under old terms is superseded, unless the same root, expiry, right and strike are also the new terms of
      another contract: such a line stands for the latter.
    - Open interest lags under the old strikes where hardly any contract has some under its new terms and most have
      some under the old: every contract gets what is written there, times what one contract became.
    - It is counted in old contracts where the median ratio to the open interest before, of contracts under new terms,
      is nearer to 1 than to what one contract became.
    - When a double listing is over, a strike that goes on is a new contract's, first listed that day, and can have none
      open: what the vendor writes is left over from the old one.

    Parameters
    ----------
    now
        One snapshot of the day.
    before
        Listed at the end of the last session before the first of ``memos`` took effect.
    memos
        Adjustments that took effect since then, in order.
    trade_days
        The day, days since 1970-01-01; what expired before it has not vanished.
    previous
        Listed the session before the day, where that is not ``before``.
    strays
        Open interest that the vendor gives for contracts that it does not quote.
    """
    image = carried(before, memos)
    alive = np.flatnonzero((before.expiry_days >= trade_days) & image.changed)
    book: dict[str, int] = {}
    here = contract_keys(now, book)
    old, new = contract_keys(before, book)[alive], contract_keys(image.listing, book)[alive]
    old_alone = ~np.isin(old, new)
    root = before.root_code[alive]
    under_old, under_new = _shares(here, old, new, root)
    doubled = (under_old >= MOST) & (under_new >= MOST)
    unmoved = (under_old >= MOST) & ~doubled

    stale = np.flatnonzero(np.isin(here, old[old_alone & doubled]))
    of_stale = _find(here[stale], old)
    has_row = np.isin(new[of_stale], here)
    stands = np.isin(new, here) | (np.isin(old, here) & old_alone & (doubled | unmoved))

    counted = CountedOpenInterest(
        own=now.open_interest,
        contract=np.where(np.isin(np.arange(len(here)), stale), -1, _find(here, new)),
        contracts=image.contracts[alive],
        before=before.open_interest[alive],
        under_old=_under_old(now, here, strays, old, book),
        telling=~np.isin(new, old),
        taken_from=np.isin(here, old),
    )
    open_interest, basis = counted.reconciled()
    if previous is not None:
        yesterday = contract_keys(previous, book)
        then_old, then_new = _shares(yesterday, old, new, root)
        was = old_alone & ~doubled & (then_old >= MOST) & (then_new >= MOST) & np.isin(old, yesterday)
        left = np.isin(here, old[was]) & (open_interest > 0) & (basis == OpenInterestBasis.AS_LISTED)
        open_interest[left], basis[left] = np.nan, OpenInterestBasis.LEFT_OVER
    return Reconciled(
        superseded=stale,
        in_force=image.listing.rows(alive[of_stale]),
        has_row=has_row,
        open_interest=open_interest,
        basis=basis,
        vanished=alive[~stands],
    )


def _shares(
    here: NDArray[np.int64], old: NDArray[np.int64], new: NDArray[np.int64], root: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each contract's root, the shares listed under old terms and under new ones.

    Terms that are old for one contract and new for another say nothing and are left out.
    """
    shares = np.zeros(len(old)), np.zeros(len(old))
    for terms, others, share in ((old, new, shares[0]), (new, old, shares[1])):
        telling, listed = ~np.isin(terms, others), np.isin(terms, here)
        for one in np.unique(root).tolist():
            mine = root == one
            if (mine & telling).any():
                share[mine] = listed[mine & telling].mean()
    return shares


def _under_old(
    now: Listing,
    here: NDArray[np.int64],
    strays: Listing | None,
    old: NDArray[np.int64],
    book: dict[str, int],
) -> NDArray[np.float64]:
    """By contract, the open interest that is written under its old terms; NaN where there is none."""
    found = np.full(len(old), np.nan)
    sources = [(here, now.open_interest)]
    if strays is not None:
        sources.append((contract_keys(strays, book), strays.open_interest))
    for keys, values in sources:
        known = ~np.isnan(values)
        place = _find(old, keys[known])
        there = (place >= 0) & np.isnan(found)
        found[there] = values[known][place[there]]
    return found


def _find(wanted: NDArray[np.int64], among: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each key among others, -1 where it is not there."""
    if not len(among):
        return np.full(len(wanted), -1, dtype=np.int64)
    order = np.argsort(among, kind="stable")
    at = np.minimum(np.searchsorted(among[order], wanted), len(among) - 1)
    place = order[at]
    return np.where(among[place] == wanted, place, -1)
