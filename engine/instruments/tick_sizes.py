"""The grid that option prices stand on, by tick class and date.

A class says how its prices step, not who belongs to it: a root's class in ``engine.instruments.roots`` is that of
today, and when a stock joined the penny program is recorded nowhere here.
"""

import datetime as dt
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rounding = Literal["nearest", "down", "up"]

#: a price this share of a tick from the grid is on it: vendors' decimals are not exact in binary
_TOLERANCE = 1e-6


class TickClass(StrEnum):
    """How the prices of a class of options step."""

    #: one cent at every price: SPY, QQQ, IWM, XSP
    PENNY_ALL = "penny_all"
    #: one cent below 3, five cents from 3 on: the classes of the penny program, DJX
    PENNY = "penny"
    #: five cents below 3, ten cents from 3 on: all others, SPX among them
    STANDARD = "standard"
    VIX = "vix"
    VIX_WEEKLY = "vix_weekly"
    #: BTC and ETH options that Deribit quotes in the coin
    DERIBIT_COIN = "deribit_coin"


class TickSizeError(ValueError):
    """A date before anything is known of a class, or a price that no option can have."""


@dataclass(frozen=True, slots=True)
class _Grid:
    """From ``since`` on prices from ``above[i]`` on are multiples of 1 / ``per_unit[i]``."""

    since: dt.date
    above: tuple[float, ...]
    per_unit: tuple[int, ...]


_EVER = dt.date.min
_FROM_3 = (0.0, 3.0)
# sixteenths and eighths until US options were quoted in decimals throughout, by order of the SEC (release 34-42914)
_FRACTIONS = _Grid(_EVER, _FROM_3, (16, 8))
_DECIMALS = _Grid(dt.date(2001, 4, 9), _FROM_3, (20, 10))
#: first day of the pilot (SEC; lexology of January 2007 lists the first thirteen classes); QQQQ alone had cents at
#: every price. The pilot became the permanent Penny Interval Program on 2020-07-01 with the same increments, SPY, QQQ
#: and IWM at one cent (SEC release 34-88532; MIAX alert of 2020-06-29).
_PILOT = dt.date(2007, 1, 26)

_GRIDS: dict[TickClass, tuple[_Grid, ...]] = {
    TickClass.PENNY_ALL: (_FRACTIONS, _DECIMALS, _Grid(_PILOT, (0.0,), (100,))),
    TickClass.PENNY: (_FRACTIONS, _DECIMALS, _Grid(_PILOT, _FROM_3, (100, 20))),
    TickClass.STANDARD: (_FRACTIONS, _DECIMALS),
    # listed since 2006; Cboe, "Options Tick Increment Change for VIX Options", 2022-11-29
    TickClass.VIX: (
        _Grid(dt.date(2006, 2, 24), _FROM_3, (20, 10)),
        _Grid(dt.date(2022, 11, 29), _FROM_3, (100, 20)),
    ),
    # the notice of 2022 says that the weeklies "continue" in cents; the change was filed on 2018-10-12 (34-84470)
    TickClass.VIX_WEEKLY: (
        _Grid(dt.date(2015, 10, 8), _FROM_3, (20, 10)),
        _Grid(dt.date(2018, 10, 12), (0.0,), (100,)),
    ),
    # Deribit, notice of 2023-07-06: above 0.005, not from it on; before, what samples of 2021 show
    TickClass.DERIBIT_COIN: (
        _Grid(dt.date(2021, 2, 11), (0.0,), (2_000,)),
        _Grid(dt.date(2023, 7, 6), (0.0, math.nextafter(0.005, 1.0)), (10_000, 2_000)),
    ),
}


def tick_size(tick_class: TickClass, price: ArrayLike, on: dt.date) -> NDArray[np.float64]:
    """The step at each price, in the price's own unit; NaN where the price is NaN.

    Raises
    ------
    TickSizeError
        A negative or infinite price, or a date from before anything is known of the class.
    """
    prices = np.asarray(price, dtype=np.float64)
    return np.where(np.isnan(prices), np.nan, 1.0 / _steps_per_unit(tick_class, prices, on))


def is_on_tick(tick_class: TickClass, price: ArrayLike, on: dt.date) -> NDArray[np.bool_]:
    """Whether each price stands on the grid; False where it is NaN.

    Raises
    ------
    TickSizeError
        As of :func:`tick_size`.
    """
    prices = np.asarray(price, dtype=np.float64)
    steps = prices * _steps_per_unit(tick_class, prices, on)
    return np.asarray(
        np.abs(steps - np.rint(steps)) <= _TOLERANCE * np.maximum(1.0, np.abs(steps) * _TOLERANCE)
    )


def round_to_tick(
    tick_class: TickClass, price: ArrayLike, on: dt.date, rounding: Rounding = "nearest"
) -> NDArray[np.float64]:
    """Prices on the grid: the nearest (half to even steps), none above, or none below; NaN stays.

    A price that stands on the grid but for its binary digits stays, whatever the rounding.

    Raises
    ------
    TickSizeError
        As of :func:`tick_size`.
    """
    prices = np.asarray(price, dtype=np.float64)
    per_unit = _steps_per_unit(tick_class, prices, on)
    steps = prices * per_unit
    nearest = np.rint(steps)
    if rounding != "nearest":
        rounded = np.floor(steps) if rounding == "down" else np.ceil(steps)
        nearest = np.where(is_on_tick(tick_class, prices, on), nearest, rounded)
    return np.asarray(nearest / per_unit)


def _steps_per_unit(tick_class: TickClass, prices: NDArray[np.float64], on: dt.date) -> NDArray[np.float64]:
    grids = _GRIDS[tick_class]
    grid = next((g for g in reversed(grids) if g.since <= on), None)
    if grid is None:
        raise TickSizeError(
            f"tick class {tick_class}: nothing is known of {on}; its grid is known from {grids[0].since} on"
        )
    if bool(np.any((prices < 0) | np.isinf(prices))):
        bad = prices[(prices < 0) | np.isinf(prices)].flat[0]
        raise TickSizeError(
            f"price {bad}: an option's price is 0 or above, and finite; net prices have no tick class"
        )
    band = np.searchsorted(np.array(grid.above), prices, side="right") - 1
    # NaN sorts last: any band will do
    return np.asarray(grid.per_unit, dtype=np.float64)[np.maximum(band, 0)]
