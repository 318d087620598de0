"""Permanent contract ids: the same contract has the same number in every process, harvest and history."""

from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: strikes are identified on this grid, fine enough for every listed strike and for float noise not to matter
STRIKE_UNITS_PER_POINT = 100_000
_MAX_STRIKE = 4.0e7
_MAX_EXPIRY_DAYS = 1 << 20
_SEPARATOR = "\x1f"
_MAX_CACHED_IDS = 4_000_000


class _Known:
    """Contracts met before, in order of their packed terms, and their ids: looked up a chain at a time."""

    def __init__(self) -> None:
        self.terms = np.zeros(0, dtype=np.int64)
        self.ids = np.zeros(0, dtype=np.int64)

    def places(self, terms: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Where each stands or would stand, and whether it is known."""
        places = np.searchsorted(self.terms, terms)
        inside = np.minimum(places, max(len(self.terms) - 1, 0))
        known = self.terms[inside] == terms if len(self.terms) else np.zeros(len(terms), dtype=np.bool_)
        return places, known


_known_by_prefix: dict[str, _Known] = {}


class ContractIdentityError(ValueError):
    """Terms that cannot be identified, or two contracts that would share an id."""


def contract_ids(
    underlying_id: str,
    root: str,
    expiry_days: ArrayLike,
    right: ArrayLike,
    original_strike: ArrayLike,
    era: NDArray[np.object_],
) -> NDArray[np.int64]:
    """Permanent ids of the contracts of one root.

    An id is 63 bits of blake2b over underlying id, root, era, expiry, right and original strike: it depends
    neither on the order of harvests nor on where the history starts.

    Parameters
    ----------
    underlying_id : str
        Permanent id of the underlying (not its ticker of the day).
    root : str
        Original option root.
    expiry_days : int32[n]
        Days since 1970-01-01.
    right : int8[n]
        0 call, 1 put.
    original_strike : float64[n]
        As first listed, before any adjustment.
    era : object[n]
        Listing era (:func:`engine.corporate_actions.contract_adjustment.original_terms`).

    Returns
    -------
    int64[n]
        Positive ids.

    Raises
    ------
    ContractIdentityError
        A strike that is not positive, not finite, above 4e7 or finer than 0.00001; an expiry outside
        1970-4840; a right other than 0 and 1; two contracts of this call with one id.
    """
    if _SEPARATOR in underlying_id or _SEPARATOR in root:
        raise ContractIdentityError(f"{underlying_id!r}, {root!r}: a name holds the separator character")
    terms = _pack(expiry_days, right, original_strike)
    if era.shape != terms.shape:
        raise ContractIdentityError(f"{terms.size} contracts but {era.size} listing eras")
    ids = np.empty(terms.shape, dtype=np.int64)
    eras = sorted(set(era.tolist()))
    distinct: list[NDArray[np.int64]] = []
    for name in eras:
        rows = slice(None) if len(eras) == 1 else era == name
        unique_terms, inverse = np.unique(terms[rows], return_inverse=True)
        unique_ids = _ids_of(_SEPARATOR.join((underlying_id, root, str(name))), unique_terms)
        ids[rows] = unique_ids[inverse]
        distinct.append(unique_ids)
    if distinct:
        every_id = np.sort(np.concatenate(distinct))
        if np.any(every_id[1:] == every_id[:-1]):
            raise ContractIdentityError(
                f"{underlying_id} {root}: two contracts share an id (a collision of 63-bit hashes); "
                "give the underlying another permanent_id"
            )
    return ids


def _pack(expiry_days: ArrayLike, right: ArrayLike, original_strike: ArrayLike) -> NDArray[np.int64]:
    """Expiry, right and strike in one integer: 42 bits of strike, 1 of right, 20 of expiry."""
    expiries = np.asarray(expiry_days, dtype=np.int64)
    rights = np.asarray(right, dtype=np.int64)
    strikes = np.asarray(original_strike, dtype=np.float64)
    if not expiries.shape == rights.shape == strikes.shape:
        raise ContractIdentityError(
            f"expiries, rights and strikes differ in length: {expiries.size}, {rights.size}, {strikes.size}"
        )
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = strikes * STRIKE_UNITS_PER_POINT
        units = np.rint(scaled)
        bad = ~((strikes > 0) & (strikes < _MAX_STRIKE) & (np.abs(scaled - units) <= 1e-3 + 1e-12 * scaled))
    if bad.any():
        raise ContractIdentityError(
            f"strike {strikes[bad][0]}: must be positive, below {_MAX_STRIKE:.0f} and a multiple of 0.00001"
        )
    if expiries.size and (expiries.min() < 0 or expiries.max() >= _MAX_EXPIRY_DAYS):
        raise ContractIdentityError(f"expiry day {expiries.min()} or {expiries.max()} is outside 1970-4840")
    if rights.size and (rights.min() < 0 or rights.max() > 1):
        raise ContractIdentityError("a right is neither 0 (call) nor 1 (put)")
    return np.asarray((units.astype(np.int64) << 21) | (rights << 20) | expiries)


def _ids_of(prefix: str, unique_terms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ids of packed terms in ascending order."""
    # of a copy: other threads add to it
    if sum(len(known.terms) for known in list(_known_by_prefix.values())) > _MAX_CACHED_IDS:
        _known_by_prefix.clear()
    before = _known_by_prefix.get(prefix) or _Known()
    places, known = before.places(unique_terms)
    if known.all():
        return before.ids[places]
    seeded = blake2b((prefix + _SEPARATOR).encode(), digest_size=8)
    fresh = unique_terms[~known]
    ids = np.empty(len(fresh), dtype=np.int64)
    for position, key in enumerate(fresh.tolist()):
        state = seeded.copy()
        state.update(key.to_bytes(8, "big"))
        # 63 bits, never 0: ids are positive int64
        ids[position] = int.from_bytes(state.digest(), "big") >> 1 or 1
    after = _Known()
    after.terms = np.insert(before.terms, places[~known], fresh)
    after.ids = np.insert(before.ids, places[~known], ids)
    # replaced as a whole: another thread sees the old or the new one
    _known_by_prefix[prefix] = after
    return after.ids[after.places(unique_terms)[0]]
