"""How far, and for how long, an account was below its best."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.analytics.daily import US_PER_DAY


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall from a peak.

    Attributes
    ----------
    depth
        Fraction of the peak that was lost, positive (0.2: a fifth); above 1 when NAV fell below zero.
    peak, trough, end
        Positions of the peak, of the lowest NAV, and of the first NAV back at the peak, or of the last NAV.
    recovered
        Whether NAV came back to the peak before the record ended.
    """

    depth: float
    peak: int
    trough: int
    end: int
    recovered: bool


def drawdown_series(nav: NDArray[np.float64]) -> NDArray[np.float64]:
    """``1 - nav / running peak`` at each step, shape (k,); 0 at a new peak, positive below it.

    Raises
    ------
    ValueError
        If the first NAV, and so the running peak, is not positive.
    """
    values = np.asarray(nav, dtype=np.float64)
    if len(values) and not values[0] > 0:
        raise ValueError(f"drawdown: the first NAV is {values[0]}; a fraction of it has no meaning")
    result: NDArray[np.float64] = 1.0 - values / np.maximum.accumulate(values)
    return result


def deepest_drawdown(nav: NDArray[np.float64]) -> Drawdown | None:
    """The deepest drawdown (the first of equals), or None for a record that never fell."""
    values = np.asarray(nav, dtype=np.float64)
    depths = drawdown_series(values)
    trough = int(np.argmax(depths)) if len(depths) else 0
    if len(depths) == 0 or depths[trough] <= 0:
        return None
    level = values[: trough + 1].max()
    # the latest time at the peak: a plateau before the fall is no drawdown
    peak = int(np.flatnonzero(values[: trough + 1] == level)[-1])
    back = np.flatnonzero(values[trough:] >= level)
    recovered = bool(len(back))
    end = trough + int(back[0]) if recovered else len(values) - 1
    return Drawdown(float(depths[trough]), peak, trough, end, recovered)


def drawdown_calendar_days(ts_us: NDArray[np.int64], drawdown: Drawdown) -> float:
    """Calendar days from the peak to the recovery, or to the end of the record where there was none."""
    return float((int(ts_us[drawdown.end]) - int(ts_us[drawdown.peak])) / US_PER_DAY)
