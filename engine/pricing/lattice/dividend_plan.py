"""Steps, moves and cash of eight options side by side, for the grid of :mod:`engine.pricing.lattice.dividend_grid`."""

import math
from typing import Any

from engine.pricing.compiled import callable_part, inlined
from engine.pricing.lattice.lanes import LANES
from engine.pricing.vector_math import exp

Array = Any  # float64[n], int64[n] for offsets and counts

#: rows of eight that hold for all of the time: see `plan_block`
SIGN, STRIKE, CENTRE, DISCOUNT, SPREAD, LOG_RATIO, WITHOUT = range(7)
#: the first row of segment 0, the rows of each segment, and what they are
SEGMENTS, PER_SEGMENT = 7, 5
OUTER, MIDDLE, BACK, AMOUNT, STEPS = range(5)

ESCROWED, SPOT = 0, 1
#: of the variance of a step at full length, in units of the squared distance of nodes: matches the fourth moment
_RATIO = 1.0 / 3.0
#: standard deviations at expiry that the band of nodes reaches out to on either side
BAND = 5.5


def band_width(steps: int) -> int:
    """Nodes of a level."""
    return 2 * math.ceil(BAND * math.sqrt(_RATIO * steps)) + 1


def plan_size(dividends: int) -> int:
    """Numbers in a plan for so many dividends at most."""
    return (SEGMENTS + PER_SEGMENT * (dividends + 1)) * LANES


@inlined
def expm1(x: float) -> float:
    """``exp(x) - 1`` without loss of digits for small x."""
    series = x * (
        1 + x / 2 * (1 + x / 3 * (1 + x / 4 * (1 + x / 5 * (1 + x / 6 * (1 + x / 7 * (1 + x / 8))))))
    )
    return series if abs(x) < 0.05 else exp(x) - 1.0


@callable_part
def plan_block(
    steps: int, block: int, sign: Array, spot: Array, strike: Array, year_fraction: Array, rate: Array,
    dividend_yield: Array, sigma: Array, offsets: Array, ex_times: Array, amounts: Array, plan: Array, counts: Array,
) -> int:  # fmt: skip
    """Write the plan of eight options and the steps of every segment; return how many dividends they have at most.

    Segments lie between ex-dates. Every lane has its own number of steps in each, so that no option's price depends
    on its neighbours; `counts` holds the largest. Lanes with fewer dividends begin with segments of no time, as many
    as WITHOUT says. The centre of the grid is the forward at expiry.
    """
    most = 0
    for lane in range(LANES):
        i = min(block + lane, spot.size - 1)
        most = max(most, offsets[i + 1] - offsets[i])
    for k in range(most + 1):
        counts[k] = 0
    for lane in range(LANES):
        i = min(block + lane, spot.size - 1)
        own = offsets[i + 1] - offsets[i]
        carry, t = rate[i] - dividend_yield[i], year_fraction[i]
        distance = sigma[i] * math.sqrt(t / (steps * _RATIO))
        plan[SIGN * LANES + lane] = sign[i]
        plan[STRIKE * LANES + lane] = strike[i]
        plan[LOG_RATIO * LANES + lane] = distance
        plan[WITHOUT * LANES + lane] = most - own
        present, start = spot[i], 0.0
        for k in range(most + 1):
            d = offsets[i] + k - (most - own)
            end = t if k == most else (ex_times[d] if k >= most - own else 0.0)
            own_steps = max(math.ceil((end - start) / t * steps - 1e-9), 1) if end > start else 0
            counts[k] = max(counts[k], own_steps)
            row = (SEGMENTS + k * PER_SEGMENT) * LANES + lane
            # the segment's length until its steps are known; its cash is that paid at its start
            plan[row + OUTER * LANES] = end - start
            plan[row + STEPS * LANES] = own_steps
            plan[row + AMOUNT * LANES] = 0.0
            if k > most - own:
                plan[row + AMOUNT * LANES] = amounts[d - 1]
                present -= amounts[d - 1] * exp(-carry * start)
            start = end
        plan[CENTRE * LANES + lane] = present * exp(carry * t)
    for lane in range(LANES):
        i = min(block + lane, spot.size - 1)
        distance, carry = plan[LOG_RATIO * LANES + lane], rate[i] - dividend_yield[i]
        for k in range(most + 1):
            row = (SEGMENTS + k * PER_SEGMENT) * LANES + lane
            dt = plan[row + OUTER * LANES] / max(plan[row + STEPS * LANES], 1.0)
            variance = sigma[i] * sigma[i] * dt
            up = -expm1(variance) / (expm1(2.0 * distance) * expm1(-distance))
            discount = exp(-rate[i] * dt)
            plan[row + OUTER * LANES] = discount * up
            plan[row + MIDDLE * LANES] = discount * (1.0 - up - up * exp(distance))
            plan[row + BACK * LANES] = exp(-carry * dt)
            plan[DISCOUNT * LANES + lane] = discount
            plan[SPREAD * LANES + lane] = math.sqrt(variance)
    return int(most)


@callable_part
def rest(plan: Array, k: int, step: int) -> None:
    """Make the step of a segment one without effect in the lanes whose segment is over."""
    row = (SEGMENTS + k * PER_SEGMENT) * LANES
    for lane in range(row, row + LANES):
        if plan[lane + STEPS * LANES] == step:
            plan[lane + OUTER * LANES] = 0.0
            plan[lane + MIDDLE * LANES] = 1.0
            plan[lane + BACK * LANES] = 1.0


@callable_part
def moves_far(plan: Array, ratios: Array, width: int, k: int, lane: int, after: float) -> bool:
    """Whether the dividend at the start of a segment moves a node by more than one, of those that lead to today."""
    amount = plan[(SEGMENTS + k * PER_SEGMENT + AMOUNT) * LANES + lane]
    levels = 0.0
    for earlier in range(k):
        levels += plan[(SEGMENTS + earlier * PER_SEGMENT + STEPS) * LANES + lane]
    # each dividend interpolates among two nodes on either side
    reach = levels + 1.0 + 3.0 * (k - plan[WITHOUT * LANES + lane])
    edge = min(int(reach), width // 2 - 2)
    ratio, highest = ratios[(width // 2 + 1) * LANES + lane], ratios[(width // 2 + edge) * LANES + lane]
    lowest = 1.0 + amount / after * (1.0 - highest)
    return bool(lowest < 1.0 / ratio or 1.0 + amount / after * (1.0 - 1.0 / highest) > ratio)
