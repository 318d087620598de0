"""Backward induction on a grid that moves with the forward, eight options at a time, for cash dividends.

A trinomial tree cut to a band: node j of a level is the forward of that instant times a fixed ratio to the power j.
Forward and second moment of a step are exact. Between ex-dates steps are equally long, so every ex-date is a level of
its own. Over the last step before expiry values are those of the closed formula, so that no node sees the kink of the
payoff (M. Broadie and J. Detemple, Review of Financial Studies 9 (1996)).

A dividend paid out of the stock maps a spot S before onto S - D after it: values are interpolated there (M. Vellekoop
and J. Nieuwenhuis, Applied Mathematical Finance 13 (2006)), with five nodes. The grid's centre moves by the dividend
too, so that little is left to be interpolated.
"""

import math

import numpy as np

from engine.pricing.compiled import callable_part, inlined
from engine.pricing.lattice.dividend_plan import (
    AMOUNT,
    BACK,
    CENTRE,
    DISCOUNT,
    LOG_RATIO,
    MIDDLE,
    OUTER,
    PER_SEGMENT,
    SEGMENTS,
    SIGN,
    SPOT,
    SPREAD,
    STRIKE,
    Array,
    moves_far,
    plan_block,
    rest,
)
from engine.pricing.lattice.lanes import (
    LANES,
    Lanes,
    lane_kernel,
    larger,
    load,
    minus,
    over,
    plus,
    splat,
    store,
    times,
    times_plus,
)
from engine.pricing.vector_math import exp, log, ndtr

#: nodes on either side of the strike at which the closed formula differs from a certain payoff
NEAR = 7
NEAR_ROW = (2 * NEAR + 1) * LANES
#: rows of scratch for them
NEAR_ROWS = 6


@callable_part
def last_step(values: Array, ratios: Array, near: Array, plan: Array, width: int) -> None:
    """Values one step before expiry; the centre of the plan is that of expiry."""
    middle = width // 2
    sign, strike = load(plan, SIGN * LANES), load(plan, STRIKE * LANES)
    centre, discount = load(plan, CENTRE * LANES), load(plan, DISCOUNT * LANES)
    for j in range(width):
        forward = times(centre, load(ratios, LANES * j))
        store(values, LANES * j, larger(times(discount, times(sign, minus(forward, strike))), splat(0.0)))
    for lane in range(LANES):
        step = plan[LOG_RATIO * LANES + lane]
        offset = log(plan[STRIKE * LANES + lane] / plan[CENTRE * LANES + lane])
        nearest = min(max(middle + math.floor(offset / step + 0.5), float(NEAR)), float(width - 1 - NEAR))
        start = int(nearest) - NEAR
        for k in range(2 * NEAR + 1):
            i = k * LANES + lane
            near[i] = (start + k - middle) * step - offset
            near[NEAR_ROW + i] = plan[SPREAD * LANES + lane]
            near[2 * NEAR_ROW + i] = plan[SIGN * LANES + lane]
            near[3 * NEAR_ROW + i] = plan[DISCOUNT * LANES + lane] * plan[STRIKE * LANES + lane]
            near[4 * NEAR_ROW + i] = start + k
    for i in range(NEAR_ROW):
        x, spread, one = near[i], near[NEAR_ROW + i], near[2 * NEAR_ROW + i]
        d1 = x / spread + 0.5 * spread
        price = one * (exp(x) * ndtr(one * d1) - ndtr(one * (d1 - spread)))
        near[5 * NEAR_ROW + i] = near[3 * NEAR_ROW + i] * max(price, 0.0)
    for i in range(NEAR_ROW):
        values[int(near[4 * NEAR_ROW + i]) * LANES + i % LANES] = near[5 * NEAR_ROW + i]


@inlined
def exercise(values: Array, ratios: Array, first: int, last: int, spot: Lanes, strike: Lanes) -> None:
    """Raise values to what exercise is worth."""
    for j in range(first, last + 1):
        worth = times_plus(spot, load(ratios, LANES * j), strike)
        store(values, LANES * j, larger(load(values, LANES * j), worth))


@inlined
def fold(
    values: Array,
    ratios: Array,
    first: int,
    last: int,
    outer: Lanes,
    middle: Lanes,
    ratio: Lanes,
    spot: Lanes,
    strike: Lanes,
) -> None:
    """One level: of the two moves the one down is as many times as likely as the one up as the ratio of neighbours."""
    below, here = load(values, LANES * (first - 1)), load(values, LANES * first)
    for j in range(first, last + 1):
        above = load(values, LANES * (j + 1))
        waiting = times_plus(outer, times_plus(ratio, below, above), times(middle, here))
        worth = times_plus(spot, load(ratios, LANES * j), strike)
        store(values, LANES * j, larger(waiting, worth))
        below, here = here, above


@inlined
def extend(values: Array, ratios: Array, width: int, ratio: Lanes, spot: Lanes, strike: Lanes) -> None:
    """The outermost nodes: on the straight line through their neighbours, and not below exercise or 0."""
    one, two = load(values, LANES), load(values, 2 * LANES)
    bottom = larger(minus(one, over(minus(two, one), ratio)), splat(0.0))
    store(values, 0, larger(bottom, times_plus(spot, load(ratios, 0), strike)))
    one, two = load(values, (width - 2) * LANES), load(values, (width - 3) * LANES)
    top = larger(times_plus(minus(one, two), ratio, one), splat(0.0))
    end = (width - 1) * LANES
    store(values, end, larger(top, times_plus(spot, load(ratios, end), strike)))


@inlined
def below_one(own: Lanes, a: Lanes, b: Lanes, c: Lanes, d: Lanes) -> Lanes:
    """One over the product of a node's distances from four others."""
    return over(splat(1.0), times(times(minus(own, a), minus(own, b)), times(minus(own, c), minus(own, d))))


@callable_part
def pay_out(values: Array, ratios: Array, width: int, ratio: Lanes, after: Lanes, amount: Lanes) -> None:
    """Values before a dividend from those after it, by the node of the same number and two on either side.

    A spot before the dividend is ``(after + amount) r`` with r the ratio of its node to the centre. After it, it lies
    at ``t = ((after + amount) r - amount) / (after r)`` times the node of the same number.
    """
    shift, one = over(amount, after), splat(1.0)
    p3, p4, p1 = ratio, times(ratio, ratio), over(one, ratio)
    p0 = times(p1, p1)
    q0, q1 = below_one(p0, p1, one, p3, p4), below_one(p1, p0, one, p3, p4)
    q2, q3, q4 = (
        below_one(one, p0, p1, p3, p4),
        below_one(p3, p0, p1, one, p4),
        below_one(p4, p0, p1, one, p3),
    )
    v0, v1, v2, v3 = load(values, 0), load(values, LANES), load(values, 2 * LANES), load(values, 3 * LANES)
    for j in range(2, width - 2):
        v4 = load(values, LANES * (j + 2))
        # the grid is symmetric: the inverse of a node's ratio is that of its mirror image
        t = times_plus(shift, minus(one, load(ratios, LANES * (width - 1 - j))), one)
        d0, d1, d2, d3, d4 = minus(t, p0), minus(t, p1), minus(t, one), minus(t, p3), minus(t, p4)
        left, right = times(d0, d1), times(d3, d4)
        value = times(times(q2, v2), times(left, right))
        value = times_plus(times(q0, v0), times(times(d1, d2), right), value)
        value = times_plus(times(q1, v1), times(times(d0, d2), right), value)
        value = times_plus(times(q3, v3), times(times(d2, d4), left), value)
        value = times_plus(times(q4, v4), times(times(d2, d3), left), value)
        store(values, LANES * j, value)
        v0, v1, v2, v3 = v1, v2, v3, v4
    near, far = load(values, 2 * LANES), load(values, 3 * LANES)
    store(values, LANES, larger(minus(near, over(minus(far, near), ratio)), splat(0.0)))
    near, far = load(values, LANES * (width - 3)), load(values, LANES * (width - 4))
    store(values, LANES * (width - 2), larger(times_plus(minus(near, far), ratio, near), splat(0.0)))


@callable_part
def pay_out_far(
    values: Array, old: Array, ratios: Array, width: int, plan: Array, k: int, centres: Array
) -> None:
    """The same of the options whose nodes the dividend moves far: cubic within the grid, straight beyond it.

    ``old`` are the values after the dividend. What a dividend would take below 0 ends at 0.
    """
    for lane in range(LANES):
        centre, cash = centres[lane], plan[(SEGMENTS + k * PER_SEGMENT + AMOUNT) * LANES + lane]
        if cash == 0.0:
            # interpolation at the node itself is off by rounding
            for j in range(width):
                values[LANES * j + lane] = old[LANES * j + lane]
            continue
        if not moves_far(plan, ratios, width, k, lane, centre):
            continue
        m = 1
        for j in range(width):
            s = max((centre + cash) * ratios[LANES * j + lane] - cash, 0.0) / centre
            while m < width - 3 and ratios[LANES * (m + 1) + lane] <= s:
                m += 1
            x0, x1 = ratios[LANES * (m - 1) + lane], ratios[LANES * m + lane]
            x2, x3 = ratios[LANES * (m + 1) + lane], ratios[LANES * (m + 2) + lane]
            v0, v1 = old[LANES * (m - 1) + lane], old[LANES * m + lane]
            v2, v3 = old[LANES * (m + 1) + lane], old[LANES * (m + 2) + lane]
            if s < x0:
                value = v0 + (v1 - v0) * (s - x0) / (x1 - x0)
            elif s > x3:
                value = v3 + (v3 - v2) * (s - x3) / (x3 - x2)
            else:
                d0, d1, d2, d3 = s - x0, s - x1, s - x2, s - x3
                value = v0 * d1 * d2 * d3 / ((x0 - x1) * (x0 - x2) * (x0 - x3))
                value += v1 * d0 * d2 * d3 / ((x1 - x0) * (x1 - x2) * (x1 - x3))
                value += v2 * d0 * d1 * d3 / ((x2 - x0) * (x2 - x1) * (x2 - x3))
                value += v3 * d0 * d1 * d2 / ((x3 - x0) * (x3 - x1) * (x3 - x2))
            values[LANES * j + lane] = max(value, 0.0)


@inlined
def root(values: Array, out: Array, n: int, block: int, middle: int, spot: Lanes, ratio: Lanes) -> None:
    """Price, delta and gamma from the parabola through the centre and its neighbours."""
    one = splat(1.0)
    below, here, above = (
        load(values, LANES * (middle - 1)),
        load(values, LANES * middle),
        load(values, LANES * (middle + 1)),
    )
    up, down = times(spot, minus(ratio, one)), times(spot, minus(one, over(one, ratio)))
    slope_up, slope_down = over(minus(above, here), up), over(minus(here, below), down)
    both = plus(up, down)
    store(out, block, here)
    store(out, n + block, over(times_plus(slope_up, down, times(slope_down, up)), both))
    store(out, 2 * n + block, times(splat(2.0), over(minus(slope_up, slope_down), both)))


@lane_kernel(
    "i8 i8 b1 i8 f8[] f8[] f8[] f8[] f8[] f8[] f8[] i8[] f8[] f8[] -> f8[] i8[] f8[] f8[] f8[] f8[] f8[]"
)
def induce_with_dividends(
    steps: int, model: int, american: bool, width: int,
    sign: Array, spot: Array, strike: Array, year_fraction: Array, rate: Array, dividend_yield: Array, sigma: Array,
    offsets: Array, ex_times: Array, amounts: Array,
    plan: Array, counts: Array, values: Array, old: Array, ratios: Array, near: Array, out: Array,
) -> None:  # fmt: skip
    """Write price, delta and gamma, one row after the other, each filled up to a multiple of eight.

    ``model`` is ESCROWED or SPOT. The dividends of option i are those from ``offsets[i]`` to ``offsets[i + 1]``,
    within its time and in its order. The rest is scratch.
    """
    zero, one = splat(0.0), splat(1.0)
    middle = width // 2
    n = out.size // 3
    for block in range(0, n, LANES):
        most = plan_block(
            steps, block, sign, spot, strike, year_fraction, rate, dividend_yield, sigma, offsets, ex_times, amounts,
            plan, counts,
        )  # fmt: skip
        for i in range(LANES):
            near[i] = exp(plan[LOG_RATIO * LANES + i])
        ratio = load(near, 0)
        up, down, inverse = one, one, over(one, ratio)
        for j in range(middle + 1):
            store(ratios, LANES * (middle + j), up)
            store(ratios, LANES * (middle - j), down)
            up, down = times(up, ratio), times(down, inverse)
        last_step(values, ratios, near, plan, width)
        signs = load(plan, SIGN * LANES)
        centre, held = times(signs, load(plan, CENTRE * LANES)), zero
        payoff = minus(zero, times(signs, load(plan, STRIKE * LANES)))
        if not american:
            payoff = splat(-np.inf)
        level = -1
        for k in range(most + 1):
            level += counts[k]
        centre = times(centre, load(plan, (SEGMENTS + most * PER_SEGMENT + BACK) * LANES))
        exercise(values, ratios, 0, width - 1, centre, payoff)
        extend(values, ratios, width, ratio, centre, payoff)
        for k in range(most, -1, -1):
            row = (SEGMENTS + k * PER_SEGMENT) * LANES
            for step in range(1 if k == most else 0, counts[k]):
                rest(plan, k, step)
                outer, inner = load(plan, row + OUTER * LANES), load(plan, row + MIDDLE * LANES)
                back = load(plan, row + BACK * LANES)
                level -= 1
                # after the last dividend only nodes that lead to today's count
                reach = level + 1 if k == 0 else width
                first, last = max(middle - reach, 1), min(middle + reach, width - 2)
                centre, held = times(centre, back), times(held, back)
                fold(values, ratios, first, last, outer, inner, ratio, centre, plus(payoff, held))
                if first == 1:
                    extend(values, ratios, width, ratio, centre, plus(payoff, held))
            if k > 0:
                amount = load(plan, row + AMOUNT * LANES)
                if model == SPOT:
                    store(near, 0, times(signs, centre))
                    for i in range(0, width * LANES, LANES):
                        store(old, i, load(values, i))
                    pay_out(values, ratios, width, ratio, times(signs, centre), amount)
                    pay_out_far(values, old, ratios, width, plan, k, near)
                    centre = times_plus(signs, amount, centre)
                    extend(values, ratios, width, ratio, centre, payoff)
                else:
                    held = times_plus(signs, amount, held)
                exercise(values, ratios, 0, width - 1, centre, plus(payoff, held))
        root(values, out, n, block, middle, times(signs, centre), ratio)
