"""Backward induction through binomial trees, eight options at a time.

Values are kept relative to powers of the weight of the move into the money, so that a node costs one product less;
four levels are folded in one pass over them, so that three of four never reach memory. What cannot matter is left out,
and every omission is exact:

- nodes that end out of the money however they move (the strike lies in the middle of the final nodes);
- nodes from which only exercised nodes follow, and where waiting a step while exercise is certain gains nothing;
- the comparison with exercise at nodes that are out of the money themselves.
"""

from typing import Any

from engine.pricing.compiled import inlined
from engine.pricing.lattice.lanes import (
    LANES,
    Lanes,
    lane_kernel,
    larger,
    load,
    minus,
    none_above,
    over,
    splat,
    store,
    times,
    times_plus,
)
from engine.pricing.lattice.tree_setup import (
    CHUNK,
    GAIN,
    GAIN_SLOPE,
    MOVE_IN,
    MOVE_OUT,
    ROWS,
    SIGNED_SPOT,
    SIGNED_STRIKE,
    WEIGHT_IN,
    WEIGHT_OUT,
    WIDE,
)

#: levels folded in one pass
TOGETHER = 4

Array = Any  # float64[n]
Four = tuple[Lanes, Lanes, Lanes, Lanes]


@inlined
def best(odds: Lanes, near: Lanes, far: Lanes, spot: Lanes, ratio: Lanes, strike: Lanes) -> Lanes:
    """The better of waiting and exercise, both divided by the weight of the move into the money."""
    return larger(times_plus(odds, far, near), times_plus(spot, ratio, strike))


@inlined
def power(base: Lanes, exponent: int) -> Lanes:
    """``base`` to a positive integer."""
    result = splat(1.0)
    left = exponent
    while left > 0:
        if left & 1:
            result = times(result, base)
        base = times(base, base)
        left >>= 1
    return result


@inlined
def plant(values: Array, ratios: Array, width: int, ratio: Lanes, spot: Lanes, strike: Lanes) -> None:
    """Payoffs of the final nodes, zeros beyond the width, and the powers of the ratio between neighbours."""
    r = splat(1.0)
    for j in range(width + TOGETHER + 1):
        store(ratios, LANES * j, r)
        payoff = larger(times_plus(spot, r, strike), splat(0.0))
        store(values, LANES * j, payoff if j < width else splat(0.0))
        r = times(r, ratio)


@inlined
def fold_one(
    values: Array, ratios: Array, last: int, odds: Lanes, weight: Lanes, spot: Lanes, strike: Lanes
) -> None:
    """One level, from its node 0 to its node ``last``."""
    near = load(values, 0)
    for j in range(last + 1):
        far = load(values, LANES * (j + 1))
        folded = best(odds, near, far, spot, load(ratios, LANES * j), strike)
        store(values, LANES * j, times(weight, folded))
        near = far


@inlined
def fold_four(
    values: Array,
    ratios: Array,
    low: int,
    high: int,
    last: int,
    odds: Lanes,
    weight: Lanes,
    spot: Four,
    strike: Four,
) -> None:
    """Four levels, to the nodes ``low`` to ``last`` of the earliest; from ``high`` on none is in the money."""
    zero = splat(0.0)
    s1, s2, s3, s4 = spot
    k1, k2, k3, k4 = strike
    # of the node before, at each of the levels
    y0, y1, y2, y3 = load(values, LANES * low), zero, zero, zero
    r1, r2, r3 = zero, zero, zero
    first = low + TOGETHER
    end = last + TOGETHER + 1
    middle = min(max(high + TOGETHER, first), end)
    for m in range(low + 1, middle):
        n0, r0 = load(values, LANES * m), load(ratios, LANES * (m - 1))
        n1 = best(odds, y0, n0, s1, r0, k1)
        n2 = best(odds, y1, n1, s2, r1, k2)
        n3 = best(odds, y2, n2, s3, r2, k3)
        if m >= first:
            store(values, LANES * (m - TOGETHER), times(weight, best(odds, y3, n3, s4, r3, k4)))
        y0, y1, y2, y3 = n0, n1, n2, n3
        r1, r2, r3 = r0, r1, r2
    for m in range(middle, end):
        n0 = load(values, LANES * m)
        n1 = times_plus(odds, n0, y0)
        n2 = times_plus(odds, n1, y1)
        n3 = times_plus(odds, n2, y2)
        store(values, LANES * (m - TOGETHER), times(weight, times_plus(odds, n3, y3)))
        y0, y1, y2, y3 = n0, n1, n2, n3


@inlined
def root(
    values: Array,
    out: Array,
    n: int,
    block: int,
    a: Lanes,
    b: Lanes,
    weights: Any,
    spot: Lanes,
    strike: Lanes,
) -> None:
    """Price, delta and gamma from the three nodes of level 2."""
    weight, odds = weights
    one = splat(1.0)
    v20, v21, v22 = load(values, 0), load(values, LANES), load(values, 2 * LANES)
    s10, s11 = times(spot, a), times(spot, b)
    s20, s21, s22 = times(s10, a), times(s10, b), times(s11, b)
    v10 = larger(times(weight, times_plus(odds, v21, v20)), times_plus(s10, one, strike))
    v11 = larger(times(weight, times_plus(odds, v22, v21)), times_plus(s11, one, strike))
    d0, d1 = over(minus(v20, v21), minus(s20, s21)), over(minus(v21, v22), minus(s21, s22))
    store(out, block, larger(times(weight, times_plus(odds, v11, v10)), times_plus(spot, one, strike)))
    store(out, n + block, over(minus(v10, v11), minus(s10, s11)))
    store(out, 2 * n + block, over(minus(d0, d1), times(splat(0.5), minus(s20, s22))))


@lane_kernel("i8 i8 f8[] -> f8[] f8[] f8[]")
def induce(steps: int, n: int, setup: Array, values: Array, ratios: Array, out: Array) -> None:
    """Write price, derivative by signed spot and gamma of n options, n a multiple of eight, one row after the other.

    ``setup`` holds the rows of :mod:`engine.pricing.lattice.tree_setup`; ``values`` and ``ratios`` are scratch for
    eight times ``steps + 8`` numbers.
    """
    zero = splat(0.0)
    one = splat(1.0)
    for block in range(0, n, LANES):
        row = block // CHUNK * ROWS * CHUNK + block % CHUNK
        spot, strike = load(setup, row + SIGNED_SPOT * CHUNK), load(setup, row + SIGNED_STRIKE * CHUNK)
        a, b = load(setup, row + MOVE_IN * CHUNK), load(setup, row + MOVE_OUT * CHUNK)
        weight, weight_out = load(setup, row + WEIGHT_IN * CHUNK), load(setup, row + WEIGHT_OUT * CHUNK)
        gain_slope, gain = load(setup, row + GAIN_SLOPE * CHUNK), load(setup, row + GAIN * CHUNK)
        ordered = none_above(load(setup, row + WIDE * CHUNK), zero)
        odds, back = over(weight_out, weight), over(one, a)
        back_4, weight_4 = power(back, 4), power(weight, 4)
        unweighted = over(one, weight)
        step = times(back, unweighted)
        k1 = times(strike, unweighted)
        k2 = times(k1, unweighted)
        k3 = times(k2, unweighted)
        k4 = times(k3, unweighted)
        # the spot of node 0, which only moved into the money
        c = times(spot, power(a, steps))
        width = (steps + 1) // 2 if ordered else steps + 1
        plant(values, ratios, width, over(b, a), c, strike)
        level = steps
        while (level - 2) % TOGETHER != 0:
            level -= 1
            fold_one(
                values, ratios, min(level, width - 1), odds, weight, times(times(c, back), unweighted), k1
            )
            c = times(c, back)
        # nodes below `low` are exercised, and those below `begun` were not written
        low, begun, high = 0, 0, width
        while level > 2:
            low = max(low - TOGETHER, 0)
            for j in range(low, begun):
                store(values, LANES * j, times_plus(c, load(ratios, LANES * j), strike))
            begun = low
            level -= TOGETHER
            c1 = times(c, step)
            c2 = times(c1, step)
            c3 = times(c2, step)
            c4 = times(c3, step)
            fold_four(
                values,
                ratios,
                low,
                high,
                min(level, width - 1),
                odds,
                weight_4,
                (c1, c2, c3, c4),
                (k1, k2, k3, k4),
            )
            c = times(c, back_4)
            while low < level:
                r = load(ratios, LANES * low)
                # the same arithmetic as in the fold, or equal values would differ in the last bit
                exercised = none_above(load(values, LANES * low), times(weight_4, times_plus(c4, r, k4)))
                if not (exercised and none_above(zero, times_plus(gain_slope, times(c, r), gain))):
                    break
                low += 1
            while (
                ordered
                and high > low
                and none_above(times_plus(c, load(ratios, LANES * (high - 1)), strike), zero)
            ):
                high -= 1
        for j in range(begun):
            store(values, LANES * j, times_plus(c, load(ratios, LANES * j), strike))
        root(values, out, n, block, a, b, (weight, odds), spot, strike)
