"""Whether a path falls to a level that ends the account, and what theory says of the simplest such game."""

import numpy as np
from numpy.typing import NDArray


def ruined(
    nav: NDArray[np.float64], ruin_level: float, target_level: float | None = None
) -> NDArray[np.bool_]:
    """Which paths touch ``ruin_level``, before ``target_level`` where one is given; shape (paths,).

    Parameters
    ----------
    nav : shape (paths, steps)
        The account after each step.
    """
    hit = np.less_equal(nav, ruin_level)
    found: NDArray[np.bool_] = np.logical_or.reduce(hit, axis=1)
    if target_level is None:
        return found
    there = np.greater_equal(nav, target_level)
    first_there = np.where(there.any(axis=1), there.argmax(axis=1), nav.shape[1])
    result: NDArray[np.bool_] = found & (hit.argmax(axis=1) < first_there)
    return result


def gamblers_ruin_probability(p_win: float, start_units: int, target_units: int | None = None) -> float:
    """Probability of losing everything before reaching the target, one unit a bet (Feller 1968, XIV.2).

    ``((q/p)**a - (q/p)**N) / (1 - (q/p)**N)`` with ``a`` units to start with and ``N`` as the target;
    ``1 - a / N`` for a fair game; without a target ``min(1, (q/p)**a)``.

    Raises
    ------
    ValueError
        For a probability outside (0, 1) or a start that is not between ruin and target.
    """
    if not 0.0 < p_win < 1.0:
        raise ValueError(f"gambler's ruin: a winning probability of {p_win}; give one between 0 and 1")
    if start_units <= 0 or (target_units is not None and start_units >= target_units):
        raise ValueError(f"gambler's ruin: start {start_units} is not between 0 and target {target_units}")
    odds = (1.0 - p_win) / p_win
    if target_units is None:
        return float(min(1.0, odds**start_units))
    if odds == 1.0:
        return 1.0 - start_units / target_units
    return float((odds**start_units - odds**target_units) / (1.0 - odds**target_units))


def share_interval(count: int, paths: int, confidence_z: float) -> tuple[float, float]:
    """Wilson's interval for the true share, given ``count`` of ``paths`` (Wilson 1927)."""
    share = count / paths
    z2 = confidence_z**2
    centre = (share + z2 / (2 * paths)) / (1 + z2 / paths)
    half = confidence_z / (1 + z2 / paths) * np.sqrt(share * (1 - share) / paths + z2 / (4 * paths**2))
    # at the ends the formula gives 0 and 1 but for rounding
    lower = 0.0 if count == 0 else max(0.0, float(centre - half))
    upper = 1.0 if count == paths else min(1.0, float(centre + half))
    return lower, upper
