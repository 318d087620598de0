"""A made-up treasury curve: daily par yields by tenor, as FRED publishes them, and zero rates from them."""

from dataclasses import dataclass

import numpy as np

from engine.simulation.bridge import FloatArray
from engine.simulation.path import bounded_autoregression

#: FRED series and the days to which each runs
TENOR_DAYS = {"DGS1MO": 30, "DGS3MO": 91, "DGS6MO": 182, "DGS1": 365, "DGS2": 730}


@dataclass(frozen=True, slots=True)
class RateCurve:
    """Yields in percent, rounded as printed: float64[sessions, tenors], tenors in the order of TENOR_DAYS."""

    yields_percent: FloatArray

    @property
    def tenor_years(self) -> FloatArray:
        return np.array(list(TENOR_DAYS.values())) / 365.0

    def zero_rates(self, session: int) -> FloatArray:
        """Continuously compounded rates: bond-equivalent yields compound twice a year, r = 2 ln(1 + y / 2).

        Par yields are taken as zero yields: within two years they differ by a few basis points.
        """
        result: FloatArray = 2.0 * np.log1p(self.yields_percent[session] / 200.0)
        return result


def simulate_rate_curve(sessions: int, seed: int) -> RateCurve:
    """A level and a slope that wander slowly, the same for every market with the same sessions and seed."""
    rng = np.random.default_rng([seed, 7])
    level = bounded_autoregression(sessions, 4.4, 0.997, 0.35, 3.2, 5.6, rng)
    slope = bounded_autoregression(sessions, -0.25, 0.995, 0.15, -0.7, 0.3, rng)
    years = np.array(list(TENOR_DAYS.values())) / 365.0
    noise = 0.01 * rng.standard_normal((sessions, len(TENOR_DAYS)))
    shape = (1.0 - np.exp(-years / 0.8))[None, :]
    return RateCurve(np.round(level[:, None] + slope[:, None] * shape + noise, 2))
