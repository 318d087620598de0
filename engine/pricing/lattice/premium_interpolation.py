"""One American price out of a table of them, and the volatility at which it is a given price.

A table belongs to one expiry and right. Its rows are volatilities, its columns moneyness in standard deviations of the
row, so that what is tabulated hardly depends on the row. Where early exercise is some way off, that is the premium as
a share of the European price. Near the boundary it is the square root of what the price exceeds exercise by, which is
nearly straight there and runs through 0; it is read from columns on the waiting side only, so that the kink at the
boundary stays outside.
"""

import math
from typing import Any

from engine.pricing.compiled import callable_part, inlined, kernel
from engine.pricing.lattice.closed_forms import european
from engine.pricing.vector_math import exp, log

Array = Any

#: volatilities of a table: Chebyshev's nodes on a logarithmic scale
ROWS = 4
NODES = tuple(-math.cos((2 * m + 1) * math.pi / (2 * ROWS)) for m in range(ROWS))
#: standard deviations between columns
DISTANCE = 0.25
#: a share of the European vega: below it prices hardly depend on volatility, and the tree itself must be asked
LEAST_VEGA_SHARE = 0.85
#: from here on one lattice and the table's slope put the table's volatility right
ROUGH_VEGA_SHARE = 0.4
_TURNS = 15
_SETTLED = 1e-7
_VISIBLE = 1e-6
#: of the width of a table's range of volatilities: extrapolation allowed beyond it
_BEYOND = 1.05


@inlined
def row_weights(z: float) -> tuple[float, float, float, float]:
    """Lagrange's weights of the rows for z from -1 to 1."""
    a, b, c, d = z - NODES[0], z - NODES[1], z - NODES[2], z - NODES[3]
    return (
        b * c * d / ((NODES[0] - NODES[1]) * (NODES[0] - NODES[2]) * (NODES[0] - NODES[3])),
        a * c * d / ((NODES[1] - NODES[0]) * (NODES[1] - NODES[2]) * (NODES[1] - NODES[3])),
        a * b * d / ((NODES[2] - NODES[0]) * (NODES[2] - NODES[1]) * (NODES[2] - NODES[3])),
        a * b * c / ((NODES[3] - NODES[0]) * (NODES[3] - NODES[1]) * (NODES[3] - NODES[2])),
    )


@inlined
def cubic(table: Array, at: int, u: float) -> float:
    """Through the columns before, at, after and two after; u is the distance from ``at`` in columns."""
    value: float = (
        table[at - 1] * (-u * (u - 1.0) * (u - 2.0) / 6.0)
        + table[at] * ((u + 1.0) * (u - 1.0) * (u - 2.0) / 2.0)
        + table[at + 1] * (-(u + 1.0) * u * (u - 2.0) / 2.0)
        + table[at + 2] * ((u + 1.0) * u * (u - 1.0) / 6.0)
    )
    return value


@callable_part
def american(
    sign: float, spot: float, held: float, strike: float, t: float, rate: float, dividend_yield: float, sigma: float,
    z: float, column: float, columns: int, start: int, shares: Array, roots: Array, first: Array, last: Array, s: int,
) -> tuple[float, float, float, bool]:  # fmt: skip
    """American price (NaN where it is that of exercise), price and vega of the European option, and whether the
    boundary is some way off."""
    base, _delta, _gamma, vega = european(sign, spot - held, strike, t, rate, dividend_yield, sigma)
    at = min(max(math.floor(column), 1), columns - 3)
    weights = row_weights(z)
    waiting = True
    for m in range(ROWS):
        waiting = waiting and at - 1 >= first[s * ROWS + m] and at + 2 <= last[s * ROWS + m]
    total = 0.0
    for m in range(ROWS):
        row = start + m * columns
        if waiting:
            total += weights[m] * cubic(shares, row + at, column - at)
        else:
            own = min(max(at, first[s * ROWS + m] + 1), last[s * ROWS + m] - 2)
            total += weights[m] * cubic(roots, row + own, column - own)
    if waiting:
        return base * (1.0 + total), base, vega, True
    excess = strike * total * total if total > 0.0 else math.nan
    return sign * (spot - strike) + excess, base, vega, False


@kernel("i8[] i8[] f8[] -> i8[] i8[]")
def waiting_columns(columns: Array, starts: Array, roots: Array, first: Array, last: Array) -> None:
    """Write the first and last column of every row at which waiting is worth more than exercise."""
    for s in range(columns.size):
        for m in range(ROWS):
            row = starts[s] + m * columns[s]
            low, high = 0, columns[s] - 1
            while low < high and roots[row + low] <= _VISIBLE:
                low += 1
            while high > low and roots[row + high] <= _VISIBLE:
                high -= 1
            first[s * ROWS + m], last[s * ROWS + m] = low, high


@kernel(
    "i8[] f8[] f8[] f8[] f8[] f8[] f8[] f8[] f8[] f8[] i8[] i8[] f8[] f8[] i8[] i8[] f8[] f8[] f8[] -> f8[] f8[] f8[]"
)
def solve(
    offsets: Array, sign: Array, spot: Array, held: Array, year_fraction: Array, rate: Array, dividend_yield: Array,
    middle: Array, half: Array, lowest: Array, columns: Array, starts: Array, shares: Array, roots: Array,
    first: Array, last: Array, strike: Array, price: Array, guess: Array, sigma: Array, unamerican: Array,
    slopes: Array,
) -> None:  # fmt: skip
    """Write volatility and European price of every quote; NaN where the table does not answer.

    Where it answers only roughly ``slopes`` holds the American vega there, elsewhere NaN.
    """
    for s in range(columns.size):
        t = year_fraction[s]
        root_t = math.sqrt(t)
        forward = (spot[s] - held[s]) * exp((rate[s] - dividend_yield[s]) * t)
        for i in range(offsets[s], offsets[s + 1]):
            sigma[i], unamerican[i], slopes[i] = math.nan, math.nan, math.nan
            if not guess[i] > 0.0:
                continue
            x = log(strike[i] / forward)
            vol = guess[i]
            before, miss_before, share = 0.0, 0.0, 1.0
            for turn in range(_TURNS):
                z = (log(vol) - middle[s]) / half[s]
                column = (x / (vol * root_t) - lowest[s]) / DISTANCE
                if not (abs(z) < _BEYOND and 0.0 <= column <= columns[s] - 1):
                    break
                value, base, vega, waiting = american(
                    sign[s], spot[s], held[s], strike[i], t, rate[s], dividend_yield[s], vol, z, column, columns[s],
                    starts[s], shares, roots, first, last, s,
                )  # fmt: skip
                miss = value - price[i]
                slope = vega * value / base if turn == 0 else (miss - miss_before) / (vol - before)
                if not slope > 0.0:
                    break
                if turn > 0:
                    share = slope / vega
                elif not waiting:
                    share = 0.0
                step = miss / slope
                if abs(step) <= _SETTLED * vol:
                    if share >= ROUGH_VEGA_SHARE:
                        sigma[i], unamerican[i] = vol, base
                        slopes[i] = slope if share < LEAST_VEGA_SHARE else math.nan
                    break
                before, miss_before = vol, miss
                vol = min(max(vol - step, 0.5 * vol), 2.0 * vol)
