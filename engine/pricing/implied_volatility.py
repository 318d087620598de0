"""Implied volatility of European options from undiscounted prices, with a status for every quote."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.normalised_volatility import total_volatility


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

    @property
    def label(self) -> str:
        """As stored: ``below_intrinsic``."""
        return self.name.lower()


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


#: time value below this share of the price cannot be told from rounding
_NOISE = 4.0 * np.finfo(np.float64).eps


def implied_volatility(
    right: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    undiscounted_price: ArrayLike,
) -> ImpliedVolatility:
    """Black (1976) implied volatility.

    In-the-money prices are turned into the out-of-the-money price of the same strike by parity first, where
    the volatility stands in the digits. Precise to 1e-12 relative for total volatilities above 1e-4, where
    the price itself determines it that far: a price that carries few digits of time value cannot give more.

    Parameters
    ----------
    right : int8[n]
        0 call, 1 put.
    forward, strike, year_fraction : float64[n]
        Broadcast.
    undiscounted_price : float64[n]
        Price divided by the discount factor; NaN where there is none.
    """
    is_put, f, k, t, price = np.broadcast_arrays(
        np.asarray(right) == 1,
        *(np.asarray(v, dtype=np.float64) for v in (forward, strike, year_fraction, undiscounted_price)),
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        intrinsic = np.maximum(np.where(is_put, k - f, f - k), 0.0)
        time_value = price - intrinsic
        status = np.full(price.shape, IvStatus.OK, dtype=np.int8)
        # later lines win: a missing forward says more than a missing time value
        status[price >= np.where(is_put, k, f)] = IvStatus.ABOVE_MAXIMUM
        status[time_value <= _NOISE * np.maximum(price, 0.0)] = IvStatus.BELOW_INTRINSIC
        status[~(np.isfinite(price) & (price > 0))] = IvStatus.NO_QUOTE
        status[~((f > 0) & (k > 0) & np.isfinite(f))] = IvStatus.NO_FORWARD
        status[~(t > 0)] = IvStatus.NO_TIME
    sigma = np.full(price.shape, np.nan)
    ok = status == IvStatus.OK
    f, k = f[ok], k[ok]
    sigma[ok] = total_volatility(-np.abs(np.log(f / k)), time_value[ok] / np.sqrt(f * k)) / np.sqrt(t[ok])
    return ImpliedVolatility(sigma=sigma, status=status)
