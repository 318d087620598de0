"""The loops under :mod:`engine.pricing.forward`: one pass over the expiries of a chain."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.pricing.arguments import Floats
from engine.pricing.compiled import callable_part, kernel
from engine.pricing.vector_math import exp

#: pairs whose strike is further from spot than this share of it are left out
STRIKE_WINDOW = 0.10
MIN_PAIRS = 4
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
_LEAST_RATE, _MOST_RATE = -0.05, 0.20
_DISCOUNT_BAND = 0.003
_MAX_DISCOUNT_ERROR = 0.005
_PAIRS_NEAR_THE_MONEY = 8
#: codes of ``ForwardMethod``, in its order
OLS, ROBUST, MEDIAN, MEDIAN_ZERO_RATE, CARRY, ZERO_RATE, VENDOR, INVERSE, NONE = range(9)


@kernel("i8[] f8[] f8[] f8[] f8[] f8[] b1[] -> f8[] f8[] i8[] f8[] i8[]")
def fit_loop(
    bounds: NDArray[np.int64],
    strike: Floats,
    call_minus_put: Floats,
    spot: Floats,
    years: Floats,
    rate: Floats,
    may_fit: NDArray[np.bool_],
    forward: Floats,
    discount: Floats,
    pairs: NDArray[np.int64],
    residual_sd: Floats,
    method: NDArray[np.int64],
) -> None:
    """Forward and discount of each expiry of dollar-priced options; the pairs of one stand at ``bounds``.

    ``rate`` is NaN where no curve is known. Where not ``may_fit`` the discount is the curve's in any case. Pairs
    and spots that are not positive and finite are taken for missing; without finite years, or at a rate that no
    curve can have, there is neither forward nor discount.
    """
    for g in range(forward.size):
        without = math.isnan(rate[g])
        d = 1.0 if without else exp(-rate[g] * max(years[g], 0.0))
        if math.isinf(rate[g]) or not math.isfinite(years[g]) or not 0.0 < d < math.inf:
            forward[g], discount[g], residual_sd[g], pairs[g], method[g] = np.nan, np.nan, np.nan, 0, NONE
            continue
        k, y = strike[bounds[g] : bounds[g + 1]], call_minus_put[bounds[g] : bounds[g + 1]]
        known = 0.0 < spot[g] < math.inf
        usable = _usable(k, y, spot[g] if known else np.nan)
        k, y = k[usable], y[usable]
        if may_fit[g] and k.size >= MIN_PAIRS:
            centre = spot[g] if known else float(np.median(k))
            slope, root, sd, error, left, robust = _fit_line(k, y, centre)
            if _plausible(slope, root, error, years[g], rate[g]):
                forward[g], discount[g], pairs[g], residual_sd[g] = root, slope, left, sd
                method[g] = ROBUST if robust else OLS
                continue
        discount[g], residual_sd[g], pairs[g] = d, np.nan, 0
        if k.size > 0:
            # where call and put cost the same, the strike is the forward, whatever the discount
            order = np.argsort(np.abs(y), kind="mergesort")[:_PAIRS_NEAR_THE_MONEY]
            found = k[order] + y[order] / d
            middle = float(np.median(found))
            if 0.0 < middle < math.inf:
                forward[g], pairs[g], residual_sd[g] = middle, order.size, np.std(found) * d
                method[g] = MEDIAN_ZERO_RATE if without else MEDIAN
                continue
        carried = spot[g] / d if known else np.nan
        known = 0.0 < carried < math.inf
        forward[g] = carried if known else np.nan
        method[g] = (ZERO_RATE if without else CARRY) if known else NONE


@kernel("i8[] f8[] f8[] f8[] f8[] -> f8[] i8[] f8[] i8[]")
def inverse_loop(
    bounds: NDArray[np.int64],
    strike: Floats,
    call_minus_put: Floats,
    vendor_forward: Floats,
    spot: Floats,
    forward: Floats,
    pairs: NDArray[np.int64],
    residual_sd: Floats,
    method: NDArray[np.int64],
) -> None:
    """Forward of each expiry of options that are priced and paid in the coin.

    What is not positive and finite is taken for missing: pairs, spots and the venue's forwards.
    """
    for g in range(forward.size):
        pairs[g], residual_sd[g] = 0, np.nan
        if 0.0 < vendor_forward[g] < math.inf:
            forward[g], method[g] = vendor_forward[g], VENDOR
            continue
        k, y = strike[bounds[g] : bounds[g + 1]], call_minus_put[bounds[g] : bounds[g + 1]]
        known = 0.0 < spot[g] < math.inf
        usable = _usable(k, y, spot[g] if known else np.nan) & (y < 1.0)
        found = k[usable] / (1.0 - y[usable])
        if found.size > 0:
            middle = float(np.median(found))
            forward[g], pairs[g], method[g] = middle, found.size, INVERSE
            residual_sd[g] = np.std(found) / middle
        elif known:
            forward[g], method[g] = spot[g], ZERO_RATE
        else:
            forward[g], method[g] = np.nan, NONE


@callable_part
def _usable(k: Floats, y: Floats, spot: float) -> NDArray[np.bool_]:
    """Which pairs are finite, and near spot where that is known (not NaN)."""
    found = np.empty(k.size, dtype=np.bool_)
    for i in range(k.size):
        # a spot that is NaN is no further away than the window
        far = abs(k[i] - spot) > STRIKE_WINDOW * spot
        found[i] = 0.0 < k[i] < math.inf and math.isfinite(y[i]) and not far
    return found


@callable_part
def _fit_line(k: Floats, y: Floats, centre: float) -> tuple[float, float, float, float, int, bool]:
    """Least squares, then again without outliers while there are any.

    Discount (0 where there is no decreasing line), forward, standard deviation of the residuals, standard error of the
    discount, pairs left, and whether any were dropped.
    """
    x, z = k - centre, y  # centred, so that the intercept is not extrapolated from a strike of 0
    slope, intercept, sd, error = _least_squares(x, z)
    robust = False
    for _ in range(_MAX_ROBUST_PASSES):
        if slope <= 0.0:
            break
        residuals = z - (intercept - slope * x)
        distance = np.abs(residuals - np.median(residuals))
        limit = max(_OUTLIER_DEVIATIONS * _MAD_TO_SD * float(np.median(distance)), _OUTLIER_FLOOR * centre)
        keep = distance <= limit
        kept = int(np.sum(keep))
        if kept == keep.size or kept < MIN_PAIRS:
            break
        x, z = x[keep], z[keep]
        slope, intercept, sd, error = _least_squares(x, z)
        robust = True
    root = centre + intercept / slope if slope > 0.0 else 0.0
    return slope, root, sd, error, x.size, robust


@callable_part
def _least_squares(x: Floats, y: Floats) -> tuple[float, float, float, float]:
    """Discount (the negative slope; 0 without a decreasing line), intercept, residual deviation, slope's error."""
    x_mean, y_mean = np.sum(x) / x.size, np.sum(y) / x.size
    squares = products = 0.0
    for i in range(x.size):
        squares += (x[i] - x_mean) * (x[i] - x_mean)
        products += (x[i] - x_mean) * y[i]
    if not squares > 0.0:
        return 0.0, 0.0, np.nan, np.nan
    slope = -products / squares
    if not slope > 0.0:
        return 0.0, 0.0, np.nan, np.nan
    intercept = y_mean + slope * x_mean
    left = 0.0
    for i in range(x.size):
        left += (y[i] - (intercept - slope * x[i])) ** 2
    sd = math.sqrt(left / (x.size - 2))
    return slope, intercept, sd, sd / math.sqrt(squares)


@callable_part
def _plausible(slope: float, root: float, error: float, years: float, rate: float) -> bool:
    if not (slope > 0.0 and root > 0.0 and error <= _MAX_DISCOUNT_ERROR):
        return False
    low = _LEAST_RATE if math.isnan(rate) else rate - _RATE_BAND
    high = _MOST_RATE if math.isnan(rate) else rate + _RATE_BAND
    return exp(-high * years) - _DISCOUNT_BAND <= slope <= exp(-low * years) + _DISCOUNT_BAND
