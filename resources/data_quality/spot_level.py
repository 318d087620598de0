"""Whether a chain's spot is that of its own options: their parity forwards lie about where the market saw it."""

import numpy as np

from resources.data_quality.chain_shape import ChainShape

#: expiries from a day to about two months: nearer ones have settled for the day, later ones carry more than noise
_YEARS = (1.0 / 365.0, 60.0 / 365.0)


def spot_from_forwards(shape: ChainShape, snapshot: int) -> float | None:
    """Absolute log distance of spot from the parity forwards of the nearest expiries, their median.

    Carry over two months is within 1.3% at rates up to 8%, a quarterly dividend within 1%; a stock that is
    costly to borrow can be further off. None where spot is unknown or no near expiry gives a forward.
    """
    here = (shape.snapshot == snapshot) & (shape.years >= _YEARS[0]) & (shape.years <= _YEARS[1])
    here &= (shape.forward > 0) & (shape.spot > 0)
    rows = np.flatnonzero(here)
    if not len(rows):
        return None
    first = rows[np.r_[True, np.diff(shape.group[rows]) != 0]]
    return abs(float(np.median(np.log(shape.forward[first] / shape.spot[first]))))
