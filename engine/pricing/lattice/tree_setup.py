"""Leisen-Reimer trees: moves and probabilities of every option.

D. Leisen and M. Reimer, "Binomial models for option valuation - examining and improving convergence", Applied
Mathematical Finance 3 (1996), section 4: the probabilities of a move are binomial quantiles of the two normal
probabilities in the Black-Scholes formula, by the second inversion of D. Peizer and J. Pratt, Journal of the American
Statistical Association 63 (1968), which puts the strike into the middle of the final nodes.

Nodes are counted away from the money: move ``a`` leads into it, move ``b`` out of it. A put and a call are then the
same tree, and node j of level i lies at ``spot a^(i-j) b^j``.
"""

import math
from typing import Any

import numpy as np

from engine.pricing.compiled import fma, inlined
from engine.pricing.lattice.lanes import LANES, lane_kernel, load, store
from engine.pricing.vector_math import exp, log

#: rows of the array that :func:`set_up` writes
SIGNED_SPOT, SIGNED_STRIKE, MOVE_IN, MOVE_OUT, WEIGHT_IN, WEIGHT_OUT, GAIN_SLOPE, GAIN, WIDE = range(9)
ROWS = 9
#: options that are set up together
CHUNK = 64
GIVEN = 7
WORK = (GIVEN + ROWS) * CHUNK
#: a probability below it changes no price, and its fourth power still is a normal number
_LEAST_TAIL = 1e-60


@inlined
def binomial_tails(z: float, steps: float) -> tuple[float, float]:
    """Peizer and Pratt's second inversion of the normal distribution at z and at -z, both to full precision."""
    scaled = z / (steps + 1.0 / 3.0 + 0.1 / (steps + 1.0))
    x = scaled * scaled * (steps + 1.0 / 6.0)
    tail = max(exp(-x), _LEAST_TAIL)
    # 1 - exp(-x), by its series where the difference loses digits
    small = x * fma(x, fma(x, fma(x, fma(x, 1.0 / 120.0, -1.0 / 24.0), 1.0 / 6.0), -0.5), 1.0)
    root = math.sqrt(small if x < 1e-3 else 1.0 - tail)
    above = 0.5 + 0.5 * root
    below = 0.25 * tail / above
    return (above, below) if z >= 0.0 else (below, above)


@inlined
def take(column: Any, start: int, work: Any, row: int) -> None:
    """Copy a chunk of an array into a row; the last number fills the row up where the array ends before it does."""
    if start + CHUNK <= column.size:
        for i in range(0, CHUNK, LANES):
            store(work, row * CHUNK + i, load(column, start + i))
    else:
        for i in range(CHUNK):
            work[row * CHUNK + i] = column[min(start + i, column.size - 1)]


@lane_kernel("i8 f8[] f8[] f8[] f8[] f8[] f8[] f8[] -> f8[] f8[]")
def set_up(
    steps: int,
    sign: Any,
    spot: Any,
    strike: Any,
    year_fraction: Any,
    rate: Any,
    dividend_yield: Any,
    sigma: Any,
    work: Any,
    out: Any,
) -> None:
    """Write the rows named above, a chunk of options after the other: ``out[(chunk * ROWS + row) * CHUNK + i]``.

    ``sign`` is 1 for calls and -1 for puts; ``work`` is scratch for ``WORK`` numbers. The loop over a chunk stays
    within it at fixed distances: that is how the compiler sees that nothing overlaps.
    """
    n = float(steps)
    for start in range(0, spot.size, CHUNK):
        take(sign, start, work, 0)
        take(spot, start, work, 1)
        take(strike, start, work, 2)
        take(year_fraction, start, work, 3)
        take(rate, start, work, 4)
        take(dividend_yield, start, work, 5)
        take(sigma, start, work, 6)
        for i in range(CHUNK):
            one, s, k, t = work[i], work[CHUNK + i], work[2 * CHUNK + i], work[3 * CHUNK + i]
            r, q = work[4 * CHUNK + i], work[5 * CHUNK + i]
            dt = t / n
            spread = work[6 * CHUNK + i] * math.sqrt(t)
            d2 = fma(r - q, t, log(s / k)) / spread - 0.5 * spread
            up, down = binomial_tails(d2, n)
            up_in_shares, down_in_shares = binomial_tails(d2 + spread, n)
            growth = exp((r - q) * dt)
            discount = exp(-r * dt)
            u = growth * up_in_shares / up
            d = growth * down_in_shares / down
            call = one > 0.0
            work[(GIVEN + SIGNED_SPOT) * CHUNK + i] = one * s
            work[(GIVEN + SIGNED_STRIKE) * CHUNK + i] = -one * k
            work[(GIVEN + MOVE_IN) * CHUNK + i] = u if call else d
            work[(GIVEN + MOVE_OUT) * CHUNK + i] = d if call else u
            work[(GIVEN + WEIGHT_IN) * CHUNK + i] = discount * (up if call else down)
            work[(GIVEN + WEIGHT_OUT) * CHUNK + i] = discount * (down if call else up)
            # What exercise a step later is worth less than now, at a node from which it is certain: it only grows
            # into the money where the yield (calls) or the rate (puts) is not negative.
            certain = (q if call else r) >= 0.0
            work[(GIVEN + GAIN_SLOPE) * CHUNK + i] = 1.0 - exp(-q * dt) if certain else 0.0
            work[(GIVEN + GAIN) * CHUNK + i] = -one * k * (1.0 - discount) if certain else -np.inf
            work[(GIVEN + WIDE) * CHUNK + i] = 0.0 if (d < 1.0) & (u > 1.0) else 1.0
        for i in range(0, ROWS * CHUNK, LANES):
            store(out, start * ROWS + i, load(work, GIVEN * CHUNK + i))
