"""Whether numbers are in the units that the schema wants: decades off, not percents."""

import math

import numpy as np
import pyarrow as pa

from resources.data_quality.chain_shape import ChainShape
from resources.data_quality.columns import Floats, floats, labels_equal
from resources.data_quality.quote_counts import coin_rows

#: deep enough in the money for the premium to be mostly intrinsic value
_DEEP = 0.2
_MIN_QUOTES = 5
#: years below which the straddle says little about a volatility
_MIN_YEARS = 3.0 / 365.0


def price_decades(quotes: pa.Table, start: int, stop: int) -> float | None:
    """Decades between premiums and what exercise is worth: 0 in sound units, 2 for cents, 4 for x10000.

    Coin premiums in dollars, dollars in coins, and a strike or a spot of another scale show the same way. All
    quotes of the rows ``start`` to ``stop`` count, also those that a row rule objects to: in wrong units that
    is most of them.
    """
    part = quotes.slice(start, stop - start)
    strike, spot, bid, ask = (floats(part, name) for name in ("strike", "spot", "bid", "ask"))
    unit = np.where(coin_rows(part), spot, 1.0)
    put_right = labels_equal(part, "right", "P")
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        intrinsic = np.where(put_right, strike - spot, spot - strike)
        mid = 0.5 * (bid + ask)
        deep = (intrinsic > _DEEP * spot) & (mid > 0)
        ratio = mid * unit / intrinsic
    return _decades(ratio[deep])


def volatility_decades(shape: ChainShape, vendor_iv: Floats, snapshot: int) -> float | None:
    """Decades between the vendor's volatilities and those of at-the-money straddles: 2 where they are percent.

    A straddle costs about 0.8 sigma sqrt(t) of the underlying (M. Brenner and M. Subrahmanyam, "A simple formula
    to compute the implied standard deviation", Financial Analysts Journal 44 (1988)).
    """
    call, put = shape.call, shape.put
    here = (shape.snapshot[call] == snapshot) & (shape.years[call] >= _MIN_YEARS)
    call, put = call[here], put[here]
    with np.errstate(invalid="ignore", divide="ignore"):
        straddle = (shape.mid[call] + shape.mid[put]) * shape.unit[call] / shape.spot[call]
        own = straddle / (0.8 * np.sqrt(shape.years[call]))
        near = np.abs(shape.strike[call] / shape.spot[call] - 1.0) < 0.03
        iv = vendor_iv[shape.row[call]]
        usable = near & (own > 0) & (iv > 0)
    return _decades((iv / own)[usable])


def _decades(ratio: Floats) -> float | None:
    ratio = ratio[np.isfinite(ratio) & (ratio > 0)]
    if len(ratio) < _MIN_QUOTES:
        return None
    return abs(math.log10(float(np.median(ratio))))
