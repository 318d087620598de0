"""Implied volatility of European options from undiscounted prices, with a status for every quote."""

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.arguments import as_columns
from engine.pricing.black_step import black_step
from engine.pricing.compiled import kernel
from engine.pricing.normalised_black import scaled_difference
from engine.pricing.total_volatility import (
    SLOW,
    is_reached,
    slow_total_volatility,
    status_code,
    time_value_of,
)
from engine.pricing.vector_math import log
from engine.pricing.volatility_guess import volatility_guess


class IvStatus(IntEnum):
    """Why a quote has an implied volatility, or has none."""

    OK = 0
    #: the price is missing, not finite, or not positive
    NO_QUOTE = 1
    #: at or below what exercise is worth: no volatility is that low
    BELOW_INTRINSIC = 2
    #: at or above the forward (calls) or the strike (puts): no volatility is that high
    ABOVE_MAXIMUM = 3
    #: expiry is reached or past
    NO_TIME = 4
    #: no forward is known for the expiry
    NO_FORWARD = 5
    #: American options: a right, rate, yield or dividend that is none, or more of rate, yield or volatility to expiry,
    #: or larger or smaller prices, than the errors of the lattice are known for
    OUT_OF_RANGE = 6

    @property
    def label(self) -> str:
        """As stored: ``below_intrinsic``."""
        return self.name.lower()


class NoConvergenceError(ArithmeticError):
    """The bracketed search for an implied volatility did not settle; this is a defect, not a bad quote."""


@dataclass(frozen=True, slots=True)
class ImpliedVolatility:
    """Implied volatilities of n quotes.

    Attributes
    ----------
    sigma : float64[n]
        Decimal per square root of a year; NaN unless the status is OK.
    status : int8[n]
        Codes of :class:`IvStatus`.
    """

    sigma: NDArray[np.float64]
    status: NDArray[np.int8]


# never leaves this file
_UNSETTLED = 101
_BLOCK = 512


def implied_volatility(
    right: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    undiscounted_price: ArrayLike,
) -> ImpliedVolatility:
    """Black (1976) implied volatility.

    In-the-money prices are turned into the out-of-the-money price of the same strike by parity first, where
    the volatility stands in the digits. Precise to 1e-12 relative wherever the price itself determines it that far: a
    price that carries few digits of time value cannot give more.

    Parameters
    ----------
    right : int8[n]
        0 call, 1 put.
    forward, strike, year_fraction : float64[n]
        Broadcast.
    undiscounted_price : float64[n]
        Price divided by the discount factor; NaN where there is none.

    Raises
    ------
    ValueError
        See :func:`engine.pricing.arguments.as_columns`.
    NoConvergenceError
        See there.
    """
    shape, rights, columns = as_columns(
        right,
        forward=forward,
        strike=strike,
        year_fraction=year_fraction,
        undiscounted_price=undiscounted_price,
    )
    sigma, status = np.empty(rights.size), np.empty(rights.size, dtype=np.int8)
    solve(rights, *columns, sigma, status)
    refuse_unsettled(status, *columns)
    return ImpliedVolatility(sigma=sigma.reshape(shape), status=status.reshape(shape))


def refuse_unsettled(
    status: NDArray[np.int8],
    forward: NDArray[np.float64],
    strike: NDArray[np.float64],
    years: NDArray[np.float64],
    price: NDArray[np.float64],
) -> None:
    """Raise :class:`NoConvergenceError` about the first quote whose search did not settle."""
    if (status == _UNSETTLED).any():
        worst = int(np.argmax(status == _UNSETTLED))
        f, k, t, paid = (float(c[worst]) for c in (forward, strike, years, price))
        raise NoConvergenceError(
            f"implied volatility of price {paid!r} at forward {f!r}, strike {k!r}, {t!r} years"
        )


@kernel("i1[] f8[] f8[] f8[] f8[] -> f8[] i1[]")
def solve(
    right: NDArray[np.int8],
    forward: NDArray[np.float64],
    strike: NDArray[np.float64],
    years: NDArray[np.float64],
    price: NDArray[np.float64],
    sigma: NDArray[np.float64],
    status: NDArray[np.int8],
) -> None:
    """Volatility and status of each quote: all by the fast path, then those that it does not reach.

    The fast path is many short loops: in a long one each number waits for the one before it, and the processor cannot
    look far enough ahead to work on the next quotes meanwhile.
    """
    ratio, x, root = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    time_value, guess, per_price = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    per_s, scaled, step = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    for first in range(0, sigma.size, _BLOCK):
        n = min(_BLOCK, sigma.size - first)
        r, f, k = right[first : first + n], forward[first : first + n], strike[first : first + n]
        t, p, out = years[first : first + n], price[first : first + n], sigma[first : first + n]
        for i in range(n):
            ratio[i] = f[i] / k[i]
        for i in range(n):
            x[i] = -abs(log(ratio[i]))
        for i in range(n):
            root[i] = k[i] * math.sqrt(ratio[i])
        for i in range(n):
            time_value[i] = time_value_of(r[i] == 1, f[i], k[i], p[i])
        for i in range(n):
            per_price[i] = root[i] / time_value[i]
        for i in range(n):
            per_root = 1.0 / root[i]
            guess[i] = volatility_guess(
                x[i], abs(f[i] - k[i]) * per_root, time_value[i] * per_root, per_price[i]
            )
        for i in range(n):
            per_s[i] = 1.0 / guess[i]
        for i in range(n):
            scaled[i] = scaled_difference(x[i] * per_s[i], 0.5 * guess[i])
        for i in range(n):
            step[i] = black_step(x[i], guess[i], per_s[i], scaled[i], per_price[i])
        for i in range(n):
            # a code in the place of a volatility, made negative: one array written, or nothing vectorizes
            reached = is_reached(x[i], guess[i], step[i])
            code = status_code(r[i] == 1, f[i], k[i], t[i], p[i], ratio[i], time_value[i], reached)
            out[i] = (guess[i] + step[i]) / math.sqrt(t[i]) if code == 0.0 else -code
        for i in range(first, first + n):
            status[i] = 0
            if sigma[i] < 0.0:
                status[i] = np.int8(-sigma[i])
                sigma[i] = np.nan
                if status[i] == SLOW:
                    found = slow_total_volatility(right[i] == 1, forward[i], strike[i], price[i])
                    sigma[i] = found / math.sqrt(years[i])
                    status[i] = np.int8(_UNSETTLED if found != found else 0)
