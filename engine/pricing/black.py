"""Undiscounted European option prices on a forward, and their derivatives (Black 1976).

Everything is per unit of underlying, broadcasts, and stays finite where time or volatility vanish. ``right``
is 0 for calls and 1 for puts. Discounting, spot-style Greeks and their units are in
:mod:`engine.pricing.greeks`.

Source: F. Black, "The pricing of commodity contracts", Journal of Financial Economics 3 (1976), eq. 16,
before discounting.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfcx, ndtr

_SQRT_HALF = np.sqrt(0.5)
_INV_SQRT_TWO_PI = 1.0 / np.sqrt(2.0 * np.pi)


@dataclass(frozen=True, slots=True)
class BlackDerivatives:
    """Undiscounted price and its derivatives, float64 arrays of one shape.

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
    """

    price: NDArray[np.float64]
    delta: NDArray[np.float64]
    gamma: NDArray[np.float64]
    vega: NDArray[np.float64]
    decay: NDArray[np.float64]


def black_price(
    right: ArrayLike, forward: ArrayLike, strike: ArrayLike, year_fraction: ArrayLike, sigma: ArrayLike
) -> NDArray[np.float64]:
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
    float64, NaN where an input is NaN or outside its domain.
    """
    is_put, f, k, t, vol = _broadcast(right, forward, strike, year_fraction, sigma)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        s = vol * np.sqrt(t)
        price = np.sqrt(f * k) * normalised_out_of_the_money_price(-np.abs(np.log(f / k)), s)
        price += np.where(is_put, np.maximum(k - f, 0.0), np.maximum(f - k, 0.0))
    return np.where(_valid(f, k, t, vol), price, np.nan)


def black_derivatives(
    right: ArrayLike, forward: ArrayLike, strike: ArrayLike, year_fraction: ArrayLike, sigma: ArrayLike
) -> BlackDerivatives:
    """Undiscounted price, delta, gamma, vega and decay; parameters as for :func:`black_price`."""
    is_put, f, k, t, vol = _broadcast(right, forward, strike, year_fraction, sigma)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore", under="ignore"):
        root_t = np.sqrt(t)
        s = vol * root_t
        x = np.log(f / k)
        sign = np.where(is_put, -1.0, 1.0)
        # without uncertainty d1 is minus or plus infinity, and 0 at the strike: a delta of one half
        d1 = np.where(s > 0, x / s + 0.5 * s, np.where(x == 0, 0.0, np.copysign(np.inf, x)))
        density = np.exp(-0.5 * d1 * d1) * _INV_SQRT_TWO_PI
        delta = sign * ndtr(sign * d1)
        gamma = np.where(s > 0, density / (f * s), 0.0)
        vega = f * density * root_t
        decay = np.where(t > 0, 0.5 * f * density * vol / root_t, 0.0)
    valid = _valid(f, k, t, vol)
    price = black_price(right, f, k, t, vol)
    delta, gamma, vega, decay = (np.where(valid, v, np.nan) for v in (delta, gamma, vega, decay))
    return BlackDerivatives(price=price, delta=delta, gamma=gamma, vega=vega, decay=decay)


def normalised_out_of_the_money_price(
    log_moneyness: NDArray[np.float64], total_volatility: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Out-of-the-money price divided by sqrt(forward * strike), for ``-|ln(F/K)|`` and ``sigma sqrt(T)``.

    ``exp(x/2) N(x/s + s/2) - exp(-x/2) N(x/s - s/2)`` with both terms written through the scaled
    complementary error function, so that the common factor, which underflows first, stands outside and the
    difference keeps its digits. P. Jaeckel, "Let's be rational", Wilmott (2015), section 6.
    """
    x, s = np.broadcast_arrays(log_moneyness, total_volatility)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore", under="ignore"):
        h = x / s
        half = 0.5 * s
        scaled = 0.5 * (erfcx(-_SQRT_HALF * (h + half)) - erfcx(_SQRT_HALF * (half - h)))
        price = np.array(np.exp(-0.5 * (h * h + half * half)) * scaled)  # an array for scalars too
        # where the first erfcx would grow and overflow nothing cancels, and the plain form will do
        large = h + half > 1.0
        if large.any():
            hl, tl, xl = h[large], half[large], x[large]
            price[large] = np.exp(0.5 * xl) * ndtr(hl + tl) - np.exp(-0.5 * xl) * ndtr(hl - tl)
    return np.where(s > 0, price, 0.0)


def _broadcast(
    right: ArrayLike, forward: ArrayLike, strike: ArrayLike, year_fraction: ArrayLike, sigma: ArrayLike
) -> tuple[
    NDArray[np.bool_],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
]:
    floats = [np.asarray(v, dtype=np.float64) for v in (forward, strike, year_fraction, sigma)]
    is_put, f, k, t, vol = np.broadcast_arrays(np.asarray(right) == 1, *floats)
    return is_put, f, k, t, vol


def _valid(
    f: NDArray[np.float64], k: NDArray[np.float64], t: NDArray[np.float64], vol: NDArray[np.float64]
) -> NDArray[np.bool_]:
    return np.asarray((f > 0) & (k > 0) & (t >= 0) & (vol >= 0))
