"""Prices of American puts from their boundary: the European price and the integral of what early exercise pays.

I. Kim, "The analytic valuation of American options", Review of Financial Studies 3 (1990), with a dividend yield;
in the units of :mod:`engine.pricing.american.boundary`.
"""

from typing import Any

import numpy as np

from engine.pricing.american.boundary import (
    BLOCK,
    DELTA,
    GAMMA,
    INVERSE,
    LANES,
    MONEYNESS,
    ORIGIN,
    PRICE,
    SPOT,
    SQUARE,
    TILT,
    Q,
    R,
    S,
    interpolate,
    load,
    root_of_positive,
    solve,
    square_depths,
)
from engine.pricing.american.normal import distribution
from engine.pricing.compiled import callable_part, kernel
from engine.pricing.vector_math import INV_SQRT_TWO_PI, exp


@kernel("f8[] f8[] f8[] f8[] f8[] f8[,] f8[] f8[] f8[,] f8[] f8[] i8 -> f8[]")
def put_prices(
    moneyness: Any,
    s: Any,
    r: Any,
    q: Any,
    root: Any,
    weights: Any,
    inner_root: Any,
    inner_mass: Any,
    outer_weights: Any,
    outer_root: Any,
    outer_mass: Any,
    iterations: int,
    time_value: Any,
) -> None:
    """Prices less intrinsic value, in units of the strike; 0 where exercise is due."""
    n = root.size
    block, depth, square = np.zeros(BLOCK), np.zeros((n, LANES)), np.zeros((n, LANES))
    image, residual = np.zeros((3, n, LANES)), np.zeros((3, n, LANES))
    income = np.zeros((inner_root.size, 2 * LANES))
    for start in range(0, s.size, LANES):
        load(block, start, moneyness, s, r, q)
        solve(
            block, root, weights, inner_root, inner_mass, iterations, depth, square, image, residual, income
        )
        square_depths(depth, square)
        _integrate(block, outer_weights, outer_root, outer_mass, square)
        last = depth[n - 1]
        for lane in range(min(LANES, s.size - start)):
            intrinsic = max(1.0 - block[SPOT + lane], 0.0)
            inside = block[MONEYNESS + lane] <= block[ORIGIN + lane] - last[lane]
            time_value[start + lane] = 0.0 if inside else max(block[PRICE + lane] - intrinsic, 0.0)


@kernel("f8[] f8[] f8[] f8[] -> f8[]")
def european_puts(moneyness: Any, s: Any, r: Any, q: Any, time_value: Any) -> None:
    """European prices less intrinsic value, for options that are never exercised: it is not negative there."""
    for i in range(s.size):
        spot = exp(moneyness[i])
        d1 = (moneyness[i] + r[i] - q[i]) / s[i] + 0.5 * s[i]
        price = exp(-r[i]) * distribution(s[i] - d1) - spot * exp(-q[i]) * distribution(-d1)
        time_value[i] = max(price - max(1.0 - spot, 0.0), 0.0)


@kernel("f8[] f8[] f8[] f8[] f8[] f8[,] f8[] f8[] f8[,] f8[] f8[] i8 -> f8[] f8[] f8[]")
def put_derivatives(
    moneyness: Any,
    s: Any,
    r: Any,
    q: Any,
    root: Any,
    weights: Any,
    inner_root: Any,
    inner_mass: Any,
    outer_weights: Any,
    outer_root: Any,
    outer_mass: Any,
    iterations: int,
    time_value: Any,
    delta: Any,
    gamma: Any,
) -> None:
    """Prices as above, and their first and second derivative by spot, in units of the strike."""
    n = root.size
    block, depth, square = np.zeros(BLOCK), np.zeros((n, LANES)), np.zeros((n, LANES))
    image, residual = np.zeros((3, n, LANES)), np.zeros((3, n, LANES))
    income = np.zeros((inner_root.size, 2 * LANES))
    for start in range(0, s.size, LANES):
        load(block, start, moneyness, s, r, q)
        solve(
            block, root, weights, inner_root, inner_mass, iterations, depth, square, image, residual, income
        )
        square_depths(depth, square)
        _integrate(block, outer_weights, outer_root, outer_mass, square)
        _differentiate(block, outer_weights, outer_root, outer_mass, square)
        last = depth[n - 1]
        for lane in range(min(LANES, s.size - start)):
            intrinsic = max(1.0 - block[SPOT + lane], 0.0)
            inside = block[MONEYNESS + lane] <= block[ORIGIN + lane] - last[lane]
            time_value[start + lane] = 0.0 if inside else max(block[PRICE + lane] - intrinsic, 0.0)
            delta[start + lane] = -1.0 if inside else block[DELTA + lane]
            gamma[start + lane] = 0.0 if inside else block[GAMMA + lane]


@kernel("f8[] f8[] f8[] f8[] -> f8[] f8[] f8[]")
def european_derivatives(
    moneyness: Any, s: Any, r: Any, q: Any, time_value: Any, delta: Any, gamma: Any
) -> None:
    """The same for options that are never exercised."""
    for i in range(s.size):
        spot, carry = exp(moneyness[i]), exp(-q[i])
        d1 = (moneyness[i] + r[i] - q[i]) / s[i] + 0.5 * s[i]
        below = carry * distribution(-d1)
        price = exp(-r[i]) * distribution(s[i] - d1) - spot * below
        time_value[i] = max(price - max(1.0 - spot, 0.0), 0.0)
        delta[i] = -below
        gamma[i] = carry * INV_SQRT_TWO_PI * exp(-0.5 * d1 * d1) / (spot * s[i])


@callable_part
def _differentiate(block: Any, weights: Any, outer_root: Any, outer_mass: Any, square: Any) -> None:
    """Derivatives of what :func:`_integrate` adds up, under the integral; right above the boundary only."""
    for lane in range(LANES):
        spot, inverse = block[SPOT + lane], block[INVERSE + lane]
        d1 = block[MONEYNESS + lane] * inverse + block[TILT + lane]
        carry = exp(-block[Q + lane])
        block[DELTA + lane] = -carry * distribution(-d1)
        block[GAMMA + lane] = carry * INV_SQRT_TWO_PI * exp(-0.5 * d1 * d1) * inverse / spot
    for point in range(outer_root.size):
        y, mass = outer_root[point], outer_mass[point]
        inverse_y, y2 = 1.0 / y, y * y
        interpolate(weights, point, square, block)
        for lane in range(LANES):
            below_origin = root_of_positive(block[SQUARE + lane])
            distance = block[MONEYNESS + lane] - block[ORIGIN + lane] + below_origin
            inverse_v = inverse_y * block[INVERSE + lane]
            d1 = distance * inverse_v + block[TILT + lane] * y
            rate, dividend, spot = block[R + lane], block[Q + lane], block[SPOT + lane]
            weight = mass * exp(-dividend * y2)
            density = INV_SQRT_TWO_PI * exp(-0.5 * d1 * d1) * inverse_v
            # what exercise pays at the boundary, per unit of spot there
            paid = dividend - rate * exp(below_origin - block[ORIGIN + lane])
            block[DELTA + lane] += weight * (paid * density - dividend * distribution(-d1))
            block[GAMMA + lane] += weight * density * (dividend - paid * d1 * inverse_v) / spot


@callable_part
def _integrate(block: Any, weights: Any, outer_root: Any, outer_mass: Any, square: Any) -> None:
    """European price and premium, in the row PRICE; right above the boundary only."""
    for lane in range(LANES):
        spot = exp(block[MONEYNESS + lane])
        d1 = block[MONEYNESS + lane] * block[INVERSE + lane] + block[TILT + lane]
        kept = exp(-block[R + lane]) * distribution(block[S + lane] - d1)
        block[SPOT + lane] = spot
        block[PRICE + lane] = kept - spot * exp(-block[Q + lane]) * distribution(-d1)
    for point in range(outer_root.size):
        y, mass = outer_root[point], outer_mass[point]
        inverse_y, y2 = 1.0 / y, y * y
        interpolate(weights, point, square, block)
        for lane in range(LANES):
            distance = block[MONEYNESS + lane] - block[ORIGIN + lane] + root_of_positive(block[SQUARE + lane])
            d1 = distance * inverse_y * block[INVERSE + lane] + block[TILT + lane] * y
            rate, dividend = block[R + lane], block[Q + lane]
            interest = rate * exp(-rate * y2) * distribution(block[S + lane] * y - d1)
            dividends = dividend * block[SPOT + lane] * exp(-dividend * y2) * distribution(-d1)
            block[PRICE + lane] += mass * (interest - dividends)
