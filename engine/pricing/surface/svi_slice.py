"""One slice inside compiled loops: total variance, butterfly density, and the worst points of both.

A slice is five numbers ``(a, left, right, m, sigma)``: ``left = b (1 - rho)`` and ``right = b (1 + rho)`` are the
slopes of total variance at both ends. In them the bounds of Lee and the order of two expiries' slopes are boxes.
"""

import math

import numpy as np
from numpy.typing import NDArray

from engine.pricing.compiled import callable_part

Floats = NDArray[np.float64]

_NEAR = 1e-2
_SAME_SLOPE = 1e-9
_SECTIONS = 28
_GOLDEN = 0.381966011250105


@callable_part
def variance_at(p: Floats, k: float) -> float:
    """``w(k)``."""
    x = k - p[3]
    r = math.sqrt(x * x + p[4] * p[4])
    value: float = p[0] + 0.5 * (p[1] * (r - x) + p[2] * (r + x))
    return value


@callable_part
def least_variance(p: Floats) -> float:
    """The smallest ``w(k)`` over all k."""
    value: float = p[0] + p[4] * math.sqrt(max(p[1] * p[2], 0.0))
    return value


@callable_part
def density_at(p: Floats, k: float) -> float:
    """``g(k)``, the butterfly density."""
    x = k - p[3]
    r = math.sqrt(x * x + p[4] * p[4])
    w = p[0] + 0.5 * (p[1] * (r - x) + p[2] * (r + x))
    u = x / r
    slope = 0.5 * (p[1] * (u - 1.0) + p[2] * (u + 1.0))
    bend = 0.5 * (p[1] + p[2]) * p[4] * p[4] / (r * r * r)
    lean = 1.0 - 0.5 * k * slope / w
    value: float = lean * lean - 0.25 * slope * slope * (1.0 / w + 0.25) + 0.5 * bend
    return value


@callable_part
def worst_density(p: Floats, look: Floats, nodes: Floats) -> tuple[float, float]:
    """The least ``g`` on ``look`` and at ``k = m + sigma y`` for the ``nodes`` y, and the k where it is."""
    worst, where = math.inf, 0.0
    for i in range(look.size + nodes.size):
        k = look[i] if i < look.size else p[3] + p[4] * nodes[i - look.size]
        g = density_at(p, k)
        if g < worst:
            worst, where = g, k
    return worst, where


@callable_part
def worst_gap(p: Floats, below: Floats, look: Floats, nodes: Floats) -> tuple[float, float]:
    """The least ``w - w_below`` relative to ``w_below``, on ``look`` and on the ``nodes`` of both, and its k.

    Where neighbours of a point are higher and it comes near 0, the minimum between them is searched.
    """
    worst, where = _least_gap(p, below, look, 0.0, 1.0)
    for own in range(2):
        gap, k = _least_gap(p, below, nodes, p[3] if own else below[3], p[4] if own else below[4])
        if gap < worst:
            worst, where = gap, k
    return worst, where


@callable_part
def lacking_far_out(p: Floats, below: Floats) -> float:
    """How much ``p`` would have to be raised not to fall below far out, where slopes are equal and levels decide."""
    left = (below[0] + below[1] * below[3]) - (p[0] + p[1] * p[3])
    right = (below[0] - below[2] * below[3]) - (p[0] - p[2] * p[3])
    lacking = 0.0
    if p[1] - below[1] < _SAME_SLOPE:
        lacking = max(lacking, left)
    if p[2] - below[2] < _SAME_SLOPE:
        lacking = max(lacking, right)
    return lacking


@callable_part
def gap_at(p: Floats, below: Floats, k: float) -> float:
    """``(w - w_below) / w_below``."""
    floor = variance_at(below, k)
    value: float = (variance_at(p, k) - floor) / floor
    return value


@callable_part
def _least_gap(p: Floats, below: Floats, points: Floats, centre: float, scale: float) -> tuple[float, float]:
    worst, where = math.inf, 0.0
    last = points.size - 1
    before, here = math.inf, gap_at(p, below, centre + scale * points[0])
    for i in range(points.size):
        after = gap_at(p, below, centre + scale * points[i + 1]) if i < last else math.inf
        k = centre + scale * points[i]
        gap = here
        if here < _NEAR and here <= before and here <= after and 0 < i < last:
            gap, k = _search(p, below, centre + scale * points[i - 1], k, centre + scale * points[i + 1])
        if gap < worst:
            worst, where = gap, k
        before, here = here, after
    return worst, where


@callable_part
def _search(p: Floats, below: Floats, low: float, k: float, high: float) -> tuple[float, float]:
    """Golden section between ``low`` and ``high`` around ``k``."""
    best = gap_at(p, below, k)
    for _ in range(_SECTIONS):
        left = high - k < k - low
        trial = k - _GOLDEN * (k - low) if left else k + _GOLDEN * (high - k)
        gap = gap_at(p, below, trial)
        if gap < best:
            if left:
                high = k
            else:
                low = k
            best, k = gap, trial
        elif left:
            low = trial
        else:
            high = trial
    return best, k
