"""A whole day of SVI slices, fitted one after the other in one compiled loop.

Of each expiry: a start, Levenberg-Marquardt under Huber weights in the box of slices without butterfly arbitrage
(:mod:`engine.pricing.surface.svi_domain`), and a look at the result on a finer grid.

Two passes: the first for each expiry alone, the second, from the shortest expiry on, for those that cross a neighbour.
In the second the slopes at the ends are held between those of the slice below and an isotonic regression of all slopes
that may rise a little within its pools, a point below the slice below counts as a residual of 20 times a quote's, ten
times that in a third turn where much of it is left, and one above the slice above of a third. What crosses still is
raised by what is left; more than a thousandth of the variance at the money makes the status RAISED.
"""

import math

import numpy as np
from numpy.typing import NDArray

from engine.pricing.compiled import callable_part, kernel
from engine.pricing.surface.svi_calendar import (
    FARTHER,
    FEW,
    is_free,
    lift,
    rising_slopes,
    with_far_points,
)
from engine.pricing.surface.svi_domain import CLOSELY, ROUGHLY, box_of, hyperbolic_nodes, least_sigma
from engine.pricing.surface.svi_least_squares import descend, settle
from engine.pricing.surface.svi_slice import variance_at, worst_gap
from engine.pricing.surface.svi_start import best_start, bounds, median_of, scaled
from engine.pricing.vector_math import exp

Floats = NDArray[np.float64]

#: codes of :class:`engine.pricing.surface.svi_fit.FitStatus`
CONVERGED, RAISED, NOT_CONVERGED = 0, 1, 2

_RUNGS = 32  # of the fit's grid on each side of the money
_LOOK_RUNGS = 120
_LADDER_STRETCH = 4.5
_ROBUST_PASSES = 2
#: quotes of an expiry that do for the start and the first turn
_ENOUGH = 40
#: in robust standard deviations
_HUBER = 2.0
_MAD_TO_SD = 1.4826
_STEPS = 60
_MUCH = 1e-3
#: what a point of the grid weighs against a quote, below the floor and above the roof
_FLOOR_WEIGHT, _ROOF_WEIGHT = 20.0, 0.3
#: and so many times that below the floor where a slice would have to be raised by much otherwise
_STIFFER = 10.0
#: the fit's grid reaches so many times as far as the quotes, and at least so many standard deviations
_REACH, _REACH_DEVIATIONS = 1.5, 9.0


@callable_part
def ladder(rungs: int, reach_left: float, reach_right: float) -> Floats:
    """Log-moneyness from ``-reach_left`` to ``reach_right``, through 0, dense there."""
    points = np.zeros(2 * rungs + 1)
    top = exp(_LADDER_STRETCH) - exp(-_LADDER_STRETCH)
    for i in range(rungs):
        t = _LADDER_STRETCH * (i + 1) / rungs
        rise = (exp(t) - exp(-t)) / top
        points[rungs - 1 - i] = -reach_left * rise
        points[rungs + 1 + i] = reach_right * rise
    return points


@callable_part
def robust_weights(p: Floats, k: Floats, w: Floats, weight: Floats, out: Floats) -> float:
    """Huber's weights at the residuals of ``p``; gives the robust standard deviation of the weighted residuals."""
    residual = np.empty(k.size)
    for i in range(k.size):
        residual[i] = abs(weight[i] * (variance_at(p, k[i]) - w[i]))
    for i in range(k.size):
        out[i] = residual[i]
    scale = max(_MAD_TO_SD * median_of(out), 0.05)
    for i in range(k.size):
        huber = _HUBER * scale / residual[i] if residual[i] > _HUBER * scale else 1.0
        out[i] = weight[i] * math.sqrt(huber)
    return scale


@callable_part
def thinned(values: Floats, every: int) -> Floats:
    """A copy of one value in so many."""
    kept = np.empty((values.size - every // 2 + every - 1) // every)
    for i in range(kept.size):
        kept[i] = values[every // 2 + every * i]
    return kept


@callable_part
def fit_one(
    p: Floats,
    k: Floats,
    w: Floats,
    weight: Floats,
    level: float,
    below: Floats,
    has_below: bool,
    above: Floats,
    has_above: bool,
    steepest: Floats,
    reach: Floats,
    nodes: Floats,
) -> int:
    """Fit one slice from the start ``p``, in place; gives its status."""
    low, high = np.empty(5), np.empty(5)
    bounds(k, level, low, high)
    for i in range(1, 3):
        if has_below:
            low[i] = below[i]
        high[i] = max(low[i], min(high[i], steepest[i - 1]))
    look = ladder(_LOOK_RUNGS, reach[0], reach[1])
    near = ladder(_RUNGS if has_below or has_above else 0, reach[0], reach[1])
    grid = with_far_points(near) if has_below else near
    floor, roof = np.full(grid.size, -math.inf), np.full(grid.size, math.inf)
    for i in range(grid.size):
        if has_below:
            floor[i] = variance_at(below, grid[i])
        if has_above and i < near.size:
            roof[i] = variance_at(above, grid[i])
    box = np.empty(5)
    box_of(p, nodes, ROUGHLY, low[4], box)
    for i in range(1, 3):
        box[i] = min(max(box[i], low[i]), high[i])
    if not least_sigma(box, nodes, ROUGHLY, np.empty(4)) < math.inf:
        # slopes cut to their box may leave no slice there; one above the slice below surely is
        if has_below:
            p[:] = below
        lift(p, below, has_below, 1e-3 * level, look, nodes)
        box_of(p, nodes, ROUGHLY, low[4], box)
    current = weight.copy()
    middle = median_of(current)
    # far out variances are large, and so is what they lack
    of_floor = np.full(grid.size, _FLOOR_WEIGHT * middle)
    for i in range(near.size, grid.size):
        of_floor[i] /= FARTHER ** ((i - near.size) // 2 + 1)
    of_roof = _ROOF_WEIGHT * middle
    stands = False
    for turn in range(_ROBUST_PASSES + 1):
        squarings, still = (ROUGHLY, 1e-4) if turn == 0 else (CLOSELY, 1e-6)
        if turn == 1:
            # the closer bound is the lower one: the same slice has more excess over it
            box[4] = max(p[4] - least_sigma(box, nodes, squarings, np.empty(4)), low[4])
        robust_weights(p, k, w, weight, current)
        # the first turn looks for the place, for which some of the quotes will do
        every = max(k.size // _ENOUGH, 1) if turn == 0 else 1
        stands = descend(
            box,
            low,
            high,
            nodes,
            squarings,
            thinned(k, every),
            thinned(w, every),
            thinned(current, every),
            grid,
            floor,
            roof,
            of_floor,
            of_roof,
            still,
            _STEPS,
        )
        settle(box, nodes, squarings, p)
        if turn < _ROBUST_PASSES - 1:
            continue
        if is_free(p, below, has_below, look, nodes):
            break
        before = p[0]
        lift(p, below, has_below, 1e-8 * level, look, nodes)
        if p[0] - before <= _MUCH * level:
            break
        if turn == _ROBUST_PASSES or not has_below:
            return RAISED
        # rather bent than raised as a whole
        p[0] = before
        of_floor *= _STIFFER
    return CONVERGED if stands else NOT_CONVERGED


@kernel("i8[] f8[] f8[] f8[] f8[] f8[,] i8 i8 -> f8[,] i1[]")
def fit_slices(
    offset: NDArray[np.int64],
    k: Floats,
    w: Floats,
    weight: Floats,
    at_the_money: Floats,
    warm: Floats,
    least_quotes: int,
    with_calendar: int,
    slices: Floats,
    status: NDArray[np.int8],
) -> None:
    """Fit n slices, ordered by time; quotes are ordered by log-moneyness within each.

    Parameters
    ----------
    offset : int64[n + 1]
        Where each expiry's quotes begin.
    at_the_money : float64[n]
        About the total variance at k = 0; the scale of everything.
    warm : float64[n, 5]
        Starts in the numbers of :mod:`engine.pricing.surface.svi_slice`; NaN where there is none.
    least_quotes
        Expiries with fewer are left out (NaN, status 3).
    with_calendar
        1 to keep slices from crossing, 0 to fit each alone.
    """
    count = offset.size - 1
    nodes = hyperbolic_nodes()
    level = np.empty(max(count, 1))
    nothing = np.zeros(5)
    anything = np.full(2, math.inf)
    reach = np.empty((max(count, 1), 2))
    last = -1
    for j in range(count):
        status[j] = FEW
        for i in range(5):
            slices[j, i] = np.nan
        part = slice(offset[j], offset[j + 1])
        if offset[j + 1] - offset[j] < least_quotes:
            continue
        kj, wj, weightj = k[part], w[part], weight[part]
        level[j] = at_the_money[j]
        deviation = math.sqrt(level[j])
        neighbour = nothing
        if last >= 0:
            neighbour = scaled(slices[last], math.sqrt(level[j] / level[last]))
        every = max(kj.size // _ENOUGH, 1)
        best_start(
            slices[j],
            thinned(kj, every),
            thinned(wj, every),
            thinned(weightj, every),
            level[j],
            warm[j],
            neighbour,
            nodes,
        )
        last = j
        reach[j, 0] = max(_REACH * -kj[0], _REACH_DEVIATIONS * deviation)
        reach[j, 1] = max(_REACH * kj[kj.size - 1], _REACH_DEVIATIONS * deviation)
        status[j] = fit_one(
            slices[j], kj, wj, weightj, level[j], nothing, False, nothing, False, anything, reach[j], nodes
        )
    if with_calendar == 0:
        return
    steepest = np.empty((max(count, 1), 2))
    for side in range(2):
        rising_slopes(slices, status, reach, at_the_money, side, steepest)
    below, above = -1, -1
    for j in range(count):
        if status[j] == FEW:
            continue
        above = j + 1
        while above < count and status[above] == FEW:
            above += 1
        has_below, has_above = below >= 0, above < count
        floor = slices[max(below, 0)]
        roof = slices[min(above, count - 1)]
        joint = reach[j]
        if has_below:
            joint[0], joint[1] = max(joint[0], reach[below, 0]), max(joint[1], reach[below, 1])
        look = ladder(_LOOK_RUNGS, joint[0], joint[1])
        crosses = has_below and not is_free(slices[j], floor, True, look, nodes)
        if not crosses and has_above:
            look = ladder(_LOOK_RUNGS, max(joint[0], reach[above, 0]), max(joint[1], reach[above, 1]))
            crosses = not worst_gap(roof, slices[j], look, nodes)[0] >= 0.0
        if crosses:
            part = slice(offset[j], offset[j + 1])
            kj, wj, weightj = k[part], w[part], weight[part]
            status[j] = fit_one(
                slices[j],
                kj,
                wj,
                weightj,
                level[j],
                floor,
                has_below,
                roof,
                has_above,
                steepest[j],
                joint,
                nodes,
            )
        below = j
