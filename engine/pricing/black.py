"""Undiscounted European option prices on a forward, and their derivatives (Black 1976).

Everything is per unit of underlying, broadcasts, and stays finite where time or volatility vanish. ``right``
is 0 for calls and 1 for puts. Discounting, spot-style Greeks and their units are in
:mod:`engine.pricing.greeks`.

Source: F. Black, "The pricing of commodity contracts", Journal of Financial Economics 3 (1976), eq. 16,
before discounting.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing import black_terms as terms
from engine.pricing.arguments import Floats, as_columns
from engine.pricing.compiled import kernel

#: options that are worked on at once: what the loops below pass on to each other stays in the processor's cache
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class BlackDerivatives:
    """Undiscounted price and its derivatives, float64 arrays of one shape, NaN outside the domain.

    Attributes
    ----------
    price
        Undiscounted.
    delta
        dPrice/dForward.
    gamma
        d2Price/dForward2; 0 where total volatility is 0 (at the strike itself it has no value there).
    vega
        dPrice/dSigma, per 1.00 of volatility.
    decay
        dPrice/dTime to expiry with the forward held, per year (positive; theta is its negative).
    vanna
        d2Price/dForward dSigma, per 1.00 of volatility.
    volga
        d2Price/dSigma2, per 1.00 of volatility squared.
    delta_decay
        dDelta/dTime to expiry with the forward held, per year (charm is its negative).
    speed
        d3Price/dForward3.
    """

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    decay: Floats
    vanna: Floats
    volga: Floats
    delta_decay: Floats
    speed: Floats


def black_price(
    right: ArrayLike, forward: ArrayLike, strike: ArrayLike, year_fraction: ArrayLike, sigma: ArrayLike
) -> Floats:
    """Undiscounted price of European options.

    The out-of-the-money side is priced, to full relative precision down to the smallest float, and parity
    gives the other side. Time or volatility of 0 gives the intrinsic value.

    Parameters
    ----------
    right : int8
        0 call, 1 put.
    forward, strike : float64
        Positive.
    year_fraction, sigma : float64
        Not negative.

    Returns
    -------
    float64, NaN where an input is NaN, infinite or outside its domain.

    Raises
    ------
    ValueError
        See :func:`engine.pricing.arguments.as_columns`.
    """
    shape, rights, columns = as_columns(
        right, forward=forward, strike=strike, year_fraction=year_fraction, sigma=sigma
    )
    price = np.empty(rights.size)
    price_loop(rights, *columns, price)
    return price.reshape(shape)


def black_derivatives(
    right: ArrayLike, forward: ArrayLike, strike: ArrayLike, year_fraction: ArrayLike, sigma: ArrayLike
) -> BlackDerivatives:
    """Undiscounted price and its derivatives; parameters and errors as for :func:`black_price`."""
    shape, rights, columns = as_columns(
        right, forward=forward, strike=strike, year_fraction=year_fraction, sigma=sigma
    )
    price = np.empty(rights.size)
    price_loop(rights, *columns, price)
    made = [np.empty(rights.size) for _ in range(8)]
    derivative_loop(rights, *columns, *made)
    return BlackDerivatives(price.reshape(shape), *(m.reshape(shape) for m in made))


@kernel("i1[] f8[] f8[] f8[] f8[] -> f8[]")
def price_loop(
    right: NDArray[np.int8], forward: Floats, strike: Floats, years: Floats, sigma: Floats, price: Floats
) -> None:
    """Prices of n options."""
    for i in range(price.size):
        price[i] = terms.price_of(right[i] == 1, forward[i], strike[i], years[i], sigma[i])


@kernel("i1[] f8[] f8[] f8[] f8[] -> f8[] f8[] f8[] f8[] f8[] f8[] f8[] f8[]")
def derivative_loop(
    right: NDArray[np.int8],
    forward: Floats,
    strike: Floats,
    years: Floats,
    sigma: Floats,
    delta: Floats,
    gamma: Floats,
    vega: Floats,
    decay: Floats,
    vanna: Floats,
    volga: Floats,
    delta_decay: Floats,
    speed: Floats,
) -> None:
    """Derivatives of n options: a loop for each, since one that writes several arrays is not vectorized."""
    root, s, per_s = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    d1, bell, density = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    for first in range(0, delta.size, _BLOCK):
        n = min(_BLOCK, delta.size - first)
        f, k = forward[first : first + n], strike[first : first + n]
        t, v = years[first : first + n], sigma[first : first + n]
        r = right[first : first + n]
        for i in range(n):
            root[i] = math.sqrt(t[i])
        for i in range(n):
            s[i] = v[i] * root[i]
        for i in range(n):
            per_s[i] = terms.per_total_volatility(s[i])
        for i in range(n):
            d1[i] = terms.d1_of(f[i], k[i], t[i], v[i], root[i], per_s[i])
        for i in range(n):
            bell[i] = terms.bell_of(d1[i])
        for i in range(n):
            density[i] = terms.density_of(bell[i])
        out = delta[first : first + n]
        for i in range(n):
            out[i] = terms.delta_of(r[i] == 1, d1[i], bell[i])
        out = gamma[first : first + n]
        for i in range(n):
            out[i] = terms.gamma_of(density[i], f[i], per_s[i])
        out = vega[first : first + n]
        for i in range(n):
            out[i] = f[i] * density[i] * root[i]
        out = decay[first : first + n]
        for i in range(n):
            out[i] = terms.decay_of(density[i], f[i], v[i], per_s[i])
        out = vanna[first : first + n]
        for i in range(n):
            out[i] = terms.vanna_of(density[i], d1[i], s[i], root[i], per_s[i])
        out = volga[first : first + n]
        for i in range(n):
            out[i] = terms.volga_of(density[i], d1[i], f[i], t[i], s[i], per_s[i])
        out = delta_decay[first : first + n]
        for i in range(n):
            out[i] = terms.delta_decay_of(density[i], d1[i], t[i], s[i])
        out = speed[first : first + n]
        for i in range(n):
            out[i] = terms.speed_of(density[i], d1[i], f[i], per_s[i])
