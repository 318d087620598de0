"""Levenberg-Marquardt for one SVI slice in the box of slices without butterfly arbitrage, for compiled loops.

The objective is the sum of squares of

- ``weight (w(k) - quoted w)`` over the quotes,
- ``calendar (floor(k) - w(k))`` where the slice is below the floor, the slice of the expiry before,
- ``ceiling (w(k) - roof(k))`` where it is above the roof, what the quotes of the next expiry say.

The second is stiff, the last as soft as quotes are: it shares a conflict between two expiries among both.
"""

import math

import numpy as np
from numpy.typing import NDArray

from engine.pricing.compiled import callable_part
from engine.pricing.surface.svi_domain import least_sigma, slice_of

Floats = NDArray[np.float64]

#: by what share of the floor a slice must exceed it in the fit
CALENDAR_MARGIN = 2e-5
_MOST_DAMPING = 1e9
_FREE = 5


@callable_part
def objective(
    box: Floats,
    nodes: Floats,
    squarings: int,
    k: Floats,
    w: Floats,
    weight: Floats,
    grid: Floats,
    floor: Floats,
    roof: Floats,
    of_floor: Floats,
    of_roof: float,
    hessian: Floats,
    gradient: Floats,
    row: Floats,
    by_shape: Floats,
) -> float:
    """Its value, infinite outside the domain; ``hessian`` (Gauss-Newton) and half its gradient are written.

    ``of_floor`` (of each point) and ``of_roof`` are the factors calendar and ceiling; ``floor`` is minus infinity and
    ``roof`` infinity where there is none.
    """
    bound = least_sigma(box, nodes, squarings, by_shape)
    if not bound < math.inf:
        return math.inf
    sigma = bound + box[4]
    cost = _quotes(box, sigma, by_shape, k, w, weight, hessian, gradient)
    for i in range(grid.size):
        y = grid[i] / sigma - box[3]
        r = math.sqrt(y * y + 1.0)
        variance = sigma * (box[0] + 0.5 * (box[1] * (r - y) + box[2] * (r + y)))
        wanted = floor[i] * (1.0 + CALENDAR_MARGIN)
        if variance < wanted or variance > roof[i]:
            _variance_gradient(box, sigma, by_shape, grid[i], row)
        if variance < wanted:
            cost += _add(of_floor[i], of_floor[i] * (variance - wanted), row, hessian, gradient)
        if variance > roof[i]:
            cost += _add(of_roof, of_roof * (variance - roof[i]), row, hessian, gradient)
    for i in range(_FREE):
        for j in range(i):
            hessian[j, i] = hessian[i, j]
    return cost


@callable_part
def _quotes(
    box: Floats,
    sigma: float,
    by_shape: Floats,
    k: Floats,
    w: Floats,
    weight: Floats,
    hessian: Floats,
    gradient: Floats,
) -> float:
    """The part of the quotes, most of the time of a fit: its sums stand in registers, not in arrays."""
    alpha, half, q, mu = box[0], 0.5 * (box[2] - box[1]), 0.5 * (box[2] + box[1]), box[3]
    b0, b1, b2, b3 = by_shape[0], by_shape[1], by_shape[2], by_shape[3]
    per_sigma = 1.0 / sigma
    cost = g0 = g1 = g2 = g3 = g4 = 0.0
    h00 = h10 = h11 = h20 = h21 = h22 = h30 = h31 = h32 = h33 = 0.0
    h40 = h41 = h42 = h43 = h44 = 0.0
    for i in range(k.size):
        z = k[i] * per_sigma
        y = z - mu
        r = math.sqrt(y * y + 1.0)
        n = alpha + half * y + q * r
        slope = half + q * y / r
        factor = weight[i]
        d4 = n - z * slope
        d0 = factor * (sigma + d4 * b0)
        d1 = factor * (0.5 * sigma * (r - y) + d4 * b1)
        d2 = factor * (0.5 * sigma * (r + y) + d4 * b2)
        d3 = factor * (d4 * b3 - sigma * slope)
        d4 *= factor
        e = factor * (sigma * n - w[i])
        cost += e * e
        g0 += d0 * e
        g1 += d1 * e
        g2 += d2 * e
        g3 += d3 * e
        g4 += d4 * e
        h00 += d0 * d0
        h10 += d1 * d0
        h11 += d1 * d1
        h20 += d2 * d0
        h21 += d2 * d1
        h22 += d2 * d2
        h30 += d3 * d0
        h31 += d3 * d1
        h32 += d3 * d2
        h33 += d3 * d3
        h40 += d4 * d0
        h41 += d4 * d1
        h42 += d4 * d2
        h43 += d4 * d3
        h44 += d4 * d4
    gradient[0], gradient[1], gradient[2], gradient[3], gradient[4] = g0, g1, g2, g3, g4
    hessian[0, 0] = h00
    hessian[1, 0], hessian[1, 1] = h10, h11
    hessian[2, 0], hessian[2, 1], hessian[2, 2] = h20, h21, h22
    hessian[3, 0], hessian[3, 1], hessian[3, 2], hessian[3, 3] = h30, h31, h32, h33
    hessian[4, 0], hessian[4, 1], hessian[4, 2], hessian[4, 3], hessian[4, 4] = h40, h41, h42, h43, h44
    return cost


@callable_part
def _variance_gradient(box: Floats, sigma: float, by_shape: Floats, k: float, gradient: Floats) -> None:
    """Derivatives of ``w(k)`` to the five numbers of the box."""
    z = k / sigma
    y = z - box[3]
    r = math.sqrt(y * y + 1.0)
    half, q = 0.5 * (box[2] - box[1]), 0.5 * (box[2] + box[1])
    n = box[0] + half * y + q * r
    slope = half + q * y / r
    by_sigma = n - z * slope
    gradient[0] = sigma + by_sigma * by_shape[0]
    gradient[1] = 0.5 * sigma * (r - y) + by_sigma * by_shape[1]
    gradient[2] = 0.5 * sigma * (r + y) + by_sigma * by_shape[2]
    gradient[3] = -sigma * slope + by_sigma * by_shape[3]
    gradient[4] = by_sigma


@callable_part
def _add(factor: float, residual: float, row: Floats, hessian: Floats, gradient: Floats) -> float:
    for i in range(_FREE):
        scaled = factor * row[i]
        gradient[i] += scaled * residual
        for j in range(i + 1):
            hessian[i, j] += scaled * factor * row[j]
    return residual * residual


@callable_part
def damped_step(
    hessian: Floats, gradient: Floats, held: NDArray[np.bool_], damping: float, lower: Floats, step: Floats
) -> bool:
    """Solve ``(H + damping diag H) step = -gradient`` for what is not held, by Cholesky; False if it cannot."""
    for i in range(_FREE):
        if held[i]:
            step[i] = 0.0
            continue
        total = -gradient[i]
        for j in range(i + 1):
            if held[j]:
                continue
            s = hessian[i, j]
            if i == j:
                s += damping * hessian[i, i]
            for c in range(j):
                if not held[c]:
                    s -= lower[i, c] * lower[j, c]
            if i == j:
                if not s > 0.0:
                    return False
                lower[i, i] = math.sqrt(s)
            else:
                lower[i, j] = s / lower[j, j]
        for j in range(i):
            if not held[j]:
                total -= lower[i, j] * step[j]
        step[i] = total / lower[i, i]
    for back in range(_FREE):
        i = _FREE - 1 - back
        if held[i]:
            continue
        total = step[i]
        for j in range(i + 1, _FREE):
            if not held[j]:
                total -= lower[j, i] * step[j]
        step[i] = total / lower[i, i]
    return True


@callable_part
def descend(
    box: Floats,
    low: Floats,
    high: Floats,
    nodes: Floats,
    squarings: int,
    k: Floats,
    w: Floats,
    weight: Floats,
    grid: Floats,
    floor: Floats,
    roof: Floats,
    of_floor: Floats,
    of_roof: float,
    still: float,
    most_steps: int,
) -> bool:
    """Move ``box``, between ``low`` and ``high``, to a minimum; whether it came to rest."""
    hessian, lower, trial_hessian = (
        np.empty((_FREE, _FREE)),
        np.empty((_FREE, _FREE)),
        np.empty((_FREE, _FREE)),
    )
    gradient, trial_gradient, row, step = np.empty(_FREE), np.empty(_FREE), np.empty(_FREE), np.empty(_FREE)
    trial, by_shape = box.copy(), np.empty(_FREE)
    held = np.zeros(_FREE, dtype=np.bool_)
    cost, damping = math.inf, 1e-3
    for turn in range(most_steps + 1):
        better = objective(
            trial,
            nodes,
            squarings,
            k,
            w,
            weight,
            grid,
            floor,
            roof,
            of_floor,
            of_roof,
            trial_hessian,
            trial_gradient,
            row,
            by_shape,
        )
        if better < cost:
            rests = cost - better <= still * cost
            cost = better
            for i in range(_FREE):
                box[i], gradient[i] = trial[i], trial_gradient[i]
                for j in range(_FREE):
                    hessian[i, j] = trial_hessian[i, j]
            damping = max(0.1 * damping, 1e-12)
            if rests and turn > 0:
                return True
        else:
            damping *= 8.0
        if not cost < math.inf:
            return False
        for i in range(_FREE):
            held[i] = (box[i] <= low[i] and gradient[i] > 0.0) or (box[i] >= high[i] and gradient[i] < 0.0)
        while damping < _MOST_DAMPING and not damped_step(hessian, gradient, held, damping, lower, step):
            damping *= 10.0
        if damping >= _MOST_DAMPING:
            # no direction leads down: as good as it gets in this arithmetic
            return True
        for i in range(_FREE):
            trial[i] = min(max(box[i] + step[i], low[i]), high[i])
    return False


@callable_part
def settle(box: Floats, nodes: Floats, squarings: int, p: Floats) -> None:
    """The slice of a box: ``(a, left, right, m, sigma)`` into ``p``."""
    slice_of(box, least_sigma(box, nodes, squarings, np.empty(4)), p)
