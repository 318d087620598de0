"""What every lattice asks for: arguments checked, broadcast and laid out for compiled loops."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.arguments import Floats, numeric_columns


class PricingStatus(IntEnum):
    """Why an option has a price, or has none."""

    OK = 0
    #: the right is neither 0 (call) nor 1 (put)
    BAD_RIGHT = 1
    #: the spot is negative or not finite
    BAD_SPOT = 2
    #: the strike is negative or not finite
    BAD_STRIKE = 3
    #: expiry is past, or not finite
    BAD_TIME = 4
    #: the rate is not finite
    BAD_RATE = 5
    #: the dividend yield is not finite
    BAD_YIELD = 6
    #: the volatility is negative or not finite
    BAD_VOLATILITY = 7
    #: the dividends are worth the spot or more, or an amount or time of theirs is negative or not finite
    BAD_DIVIDENDS = 8
    #: more rate, yield or volatility to expiry, or a larger or smaller price, than the errors of a lattice of so many
    #: steps are known for
    OUT_OF_RANGE = 9

    @property
    def label(self) -> str:
        """As stored: ``bad_spot``."""
        return self.name.lower()


#: of rate or yield times years over the steps, or in all for those who ask for few steps
MOST_RATE_PER_STEP, MOST_RATE = 0.02, 1.0
#: of volatility times the square root of years
MOST_TOTAL_VOLATILITY = 10.0
#: of spot and strike and of their reciprocals: no node leaves the range of a double
MOST_PRICE = 1e100


@dataclass(frozen=True, slots=True)
class OptionInputs:
    """n options: contiguous arrays of one length, and what is wrong with each of them.

    Attributes
    ----------
    shape
        What the arguments broadcast to; the arrays below are flat.
    right : int8[n]
    spot, strike, year_fraction, rate, dividend_yield, sigma : float64[n]
    status : int8[n]
        Codes of :class:`PricingStatus`.
    """

    shape: tuple[int, ...]
    right: NDArray[np.int8]
    spot: Floats
    strike: Floats
    year_fraction: Floats
    rate: Floats
    dividend_yield: Floats
    sigma: Floats
    status: NDArray[np.int8]

    @property
    def columns(self) -> tuple[NDArray[np.int8], Floats, Floats, Floats, Floats, Floats, Floats]:
        """In the order in which kernels take them."""
        return (
            self.right,
            self.spot,
            self.strike,
            self.year_fraction,
            self.rate,
            self.dividend_yield,
            self.sigma,
        )

    def rows(self, index: NDArray[np.intp]) -> "OptionInputs":
        """Some of them, flat."""
        if index.size == self.spot.size and index.size and index[-1] - index[0] == index.size - 1:
            return self
        s, k, t, r, q, vol = (column[index] for column in self.columns[1:])
        return OptionInputs((index.size,), self.right[index], s, k, t, r, q, vol, self.status[index])


def out_of_range(options: OptionInputs, steps: int, *, american: bool = True) -> NDArray[np.bool_]:
    """Whether a lattice of so many steps would be off by more than is known of it, bool[n]; NaN never is.

    Exercise is possible once a step. Where a step's interest or yield is no small share of what is exercised, the
    instants between count, and the price comes out too low.
    """
    o = options
    with np.errstate(all="ignore"):
        carried = np.maximum(np.abs(o.rate), np.abs(o.dividend_yield)) * o.year_fraction
        far = (american & (carried > max(MOST_RATE_PER_STEP * steps, MOST_RATE))) | (
            o.sigma * np.sqrt(o.year_fraction) > MOST_TOTAL_VOLATILITY
        )
    for price in (o.spot, o.strike):
        far |= (price > MOST_PRICE) | (price < 1.0 / MOST_PRICE)
    return far


def option_inputs(
    right: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sigma: ArrayLike,
) -> OptionInputs:
    """Broadcast and check.

    Raises
    ------
    ValueError
        If an argument is not numeric or its shape does not fit the others; it names the argument.
    """
    shape, (whole, *numbers) = numeric_columns(
        {
            "right": right,
            "spot": spot,
            "strike": strike,
            "year_fraction": year_fraction,
            "rate": rate,
            "dividend_yield": dividend_yield,
            "sigma": sigma,
        }
    )
    s, k, t, r, q, vol = numbers
    status = np.full(s.size, PricingStatus.OK, dtype=np.int8)
    # the first that is wrong is named
    for code, good in (
        (PricingStatus.BAD_VOLATILITY, np.isfinite(vol) & (vol >= 0)),
        (PricingStatus.BAD_YIELD, np.isfinite(q)),
        (PricingStatus.BAD_RATE, np.isfinite(r)),
        (PricingStatus.BAD_TIME, np.isfinite(t) & (t >= 0)),
        (PricingStatus.BAD_STRIKE, np.isfinite(k) & (k >= 0)),
        (PricingStatus.BAD_SPOT, np.isfinite(s) & (s >= 0)),
        (PricingStatus.BAD_RIGHT, (whole == 0) | (whole == 1)),
    ):
        status[~good] = code
    return OptionInputs(shape, (whole == 1).astype(np.int8), s, k, t, r, q, vol, status=status)


def scratch(size: int) -> Floats:
    """Zeros that start at a boundary of 64 bytes, so that no eight of them straddle two lines of the cache."""
    block = np.zeros(size + 8)
    start = (-block.ctypes.data // 8) % 8
    return block[start : start + size]
