"""The contracts as they are given, checked, and turned into puts that all methods here price.

A call is a put with spot and strike exchanged, and rate and yield: R. McDonald and M. Schroder, "A parity result for
American options", Journal of Computational Finance 1 (1998).
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.arguments import Floats, numeric_columns


class AmericanStatus(IntEnum):
    """Why a contract has a value, or has none."""

    OK = 0
    #: an argument is not finite or negative where it may not be, or the right is neither 0 nor 1
    INVALID = 1
    #: exercise pays between two boundaries only (for puts: dividend yield < rate < 0), which is not modelled
    DOUBLE_BOUNDARY = 2
    #: without time, volatility, spot or strike there is a value, but it has no derivatives
    DEGENERATE = 3
    #: more rate, yield or volatility to expiry than errors are known for, or a formula whose terms leave the range of
    #: floats
    OUT_OF_RANGE = 4

    @property
    def label(self) -> str:
        """As stored: ``double_boundary``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Puts:
    """n contracts as puts, flat.

    Attributes
    ----------
    spot, strike, t, rate, dividend, sigma : float64[n]
        Of the equivalent put; where the status is not OK they mean nothing.
    is_call : bool[n]
        Which of them were exchanged.
    status : int8[n]
        Codes of :class:`AmericanStatus`.
    shape
        Of the arguments together.
    """

    spot: Floats
    strike: Floats
    t: Floats
    rate: Floats
    dividend: Floats
    sigma: Floats
    is_call: NDArray[np.bool_]
    status: NDArray[np.int8]
    shape: tuple[int, ...]

    @property
    def never_exercised(self) -> NDArray[np.bool_]:
        """Where waiting always pays: interest on the strike never exceeds the dividends."""
        return np.asarray((self.rate <= 0.0) & (self.rate <= self.dividend))

    @property
    def without_uncertainty(self) -> NDArray[np.bool_]:
        """Where spot, strike, time or volatility is so small that the value is that of a known future."""
        with np.errstate(invalid="ignore"):
            still = self.sigma * np.sqrt(self.t) < NO_UNCERTAINTY
        return np.asarray((self.spot == 0.0) | (self.strike == 0.0) | still)


#: total volatility under which a value differs from that without any by less than 4e-11 of spot
NO_UNCERTAINTY = 1e-10
#: of rate or yield times years, and of volatility times the square root of years: as far as errors are known
MOST_RATE, MOST_VOLATILITY = 30.0, 30.0


def as_puts(
    right: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sigma: ArrayLike,
) -> Puts:
    """Check and turn.

    Raises
    ------
    ValueError
        If an argument is not numeric, or its shape does not go with those before it.
    """
    given = {
        "right": right,
        "spot": spot,
        "strike": strike,
        "year_fraction": year_fraction,
        "rate": rate,
        "dividend_yield": dividend_yield,
        "sigma": sigma,
    }
    shape, (code, s, k, t, r, q, vol) = numeric_columns(given)
    finite = (
        np.isfinite(s) & np.isfinite(k) & np.isfinite(t) & np.isfinite(r) & np.isfinite(q) & np.isfinite(vol)
    )
    domain = (s >= 0.0) & (k >= 0.0) & (t >= 0.0) & (vol >= 0.0) & ((code == 0.0) | (code == 1.0))
    status = np.where(finite & domain, AmericanStatus.OK, AmericanStatus.INVALID).astype(np.int8)
    is_call = code == 0.0
    put = Puts(
        spot=np.where(is_call, k, s),
        strike=np.where(is_call, s, k),
        t=t,
        rate=np.where(is_call, q, r),
        dividend=np.where(is_call, r, q),
        sigma=vol,
        is_call=is_call,
        status=status,
        shape=shape,
    )
    double = (put.rate < 0.0) & (put.dividend < put.rate) & ~put.without_uncertainty
    status[double & (status == AmericanStatus.OK)] = AmericanStatus.DOUBLE_BOUNDARY
    with np.errstate(invalid="ignore", over="ignore"):
        far = (np.maximum(np.abs(r), np.abs(q)) * t > MOST_RATE) | (vol * np.sqrt(t) > MOST_VOLATILITY)
    status[far & ~put.without_uncertainty & (status == AmericanStatus.OK)] = AmericanStatus.OUT_OF_RANGE
    return put
