"""Trades and open interest joined to the quotes of the same contract, never from a later moment."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from resources.providers.lean.option_rows import OptionRows

#: microseconds of a few days, so that contract and time fit into one ordered integer
_SPAN_US = 1 << 39


@dataclass(frozen=True)
class Joined:
    """For each quote the newest row of another kind.

    Attributes
    ----------
    other
        The rows that can be joined; the others are in its ``rows.rejected``.
    row
        int64[quotes] position in ``other``; -1 where no row is known yet.
    """

    other: OptionRows
    row: NDArray[np.int64]
    _order: NDArray[np.int64]
    _codes: NDArray[np.int64]

    def take(self, values: NDArray[np.float64] | NDArray[np.int64]) -> pa.Array:
        """One value per quote, of those given per row of ``other``; null where there is none."""
        if not len(values):
            return pa.nulls(len(self.row), pa.from_numpy_dtype(values.dtype))
        return pa.array(values[np.maximum(self.row, 0)], mask=self.row < 0)

    def running_sum(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Per row of ``other``, the sum of its contract's values up to and with that row."""
        if not len(values):
            return values
        codes = self._codes[self._order]
        sums = np.concatenate([[0.0], np.cumsum(values[self._order])])
        found = np.empty(len(values))
        found[self._order] = sums[1:] - sums[np.searchsorted(codes, codes, side="left")]
        return found


def join_latest(quotes: OptionRows, other: OptionRows, kind: str) -> Joined:
    """The newest row of the same contract that is known at the time of each quote.

    Rows that tell the same time of the same contract twice are rejected (``repeated_<kind>``): which one is meant
    is not known. Rows that no quote can use, because the contract has none from then on, are rejected with
    ``<kind>_without_quote``.
    """
    codes, other_codes = _codes([quotes.symbols, other.symbols])
    base = min((int(times.min()) for times in (quotes.ts_us, other.ts_us) if len(times)), default=0)
    moments = codes * _SPAN_US + (quotes.ts_us - base)
    other_moments = other_codes * _SPAN_US + (other.ts_us - base)

    _, inverse, counts = np.unique(other_moments, return_inverse=True, return_counts=True)
    repeated = counts[inverse] > 1 if len(other_moments) else np.zeros(0, dtype=bool)
    other = other.without(f"repeated_{kind}", repeated)
    other_codes, other_moments = other_codes[~repeated], other_moments[~repeated]

    contracts = max(int(codes.max(initial=-1)), int(other_codes.max(initial=-1))) + 1
    last_quote = np.full(contracts, -1, dtype=np.int64)
    np.maximum.at(last_quote, codes, moments)
    unused = other_moments > last_quote[other_codes]
    other = other.without(f"{kind}_without_quote", unused)
    other_codes, other_moments = other_codes[~unused], other_moments[~unused]

    order = np.argsort(other_moments)
    place = np.searchsorted(other_moments[order], moments, side="right") - 1
    row = np.full(len(moments), -1, dtype=np.int64)
    reached = np.flatnonzero(place >= 0)
    candidate = order[place[reached]]
    same = other_codes[candidate] == codes[reached]
    row[reached[same]] = candidate[same]
    return Joined(other, row, order, other_codes)


def _codes(texts: Sequence[pa.Array]) -> list[NDArray[np.int64]]:
    """The same numbers for the same texts in every array."""
    together = pa.concat_arrays([text.cast(pa.string()) for text in texts]).dictionary_encode()
    codes = together.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return np.split(codes, np.cumsum([len(text) for text in texts])[:-1])
