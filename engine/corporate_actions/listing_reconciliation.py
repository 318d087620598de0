"""A vendor's listings around an adjustment of contracts: which row stands for a contract, and what is open in it.

For a session or more after the effective date vendors list contracts under their old terms beside the new ones, write
open interest under the old strikes, or count it in old contracts. All is told by comparing what is listed on
the day with what was listed the last session before, carried through the memos in force.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from engine.corporate_actions.memos import OptionMemo

#: Share of the contracts of a root from which it says how a vendor lists them. Shares seen in real chains are
#: near 0 or near 1: CRWD on 2026-07-02 and 07-06 lists all 4,136 under both terms, on 07-07 under the new ones.
_MOST = 0.5
_HARDLY_ANY = 0.05
#: contracts with known open interest that it takes to judge how the vendor counts it
_MIN_CONTRACTS = 5
#: the part of a contract's key that is its root
ROOT_BITS = 12


class OpenInterestBasis(IntEnum):
    """How ``open_interest`` follows from what the vendor wrote."""

    #: it is what the vendor wrote
    AS_LISTED = 0
    #: written under the terms in force but counted in old contracts: multiplied with what one became
    RESTATED = 1
    #: written under the old terms: multiplied with what one contract became, and moved to the row in force
    MOVED = 2
    #: what the vendor wrote is the old contract's of the same strike; unknown
    LEFT_OVER = 3

    @property
    def label(self) -> str:
        """The value in storage."""
        return self.name.lower()


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
    doubled = (under_old >= _MOST) & (under_new >= _MOST)
    unmoved = (under_old >= _MOST) & ~doubled

    stale = np.flatnonzero(np.isin(here, old[old_alone & doubled]))
    of_stale = _find(here[stale], old)
    has_row = np.isin(new[of_stale], here)
    stands = np.isin(new, here) | (np.isin(old, here) & old_alone & (doubled | unmoved))

    counted = _Counted(
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
        was = old_alone & ~doubled & (then_old >= _MOST) & (then_new >= _MOST) & np.isin(old, yesterday)
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


@dataclass(frozen=True, slots=True)
class _Counted:
    """Open interest from every side; ``contract`` is each row's place in the contracts before, -1: none of them.

    ``own``, ``contract`` and ``taken_from`` are by row of the day, the others by contract.
    """

    own: NDArray[np.float64]
    contract: NDArray[np.int64]
    contracts: NDArray[np.float64]
    before: NDArray[np.float64]
    under_old: NDArray[np.float64]
    #: the new terms are no contract's old ones
    telling: NDArray[np.bool_]
    #: the row's terms were a contract's before
    taken_from: NDArray[np.bool_]

    def reconciled(self) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
        found = self.own.copy()
        basis = np.full(len(found), OpenInterestBasis.AS_LISTED, dtype=np.int8)
        rows = np.flatnonzero(self.contract >= 0)
        of = self.contract[rows]
        if self._lags_under_old_terms(rows, of):
            found[rows] = (self.contracts * self.under_old)[of]
            basis[rows] = OpenInterestBasis.MOVED
            other = (self.contract < 0) & self.taken_from & (self.own > 0)
            found[other], basis[other] = np.nan, OpenInterestBasis.LEFT_OVER
        elif self._counts_old_contracts(rows, of):
            found[rows] = self.own[rows] * self.contracts[of]
            basis[rows] = OpenInterestBasis.RESTATED
        else:
            blank = rows[np.isnan(self.own[rows]) & self.telling[of] & (self.under_old[of] > 0)]
            moved = self.contract[blank]
            found[blank] = self.contracts[moved] * self.under_old[moved]
            basis[blank] = OpenInterestBasis.MOVED
        return found, basis

    def _lags_under_old_terms(self, rows: NDArray[np.int64], of: NDArray[np.int64]) -> bool:
        open_before = self.before > 0
        judged = self.telling[of] & open_before[of]
        if judged.sum() < _MIN_CONTRACTS:
            return False
        under_new = float((self.own[rows[judged]] > 0).mean())
        under_old = float((self.under_old[open_before] > 0).mean())
        return under_new < _HARDLY_ANY and under_old >= _MOST

    def _counts_old_contracts(self, rows: NDArray[np.int64], of: NDArray[np.int64]) -> bool:
        judged = self.telling[of] & (self.before[of] > 0) & (self.own[rows] > 0) & (self.contracts[of] != 1.0)
        if judged.sum() < _MIN_CONTRACTS:
            return False
        ratio = np.log(self.own[rows[judged]] / self.before[of[judged]])
        became = np.log(self.contracts[of[judged]])
        return float(np.median(np.abs(ratio))) < float(np.median(np.abs(ratio - became)))


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
