"""Contracts as integers: which rows of one or several tables are about the same contract.

(expiry, right, strike) is no key, because SPX and SPXW share them; the root belongs to it.
"""

from collections.abc import Sequence
from threading import Lock

import numpy as np
import pyarrow as pa

from resources.data_quality.columns import (
    MISSING_DAYS,
    Bools,
    Ints,
    codes,
    days,
    floats,
    instants_us,
    remembered,
    shared_array,
)

# a contract in one number, its parts in the lake's order: day of expiry, right, strike in thousandths, root
_ROOT_BITS, _STRIKE_BITS, _RIGHT_BITS, _DAY_BITS = 12, 33, 1, 17
_roots: dict[str, int] = {}
_lock = Lock()


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
    if sum(table.num_rows for table in tables) == 0:
        return tuple(np.zeros(0, dtype=np.int64) for _ in tables)
    if not with_ts or len({instant for table in tables for instant in _instants(table)}) <= 1:
        packed = [_packed(table) for table in tables]
        if all(numbers is not None for numbers in packed):
            return tuple(numbers for numbers in packed if numbers is not None)
    return _ranked(tables, with_ts=with_ts)


@remembered
def _packed(table: pa.Table) -> Ints | None:
    """The codes of contracts that fit into one number each, which then is the same in every table; else None."""
    root_codes, labels = codes(table, "root")
    right_codes, rights = codes(table, "right")
    expiry, strike = days(table, "expiry"), floats(table, "strike")
    with _lock:
        roots = [_roots.setdefault(label, len(_roots)) for label in labels]
    side = [("C", "P").index(label) if label in ("C", "P") else -1 for label in rights]
    right = np.array([*side, -1], dtype=np.int64)[right_codes]
    root = np.array([*roots, -1], dtype=np.int64)[root_codes]
    known = (root >= 0) & (right >= 0) & (expiry != MISSING_DAYS) & ~np.isnan(strike)
    whole = bool(known.all())
    if not whole:
        expiry, strike = np.where(known, expiry, 0), np.where(known, strike, 0.0)
    with np.errstate(invalid="ignore"):
        thousandths = np.rint(strike * 1000.0)
        fits = (
            ((thousandths / 1000.0 == strike) & (thousandths >= 0) & (thousandths < 2.0**_STRIKE_BITS)).all()
            and (not len(expiry) or (expiry.min() >= 0 and expiry.max() < 1 << _DAY_BITS))
            and max(roots, default=0) < 1 << _ROOT_BITS
        )
    if not fits:
        return None
    code: Ints = (expiry << _RIGHT_BITS) | right
    code = (code << _STRIKE_BITS) | thousandths.astype(np.int64)
    code = (code << _ROOT_BITS) | root
    return shared_array(code if whole else np.where(known, code, -1))


@remembered
def _instants(table: pa.Table) -> tuple[int, ...]:
    """The distinct instants of a table."""
    return tuple(np.unique(instants_us(table, "ts")).tolist())


def _ranked(tables: Sequence[pa.Table], *, with_ts: bool) -> tuple[Ints, ...]:
    """The codes by the rank of each part among those of all the tables, whatever the parts are."""
    sizes = [table.num_rows for table in tables]
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


def shared_rows(first: Ints, second: Ints) -> tuple[Ints, Ints]:
    """Rows of two tables that are about the same contracts, in order of the first table's rows.

    Of a contract that a table holds twice the first row counts; rows without a code have no partner.
    """
    if rising(first) and rising(second):
        at = np.minimum(np.searchsorted(second, first), max(len(second) - 1, 0))
        both = second[at] == first if len(second) else np.zeros(len(first), dtype=np.bool_)
        both &= first >= 0
        return np.flatnonzero(both), at[both]
    # codes come in the order in which a process met the roots, which must not show
    first_codes, first_rows = np.unique(first, return_index=True)
    second_codes, second_rows = np.unique(second, return_index=True)
    shared, left, right = np.intersect1d(first_codes, second_codes, assume_unique=True, return_indices=True)
    keep = shared >= 0
    mine, theirs = first_rows[left[keep]], second_rows[right[keep]]
    order = np.argsort(mine)
    return mine[order], theirs[order]


def among(code: Ints, others: Ints) -> Bools:
    """Which codes are among the others."""
    if not len(others):
        return np.zeros(len(code), dtype=np.bool_)
    ordered = others if rising(others) else np.sort(others)
    found: Bools = ordered[np.minimum(np.searchsorted(ordered, code), len(ordered) - 1)] == code
    return found


def rising(code: Ints) -> bool:
    """Whether no contract is there twice, as far as order shows it."""
    return bool((code[1:] > code[:-1]).all())
