"""Quotes whose implied volatility stands apart from their neighbours'."""

import numpy as np

from resources.data_quality.arbitrage import Findings, findings
from resources.data_quality.chain_shape import ChainShape

#: the whole bid-ask range of an outlier lies beyond this ratio to the median of its neighbours
_RATIO = 1.3
#: neighbours on each side
_REACH = 2


def smile_outliers(shape: ChainShape) -> Findings:
    """Quotes out of the money whose whole bid-ask range of volatilities lies far from their neighbours'."""
    smile = shape.smile
    rows = smile.rows
    none = np.zeros(len(rows), dtype=np.bool_)
    if len(rows) < 2 * _REACH + 1:
        return findings(shape, rows, none, none)
    low, mid, high = smile.low, smile.mid, smile.high
    group = shape.group[rows]
    around = np.full((2 * _REACH, len(rows)), np.nan)
    for line, step in enumerate(s for s in range(-_REACH, _REACH + 1) if s):
        moved, of = np.roll(mid, -step), np.roll(group, -step)
        around[line] = np.where(of == group, moved, np.nan)
        edge = slice(len(rows) - step, None) if step > 0 else slice(0, -step)
        around[line, edge] = np.nan
    there = (~np.isnan(around)).sum(axis=0)
    known = there >= _REACH + 1
    # the median of those that are there; what is missing is sorted to the end
    ordered, column = np.sort(around, axis=0), np.arange(len(rows))
    middle = 0.5 * (
        ordered[np.maximum(there - 1, 0) // 2, column] + ordered[there // 2 % len(ordered), column]
    )
    middle[~known] = np.nan
    with np.errstate(invalid="ignore"):
        bad = (low > _RATIO * middle) | (high < middle / _RATIO)
    return findings(shape, rows, bad, known & ~np.isnan(high))
