"""Forward and discount of one expiry from put-call parity.

For European options ``C - P = D (F - K)``: the differences of call and put mids lie on a line in the strike
whose slope is -D and whose root is F (H. Stoll, "The relationship between put and call option prices",
Journal of Finance 24 (1969)). American options satisfy it near the money and out to the strikes where early
exercise pays, which the robust fit and the bounds on the discount keep out as well as they can; that is a
simplification here, until American options have a model of their own.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

#: pairs whose strike is further from spot than this share of it are left out
STRIKE_WINDOW = 0.10
_MIN_PAIRS = 4
# A residual is an outlier beyond so many robust standard deviations, and only if it also exceeds this share
# of spot: in a chain that fits to the tick, ticks are no outliers.
_OUTLIER_DEVIATIONS = 6.0
_OUTLIER_FLOOR = 2e-4
_MAX_ROBUST_PASSES = 5
_MAD_TO_SD = 1.4826
# A fitted discount is believed at rates within 2% of the curve's (without a curve: from -5% to +20%), give or
# take what quotes in ticks leave open, and if its own standard error is small. Index options pass; the slope
# of American ones, which early exercise of puts steepens to rates far below zero, does not.
_RATE_BAND = 0.02
_RATES_WITHOUT_CURVE = (-0.05, 0.20)
_DISCOUNT_BAND = 0.003
_MAX_DISCOUNT_ERROR = 0.005
_PAIRS_NEAR_THE_MONEY = 8


class ForwardMethod(StrEnum):
    """Where forward and discount come from, best first."""

    #: least squares of call minus put on strike
    PARITY_OLS = "parity_ols"
    #: the same, after outliers were dropped
    PARITY_ROBUST = "parity_robust"
    #: discount of the rate curve, forward the median over pairs near the money
    PARITY_MEDIAN = "parity_median"
    #: the same at a rate of 0, where no curve was given
    PARITY_MEDIAN_ZERO_RATE = "parity_median_zero_rate"
    #: no pairs: spot carried at the rate of the curve, no dividends
    SPOT_CARRY = "spot_carry"
    #: spot itself, where no curve was given
    SPOT_ZERO_RATE = "spot_zero_rate"
    #: coin chains: the venue's forward, no discounting
    VENDOR = "vendor"
    #: coin chains without the venue's forward: parity of prices paid in the coin
    INVERSE_PARITY = "inverse_parity"
    #: neither pairs nor spot
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ForwardFit:
    """Forward and discount of one root and expiry.

    Attributes
    ----------
    forward
        In quote currency (USD per coin for coin chains); NaN with method NONE.
    discount
        Discount factor to settlement.
    pairs
        Strikes with a call and a put that entered.
    residual_sd
        Standard deviation of the parity residuals, per unit of underlying; NaN where nothing was fitted.
    """

    forward: float
    discount: float
    pairs: int
    residual_sd: float
    method: ForwardMethod


@dataclass(frozen=True, slots=True)
class _Line:
    discount: float
    forward: float
    residuals: NDArray[np.float64]
    residual_sd: float
    discount_error: float


def fit_forward(
    strike: NDArray[np.float64],
    call_minus_put: NDArray[np.float64],
    *,
    spot: float,
    year_fraction: float,
    rate: float | None,
) -> ForwardFit:
    """Forward and discount of one expiry of dollar-priced options.

    Parameters
    ----------
    strike : float64[m]
        Strikes with a usable call and put (bid > 0 and ask >= bid on both).
    call_minus_put : float64[m]
        Call mid less put mid.
    spot : float
        Price of the underlying; NaN where unknown.
    year_fraction : float
        Years to settlement.
    rate : float or None
        Continuously compounded zero rate to settlement; None where no curve is given. Used where pairs are
        fewer than 4 or the fitted discount is implausible, and to judge that.
    """
    known = spot > 0
    if known:
        near = np.abs(strike - spot) <= STRIKE_WINDOW * spot
        strike, call_minus_put = strike[near], call_minus_put[near]
    centre = spot if known else float(np.median(strike)) if strike.size else np.nan
    if strike.size >= _MIN_PAIRS:
        fit = _fit_line(strike, call_minus_put, centre)
        if fit is not None and _plausible(fit[0], year_fraction, rate):
            line, robust = fit
            method = ForwardMethod.PARITY_ROBUST if robust else ForwardMethod.PARITY_OLS
            return ForwardFit(line.forward, line.discount, line.residuals.size, line.residual_sd, method)
    discount = float(np.exp(-(rate or 0.0) * max(year_fraction, 0.0)))
    if strike.size:
        # where call and put cost the same, the strike is the forward, whatever the discount
        nearest = np.argsort(np.abs(call_minus_put), kind="stable")[:_PAIRS_NEAR_THE_MONEY]
        forwards = strike[nearest] + call_minus_put[nearest] / discount
        forward = float(np.median(forwards))
        if forward > 0:
            return ForwardFit(
                forward,
                discount,
                nearest.size,
                float(np.std(forwards) * discount),
                ForwardMethod.PARITY_MEDIAN_ZERO_RATE if rate is None else ForwardMethod.PARITY_MEDIAN,
            )
    if known:
        method = ForwardMethod.SPOT_ZERO_RATE if rate is None else ForwardMethod.SPOT_CARRY
        return ForwardFit(spot / discount, discount, 0, np.nan, method)
    return ForwardFit(np.nan, discount, 0, np.nan, ForwardMethod.NONE)


def inverse_forward(
    strike: NDArray[np.float64], call_minus_put: NDArray[np.float64], *, vendor_forward: float, spot: float
) -> ForwardFit:
    """Forward of one expiry of options that are priced and paid in the coin; the discount is 1.

    The venue's own forward where there is one. Without it, parity in coin, ``C - P = 1 - K / F``: the median
    over pairs near spot of ``K / (1 - (C - P))``. Without pairs, spot.

    Parameters
    ----------
    strike : float64[m]
        Strikes in dollars with a usable call and put.
    call_minus_put : float64[m]
        Call mid less put mid, in coin.
    vendor_forward, spot : float
        NaN where unknown.
    """
    if vendor_forward > 0:
        return ForwardFit(vendor_forward, 1.0, 0, np.nan, ForwardMethod.VENDOR)
    if spot > 0:
        near = np.abs(strike - spot) <= STRIKE_WINDOW * spot
        strike, call_minus_put = strike[near], call_minus_put[near]
    usable = call_minus_put < 1.0
    if usable.any():
        forwards = strike[usable] / (1.0 - call_minus_put[usable])
        forward = float(np.median(forwards))
        deviation = float(np.std(forwards) / forward)
        return ForwardFit(forward, 1.0, int(usable.sum()), deviation, ForwardMethod.INVERSE_PARITY)
    if spot > 0:
        return ForwardFit(spot, 1.0, 0, np.nan, ForwardMethod.SPOT_ZERO_RATE)
    return ForwardFit(np.nan, 1.0, 0, np.nan, ForwardMethod.NONE)


def _fit_line(
    strike: NDArray[np.float64], call_minus_put: NDArray[np.float64], centre: float
) -> tuple[_Line, bool] | None:
    """Least squares, then again without outliers while there are any. None without a decreasing line."""
    line = _least_squares(strike, call_minus_put, centre)
    robust = False
    for _ in range(_MAX_ROBUST_PASSES):
        if line is None:
            return None
        median = float(np.median(line.residuals))
        distance = np.abs(line.residuals - median)
        limit = max(_OUTLIER_DEVIATIONS * _MAD_TO_SD * float(np.median(distance)), _OUTLIER_FLOOR * centre)
        keep = distance <= limit
        if keep.all() or int(keep.sum()) < _MIN_PAIRS:
            break
        strike, call_minus_put = strike[keep], call_minus_put[keep]
        line = _least_squares(strike, call_minus_put, centre)
        robust = True
    return None if line is None else (line, robust)


def _least_squares(
    strike: NDArray[np.float64], call_minus_put: NDArray[np.float64], centre: float
) -> _Line | None:
    x = strike - centre  # centred, so that the intercept is not extrapolated from a strike of 0
    x_mean = float(x.sum()) / x.size
    y_mean = float(call_minus_put.sum()) / x.size
    x_spread = x - x_mean
    squares = float(x_spread @ x_spread)
    if not squares > 0:
        return None
    discount = -float(x_spread @ call_minus_put) / squares
    if not discount > 0:
        return None
    intercept = y_mean + discount * x_mean
    residuals = call_minus_put - (intercept - discount * x)
    residual_sd = float(np.sqrt(residuals @ residuals / (x.size - 2)))
    return _Line(discount, centre + intercept / discount, residuals, residual_sd, residual_sd / squares**0.5)


def _plausible(line: _Line, year_fraction: float, rate: float | None) -> bool:
    if not (line.forward > 0 and line.discount_error <= _MAX_DISCOUNT_ERROR):
        return False
    low, high = _RATES_WITHOUT_CURVE if rate is None else (rate - _RATE_BAND, rate + _RATE_BAND)
    least = np.exp(-high * year_fraction) - _DISCOUNT_BAND
    most = np.exp(-low * year_fraction) + _DISCOUNT_BAND
    return bool(least <= line.discount <= most)
