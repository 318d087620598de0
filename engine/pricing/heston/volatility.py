"""The smile of a Heston model."""

import numpy as np
from numpy.typing import ArrayLike

from engine.pricing.arguments import Floats, as_columns
from engine.pricing.heston.model import HestonParameters
from engine.pricing.heston.price import heston_price
from engine.pricing.implied_volatility import implied_volatility

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
        See :func:`engine.pricing.arguments.as_columns`.
    """
    shape, _, (f, k, t) = as_columns(None, forward=forward, strike=strike, year_fraction=year_fraction)
    right = (k < f).astype(np.int8)
    prices = heston_price(right, f, k, t, model)
    with np.errstate(invalid="ignore"):
        sure = prices.error <= _DIGITS * prices.price
    solved = implied_volatility(right, f, k, t, np.where(sure, prices.price, np.nan))
    return solved.sigma.reshape(shape)
