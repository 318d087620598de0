"""The deltas that markets quote: on spot or forward, with the premium in money or in the asset itself.

D. Reiswich, U. Wystup, "FX volatility smile construction", Wilmott (2012), section 1: where the premium is paid in the
asset, as with coin-settled options, the hedge is smaller by the premium received.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from engine.pricing.arguments import Floats, as_floats
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

    Parameters and errors as for :func:`engine.pricing.greeks.spot_greeks`.
    """
    black = black_derivatives(right, forward, strike, year_fraction, sigma)
    f, s, d = as_floats("forward", forward), as_floats("spot", spot), as_floats("discount", discount)
    on_forward = black.delta
    if convention in (DeltaConvention.SPOT_PREMIUM_ADJUSTED, DeltaConvention.FORWARD_PREMIUM_ADJUSTED):
        on_forward = on_forward - black.price / f
    if convention in (DeltaConvention.FORWARD, DeltaConvention.FORWARD_PREMIUM_ADJUSTED):
        return on_forward
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(d * f / s * on_forward)
