"""American options on Leisen and Reimer's binomial tree: price, delta, gamma and theta in one pass."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.arguments import Floats
from engine.pricing.lattice.closed_forms import (
    CERTAIN,
    EUROPEAN,
    LATTICE,
    price_certain,
    price_european,
    way_to_price,
)
from engine.pricing.lattice.induction import TOGETHER, induce
from engine.pricing.lattice.inputs import OptionInputs, PricingStatus, option_inputs, out_of_range, scratch
from engine.pricing.lattice.lanes import LANES
from engine.pricing.lattice.tree_setup import CHUNK, ROWS, WORK, set_up

DAYS_PER_YEAR = 365.0
STEPS = 101
#: beyond it the powers of a move leave the range of a double
MAX_STEPS = 2001
_SIGMA_BUMP = 1e-3  # of the volatility
_RATE_BUMP = 1e-4


@dataclass(frozen=True, slots=True)
class LatticeValues:
    """Prices and Greeks per unit of underlying, arrays of the shape that the arguments broadcast to.

    Attributes
    ----------
    price : float64
        NaN where the status is not OK, as everything below.
    delta : float64
        dPrice/dSpot.
    gamma : float64
        d2Price/dSpot2. It jumps at the exercise boundary; within a fifth of a standard deviation of it, nodes on both
        sides make one that is neither.
    theta_per_day : float64
        Change over one calendar day (1/365 year), spot, rate and yield held; 0 where exercise now is best.
    status : int8
        Codes of :class:`engine.pricing.lattice.inputs.PricingStatus`.
    """

    price: Floats
    delta: Floats
    gamma: Floats
    theta_per_day: Floats
    status: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class ParameterGreeks:
    """Derivatives by what is not a coordinate of the tree, arrays of one shape.

    Attributes
    ----------
    vega_per_vol_point : float64
        Change for volatility up by 0.01.
    rho_per_pct : float64
        Change for the rate up by 0.01, spot and yield held.
    """

    vega_per_vol_point: Floats
    rho_per_pct: Floats


def leisen_reimer(
    right: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sigma: ArrayLike,
    *,
    steps: int = STEPS,
) -> LatticeValues:
    """American options with a continuous dividend yield.

    Options that are never exercised early come from the closed formula, and so do those whose future is certain
    (no time, no volatility, a spot or a strike of 0): both are exact. Delta and gamma are the differences between the
    tree's first nodes, theta follows from them by the Black-Scholes equation.

    What early exercise may concern has a price up to 2% of interest and of yield for each step (or 100% in all, for who
    asks for less than 50 steps), up to a total volatility ``sigma sqrt(T)`` of 10, and for spots and strikes from
    1e-100 to 1e100; beyond that the status is OUT_OF_RANGE. Out to there 101 steps are within 1% of the larger of spot
    and strike, each taken at expiry where rate or yield are negative, and within 0.5% up to a total volatility of 1.

    Parameters
    ----------
    right : int8
        0 call, 1 put.
    spot, strike : float64
        Not negative.
    year_fraction : float64
        To expiry, not negative.
    rate, dividend_yield : float64
        Continuously compounded, decimals per year; the yield is any carry cost's negative: a lending fee, a foreign
        rate. Both may be negative.
    sigma : float64
        Decimal per square root of a year.
    steps : int
        Odd, from 3 to 2001.

    Raises
    ------
    ValueError
        If an argument is not numeric, shapes do not fit, or steps is even or out of range.
    """
    options = option_inputs(right, spot, strike, year_fraction, rate, dividend_yield, sigma)
    return _values(options, _required_steps(steps))


def leisen_reimer_parameter_greeks(
    right: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sigma: ArrayLike,
    *,
    steps: int = STEPS,
) -> ParameterGreeks:
    """Vega and rho, by central differences of the tree's price: four more trees.

    The volatility moves by a thousandth of itself, the rate by a basis point. Parameters as for
    :func:`leisen_reimer`; NaN where that has no price.
    """
    o = option_inputs(right, spot, strike, year_fraction, rate, dividend_yield, sigma)
    count = _required_steps(steps)
    ways = np.empty(o.spot.size, dtype=np.int8)
    way_to_price(*o.columns, ways)
    status = _ranged(o, ways, count)

    def price(r: Floats, vol: Floats) -> Floats:
        moved = OptionInputs(
            o.shape, o.right, o.spot, o.strike, o.year_fraction, r, o.dividend_yield, vol, status
        )
        return _values(moved, count, anywhere=True).price

    bump = _SIGMA_BUMP * o.sigma
    with np.errstate(invalid="ignore", divide="ignore"):
        wide = price(o.rate, o.sigma + bump) - price(o.rate, o.sigma - bump)
        vega = wide / (200.0 * np.where(bump > 0, bump, np.nan)).reshape(o.shape)
    rho = (price(o.rate + _RATE_BUMP, o.sigma) - price(o.rate - _RATE_BUMP, o.sigma)) / (200.0 * _RATE_BUMP)
    return ParameterGreeks(vega_per_vol_point=vega, rho_per_pct=rho)


def _required_steps(steps: int) -> int:
    if steps % 2 == 0 or not 3 <= steps <= MAX_STEPS:
        raise ValueError(f"steps is {steps}: a Leisen-Reimer tree has an odd number, from 3 to {MAX_STEPS}")
    return int(steps)


def _values(options: OptionInputs, steps: int, *, anywhere: bool = False) -> LatticeValues:
    """``anywhere`` also where errors are not known: for a bump of what is just inside."""
    n = options.spot.size
    found = np.full((3, n), np.nan)
    ways = np.empty(n, dtype=np.int8)
    way_to_price(*options.columns, ways)
    status = options.status if anywhere else _ranged(options, ways, steps)
    ways[status != PricingStatus.OK] = -1
    prices: dict[int, Callable[[OptionInputs], Floats]] = {
        LATTICE: partial(_price_on_tree, steps=steps),
        EUROPEAN: _price_european,
        CERTAIN: price_certain,
    }
    for way, price in prices.items():
        rows = np.flatnonzero(ways == way)
        if rows.size:
            found[:, rows] = price(options.rows(rows))
    value, delta, gamma = found
    theta = _theta_per_day(options, value, delta, gamma)
    price_, delta, gamma, theta = (v.reshape(options.shape) for v in (value, delta, gamma, theta))
    return LatticeValues(price_, delta, gamma, theta, status.reshape(options.shape))


def _ranged(options: OptionInputs, ways: NDArray[np.int8], steps: int) -> NDArray[np.int8]:
    far = (ways == LATTICE) & out_of_range(options, steps) & (options.status == PricingStatus.OK)
    return np.where(far, np.int8(PricingStatus.OUT_OF_RANGE), options.status)


def _price_european(options: OptionInputs) -> Floats:
    found = np.empty((3, options.spot.size))
    price_european(*options.columns, found)
    return found


def _price_on_tree(options: OptionInputs, steps: int) -> Floats:
    n = options.spot.size
    padded = -(-n // LANES) * LANES
    setup, found = scratch(-(-n // CHUNK) * CHUNK * ROWS), np.empty(3 * padded)
    sign = 1.0 - 2.0 * options.right
    set_up(steps, sign, *options.columns[1:], scratch(WORK), setup)
    values, ratios = scratch(LANES * (steps + TOGETHER + 4)), scratch(LANES * (steps + TOGETHER + 4))
    induce(steps, padded, setup, values, ratios, found)
    price, by_signed_spot, gamma = found.reshape(3, padded)[:, :n]
    return np.stack([price, sign * by_signed_spot, gamma])


def _theta_per_day(options: OptionInputs, price: Floats, delta: Floats, gamma: Floats) -> Floats:
    s, r = options.spot, options.rate
    intrinsic = np.where(options.right == 1, options.strike - s, s - options.strike)
    curved = options.sigma * s
    with np.errstate(invalid="ignore", over="ignore"):
        per_year = r * price - (r - options.dividend_yield) * s * delta - 0.5 * curved * curved * gamma
    theta: Floats = np.where(price == intrinsic, 0.0, per_year / DAYS_PER_YEAR)
    return theta
