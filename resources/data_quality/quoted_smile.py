"""Implied volatilities of bid, middle and ask of the quotes out of the money: what a chain says of its smile."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.pricing.implied_volatility import implied_volatility
from resources.data_quality.columns import Bools, Floats, Ints

if TYPE_CHECKING:
    from resources.data_quality.chain_shape import ChainShape

#: shorter than this a volatility says little
_MIN_YEARS = 1.0 / 365.0


@dataclass(frozen=True)
class QuotedSmile:
    """One quote per strike, in order of group and strike.

    Attributes
    ----------
    rows
        Positions in the chain's shape.
    low, mid, high
        Black volatilities of bid, middle and ask; NaN where there is none.
    """

    rows: Ints
    low: Floats
    mid: Floats
    high: Floats


def quoted_smile(shape: "ChainShape") -> QuotedSmile:
    """The smile of every expiry that has a forward."""
    with np.errstate(invalid="ignore"):
        mine: Bools = np.where(shape.put_right, shape.strike < shape.forward, shape.strike >= shape.forward)
    mine &= ~np.isnan(shape.forward) & (shape.years >= _MIN_YEARS) & ~np.isnan(shape.ask)
    rows = np.flatnonzero(mine)
    rows = rows[np.lexsort((shape.strike[rows], shape.group[rows]))]
    forward = shape.forward[rows]
    # what a premium is multiplied with to be the undiscounted price in dollars
    scale = forward if shape.coin else 1.0 / shape.discount[rows]
    # in one call: most of the time for a day's few thousand quotes is that of the calls
    sigma = implied_volatility(
        shape.put_right[rows].astype(np.int8),
        forward,
        shape.strike[rows],
        shape.years[rows],
        np.stack([shape.bid[rows], shape.mid[rows], shape.ask[rows]]) * scale,
    ).sigma
    return QuotedSmile(rows, *sigma)
