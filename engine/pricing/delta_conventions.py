"""The deltas that markets quote: on spot or forward, with the premium in money or in the asset itself.

D. Reiswich, U. Wystup, "FX volatility smile construction", Wilmott (2012), section 1: where the premium is paid in the
asset, as with coin-settled options, the hedge is smaller by the premium received.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from engine.pricing.arguments import Floats, as_columns, member_of
from engine.pricing.black import black_derivatives


class DeltaConvention(StrEnum):
    """What the hedge is made with, and in what the premium is paid."""

    #: units of the asset for each option, the premium in money
    SPOT = "spot"
    #: forward contracts for each option, the premium in money at expiry
    FORWARD = "forward"
    #: spot delta less the premium in units of the asset
    SPOT_PREMIUM_ADJUSTED = "spot_premium_adjusted"
    #: forward delta less the undiscounted premium in units of the forward
    FORWARD_PREMIUM_ADJUSTED = "forward_premium_adjusted"


def delta(
    convention: DeltaConvention,
    right: ArrayLike,
    spot: ArrayLike,
    forward: ArrayLike,
    discount: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    sigma: ArrayLike,
) -> Floats:
    """Delta of European options in a convention; NaN outside the domain.

    Parameters
    ----------
    convention : DeltaConvention
    right, spot, forward, discount, strike, year_fraction, sigma
        As for :func:`engine.pricing.greeks.spot_greeks`. Deltas on the forward use neither spot nor discount, which
        may be NaN there; those on spot are NaN unless both are positive and finite.

    Raises
    ------
    ValueError
        For a convention that is none; else see :func:`engine.pricing.arguments.as_columns`.
    """
    convention = member_of(DeltaConvention, "convention", convention)
    shape, rights, (s, f, d, k, t, v) = as_columns(
        right,
        spot=spot,
        forward=forward,
        discount=discount,
        strike=strike,
        year_fraction=year_fraction,
        sigma=sigma,
    )
    black = black_derivatives(rights, f, k, t, v)
    found = black.delta
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if convention in (DeltaConvention.SPOT_PREMIUM_ADJUSTED, DeltaConvention.FORWARD_PREMIUM_ADJUSTED):
            found = found - black.price / f
        if convention in (DeltaConvention.SPOT, DeltaConvention.SPOT_PREMIUM_ADJUSTED):
            known = (s > 0.0) & (s < np.inf) & (d > 0.0) & (d < np.inf)
            found = np.where(known, d * f / s * found, np.nan)
    return found.reshape(shape)
