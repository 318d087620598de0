"""In which contracts, and under which terms, a vendor counts open interest after an adjustment of contracts.

It may lag under the old terms for a session, or be counted in old contracts under the new ones. Told by comparison
with the open interest of the last session before.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

#: Share of the contracts of a root from which it says how a vendor lists them. Shares seen in real chains are
#: near 0 or near 1: CRWD on 2026-07-02 and 07-06 lists all 4,136 under both terms, on 07-07 under the new ones.
MOST = 0.5
_HARDLY_ANY = 0.05
#: contracts with known open interest that it takes to judge how the vendor counts it
_MIN_CONTRACTS = 5


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
class CountedOpenInterest:
    """Open interest from every side, of n rows of the day and m contracts of the session before.

    Attributes
    ----------
    own : float64[n]
        As written in the row, contracts; NaN where nothing is.
    contract : int64[n]
        The row's place among the contracts before; -1: none of them.
    contracts : float64[m]
        What one contract became.
    before : float64[m]
        Of the session before, contracts.
    under_old : float64[m]
        What is written on the day under the old terms; NaN where nothing is.
    telling : bool[m]
        The new terms are no contract's old ones.
    taken_from : bool[n]
        The row's terms were a contract's before.
    """

    own: NDArray[np.float64]
    contract: NDArray[np.int64]
    contracts: NDArray[np.float64]
    before: NDArray[np.float64]
    under_old: NDArray[np.float64]
    telling: NDArray[np.bool_]
    taken_from: NDArray[np.bool_]

    def reconciled(self) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
        """Open interest in contracts of the day and codes of :class:`OpenInterestBasis`, float64[n] and int8[n]."""
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
        return under_new < _HARDLY_ANY and under_old >= MOST

    def _counts_old_contracts(self, rows: NDArray[np.int64], of: NDArray[np.int64]) -> bool:
        judged = self.telling[of] & (self.before[of] > 0) & (self.own[rows] > 0) & (self.contracts[of] != 1.0)
        if judged.sum() < _MIN_CONTRACTS:
            return False
        ratio = np.log(self.own[rows[judged]] / self.before[of[judged]])
        became = np.log(self.contracts[of[judged]])
        return float(np.median(np.abs(ratio))) < float(np.median(np.abs(ratio - became)))
