"""Every row of a session's quotes walked back to its permanent contract, root by root."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assets import engine_arrays as ea
from engine.corporate_actions.contract_adjustment import original_terms
from engine.corporate_actions.events import CorporateAction
from engine.instruments.deliverable import Deliverable
from engine.instruments.identity import contract_ids


@dataclass(frozen=True)
class WalkedContracts:
    """Identity and terms of every row, all arrays of shape (rows,).

    Attributes
    ----------
    contracts
        Contracts that one original contract has become.
    multiplier
        NaN where no event changed it.
    era, original_root, deliverable
        Places in ``eras``, ``original_roots``, ``deliverables``; -1: the standard deliverable.
    """

    contract_id: NDArray[np.int64]
    original_strike: NDArray[np.float64]
    adjusted_strike: NDArray[np.float64]
    contracts: NDArray[np.float64]
    multiplier: NDArray[np.float64]
    era: NDArray[np.int32]
    eras: list[str]
    original_root: NDArray[np.int32]
    original_roots: list[str]
    deliverable: NDArray[np.int32]
    deliverables: list[Deliverable]


def walk_contracts(
    quotes: pa.Table, underlying_id: str, trade_days: int, actions: list[CorporateAction]
) -> WalkedContracts:
    """Walk each root's contracts back over the actions that are in force and known.

    Parameters
    ----------
    quotes
        Rows of ``QUOTE_SCHEMA`` of one underlying and session.
    underlying_id
        Permanent id of the underlying.
    trade_days
        The session, days since 1970-01-01.
    actions
        Of this underlying only.
    """
    root_codes, roots = ea.codes(quotes, "root")
    strike, expiry, right = ea.floats(quotes, "strike"), ea.days(quotes, "expiry"), ea.rights(quotes)
    n = len(strike)
    eras, names, deliverables = _Labels(), _Labels(), _Labels()
    walked = WalkedContracts(
        *(np.zeros(n, dtype=np.int64), np.zeros(n), np.zeros(n), np.ones(n), np.full(n, np.nan)),
        np.zeros(n, dtype=np.int32), eras.labels,
        np.zeros(n, dtype=np.int32), names.labels,
        np.full(n, -1, dtype=np.int32), deliverables.labels,
    )  # fmt: skip
    for code, root in enumerate(roots):
        rows = np.flatnonzero(root_codes == code)
        found = original_terms(strike[rows], trade_days, actions, root)
        walked.original_strike[rows] = found.original_strike
        walked.adjusted_strike[rows] = found.adjusted_strike
        for era_code in np.unique(found.era_code).tolist():
            terms, mine = found.terms[era_code], rows[found.era_code == era_code]
            walked.era[mine] = eras.place(terms.era)
            walked.original_root[mine] = names.place(terms.original_root)
            walked.contracts[mine] = terms.contracts
            if terms.multiplier is not None:
                walked.multiplier[mine] = terms.multiplier
            if terms.deliverable is not None:
                walked.deliverable[mine] = deliverables.place(terms.deliverable)
    era_names = np.array(eras.labels, dtype=object)
    for place, root in enumerate(names.labels):
        mine = np.flatnonzero(walked.original_root == place)
        walked.contract_id[mine] = contract_ids(
            underlying_id,
            root,
            expiry[mine],
            right[mine],
            walked.original_strike[mine],
            era_names[walked.era[mine]],
        )
    return walked


class _Labels:
    """Distinct values in order of their first appearance."""

    def __init__(self) -> None:
        self.labels: list[Any] = []

    def place(self, value: object) -> int:
        if value not in self.labels:
            self.labels.append(value)
        return self.labels.index(value)
