"""Whether a surface of SVI slices admits arbitrage: the worst butterfly of each, the worst crossing of neighbours.

The points looked at owe nothing to those that the fit used, so this is a check of the fit, not a repetition of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.pricing.surface.svi import SviParameters, butterfly_density, total_variance

Floats = NDArray[np.float64]

#: less than this is arithmetic: far out, slices of one slope at the end differ in their last digits only
ROUNDING = 1e-10
_POINTS = 1501
#: in units of sigma around m, and in units of the deviation at the money around 0: to both ends of what doubles resolve
_REACH = 1e4
_LADDER = np.sinh(np.linspace(-np.arcsinh(_REACH), np.arcsinh(_REACH), _POINTS))


@dataclass(frozen=True, slots=True)
class ArbitrageReport:
    """What was found, per expiry; NaN where an expiry has no slice, or none before it.

    Attributes
    ----------
    worst_density : float64[n]
        The least ``g(k)``; negative is butterfly arbitrage.
    worst_density_at : float64[n]
        The log-moneyness where it is.
    worst_crossing : float64[n]
        The least ``(w(k) - w_before(k)) / w_before(k)`` to the slice before; negative is calendar arbitrage.
    worst_crossing_at : float64[n]
        The log-moneyness where it is.
    """

    worst_density: Floats
    worst_density_at: Floats
    worst_crossing: Floats
    worst_crossing_at: Floats

    @property
    def butterfly_free(self) -> bool:
        """No slice has a negative density."""
        return not bool(np.any(self.worst_density < -ROUNDING))

    @property
    def calendar_free(self) -> bool:
        """No slice falls below the one before it."""
        return not bool(np.any(self.worst_crossing < -ROUNDING))


def check_arbitrage(parameters: SviParameters) -> ArbitrageReport:
    """Look for butterfly and calendar arbitrage.

    Parameters
    ----------
    parameters : SviParameters of n
        Ordered by time to expiry; slices of NaN are passed over.
    """
    rows = parameters.rows()
    n = len(rows)
    found = np.full((4, n), np.nan)
    before, points_before = -1, np.empty(0)
    for j in range(n):
        if not np.isfinite(rows[j]).all():
            continue
        here = parameters.at(j)
        k = points = _points(here)
        density = butterfly_density(k, here)
        # a total variance that is not positive has no density, and nothing is worse
        worst = int(np.argmin(np.where(np.isnan(density), -np.inf, density)))
        found[0, j] = -np.inf if np.isnan(density[worst]) else density[worst]
        found[1, j] = k[worst]
        if before >= 0:
            other = parameters.at(before)
            k = np.concatenate([points, points_before])
            floor = total_variance(k, other)
            crossing = (total_variance(k, here) - floor) / floor
            worst = int(np.argmin(crossing))
            found[2, j], found[3, j] = crossing[worst], k[worst]
        before, points_before = j, points
    return ArbitrageReport(*found)


def _points(parameters: SviParameters) -> Floats:
    """Dense where the slice bends and where it is at the money, and thin out to both ends."""
    p = parameters
    level = max(float(total_variance(0.0, p)), 1e-12)
    return np.concatenate([float(p.m) + float(p.sigma) * _LADDER, np.sqrt(level) * _LADDER])
