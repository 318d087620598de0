"""Implied volatilities of a chain's out-of-the-money quotes, and those that stand apart from their neighbours."""

import numpy as np

from engine.pricing.implied_volatility import implied_volatility
from resources.data_quality.arbitrage import Findings, findings
from resources.data_quality.chain_shape import ChainShape
from resources.data_quality.columns import Bools, Floats, Ints

#: the whole bid-ask range of an outlier lies beyond this ratio to the median of its neighbours
_RATIO = 1.3
#: neighbours on each side
_REACH = 2
#: shorter than this a volatility says little
_MIN_YEARS = 1.0 / 365.0


def volatilities(shape: ChainShape, price: Floats, rows: Ints) -> Floats:
    """Black volatilities of prices of the given positions; NaN where there is none."""
    forward = shape.forward[rows]
    undiscounted = price * forward if shape.coin else price / shape.discount[rows]
    return implied_volatility(
        shape.put_right[rows].astype(np.int8), forward, shape.strike[rows], shape.years[rows], undiscounted
    ).sigma


def out_of_the_money(shape: ChainShape) -> Ints:
    """Positions of one quote per strike, the one out of the money, in order of group and strike."""
    with np.errstate(invalid="ignore"):
        mine: Bools = np.where(shape.put_right, shape.strike < shape.forward, shape.strike >= shape.forward)
    mine &= ~np.isnan(shape.forward) & (shape.years >= _MIN_YEARS) & ~np.isnan(shape.ask)
    rows = np.flatnonzero(mine)
    return rows[np.lexsort((shape.strike[rows], shape.group[rows]))]


def smile_outliers(shape: ChainShape) -> Findings:
    """Quotes out of the money whose whole bid-ask range of volatilities lies far from their neighbours'."""
    rows = out_of_the_money(shape)
    none = np.zeros(len(rows), dtype=np.bool_)
    if len(rows) < 2 * _REACH + 1:
        return findings(shape, rows, none, none)
    mid = volatilities(shape, shape.mid[rows], rows)
    low, high = volatilities(shape, shape.bid[rows], rows), volatilities(shape, shape.ask[rows], rows)
    group = shape.group[rows]
    around = np.full((2 * _REACH, len(rows)), np.nan)
    for line, step in enumerate(s for s in range(-_REACH, _REACH + 1) if s):
        moved, of = np.roll(mid, -step), np.roll(group, -step)
        around[line] = np.where(of == group, moved, np.nan)
        edge = slice(len(rows) - step, None) if step > 0 else slice(0, -step)
        around[line, edge] = np.nan
    known = (~np.isnan(around)).sum(axis=0) >= _REACH + 1
    middle = np.full(len(rows), np.nan)
    middle[known] = np.nanmedian(around[:, known], axis=0)
    with np.errstate(invalid="ignore"):
        bad = (low > _RATIO * middle) | (high < middle / _RATIO)
    return findings(shape, rows, bad, known & ~np.isnan(high))
