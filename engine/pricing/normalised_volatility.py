"""Total volatility from a normalised out-of-the-money price: the core of the implied volatility solver.

With ``x = -|ln(F/K)|``, ``s = sigma sqrt(T)`` and ``b = price / sqrt(F K)``, the task is to invert
``b(x, s) = exp(x/2) N(x/s + s/2) - exp(-x/2) N(x/s - s/2)``. Normalisation, the logarithmic objectives and the
steps of third order are those of P. Jaeckel, "Let's be rational", Wilmott (2015); the initial guess is ours:
a table of the inverse of Bachelier's formula, which depends on one variable only, and the expansion between
normal and lognormal volatility of P. Hagan et al., "Managing smile risk", Wilmott (2002), appendix B.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx

_SQRT_HALF = np.sqrt(0.5)
_SQRT_TWO_OVER_PI = np.sqrt(2.0 / np.pi)
_TABLE_SIZE = 2048
_LARGEST_MONEYNESS = 37.0  # in standard deviations; the price beyond it is below the smallest float
# The steps are of fourth order: whatever moved less than this in the last one stands to full precision.
_SETTLED = 1e-4
_LARGEST_TOTAL_VOLATILITY = 80.0  # N(-40) is 0: no price asks for more
_LARGEST_GUESS = 20.0
_SMALL_PRICE = 1e-2  # of the largest price
_MAX_BRACKETED_STEPS = 200
_CHUNK = 8192  # elements; the temporaries of one chunk stay in the processor's cache


class NoConvergenceError(ArithmeticError):
    """The bracketed search for an implied volatility did not settle; this is a defect, not a bad quote."""


def total_volatility(
    log_moneyness: NDArray[np.float64], normalised_price: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Invert the normalised Black formula, float64[n].

    Parameters
    ----------
    log_moneyness : float64[n]
        ``-|ln(F/K)|``, not positive.
    normalised_price : float64[n]
        Strictly between 0 and ``exp(x/2)``.

    Raises
    ------
    NoConvergenceError
        See there.
    """
    result = np.empty(log_moneyness.shape, dtype=np.float64)
    for start in range(0, result.size, _CHUNK):
        rows = slice(start, start + _CHUNK)
        result[rows] = _invert(log_moneyness[rows], normalised_price[rows])
    return result


def _invert(x: NDArray[np.float64], beta: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(all="ignore"):
        s = np.minimum(_initial_guess(-x, beta), _LARGEST_GUESS)
        side, target = _objective(s, x, beta)
        s += _step(s, x, side, target)[0]
        move, newton = _step(s, x, side, target)
        s += move
        unsettled = np.flatnonzero(~((np.maximum(np.abs(move), np.abs(newton)) <= _SETTLED * s) & (s > 0)))
        if unsettled.size:
            s[unsettled] = _bracketed(x[unsettled], beta[unsettled], s[unsettled])
    return s


def _objective(
    s: NDArray[np.float64], x: NDArray[np.float64], beta: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Which objective suits each price, and its target.

    Below the inflection point of b the logarithm of the price (side -1), above it the logarithm of what is
    missing to the largest price (+1), unless the price is so small that its digits drown in the complement.
    """
    largest = np.exp(0.5 * x)
    side = np.where((s * s < -2.0 * x) | (beta < _SMALL_PRICE * largest), -1.0, 1.0)
    return side, np.log(np.where(side < 0, beta, largest - beta))


def _step(
    s: NDArray[np.float64], x: NDArray[np.float64], side: NDArray[np.float64], target: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Householder step of fourth order and Newton step, on log price (side -1) or log complement (+1).

    Both the price and its complement are ``exp(-(h^2 + t^2)/2) / 2`` times a sum of two scaled complementary
    error functions, and their derivative is that factor alone: ratios need no exponential.
    """
    h = x / s
    t = 0.5 * s
    scaled = erfcx((_SQRT_HALF * side) * (h + t)) + side * erfcx(_SQRT_HALF * (t - h))
    hh = h * h
    tt = t * t
    objective = np.log(0.5 * scaled) - 0.5 * (hh + tt) - target
    slope = -side * _SQRT_TWO_OVER_PI / scaled
    curve = (hh - tt) / s  # b''/b'
    second = curve - slope
    third = curve * curve - 3.0 * hh / (s * s) - 0.25 + slope * (2.0 * slope - 3.0 * curve)
    newton = -objective / slope
    step = newton * (1.0 + 0.5 * second * newton) / (1.0 + newton * (second + third * newton / 6.0))
    return step, newton


def _initial_guess(x: NDArray[np.float64], beta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Total volatility to about 1e-3 where it is below 1, cruder above; ``x`` is ``|ln(F/K)|``."""
    grid_step, ratio_table = _bachelier_table()
    moneyness = 2.0 * np.sinh(0.5 * x)  # |F - K| / sqrt(F K)
    position = np.sqrt(np.log1p(0.5 * moneyness / beta)) / grid_step
    cell = np.minimum(position, _TABLE_SIZE - 2).astype(np.int64)
    left = ratio_table[cell]
    ratio = left + (position - cell) * (ratio_table[cell + 1] - left)
    normal = (2.0 * beta + moneyness) * ratio
    xx = x * x
    nn = normal * normal
    return np.asarray(
        normal * (1.0 + nn / 24.0 * (1.0 + 7.0 / 240.0 * nn)) / (1.0 + xx / 24.0 * (1.0 + xx / 80.0))
    )


@cache
def _bachelier_table() -> tuple[float, NDArray[np.float64]]:
    """Step of the grid, and Bachelier volatility over straddle price on it.

    The grid is uniform in ``sqrt(-ln(1 - v))`` with v = |F - K| / straddle, in which the ratio is smooth from
    the strike (sqrt(pi/2)) out to the furthest wing.
    """
    moneyness = np.concatenate(
        [[0.0], np.geomspace(1e-6, 1.0, 4000), np.linspace(1.0, _LARGEST_MONEYNESS, 20_000)[1:]]
    )
    price = np.exp(-0.5 * moneyness**2) * (
        0.5 * _SQRT_TWO_OVER_PI - 0.5 * moneyness * erfcx(_SQRT_HALF * moneyness)
    )
    w = np.log1p(0.5 * moneyness / price)
    ratio = np.full(moneyness.shape, np.sqrt(0.5 * np.pi))
    ratio[1:] = -np.expm1(-w[1:]) / moneyness[1:]
    grid = np.linspace(0.0, np.sqrt(w[-1]), _TABLE_SIZE)
    return float(grid[1]), np.interp(grid, np.sqrt(w), ratio)


def _bracketed(
    x: NDArray[np.float64], beta: NDArray[np.float64], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The same steps inside a shrinking bracket, bisecting where one would leave it. For the far corners."""
    low = np.zeros_like(x)
    high = np.full_like(x, _LARGEST_TOTAL_VOLATILITY)
    s = np.where((start > 0) & (start < high), start, np.minimum(np.sqrt(-2.0 * x) + 0.1, 0.5 * high))
    open_rows = np.arange(x.size)
    for _ in range(_MAX_BRACKETED_STEPS):
        xo, so, bo = x[open_rows], s[open_rows], beta[open_rows]
        side, target = _objective(so, xo, bo)
        step, newton = _step(so, xo, side, target)
        too_high = newton < 0
        high[open_rows] = np.where(too_high, so, high[open_rows])
        low[open_rows] = np.where(too_high, low[open_rows], so)
        lo, hi = low[open_rows], high[open_rows]
        proposal = so + step
        middle = np.where(lo > 0, np.sqrt(lo * hi), 0.5 * hi)
        inside = (proposal >= lo) & (proposal <= hi) & (np.abs(step) <= 2.0 * np.abs(newton))
        moved = np.where(inside, proposal, middle)
        s[open_rows] = moved
        done = (inside & (np.abs(newton) <= _SETTLED**2 * so)) | (hi - lo <= 4e-16 * hi)
        open_rows = open_rows[~done]
        if not open_rows.size:
            return s
    worst = open_rows[0]
    raise NoConvergenceError(
        f"implied volatility of normalised price {beta[worst]!r} at log moneyness {x[worst]!r} did not settle"
    )
