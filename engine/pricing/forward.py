"""Forward and discount of one expiry from put-call parity.

For European options ``C - P = D (F - K)``: the differences of call and put mids lie on a line in the strike
whose slope is -D and whose root is F (H. Stoll, "The relationship between put and call option prices",
Journal of Finance 24 (1969)). American options satisfy it once what early exercise is worth has been taken off their
prices; :mod:`engine.pricing.american_chain` does that, and hands the differences of what is left to these functions.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.arguments import WHOLE_NUMBERS, Floats, as_columns, as_rows, numeric
from engine.pricing.forward_loops import fit_loop, inverse_loop


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


_METHODS = tuple(ForwardMethod)


@dataclass(frozen=True, slots=True)
class ForwardFits:
    """Forwards and discounts of g roots and expiries.

    Attributes
    ----------
    forward : float64[g]
        In quote currency (USD per coin for coin chains); NaN with method NONE.
    discount : float64[g]
        Discount factor to settlement; NaN where years or rate are unusable.
    pairs : int64[g]
        Strikes with a call and a put that entered.
    residual_sd : float64[g]
        Standard deviation of the parity residuals, per unit of underlying (of the coin's forward, as a share, for
        coin chains); NaN where nothing was fitted.
    method_code : int64[g]
        Positions in :class:`ForwardMethod`.
    """

    forward: Floats
    discount: Floats
    pairs: NDArray[np.int64]
    residual_sd: Floats
    method_code: NDArray[np.int64]

    def methods(self) -> list[ForwardMethod]:
        """Where each of them comes from."""
        return [_METHODS[code] for code in self.method_code]


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
        As in :class:`ForwardFits`.
    """

    forward: float
    discount: float
    pairs: int
    residual_sd: float
    method: ForwardMethod


def fit_forwards(
    bounds: NDArray[np.int64],
    strike: Floats,
    call_minus_put: Floats,
    *,
    spot: Floats,
    year_fraction: Floats,
    rate: Floats,
    may_fit: NDArray[np.bool_] | None = None,
) -> ForwardFits:
    """Forwards and discounts of g expiries of dollar-priced options.

    Parameters
    ----------
    bounds : int64[g + 1]
        The pairs of expiry i stand from ``bounds[i]`` to ``bounds[i + 1]``.
    strike : float64[m]
        Strikes with a usable call and put (bid > 0 and ask >= bid on both).
    call_minus_put : float64[m]
        Call mid less put mid. A pair whose strike is not positive and finite, or whose difference is not finite,
        is left out and not counted.
    spot : float64[g]
        Price of the underlying; NaN where unknown, and unknown where it is not positive and finite.
    year_fraction : float64[g]
        Years to settlement. Where they are not finite there is no forward: NaN with method NONE, as is the discount.
    rate : float64[g]
        Continuously compounded zero rate to settlement; NaN where no curve is given. Used where pairs are
        fewer than 4 or the fitted discount is implausible, and to judge that. Where it is infinite, or so large that
        its discount is 0 or infinite, there is no forward.
    may_fit : bool[g], optional
        Where the discount may come from the slope; elsewhere it is the curve's. Everywhere if not given.

    Raises
    ------
    ValueError
        Naming the argument that holds no numbers or is not of its length, or bounds that do not cut the pairs.
    """
    starts, (k, difference) = _pairs(bounds, strike=strike, call_minus_put=call_minus_put)
    count = starts.size - 1
    per_expiry = _each(count, spot=spot, year_fraction=year_fraction, rate=rate)
    allowed = np.ones(count, dtype=np.bool_) if may_fit is None else np.ascontiguousarray(may_fit)
    if allowed.shape != (count,) or allowed.dtype != np.bool_:
        raise ValueError(f"may_fit must be {count} booleans, got {allowed.dtype} of shape {allowed.shape}")
    forward, discount, sd = np.empty(count), np.empty(count), np.empty(count)
    pairs, method = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    fit_loop(
        starts,
        k,
        difference,
        *per_expiry,
        allowed,
        forward,
        discount,
        pairs,
        sd,
        method,
    )
    return ForwardFits(forward, discount, pairs, sd, method)


def inverse_forwards(
    bounds: NDArray[np.int64],
    strike: Floats,
    call_minus_put: Floats,
    *,
    vendor_forward: Floats,
    spot: Floats,
) -> ForwardFits:
    """Forwards of g expiries of options that are priced and paid in the coin; the discount is 1.

    The venue's own forward where there is one. Without it, parity in coin, ``C - P = 1 - K / F``: the median
    over pairs near spot of ``K / (1 - (C - P))``. Without pairs, spot.

    Parameters
    ----------
    bounds : int64[g + 1]
        As for :func:`fit_forwards`.
    strike : float64[m]
        Strikes in dollars with a usable call and put.
    call_minus_put : float64[m]
        Call mid less put mid, in coin.
    vendor_forward, spot : float64[g]
        NaN where unknown, and unknown where they are not positive and finite. Pairs are left out as there.

    Raises
    ------
    ValueError
        As for :func:`fit_forwards`.
    """
    starts, (k, difference) = _pairs(bounds, strike=strike, call_minus_put=call_minus_put)
    count = starts.size - 1
    per_expiry = _each(count, vendor_forward=vendor_forward, spot=spot)
    forward, sd = np.empty(count), np.empty(count)
    pairs, method = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    inverse_loop(starts, k, difference, *per_expiry, forward, pairs, sd, method)
    return ForwardFits(forward, np.ones(count), pairs, sd, method)


def fit_forward(
    strike: Floats, call_minus_put: Floats, *, spot: float, year_fraction: float, rate: float | None
) -> ForwardFit:
    """:func:`fit_forwards` for one expiry; ``rate`` is None where no curve is given."""
    _, (strike, call_minus_put) = as_rows(None, strike=strike, call_minus_put=call_minus_put)
    fits = fit_forwards(
        np.array([0, strike.size]),
        strike,
        call_minus_put,
        spot=np.array([spot]),
        year_fraction=np.array([year_fraction]),
        rate=np.array([np.nan if rate is None else rate]),
    )
    return _only(fits)


def inverse_forward(
    strike: Floats, call_minus_put: Floats, *, vendor_forward: float, spot: float
) -> ForwardFit:
    """:func:`inverse_forwards` for one expiry."""
    _, (strike, call_minus_put) = as_rows(None, strike=strike, call_minus_put=call_minus_put)
    fits = inverse_forwards(
        np.array([0, strike.size]),
        strike,
        call_minus_put,
        vendor_forward=np.array([vendor_forward]),
        spot=np.array([spot]),
    )
    return _only(fits)


def implied_borrow_cost(
    forward: ArrayLike,
    spot: ArrayLike,
    year_fraction: ArrayLike,
    rate: ArrayLike,
    dividends_value: ArrayLike = 0.0,
) -> Floats:
    """What holding the share short costs a year, or any yield that no known dividend explains; continuous.

    ``b`` of ``F = (S - PV) e^((r - b) T)``, where PV is the present value of the cash dividends until settlement. NaN
    without time, where something is not finite, and where forward or spot, or what dividends leave of it, is not
    positive.

    Parameters
    ----------
    forward, spot, dividends_value : float64
        Per unit, in one currency.
    rate : float64
        Continuously compounded.

    Raises
    ------
    ValueError
        See :func:`engine.pricing.arguments.as_columns`.
    """
    shape, _, (f, s, t, r, pv) = as_columns(
        None,
        forward=forward,
        spot=spot,
        year_fraction=year_fraction,
        rate=rate,
        dividends_value=dividends_value,
    )
    finite = np.logical_and.reduce([np.isfinite(values) for values in (f, s, t, r, pv)])
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        known = finite & (t > 0) & (f > 0) & (s > 0) & (s > pv)
        return np.where(known, r - np.log(f / (s - pv)) / t, np.nan).reshape(shape)


def _only(fits: ForwardFits) -> ForwardFit:
    (method,) = fits.methods()
    return ForwardFit(
        float(fits.forward[0]),
        float(fits.discount[0]),
        int(fits.pairs[0]),
        float(fits.residual_sd[0]),
        method,
    )


def _pairs(bounds: ArrayLike, **of_pairs: ArrayLike) -> tuple[NDArray[np.int64], list[Floats]]:
    """The bounds, within which compiled loops read without looking, and the columns of the pairs."""
    starts = numeric("bounds", bounds, WHOLE_NUMBERS)
    columns = _each(np.asarray(next(iter(of_pairs.values()))).size, **of_pairs)
    if starts.ndim != 1 or not starts.size:
        raise ValueError(f"bounds must be a row of one more than expiries, got shape {starts.shape}")
    if starts[0] < 0 or starts[-1] > columns[0].size or np.any(np.diff(starts.astype(np.int64)) < 0):
        raise ValueError(
            f"bounds must rise from 0 to the number of pairs, {columns[0].size}, at most; got {starts}"
        )
    return np.ascontiguousarray(starts, dtype=np.int64), columns


def _each(count: int, **columns: ArrayLike) -> list[Floats]:
    _, _, made = as_columns(None, **columns)
    for name, column in columns.items():
        if np.shape(column) != (count,):
            raise ValueError(f"{name} has shape {np.shape(column)}, and ({count},) is needed")
    return made
