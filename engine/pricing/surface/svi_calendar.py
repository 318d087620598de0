"""What keeps the slices of a day from crossing: how far their slopes may go, where the floor is looked at, and raising.

With equal slopes the levels far out decide which of two slices is above, and a slice that falls short there could only
be raised as a whole, at the money too. So slopes are held together by a regression and yet free to rise a little from
one expiry to the next, and the floor is looked at far beyond all quotes.
"""

import math

import numpy as np
from numpy.typing import NDArray

from engine.pricing.compiled import callable_part
from engine.pricing.surface.svi_slice import (
    lacking_far_out,
    least_variance,
    variance_at,
    worst_density,
    worst_gap,
)

Floats = NDArray[np.float64]

#: the code of an expiry that has too few quotes for a slice, see :class:`engine.pricing.surface.svi_fit.FitStatus`
FEW = 3
#: beyond the ladder only the floor is looked at: points on each side, each so many times as far out as the one before
_FAR_POINTS, FARTHER = 5, 3.0
#: by what share a slope may exceed that of the slice before where both were pooled
_POOL_RISE = 0.02


@callable_part
def with_far_points(points: Floats) -> Floats:
    """A ladder, and some points beyond both of its ends."""
    inner = points.size
    out = np.empty(inner + 2 * _FAR_POINTS)
    out[:inner] = points
    left, right = points[0], points[inner - 1]
    for i in range(_FAR_POINTS):
        left, right = FARTHER * left, FARTHER * right
        out[inner + 2 * i], out[inner + 2 * i + 1] = left, right
    return out


@callable_part
def is_free(p: Floats, below: Floats, has_below: bool, look: Floats, nodes: Floats) -> bool:
    """Neither butterfly nor calendar arbitrage on the points that are looked at."""
    if not (least_variance(p) > 0.0 and worst_density(p, look, nodes)[0] >= 0.0):
        return False
    if not has_below:
        return True
    if not (p[1] >= below[1] and p[2] >= below[2] and lacking_far_out(p, below) <= 0.0):
        return False
    return worst_gap(p, below, look, nodes)[0] >= 0.0


@callable_part
def lift(p: Floats, below: Floats, has_below: bool, step: float, look: Floats, nodes: Floats) -> None:
    """Raise a slice until it is free of arbitrage, which it is at some height: its density tends to 1 and more."""
    start = p[0]
    if has_below:
        gap, where = worst_gap(p, below, look, nodes)
        start += max(max(-gap, 0.0) * variance_at(below, where), lacking_far_out(p, below)) + step
    total = 0.0
    for _ in range(60):
        p[0] = start + total
        if is_free(p, below, has_below, look, nodes):
            return
        total = max(2.0 * total, step)


@callable_part
def rising_slopes(
    slices: Floats, status: NDArray[np.int8], reach: Floats, level: Floats, side: int, out: Floats
) -> None:
    """How steep slices may be on one side: the isotonic regression of their slopes, by pooling neighbours that fall,
    and a little more from each to the next of a pool.

    A slice weighs by the standard deviations that its quotes reach: far quotes know more of a slope.
    """
    value, mass, first = np.empty(status.size), np.empty(status.size), np.empty(status.size, dtype=np.int64)
    pools = 0
    for j in range(status.size):
        if status[j] == FEW:
            continue
        value[pools], mass[pools], first[pools] = slices[j, side + 1], reach[j, side] / math.sqrt(level[j]), j
        pools += 1
        while pools > 1 and value[pools - 2] > value[pools - 1]:
            together = mass[pools - 2] + mass[pools - 1]
            value[pools - 2] += (value[pools - 1] - value[pools - 2]) * mass[pools - 1] / together
            mass[pools - 2] = together
            pools -= 1
    for pool in range(pools):
        last = first[pool + 1] if pool + 1 < pools else status.size
        for j in range(first[pool], last):
            out[j, side] = value[pool] * (1.0 + _POOL_RISE * (j - first[pool]))
