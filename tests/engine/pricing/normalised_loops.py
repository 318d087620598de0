"""The normalised price and its inverse, which exist only inside compiled loops."""

import numpy as np

from engine.pricing import normalised_black
from engine.pricing.bracketed_volatility import bracketed_total_volatility
from engine.pricing.compiled import kernel
from engine.pricing.vector_math import log


def normalised_price(x, s) -> np.ndarray:
    x, s = (np.ascontiguousarray(v, dtype=np.float64) for v in (x, s))
    out = np.empty(x.size)
    _price(x, s, out)
    return out


def total_volatility(x, price) -> np.ndarray:
    """By the search that is made where the fast path does not reach."""
    x, price = (np.ascontiguousarray(v, dtype=np.float64) for v in (x, price))
    out = np.empty(x.size)
    _volatility(x, price, out)
    return out


@kernel("f8[] f8[] -> f8[]")
def _price(x, s, out):
    for i in range(out.size):
        out[i] = normalised_black.normalised_price(x[i], s[i])


@kernel("f8[] f8[] -> f8[]")
def _volatility(x, price, out):
    for i in range(out.size):
        out[i] = bracketed_total_volatility(x[i], price[i], log(price[i]))
