"""Delivery prices that are averages: the last half hour before 08:00 UTC of coin venues.

Deribit, "Settlement and delivery": the delivery price is the time-weighted average of the index over the last 30
minutes before 08:00 UTC. While the window runs, a position is marked at the part that is fixed plus the forward for
the part that is not (the blend that derive.xyz documents for its options).
"""

import numpy as np
from numpy.typing import ArrayLike

WINDOW_MINUTES = 30.0
_US_PER_MINUTE = 60_000_000


class IncompleteWindowError(ValueError):
    """The index is not known over the whole averaging window."""


def delivery_average(
    ts_us: ArrayLike,
    index: ArrayLike,
    settles_us: int,
    *,
    window_minutes: float = WINDOW_MINUTES,
    longest_gap_seconds: float = 60.0,
) -> float:
    """Time-weighted average of the index over the window that ends at ``settles_us``.

    Each value holds until the next one; the one before the window counts from its start.

    Parameters
    ----------
    ts_us : int64[n]
        Times of the index values, UTC microseconds, ascending.
    index : float64[n]
        The index.
    longest_gap_seconds
        The longest time that one value may stand for.

    Raises
    ------
    IncompleteWindowError
        No value at or before the start of the window, or a longer gap in it.
    """
    times, values = np.asarray(ts_us, dtype=np.int64), np.asarray(index, dtype=np.float64)
    start = settles_us - round(window_minutes * _US_PER_MINUTE)
    first = int(np.searchsorted(times, start, side="right")) - 1
    last = int(np.searchsorted(times, settles_us, side="left"))
    if first < 0:
        raise IncompleteWindowError(f"the index is not known at the start of the averaging window ({start})")
    edges = np.concatenate(([start], times[first + 1 : last], [settles_us])).astype(np.int64)
    gaps = np.diff(edges)
    if gaps.max() > longest_gap_seconds * 1e6:
        raise IncompleteWindowError(
            f"the index is not known for {gaps.max() / 1e6:g} s of the averaging window, more than "
            f"{longest_gap_seconds:g} s; no delivery price can be made of it"
        )
    return float(np.average(values[first:last], weights=gaps))


def mark_in_window(
    minutes_elapsed: float, average: float, forward: float, *, window_minutes: float = WINDOW_MINUTES
) -> float:
    """Expected delivery price while the window runs: the average so far and the forward, by their minutes.

    Raises
    ------
    ValueError
        ``minutes_elapsed`` lies outside the window.
    """
    if not 0.0 <= minutes_elapsed <= window_minutes:
        raise ValueError(f"{minutes_elapsed:g} minutes lie outside the window of {window_minutes:g}")
    fixed = minutes_elapsed / window_minutes
    return fixed * average + (1.0 - fixed) * forward
