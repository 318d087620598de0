"""From a day of updates to the state of every instrument at declared times, in the memory of a few snapshots."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class LastStateSampler:
    """Keeps the last update of each instrument, and copies them out at each declared time.

    Parameters
    ----------
    times_us
        int64[m], ascending, UTC microseconds: a snapshot holds what had arrived at or before its time.
    key
        The column that names an instrument.
    """

    def __init__(self, times_us: NDArray[np.int64], key: str) -> None:
        self._times_us = times_us
        self._key = key
        self._state: pa.Table | None = None
        self._next = 0
        self._snapshots: list[tuple[int, pa.Table]] = []

    def add(self, updates: pa.Table, arrival_us: NDArray[np.int64]) -> None:
        """Take updates in the order of their arrival, int64[n] ascending and not before those of earlier calls."""
        if not len(arrival_us):
            return
        bins = np.searchsorted(self._times_us, arrival_us, side="left")
        starts = np.flatnonzero(np.diff(bins, prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(bins)], strict=True):
            self._emit(int(bins[start]))
            if bins[start] < len(self._times_us):
                self._merge(updates.slice(int(start), int(end - start)))

    def snapshots(self, seen_until_us: int) -> list[tuple[int, pa.Table]]:
        """Position of the time and the state at it, for each time up to the last arrival of anything: what happened
        after it is not known."""
        self._emit(int(np.searchsorted(self._times_us, seen_until_us, side="right")))
        return self._snapshots

    def _emit(self, upto: int) -> None:
        for position in range(self._next, upto):
            if self._state is not None:
                self._snapshots.append((position, self._state))
        self._next = max(self._next, upto)

    def _merge(self, updates: pa.Table) -> None:
        both = updates if self._state is None else pa.concat_tables([self._state, updates])
        codes = both.column(self._key).combine_chunks().dictionary_encode().indices.to_numpy()
        _, from_end = np.unique(codes[::-1], return_index=True)
        self._state = both.take(pa.array(np.sort(len(codes) - 1 - from_end)))
