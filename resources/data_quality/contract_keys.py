"""Contracts as integers: which rows of one or several tables are about the same contract.

(expiry, right, strike) is no key, because SPX and SPXW share them; the root belongs to it.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from resources.data_quality.columns import MISSING_DAYS, Ints, codes, days, floats, instants_us


def _labels(tables: Sequence[pa.Table], name: str, known: dict[str, int]) -> list[Ints]:
    """Codes of a dictionary column that mean the same in every table; new labels are added to ``known``."""
    coded = []
    for table in tables:
        indices, values = codes(table, name)
        lookup = np.array([known.setdefault(value, len(known)) for value in values] + [-1], dtype=np.int64)
        coded.append(lookup[indices])  # index -1 (missing) picks the last entry, -1
    return coded


def contract_codes(tables: Sequence[pa.Table], *, with_ts: bool = False) -> tuple[Ints, ...]:
    """One int64 code per row; equal codes, in whichever table, mean the same contract.

    Parameters
    ----------
    tables
        Quote tables of one underlying.
    with_ts
        Also tell snapshots apart: the key is then (root, expiry, right, strike, ts).

    Returns
    -------
    tuple of int64 arrays, one per table; -1 where a part of the key is null or NaN, or the right unknown.
    """
    sizes = [table.num_rows for table in tables]
    if sum(sizes) == 0:
        return tuple(np.zeros(0, dtype=np.int64) for _ in tables)
    root = np.concatenate(_labels(tables, "root", {}))
    right = np.concatenate(_labels(tables, "right", {"C": 0, "P": 1}))
    expiry = np.concatenate([days(table, "expiry") for table in tables])
    strike = np.concatenate([floats(table, "strike") for table in tables])
    known = (root >= 0) & (right >= 0) & (right <= 1) & (expiry != MISSING_DAYS) & ~np.isnan(strike)
    expiries, expiry_code = np.unique(expiry, return_inverse=True)
    strikes, strike_code = np.unique(strike, return_inverse=True)
    code = ((root * len(expiries) + expiry_code) * 2 + right) * len(strikes) + strike_code
    if with_ts:
        instants, ts_code = np.unique(
            np.concatenate([instants_us(table, "ts") for table in tables]), return_inverse=True
        )
        code = code * len(instants) + ts_code
    code = np.where(known, code, -1)
    return tuple(np.split(code, np.cumsum(sizes)[:-1]))
