"""The SVI slices without butterfly arbitrage, as a box; for compiled loops.

Seen in units of sigma, ``w = sigma N(y)`` with ``y = (k - m) / sigma`` and ``mu = m / sigma``, the density is

    g = G(y) - H(y) / sigma,    G = (1 - (y + mu) N' / (2 N))^2 - N'^2 / 16,    H = N'^2 / (4 N) - N'' / 2

so a slice of shape ``(alpha, left, right, mu)`` is free of butterfly arbitrage if and only if both factors of G are
positive and sigma is at least ``sup H / G``: C. Martini and A. Mingone, "No arbitrage SVI", SIAM Journal on Financial
Mathematics 13 (2022). With ``excess = sigma - sup H / G >= 0`` as the fifth number the domain is a box, up to the
factors of G; a fit in it needs no penalty for butterflies and has no narrow valleys to creep along.
"""

import math

import numpy as np
from numpy.typing import NDArray

from engine.pricing.compiled import callable_part, inlined
from engine.pricing.vector_math import exp

Floats = NDArray[np.float64]

_NODES = 97
_REACH = 9.6
_STEP = 2.0 * _REACH / (_NODES - 1)
_SECTIONS, _SECTIONS_OF_SPIKE = 13, 22
#: a factor of G below this may hide a spike
_NARROW = 0.15
_MOST_MAXIMA = 8
_GOLDEN = 0.381966011250105
#: margin over what the refinement finds
_ABOVE = 1e-4
#: orders 32 and 128
ROUGHLY, CLOSELY = 5, 7


@callable_part
def hyperbolic_nodes() -> Floats:
    """``sinh`` of equal steps: points y that resolve a slice at each of its scales."""
    nodes = np.empty(_NODES)
    for i in range(_NODES):
        nodes[i] = hyperbolic_sine(_REACH * (2.0 * i / (_NODES - 1) - 1.0))
    return nodes


@callable_part
def hyperbolic_sine(t: float) -> float:
    """``sinh(t)``, good to the last digits away from 0, which is all that points of a grid need."""
    value: float = 0.5 * (exp(t) - exp(-t))
    return value


@inlined
def bound_at(shape: Floats, y: float) -> tuple[float, float]:
    """``H / G`` at y and the lesser factor of G; infinite where that, or N, is not positive."""
    r = math.sqrt(y * y + 1.0)
    u = y / r
    n = shape[0] + 0.5 * (shape[1] * (r - y) + shape[2] * (r + y))
    slope = 0.5 * (shape[1] * (u - 1.0) + shape[2] * (u + 1.0))
    bend = 0.5 * (shape[1] + shape[2]) / (r * r * r)
    lean = 1.0 - 0.5 * (y + shape[3]) * slope / n
    factor = lean - 0.25 * abs(slope)
    value = (0.25 * slope * slope / n - 0.5 * bend) / (factor * (lean + 0.25 * abs(slope)))
    # of n and factor the lesser decides: selects, no branches, so that the loop over the nodes is vectorized
    inside = min(n, factor) > 0.0
    return (value if inside else math.inf), (factor if inside else -math.inf)


@callable_part
def least_sigma(shape: Floats, nodes: Floats, squarings: int, gradient: Floats) -> float:
    """A smooth bound just above ``sup H / G``, infinite for shapes that no sigma makes free of arbitrage.

    The norm of order ``2^squarings`` of the local maxima: where two compete, the greater alone has a kink, at which a
    descent stops short. Its derivatives to the four numbers of the shape go into ``gradient``.
    """
    values, factors = np.empty(nodes.size), np.empty(nodes.size)
    for i in range(4):
        gradient[i] = 0.0
    for i in range(nodes.size):
        value, factor = bound_at(shape, nodes[i])
        values[i] = value
        factors[i] = factor
    highest = 0.0
    for i in range(nodes.size):
        highest = max(highest, values[i])
    if highest == math.inf:
        return math.inf
    places, tops = np.empty(_MOST_MAXIMA), np.empty(_MOST_MAXIMA)
    found, most = 0, 0.0
    for i in range(1, nodes.size - 1):
        peak = values[i] > 0.5 * highest and values[i] >= values[i - 1] and values[i] > values[i + 1]
        # where G nearly vanishes there may be a spike between the nodes
        narrow = factors[i] < _NARROW and factors[i] <= factors[i - 1] and factors[i] < factors[i + 1]
        for kind in range(2):
            if found < _MOST_MAXIMA and ((kind == 0 and peak) or (kind == 1 and narrow)):
                t = _STEP * i - _REACH
                if kind == 1:
                    t = _summit(shape, t, -factors[i], True, _SECTIONS_OF_SPIKE)[0]
                sections = _SECTIONS if kind == 0 else _SECTIONS_OF_SPIKE
                t, top = _summit(shape, t, bound_at(shape, hyperbolic_sine(t))[0], False, sections)
                if top == math.inf:
                    return math.inf
                if top > 0.0:
                    places[found], tops[found] = hyperbolic_sine(t), top
                    most = max(most, top)
                    found += 1
    if most == 0.0:
        return 0.0
    total = 0.0
    for i in range(found):
        share = tops[i] / most
        for _ in range(squarings):
            share *= share
        total += share
        _add_gradient(shape, places[i], tops[i], share / tops[i], gradient)
    root = total
    for _ in range(squarings):
        root = math.sqrt(root)
    norm = most * root
    for i in range(4):
        gradient[i] *= norm / total
    return norm * (1.0 + _ABOVE)


@callable_part
def _summit(shape: Floats, t: float, top: float, of_factor: bool, sections: int) -> tuple[float, float]:
    """Where and how high ``H / G``, or the lesser factor of G with its sign turned, is within a step of t.

    By golden section, in the variable in which the nodes are equally far apart: where G nearly vanishes the maximum is
    a spike, on which parabolas find no hold.
    """
    low, high = t - _STEP, t + _STEP
    for _ in range(sections):
        left = high - t < t - low
        trial = t - _GOLDEN * (t - low) if left else t + _GOLDEN * (high - t)
        bound, factor = bound_at(shape, hyperbolic_sine(trial))
        value = -factor if of_factor else bound
        if value > top:
            if left:
                high = t
            else:
                low = t
            t, top = trial, value
        elif left:
            low = trial
        else:
            high = trial
    return t, top


@callable_part
def _add_gradient(shape: Floats, y: float, bound: float, factor: float, gradient: Floats) -> None:
    """Add ``factor`` times the derivatives of ``H / G`` at y, where it is ``bound``."""
    r = math.sqrt(y * y + 1.0)
    u, cubed = y / r, r * r * r
    n = shape[0] + 0.5 * (shape[1] * (r - y) + shape[2] * (r + y))
    slope = 0.5 * (shape[1] * (u - 1.0) + shape[2] * (u + 1.0))
    z = y + shape[3]
    lean = 1.0 - 0.5 * z * slope / n
    g = lean * lean - 0.0625 * slope * slope
    by_n = -0.25 * slope * slope / (n * n) - bound * lean * z * slope / (n * n)
    by_slope = 0.5 * slope / n + bound * (lean * z / n + 0.125 * slope)
    per = factor / g
    gradient[0] += per * by_n
    gradient[1] += per * (0.5 * by_n * (r - y) + 0.5 * by_slope * (u - 1.0) - 0.25 / cubed)
    gradient[2] += per * (0.5 * by_n * (r + y) + 0.5 * by_slope * (u + 1.0) - 0.25 / cubed)
    gradient[3] += per * bound * lean * slope / n


@callable_part
def slice_of(box: Floats, bound: float, p: Floats) -> None:
    """``(a, left, right, m, sigma)`` of ``(alpha, left, right, mu, excess)`` whose least sigma is ``bound``."""
    sigma = bound + box[4]
    p[0], p[1], p[2], p[3], p[4] = sigma * box[0], box[1], box[2], sigma * box[3], sigma


@callable_part
def box_of(p: Floats, nodes: Floats, squarings: int, least_excess: float, box: Floats) -> None:
    """The inverse; slopes are lowered, around the level at k = 0, until the slice is free of butterfly arbitrage."""
    r = math.sqrt(p[3] * p[3] + p[4] * p[4])
    level = p[0] + 0.5 * (p[1] * (r + p[3]) + p[2] * (r - p[3]))
    unused = np.empty(4)
    share = 1.0
    for _ in range(60):
        box[1], box[2], box[3] = share * p[1], share * p[2], p[3] / p[4]
        a = level - 0.5 * (box[1] * (r + p[3]) + box[2] * (r - p[3]))
        box[0] = a / p[4]
        box[4] = p[4] - least_sigma(box, nodes, squarings, unused)
        if box[4] >= least_excess:
            return
        share *= 0.85
