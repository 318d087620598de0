"""Where the fit of one SVI slice begins, and the box in which it searches; for compiled loops."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.pricing.compiled import callable_part
from engine.pricing.surface.svi_domain import ROUGHLY, box_of, least_sigma, slice_of
from engine.pricing.surface.svi_slice import least_variance, variance_at

Floats = NDArray[np.float64]

#: slopes end a little short of Lee's bound, where the density would vanish in the far wing
MOST_SLOPE = 1.98
_CENTRES = (-2.0, -1.0, -0.3, 0.3, 1.0)
_WIDTHS = (0.15, 0.5, 1.5, 4.0)
_FAR = 1e4
_LEAST_EXCESS = 1e-3
_LEAST_SHARE = 0.2


@callable_part
def bounds(k: Floats, level: float, low: Floats, high: Floats) -> None:
    """The box of ``(alpha, left, right, mu, excess)`` for quotes that are ordered by log-moneyness."""
    deviation = math.sqrt(level)
    low[0], high[0] = -_FAR, _FAR
    low[1], high[1] = 0.0, MOST_SLOPE
    low[2], high[2] = 0.0, MOST_SLOPE
    low[3], high[3] = -_FAR, _FAR
    low[4], high[4] = _LEAST_EXCESS * deviation, 3.0 * max(k[k.size - 1] - k[0], deviation)


@callable_part
def median_of(values: Floats) -> float:
    """The upper median, by Hoare's selection; ``values`` end in another order."""
    low, high, middle = 0, values.size - 1, values.size // 2
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return float(values[middle])
    return float(values[middle])


@callable_part
def misfit(p: Floats, k: Floats, w: Floats, weight: Floats) -> float:
    """Sum of absolute weighted residuals, which one bad quote does not rule."""
    total = 0.0
    for i in range(k.size):
        total += abs(weight[i] * (variance_at(p, k[i]) - w[i]))
    return total


@callable_part
def linear_part(p: Floats, k: Floats, w: Floats, weight: Floats, least: float) -> None:
    """Put into ``p`` the level and the slopes that fit best for its m and sigma, slopes cut to their box."""
    h = np.zeros((3, 3))
    g = np.zeros(3)
    row = np.empty(3)
    for i in range(k.size):
        x = k[i] - p[3]
        r = math.sqrt(x * x + p[4] * p[4])
        row[0], row[1], row[2] = weight[i], 0.5 * weight[i] * (r - x), 0.5 * weight[i] * (r + x)
        for a in range(3):
            g[a] += row[a] * weight[i] * w[i]
            for b in range(3):
                h[a, b] += row[a] * row[b]
    s11, s12, s22 = (
        h[1, 1] - h[0, 1] * h[0, 1] / h[0, 0],
        h[1, 2] - h[0, 1] * h[0, 2] / h[0, 0],
        h[2, 2] - h[0, 2] * h[0, 2] / h[0, 0],
    )
    t1, t2 = g[1] - h[0, 1] * g[0] / h[0, 0], g[2] - h[0, 2] * g[0] / h[0, 0]
    determinant = s11 * s22 - s12 * s12
    left, right = 0.0, 0.0
    if determinant > 1e-14 * s11 * s22:
        left, right = (t1 * s22 - t2 * s12) / determinant, (t2 * s11 - t1 * s12) / determinant
    if left < 0.0:
        left, right = 0.0, t2 / s22 if s22 > 0.0 else 0.0
    elif right < 0.0:
        left, right = t1 / s11 if s11 > 0.0 else 0.0, 0.0
    p[1], p[2] = min(max(left, 0.0), MOST_SLOPE), min(max(right, 0.0), MOST_SLOPE)
    p[0] = (g[0] - h[0, 1] * p[1] - h[0, 2] * p[2]) / h[0, 0]
    lacking = least - least_variance(p)
    if lacking > 0.0:
        p[0] += lacking


@callable_part
def scaled(p: Floats, by: float) -> Floats:
    """A slice as wide and as steep as ``by`` times the deviation of ``p``: the likeness of one expiry to the next."""
    return np.array([p[0] * by * by, p[1] * by, p[2] * by, p[3] * by, p[4] * by])


@callable_part
def best_start(
    p: Floats,
    k: Floats,
    w: Floats,
    weight: Floats,
    level: float,
    warm: Floats,
    neighbour: Floats,
    nodes: Floats,
) -> None:
    """Write into ``p`` the best of a search over (m, sigma), the warm start and the neighbour, as slices without
    butterfly arbitrage; ``level`` is total variance at the money. Warm starts of NaN, neighbours of 0 do not count."""
    deviation = math.sqrt(level)
    trial, found, box, unused = np.empty(5), np.empty(5), np.empty(5), np.empty(4)
    best = math.inf
    for centre in _CENTRES:
        for width in _WIDTHS:
            trial[3], trial[4] = centre * deviation, width * deviation
            linear_part(trial, k, w, weight, _LEAST_SHARE * level)
            miss = misfit(trial, k, w, weight)
            if miss < best:
                best = miss
                _copy(trial, found)
    best = math.inf
    for kind in range(3):
        _copy(found if kind == 0 else (neighbour if kind == 1 else warm.copy()), trial)
        if not (least_variance(trial) > 0.0 and trial[4] > 0.0):
            continue
        box_of(trial, nodes, ROUGHLY, _LEAST_EXCESS * deviation, box)
        slice_of(box, least_sigma(box, nodes, ROUGHLY, unused), trial)
        miss = misfit(trial, k, w, weight)
        if miss < best:
            best = miss
            _copy(trial, p)


@callable_part
def _copy(source: Floats, target: Floats) -> None:
    for i in range(source.size):
        target[i] = source[i]
