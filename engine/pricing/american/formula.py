"""What the classical approximations share: a formula for the options that may be exercised, exact values for others."""

import numpy as np
from numpy.typing import ArrayLike

from engine.pricing.american.andersen_lake import AmericanPrice, normalised
from engine.pricing.american.contract import AmericanStatus, as_puts
from engine.pricing.american.known_future import value_on_known_path
from engine.pricing.american.premium import european_puts
from engine.pricing.compiled import Kernel


def price_by(
    formula: Kernel,
    right: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sigma: ArrayLike,
) -> AmericanPrice:
    """Prices by a kernel that takes sign (1 call, -1 put), spot in strikes, and volatility, rate and yield to expiry,
    and gives prices in strikes.

    Never below intrinsic value or the European price, which the formulas alone may be: the holder can have either.
    Options that are never exercised are European, those without uncertainty exact.
    """
    puts = as_puts(right, spot, strike, year_fraction, rate, dividend_yield, sigma)
    ok = puts.status == AmericanStatus.OK
    known = ok & puts.without_uncertainty
    price = np.full(ok.size, np.nan)
    if known.any():
        price[known] = value_on_known_path(puts)[known]
    held = ok & ~known
    if held.any():
        time_value = np.empty(int(held.sum()))
        european_puts(*normalised(puts, held), time_value)
        s, k = puts.spot[held], puts.strike[held]
        price[held] = np.maximum(k - s, 0.0) + k * time_value
    chosen = held & ~puts.never_exercised
    if chosen.any():
        is_call = puts.is_call[chosen]
        s, k = puts.spot[chosen], puts.strike[chosen]
        s, k = np.where(is_call, k, s), np.where(is_call, s, k)
        _, v, r, q = normalised(puts, chosen)
        r, q = np.where(is_call, q, r), np.where(is_call, r, q)
        out = np.empty(s.size)
        formula(np.where(is_call, 1.0, -1.0), s / k, v, r, q, out)
        # a formula's powers of spot overflow where volatility is next to nothing
        most = np.where(is_call, s, k)
        usable = np.isfinite(out) & (k * out <= most * (1.0 + 1e-12))
        price[chosen] = np.where(usable, np.maximum(price[chosen], k * out), np.nan)
        puts.status[np.flatnonzero(chosen)[~usable]] = AmericanStatus.OUT_OF_RANGE
    return AmericanPrice(price=price.reshape(puts.shape), status=puts.status.reshape(puts.shape))
