"""Payoffs with a jump at the strike: cash or the asset, or nothing (M. Rubinstein, E. Reiner, "Unscrambling the
binary code", Risk 4 (1991)), undiscounted and on the forward like :mod:`engine.pricing.black`.

A call that pays the asset less one that pays the strike in cash is the plain call.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing import black_terms as terms
from engine.pricing.arguments import Floats, as_columns
from engine.pricing.black import black_derivatives
from engine.pricing.compiled import kernel
from engine.pricing.vector_math import ndtr


@dataclass(frozen=True, slots=True)
class DigitalPrice:
    """Undiscounted price of a payoff with a jump, and its derivatives, float64 arrays of one shape.

    Attributes
    ----------
    price
        Undiscounted.
    delta
        dPrice/dForward.
    gamma
        d2Price/dForward2.
    vega
        dPrice/dSigma, per 1.00 of volatility.
    """

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats


def cash_or_nothing(
    right: ArrayLike, forward: ArrayLike, strike: ArrayLike, year_fraction: ArrayLike, sigma: ArrayLike
) -> DigitalPrice:
    """An option that pays 1 in cash where it ends in the money: ``N(d2)`` for calls.

    Without time or volatility it pays for certain or not at all, and one half at the strike, where it jumps and its
    derivatives are NaN. Parameters and errors as for :func:`engine.pricing.black.black_price`.
    """
    shape, rights, columns = as_columns(
        right, forward=forward, strike=strike, year_fraction=year_fraction, sigma=sigma
    )
    price = np.empty(rights.size)
    cash_loop(rights, *columns, price)
    f, k, t, v = columns
    plain = black_derivatives(rights, f, k, t, v)
    sign = np.where(rights == 1, -1.0, 1.0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        s = v * np.sqrt(t)
        d1 = np.log(f / k) / s + 0.5 * s
        certain, flat = ~(s > 0.0), np.where(f == k, np.nan, 0.0 * price)
        slope = f * plain.gamma / k  # d N(d2) / dF, by F n(d1) = K n(d2)
        delta = np.where(certain, flat, sign * slope)
        gamma = np.where(certain, flat, -sign * slope * d1 / (f * s))
        vega = np.where(certain, flat, -sign * slope * f * d1 * np.sqrt(t))
    return DigitalPrice(*(a.reshape(shape) for a in (price, delta, gamma, vega)))


def asset_or_nothing(
    right: ArrayLike, forward: ArrayLike, strike: ArrayLike, year_fraction: ArrayLike, sigma: ArrayLike
) -> DigitalPrice:
    """An option that pays the asset where it ends in the money: ``F N(d1)`` for calls.

    Half the asset at the strike without time or volatility, as :func:`cash_or_nothing`. Parameters and errors as for
    :func:`engine.pricing.black.black_price`.
    """
    plain = black_derivatives(right, forward, strike, year_fraction, sigma)
    cash = cash_or_nothing(right, forward, strike, year_fraction, sigma)
    f = np.asarray(forward, dtype=np.float64)
    k = np.asarray(strike, dtype=np.float64)
    sign = np.where(np.asarray(right) == 1, -1.0, 1.0)
    return DigitalPrice(
        price=f * sign * plain.delta,
        delta=sign * plain.delta + k * cash.delta,
        gamma=sign * plain.gamma + k * cash.gamma,
        vega=sign * plain.vega + k * cash.vega,
    )


@kernel("i1[] f8[] f8[] f8[] f8[] -> f8[]")
def cash_loop(
    right: NDArray[np.int8], forward: Floats, strike: Floats, years: Floats, sigma: Floats, price: Floats
) -> None:
    """Undiscounted prices of n options that pay 1."""
    for i in range(price.size):
        root = np.sqrt(years[i])
        s = sigma[i] * root
        d1 = terms.d1_of(forward[i], strike[i], years[i], sigma[i], root, terms.per_total_volatility(s))
        d2 = d1 - s if abs(d1) < np.inf else d1
        price[i] = ndtr(-d2) if right[i] == 1 else ndtr(d2)
