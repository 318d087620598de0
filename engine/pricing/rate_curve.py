"""Discount factors from a curve of continuously compounded zero rates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.pricing.greeks import DAYS_PER_YEAR


@dataclass(frozen=True, slots=True)
class RateCurve:
    """Zero rates by tenor; may be empty, where no rate is known.

    Attributes
    ----------
    tenor_days : float64[m]
        Increasing, in days.
    rate : float64[m]
        Continuously compounded, decimal, actual/365.
    """

    tenor_days: NDArray[np.float64]
    rate: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.tenor_days.shape != self.rate.shape:
            raise ValueError(f"rate curve: {self.tenor_days.size} tenors but {self.rate.size} rates")
        if not (np.all(np.diff(self.tenor_days) > 0) and np.all(np.isfinite(self.rate))):
            raise ValueError("rate curve: tenors must increase and rates be finite")

    def rate_at(self, year_fraction: float) -> float | None:
        """The zero rate at a time, linear between tenors and flat outside; None where the curve is empty."""
        if not self.rate.size:
            return None
        return float(np.interp(year_fraction * DAYS_PER_YEAR, self.tenor_days, self.rate))
