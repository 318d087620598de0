"""American puts where nothing is left to chance: the best moment on a known path."""

import numpy as np
from numpy.typing import NDArray

from engine.pricing.american.contract import Puts

Floats = NDArray[np.float64]


def value_on_known_path(puts: Puts) -> Floats:
    """The most that ``K exp(-r u) - S exp(-q u)`` or 0 reaches for u from 0 to expiry.

    Its only extremum inside is where interest on the strike equals dividends, ``r K exp(-r u) = q S exp(-q u)``.
    """
    s, k, r, q, t = puts.spot, puts.strike, puts.rate, puts.dividend, puts.t
    with np.errstate(all="ignore"):
        turn = np.log(r * k / (q * s)) / (r - q)
        turn = np.where((turn > 0.0) & (turn < t), turn, 0.0)
        worth = [k * np.exp(-r * u) - s * np.exp(-q * u) for u in (np.zeros_like(t), turn, t)]
    best: Floats = np.maximum(np.max(worth, axis=0), 0.0)
    return best
