"""European option values on a forward, for the generator's own truth.

Deliberately independent of ``engine.pricing``: what the pipeline recovers from generated quotes is compared
with these values, and a shared mistake would cancel out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from engine.simulation.bridge import FloatArray

_INVERSE_SQRT_2PI = 1.0 / np.sqrt(2.0 * np.pi)


@dataclass(frozen=True, slots=True)
class Valuation:
    """Values and sensitivities, float64[n] each, per unit of underlying.

    ``delta_forward`` is undiscounted, ``vega_per_vol_point`` per 0.01 of volatility.
    """

    value: FloatArray
    delta_forward: FloatArray
    gamma_forward: FloatArray
    vega_per_vol_point: FloatArray
    d2: FloatArray


def value_on_forward(
    is_put: NDArray[np.bool_],
    strike: FloatArray,
    forward: FloatArray,
    discount: FloatArray,
    volatility: FloatArray,
    years: FloatArray,
) -> Valuation:
    """Black (1976) values: ``D (F N(d1) - K N(d2))`` for calls, puts by parity of the same normals.

    The early exercise of American options is worth nothing here; ``early_exercise_premium`` adds it.

    Parameters
    ----------
    is_put : bool[n]
    strike, forward, discount, volatility, years : float64[n]
        ``years`` is the time to settlement (act/365), above zero.
    """
    sd = volatility * np.sqrt(years)
    d1 = np.log(forward / strike) / sd + 0.5 * sd
    d2 = d1 - sd
    sign = np.where(is_put, -1.0, 1.0)
    n1 = ndtr(sign * d1)
    density = _INVERSE_SQRT_2PI * np.exp(-0.5 * d1 * d1)
    return Valuation(
        value=np.maximum(discount * sign * (forward * n1 - strike * ndtr(sign * d2)), 0.0),
        delta_forward=sign * n1,
        gamma_forward=density / (forward * sd),
        vega_per_vol_point=0.01 * discount * forward * density * np.sqrt(years),
        d2=d2,
    )
