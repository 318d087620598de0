"""The smile of a Heston model."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.heston.model import HestonParameters
from engine.pricing.heston.price import heston_price
from engine.pricing.implied_volatility import implied_volatility

Floats = NDArray[np.float64]

#: a price must be known to so many digits, or its volatility is that of the arithmetic
_DIGITS = 1e-7


def heston_volatility(
    forward: ArrayLike, strike: ArrayLike, year_fraction: ArrayLike, model: HestonParameters
) -> Floats:
    """Black implied volatility (decimal) of the model's out-of-the-money prices; the arguments broadcast.

    NaN where the price is less than 1e7 times its own error, so far out that arithmetic would set the volatility, and
    where inputs are outside their domain or no time is left.

    Raises
    ------
    ValueError
        For arguments that are no numbers or do not broadcast.
    """
    right = (np.asarray(strike) < np.asarray(forward)).astype(np.int8)
    prices = heston_price(right, forward, strike, year_fraction, model)
    with np.errstate(invalid="ignore"):
        sure = prices.error <= _DIGITS * prices.price
    solved = implied_volatility(right, forward, strike, year_fraction, np.where(sure, prices.price, np.nan))
    return solved.sigma
