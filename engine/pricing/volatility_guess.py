"""A first value of total volatility from a price, close enough for one step to finish.

The volatility of Bachelier's model has only one variable: the ratio of straddle to out-of-the-money price. It is read
from a table of parabolas that is addressed by the bits of that ratio, 16 to each doubling. From there to Black's
volatility a factor ``x / (2 sinh(x/2))``, which is what remains in the far wings, as a polynomial that is good to 2e-6
for |x| < 3, and another polynomial in the squares of moneyness and volatility, fitted on s < 1.5, |x| < 3 and up to 8.5
standard deviations, where the guess is good to 1e-4.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx as scipy_erfcx

from engine.pricing.compiled import fma, inlined

_CELL_BITS = 4
_OCTAVES = 64
_CELLS = _OCTAVES << _CELL_BITS
_SHIFT = 52 - _CELL_BITS
_FIRST_CELL = 1023 << _CELL_BITS
_FRACTION_BITS = (1 << _SHIFT) - 1
_ONE_BITS = 1023 << 52
_FRACTION_SCALE = float(2 ** (_CELL_BITS + 1))
#: ratio of straddle to twice the out-of-the-money price where the table ends: 9 standard deviations
_MOST_RATIO = 2.0**_OCTAVES
_MOST_DEVIATIONS = 12.0


def bachelier_table() -> NDArray[np.float64]:
    """Bachelier volatility over straddle price, three coefficients to a cell: float64[3 * cells].

    The coefficients are kept to single precision, seven digits more than a guess needs: so they are the same on every
    machine, whatever its exponential rounds to.
    """
    deviations = np.concatenate([[0.0], np.geomspace(1e-8, _MOST_DEVIATIONS, 100_000)])
    otm = np.exp(-0.5 * deviations**2) * (
        1.0 / np.sqrt(2.0 * np.pi) - 0.5 * deviations * scipy_erfcx(np.sqrt(0.5) * deviations)
    )
    ratio = 1.0 + 0.5 * deviations / otm
    quotient = 1.0 / (2.0 * otm + deviations)
    nodes = np.cos(np.pi * (np.arange(3) + 0.5) / 3.0)
    cell = np.arange(_CELLS)
    octave = 2.0 ** (cell >> _CELL_BITS)
    left = 1.0 + (cell & ((1 << _CELL_BITS) - 1)) / (1 << _CELL_BITS)
    half = 0.5 / (1 << _CELL_BITS)
    at = octave[:, None] * (left[:, None] + half * (1.0 + nodes))
    values = np.interp(at, ratio, quotient)
    coefficients = values @ np.linalg.inv(np.vander(nodes, 3, increasing=True)).T
    return np.ascontiguousarray(coefficients.astype(np.float32), dtype=np.float64).ravel()


#: a constant of the compiled loops: an array that they are handed might overlap what they write, for all they know
_TABLE = bachelier_table()


@inlined
def volatility_guess(x: float, moneyness: float, price: float, per_price: float) -> float:
    """Total volatility; 0 beyond the end of the table.

    Parameters
    ----------
    x
        ``-|ln(F/K)|``.
    moneyness
        ``|F - K| / sqrt(F K)``.
    price
        Out-of-the-money price over ``sqrt(F K)``, above 0.
    per_price
        Its reciprocal.
    """
    straddle = fma(2.0, price, moneyness)
    ratio = 0.5 * straddle * per_price
    # a price that is none must not lead out of the table
    inside = ratio if (ratio >= 1.0) & (ratio < _MOST_RATIO) else 1.0
    bits = np.float64(inside).view(np.uint64)
    cell = np.uint64(3) * ((bits >> np.uint64(_SHIFT)) - np.uint64(_FIRST_CELL))
    fraction = np.uint64((bits & np.uint64(_FRACTION_BITS)) | np.uint64(_ONE_BITS)).view(np.float64)
    place = fma(fraction - 1.0, _FRACTION_SCALE, -1.0)
    quotient = fma(fma(_TABLE[cell + np.uint64(2)], place, _TABLE[cell + np.uint64(1)]), place, _TABLE[cell])
    normal = straddle * quotient
    nn, xx = normal * normal, x * x
    p0 = fma(-1.0173922732848321e-05, xx, 2.465255835525965e-04)
    p0 = fma(fma(p0, xx, -3.8876208816125083e-03), xx, 4.1521899932096484e-02)
    p1 = fma(fma(4.845408379731241e-05, xx, -7.548934785401283e-04), xx, 3.8766424283100467e-03)
    p2 = fma(-4.71375334731609e-05, xx, 3.98585214014179e-04)
    correction = fma(fma(fma(fma(9.133698301913527e-06, nn, p2), nn, p1), nn, p0), nn, 1.0)
    shrink = fma(fma(4.8360300881e-07, xx, -2.9673154073e-05), xx, 1.2080714765e-03)
    shrink = fma(fma(shrink, xx, -4.1658749457e-02), xx, 9.9999858138e-01)
    return normal * shrink * correction if ratio < _MOST_RATIO else 0.0
