"""The early-exercise boundary of American puts as the fixed point of an integral equation, many options at a time.

L. Andersen, M. Lake and D. Offengenden, "High performance American option pricing", Journal of Computational Finance
20 (2016): the boundary is interpolated as ``ln(B / X)^2`` in the square root of time to expiry, X being its value at
expiry, started from QD+, and put through their equation FP-B until it stays.

Options stand side by side in blocks, one to a lane, and everything is arithmetic without branches over the lanes of
a block. All quantities are in units of the option: strike 1, expiry 1, so that volatility, rate and yield are
``sigma sqrt(T)``, ``r T`` and ``q T``.

FP-B serves for all rates. FP-A, which the paper prefers where rate and yield are about equal, gains nothing there
with these quadratures and this acceleration, and does not converge at all for low volatility and high rates.
"""

import math
from typing import Any

from engine.pricing.american.normal import distribution
from engine.pricing.american.qd_plus import decay_weights, perpetual_depth, qd_plus_step
from engine.pricing.compiled import callable_part, fma, inlined
from engine.pricing.vector_math import exp, log

#: options in a block: enough for whole vectors, few enough for the cache
LANES = 64
#: where each of an option's numbers stands in a block, a lane further for the next option. Offsets known when the
#: loops are compiled, and rows of everything else taken out of their arrays before the loops: otherwise the compiler
#: cannot see that what is written is not what is read, and computes one option at a time
S, R, Q, ORIGIN, DEEPEST, INVERSE, TILT, MONEYNESS = (LANES * row for row in range(8))
NUMERATOR, DENOMINATOR, SQUARE, SPOT, PRICE, DELTA, GAMMA = (LANES * row for row in range(8, 15))
AA, AB, BB, AR, BR, FIRST, SECOND = (LANES * row for row in range(15, 22))
DISCOUNT, CARRY, GAIN, OF_DECAY = (LANES * row for row in range(22, 26))
BLOCK = LANES * 26
_QD_PLUS_STEPS = 3
#: below this a numerator or denominator of the fixed point carries no information
_NOTHING = 1e-290
#: as deep as a boundary may lie: the strike times exp(-600) is never reached
_NEVER = 600.0
#: two past differences span a plane only if their angle is not lost in rounding
_INDEPENDENT = 1e-10


@callable_part
def load(block: Any, start: int, moneyness: Any, s: Any, r: Any, q: Any) -> None:
    """Fill the block's lanes from ``start``; the last option stands for those that are missing."""
    for lane in range(LANES):
        i = min(start + lane, s.size - 1)
        block[S + lane], block[R + lane], block[Q + lane] = s[i], r[i], q[i]
        block[MONEYNESS + lane] = moneyness[i]
    for lane in range(LANES):
        vol, rate, dividend = block[S + lane], block[R + lane], block[Q + lane]
        origin = log(rate / dividend) if dividend > rate else 0.0
        block[ORIGIN + lane] = origin
        block[DEEPEST + lane] = min(perpetual_depth(origin, vol, rate, dividend), _NEVER)
        block[INVERSE + lane] = 1.0 / vol
        block[TILT + lane] = (rate - dividend) / vol + 0.5 * vol


@callable_part
def start_from_qd_plus(block: Any, root: Any, steps: int, depth: Any) -> None:
    """QD+ depths at all nodes, each search started where the two nodes before point to."""
    for i in range(root.size):
        x = root[i]
        ahead = (x - root[i - 1]) / (root[i - 1] - root[i - 2]) if i > 1 else 0.0
        for lane in range(LANES):
            deepest = block[DEEPEST + lane]
            if i > 1:
                guess = depth[i - 1, lane] + ahead * (depth[i - 1, lane] - depth[i - 2, lane])
            else:
                guess = block[S + lane] * x
            depth[i, lane] = min(max(guess, 0.0), deepest)
        for lane in range(LANES):
            vol, rate, dividend = block[S + lane], block[R + lane], block[Q + lane]
            discount = exp(-rate * x * x)
            block[DISCOUNT + lane], block[CARRY + lane] = discount, exp(-dividend * x * x)
            gain, of_decay = decay_weights(vol, rate, dividend, x * x, discount)
            block[GAIN + lane], block[OF_DECAY + lane] = gain, of_decay
        for _ in range(steps):
            for lane in range(LANES):
                old = depth[i, lane]
                step = qd_plus_step(
                    old,
                    block[ORIGIN + lane],
                    block[S + lane],
                    block[R + lane],
                    block[Q + lane],
                    x,
                    block[DISCOUNT + lane],
                    block[CARRY + lane],
                    block[GAIN + lane],
                    block[OF_DECAY + lane],
                )
                new = old - step if abs(step) < 1e300 else old
                depth[i, lane] = min(max(new, 0.0), block[DEEPEST + lane])


@callable_part
def solve(
    block: Any,
    root: Any,
    weights: Any,
    inner_root: Any,
    inner_mass: Any,
    iterations: int,
    depth: Any,
    square: Any,
    image: Any,
    residual: Any,
    income: Any,
) -> None:
    """Depths of the boundary at the nodes, in ``depth``.

    Plain iteration, accelerated by the two differences before (D. Anderson, "Iterative procedures for nonlinear
    integral equations", Journal of the ACM 12 (1965)), an option at a time.
    """
    start_from_qd_plus(block, root, _QD_PLUS_STEPS, depth)
    for point in range(inner_root.size):
        y2, mass, row = inner_root[point] * inner_root[point], inner_mass[point], income[point]
        for lane in range(LANES):
            rate, dividend = block[R + lane], block[Q + lane]
            row[lane] = mass * rate * exp(-rate * y2)
            row[LANES + lane] = mass * dividend * exp(-dividend * y2)
    for iteration in range(iterations):
        now, before, oldest = iteration % 3, (iteration + 2) % 3, (iteration + 1) % 3
        _apply(block, root, weights, inner_root, depth, square, income, image[now])
        for i in range(root.size):
            out, new, old = residual[now, i], image[now, i], depth[i]
            for lane in range(LANES):
                out[lane] = new[lane] - old[lane]
        # what stands there from the options before is no difference of these
        oldest = before if iteration == 1 else oldest
        if iteration > 0:
            _mix(block, residual[now], residual[before], residual[oldest])
        _advance(block, image[now], image[before], image[oldest], iteration, depth)


@callable_part
def square_depths(depth: Any, square: Any) -> None:
    """What is interpolated."""
    for i in range(depth.shape[0]):
        for lane in range(LANES):
            square[i, lane] = depth[i, lane] * depth[i, lane]


@callable_part
def interpolate(weights: Any, point: int, square: Any, block: Any) -> None:
    """Square of the depth at the point that the weights belong to."""
    n = square.shape[0]
    done = 4 if n % 8 else 8
    if done == 4:
        w0, w1, w2, w3 = weights[point, 0], weights[point, 1], weights[point, 2], weights[point, 3]
        for lane in range(LANES):
            high = fma(w0, square[0, lane], w1 * square[1, lane])
            block[SQUARE + lane] = high + fma(w2, square[2, lane], w3 * square[3, lane])
    else:
        w0, w1, w2, w3 = weights[point, 0], weights[point, 1], weights[point, 2], weights[point, 3]
        w4, w5, w6, w7 = weights[point, 4], weights[point, 5], weights[point, 6], weights[point, 7]
        for lane in range(LANES):
            high = fma(w0, square[0, lane], w1 * square[1, lane])
            low = fma(w2, square[2, lane], w3 * square[3, lane])
            high = fma(w4, square[4, lane], fma(w5, square[5, lane], high))
            low = fma(w6, square[6, lane], fma(w7, square[7, lane], low))
            block[SQUARE + lane] = high + low
    for j in range(done, n, 8):
        w0, w1, w2, w3 = (
            weights[point, j],
            weights[point, j + 1],
            weights[point, j + 2],
            weights[point, j + 3],
        )
        w4, w5, w6, w7 = (
            weights[point, j + 4],
            weights[point, j + 5],
            weights[point, j + 6],
            weights[point, j + 7],
        )
        for lane in range(LANES):
            high = fma(w0, square[j, lane], fma(w1, square[j + 1, lane], block[SQUARE + lane]))
            low = fma(w2, square[j + 2, lane], w3 * square[j + 3, lane])
            high = fma(w4, square[j + 4, lane], fma(w5, square[j + 5, lane], high))
            low = fma(w6, square[j + 6, lane], fma(w7, square[j + 7, lane], low))
            block[SQUARE + lane] = high + low


@inlined
def root_of_positive(x: float) -> float:
    """Square root, 0 where an interpolated square fell below it."""
    return math.sqrt(max(x, 0.0))


@callable_part
def _apply(
    block: Any, root: Any, weights: Any, inner_root: Any, depth: Any, square: Any, income: Any, image: Any
) -> None:
    """One application of the fixed-point map to all nodes."""
    square_depths(depth, square)
    per_node = inner_root.size // root.size
    for i in range(root.size):
        x = root[i]
        inverse_x = 1.0 / x
        for lane in range(LANES):
            d1 = (block[ORIGIN + lane] - depth[i, lane]) * inverse_x * block[INVERSE + lane] + block[
                TILT + lane
            ] * x
            d2 = d1 - block[S + lane] * x
            block[NUMERATOR + lane] = exp(-block[R + lane] * x * x) * distribution(d2)
            block[DENOMINATOR + lane] = exp(-block[Q + lane] * x * x) * distribution(d1)
        for point in range(i * per_node, (i + 1) * per_node):
            y = inner_root[point]
            inverse_y = 1.0 / y
            interpolate(weights, point, square, block)
            for lane in range(LANES):
                gap = root_of_positive(block[SQUARE + lane]) - depth[i, lane]
                d1 = gap * inverse_y * block[INVERSE + lane] + block[TILT + lane] * y
                d2 = d1 - block[S + lane] * y
                block[NUMERATOR + lane] += income[point, lane] * distribution(d2)
                block[DENOMINATOR + lane] += income[point, LANES + lane] * distribution(d1)
        for lane in range(LANES):
            above, below = block[NUMERATOR + lane], block[DENOMINATOR + lane]
            new = block[ORIGIN + lane] + log(below / above)
            new = new if min(above, below) > _NOTHING else depth[i, lane]
            image[i, lane] = min(max(new, 0.0), block[DEEPEST + lane])


@callable_part
def _mix(block: Any, now: Any, before: Any, oldest: Any) -> None:
    """How much of the two differences before is taken off: what would have made the residual least."""
    for lane in range(LANES):
        block[AA + lane] = block[AB + lane] = block[BB + lane] = block[AR + lane] = block[BR + lane] = 0.0
    for i in range(now.shape[0]):
        residual, previous, first = now[i], before[i], oldest[i]
        for lane in range(LANES):
            r = residual[lane]
            a = r - previous[lane]
            b = previous[lane] - first[lane]
            block[AA + lane] += a * a
            block[AB + lane] += a * b
            block[BB + lane] += b * b
            block[AR + lane] += a * r
            block[BR + lane] += b * r
    for lane in range(LANES):
        aa, ab, bb = block[AA + lane], block[AB + lane], block[BB + lane]
        ar, br = block[AR + lane], block[BR + lane]
        determinant = aa * bb - ab * ab
        plane = determinant > _INDEPENDENT * aa * bb
        line = ar / aa if aa > 0.0 else 0.0
        block[FIRST + lane] = (ar * bb - br * ab) / determinant if plane else line
        block[SECOND + lane] = (aa * br - ab * ar) / determinant if plane else 0.0


@callable_part
def _advance(block: Any, now: Any, before: Any, oldest: Any, iteration: int, depth: Any) -> None:
    """The next depths."""
    for i in range(depth.shape[0]):
        latest, previous, first, out = now[i], before[i], oldest[i], depth[i]
        if iteration == 0:
            for lane in range(LANES):
                out[lane] = latest[lane]
        else:
            for lane in range(LANES):
                new = latest[lane] - block[FIRST + lane] * (latest[lane] - previous[lane])
                new -= block[SECOND + lane] * (previous[lane] - first[lane])
                out[lane] = min(max(new, 0.0), block[DEEPEST + lane])
