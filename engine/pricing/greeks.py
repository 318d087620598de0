"""Discounted prices and spot-style Greeks in the units that traders use.

The forward is read as ``F = S exp((r - q) T)`` and the discount as ``D = exp(-r T)``: r and q are what the
two of them imply. The Greeks are those of Black, Scholes and Merton on the spot (J. C. Hull, Options,
Futures, and Other Derivatives, 7th ed., chapter 17, with a continuous yield), expressed through the forward.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.black import black_derivatives

DAYS_PER_YEAR = 365.0


@dataclass(frozen=True, slots=True)
class SpotGreeks:
    """Discounted price and Greeks per unit of underlying, float64 arrays of one shape.

    Attributes
    ----------
    price
        Discounted.
    delta
        dPrice/dSpot, the forward moving in proportion: ``D F / S`` times the forward delta.
    gamma
        d2Price/dSpot2.
    vega_per_vol_point
        Change for volatility up by 0.01.
    theta_per_day
        Change over one calendar day (1/365 year), spot, rate and yield held.
    rho_per_pct
        Change for the rate up by 0.01, spot and yield held.
    """

    price: NDArray[np.float64]
    delta: NDArray[np.float64]
    gamma: NDArray[np.float64]
    vega_per_vol_point: NDArray[np.float64]
    theta_per_day: NDArray[np.float64]
    rho_per_pct: NDArray[np.float64]


def spot_greeks(
    right: ArrayLike,
    spot: ArrayLike,
    forward: ArrayLike,
    discount: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    sigma: ArrayLike,
) -> SpotGreeks:
    """Price and Greeks of European options from spot, forward and discount.

    Parameters
    ----------
    right : int8
        0 call, 1 put.
    spot, forward, discount, strike, year_fraction, sigma : float64
        Broadcast. ``year_fraction`` must be positive: at 0 neither rate nor yield can be read from forward
        and discount, and theta and rho are NaN.

    Notes
    -----
    theta = r V - (r - q) D F delta_F - D dV/dT, with V the discounted price and delta_F the forward delta;
    rho = T (D F delta_F - V).
    """
    s, f, d, t = (np.asarray(v, dtype=np.float64) for v in (spot, forward, discount, year_fraction))
    black = black_derivatives(right, f, strike, t, sigma)
    with np.errstate(invalid="ignore", divide="ignore"):
        price = d * black.price
        forward_exposure = d * f * black.delta
        per_year = np.where(t > 0, 1.0 / t, np.nan)
        rate = -np.log(d) * per_year
        carry = np.log(f / s) * per_year
        theta = rate * price - carry * forward_exposure - d * black.decay
        rho = t * (forward_exposure - price) + 0.0 * per_year
        ratio = f / s
        return SpotGreeks(
            price=price,
            delta=d * ratio * black.delta,
            gamma=d * ratio * ratio * black.gamma,
            vega_per_vol_point=0.01 * d * black.vega,
            theta_per_day=theta / DAYS_PER_YEAR,
            rho_per_pct=0.01 * rho,
        )
