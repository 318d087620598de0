"""What happens between two known log prices: Brownian-bridge extremes and points."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def bridge_extremes(
    log_start: FloatArray, log_end: FloatArray, variance: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw the highest and the lowest log price of bridges pinned at both ends.

    The maximum of a Brownian bridge from ``a`` to ``b`` over variance ``v`` has the exact law
    ``(a + b + sqrt((b - a)^2 - 2 v ln U)) / 2``, the minimum by symmetry (Beaglehole, Dybvig and Zhou 1997;
    Glasserman 2003, Monte Carlo Methods in Financial Engineering, section 6.4). The two are drawn
    independently, although jointly they are not: each is exact alone, and high >= both ends >= low holds.

    Parameters
    ----------
    log_start, log_end : float64[n]
        Log prices at the ends.
    variance : float64[n]
        Variance of the log price over the interval.

    Returns
    -------
    (log_high, log_low) : float64[n] each
    """
    square = (log_end - log_start) ** 2
    uniform = rng.random((2, len(log_start)))
    # 1 - U lies in (0, 1], so the logarithm is finite
    spread = np.sqrt(square - 2.0 * variance * np.log1p(-uniform))
    middle = log_start + log_end
    return 0.5 * (middle + spread[0]), 0.5 * (middle - spread[1])


def bridge_points(
    log_start: FloatArray,
    log_end: FloatArray,
    variance: FloatArray,
    fractions: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Draw log prices at inner points of bridges pinned at both ends.

    Parameters
    ----------
    log_start, log_end, variance : float64[n]
        As in `bridge_extremes`.
    fractions : float64[k]
        Where the points lie, as shares of the interval: increasing, within (0, 1).

    Returns
    -------
    float64[n, k]

    Raises
    ------
    ValueError
        If the fractions are not increasing within (0, 1).
    """
    steps = np.diff(fractions, prepend=0.0)
    if np.any(steps <= 0.0) or fractions[-1] >= 1.0:
        raise ValueError(f"bridge fractions must increase within (0, 1); got {fractions.tolist()}")
    points = np.empty((len(log_start), len(fractions)))
    current = log_start
    position = 0.0
    for j, fraction in enumerate(fractions):
        weight = (fraction - position) / (1.0 - position)
        # conditional variance of a bridge: t (T - t) / T, in units of the whole interval's variance
        conditional = variance * (fraction - position) * (1.0 - fraction) / (1.0 - position)
        shock = np.sqrt(conditional) * rng.standard_normal(len(log_start))
        current = current + weight * (log_end - current) + shock
        points[:, j] = current
        position = float(fraction)
    return points
