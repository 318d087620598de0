"""Options that are priced and paid in the coin itself (Deribit's inverse options), with Greeks in coin.

One pays ``max(F - K, 0) / F`` coins (calls): in coin it is worth the dollar price over the forward, and holding coins
already hedges a part of it. The discount is 1, the venue's margin bears no interest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from engine.pricing.arguments import Floats
from engine.pricing.black import black_derivatives
from engine.pricing.greeks import DAYS_PER_YEAR


@dataclass(frozen=True, slots=True)
class InverseGreeks:
    """Coin price and Greeks, float64 arrays of one shape, NaN outside the domain.

    Attributes
    ----------
    price_coin
        Coins for an option on one coin.
    delta_coin
        Coins (futures worth of it) that hedge the dollar value of option and premium: the premium-adjusted forward
        delta, ``delta - price_coin``.
    coin_price_slope
        Change of the coin price for the forward up by one dollar: ``delta_coin / F``.
    gamma_coin
        Change of ``delta_coin`` for the forward up by one dollar.
    vega_coin_per_vol_point
        Coins for volatility up by 0.01.
    theta_coin_per_day
        Coins over one calendar day, forward and volatility held.
    """

    price_coin: Floats
    delta_coin: Floats
    coin_price_slope: Floats
    gamma_coin: Floats
    vega_coin_per_vol_point: Floats
    theta_coin_per_day: Floats


def inverse_greeks(
    right: ArrayLike, forward: ArrayLike, strike: ArrayLike, year_fraction: ArrayLike, sigma: ArrayLike
) -> InverseGreeks:
    """Price and Greeks in coin; parameters and errors as for :func:`engine.pricing.black.black_price`.

    Parameters
    ----------
    forward, strike : float64
        Dollars for a coin.
    """
    black = black_derivatives(right, forward, strike, year_fraction, sigma)
    f = np.asarray(forward, dtype=np.float64)  # where it is none, so is the price
    price = black.price / f
    delta = black.delta - price
    return InverseGreeks(
        price_coin=price,
        delta_coin=delta,
        coin_price_slope=delta / f,
        gamma_coin=black.gamma - delta / f,
        vega_coin_per_vol_point=0.01 * black.vega / f,
        theta_coin_per_day=-black.decay / f / DAYS_PER_YEAR,
    )
