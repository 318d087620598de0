"""Implied volatility of American options by inversion of a lattice, and the European price at that volatility."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.arguments import Floats, numeric_columns
from engine.pricing.compiled import kernel
from engine.pricing.implied_volatility import IvStatus, implied_volatility
from engine.pricing.lattice.cash_dividends import CashDividends, DividendModel, cash_dividend_price
from engine.pricing.lattice.closed_forms import european, never_exercised, price_certain
from engine.pricing.lattice.inputs import (
    MOST_TOTAL_VOLATILITY,
    OptionInputs,
    PricingStatus,
    option_inputs,
    out_of_range,
)
from engine.pricing.lattice.leisen_reimer import STEPS, leisen_reimer

LEAST, MOST = 1e-4, 10.0
_START = 0.3
_TOLERANCE = 1e-9  # of the volatility
_NOISE = 1e-12  # of the strike
_CERTAIN, _CERTAIN_NOISE = 1e-3, 1e-8
_ENOUGH = 200
_WITHIN = 1.0 - 1e-12  # of the largest total volatility, so that rounding leads to none beyond
_NO_TERMS = [PricingStatus.BAD_RIGHT, PricingStatus.BAD_RATE, PricingStatus.BAD_YIELD]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AmericanVolatility:
    """What n American prices imply, arrays of the shape that the arguments broadcast to.

    Attributes
    ----------
    sigma : float64
        Decimal per square root of a year; NaN unless the status is OK, as everything below.
    european_price : float64
        Of the European option of the same terms at that volatility: the price de-Americanized.
    early_exercise_premium : float64
        What the price exceeds that by.
    status : int8
        Codes of :class:`engine.pricing.implied_volatility.IvStatus`.
    """

    sigma: Floats
    european_price: Floats
    early_exercise_premium: Floats
    status: NDArray[np.int8]


def american_implied_volatility(
    right: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    year_fraction: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    price: ArrayLike,
    *,
    dividends: CashDividends | None = None,
    model: DividendModel = DividendModel.ESCROWED,
    steps: int = STEPS,
) -> AmericanVolatility:
    """Volatility at which the lattice gives the price.

    By secants within a bracket that is halved where they do not shrink it, from the volatility that the price would
    imply were it European: about five lattices an option. For whole chains
    :func:`engine.pricing.lattice.premium_grid.chain_implied_volatility` needs less than one.

    Parameters
    ----------
    right, spot, strike, year_fraction, rate, dividend_yield
        As for :func:`engine.pricing.lattice.leisen_reimer.leisen_reimer`.
    price : float64
        Per unit of underlying, as paid today; NaN where there is none.
    dividends : CashDividends, optional
        Of as many options as the arguments broadcast to; without them a tree with the continuous yield alone.
    model : DividendModel
        What the volatility is that of; matters with dividends only.
    steps : int

    Raises
    ------
    ValueError
        If an argument is not numeric, shapes do not fit, or steps is out of range.
    """
    shape, columns = numeric_columns(
        {
            "right": right,
            "spot": spot,
            "strike": strike,
            "year_fraction": year_fraction,
            "rate": rate,
            "dividend_yield": dividend_yield,
            "price": price,
        }
    )
    target = columns[6]
    r, s, k, t, rf, q = columns[:6]
    options = option_inputs(r, s, k, t, rf, q, np.full(target.size, _START))
    cash = dividends.within(options.year_fraction) if dividends is not None else None
    if cash is not None and cash.offsets.size != target.size + 1:
        raise ValueError(
            f"dividends are those of {cash.offsets.size - 1} options, the arguments are {target.size}"
        )

    def value(rows: NDArray[np.intp], sigma: Floats, american: bool = True) -> Floats:
        o = options.rows(rows)
        terms = (o.right, o.spot, o.strike, o.year_fraction, o.rate, o.dividend_yield, sigma)
        if cash is not None:
            return cash_dividend_price(*terms, cash.rows(rows), model, american=american, steps=steps).price
        return leisen_reimer(*terms, steps=steps).price if american else closed_values(*terms)[0]

    held = (
        cash.present_value(options.rate - options.dividend_yield)
        if cash is not None
        else np.zeros(target.size)
    )
    status = _status(options, target, held if cash is not None else None, steps)
    sigma, premium, unamerican = (np.full(target.size, np.nan) for _ in range(3))
    rows = np.flatnonzero(status == IvStatus.OK)
    if cash is not None:
        # exercise at an ex-date may be worth more than now, and then no volatility shows in the price either
        certain = value(rows, np.full(rows.size, _CERTAIN))
        status[rows[np.isnan(certain)]] = IvStatus.OUT_OF_RANGE
        status[rows[target[rows] <= certain + _CERTAIN_NOISE * options.strike[rows]]] = (
            IvStatus.BELOW_INTRINSIC
        )
        rows = np.flatnonzero(status == IvStatus.OK)
    limit = MOST_TOTAL_VOLATILITY / np.sqrt(np.where(options.year_fraction > 0, options.year_fraction, 1.0))
    most = np.minimum(MOST, _WITHIN * limit)
    if cash is None:
        most[never_exercised(options)] = MOST
    found, failed = _solve(value, options, held, target, rows, most[rows])
    sigma[rows], status[rows] = found, failed
    rows = np.flatnonzero(status == IvStatus.OK)
    if rows.size:
        unamerican[rows] = value(rows, sigma[rows], american=False)
        premium[rows] = np.maximum(target[rows] - unamerican[rows], 0.0)
    first, second, third = (v.reshape(shape) for v in (sigma, unamerican, premium))
    return AmericanVolatility(first, second, third, status.reshape(shape))


@kernel("i1[] f8[] f8[] f8[] f8[] f8[] f8[] -> f8[] f8[]")
def _closed(right, spot, strike, t, rate, dividend_yield, sigma, price, vega) -> None:  # type: ignore[no-untyped-def]
    for i in range(spot.size):
        sign = 1.0 - 2.0 * right[i]
        value, _delta, _gamma, slope = european(
            sign, spot[i], strike[i], t[i], rate[i], dividend_yield[i], sigma[i]
        )
        price[i] = value
        vega[i] = slope


def closed_values(
    right: NDArray[np.int8],
    spot: Array,
    strike: Array,
    t: Array,
    rate: Array,
    dividend_yield: Array,
    sigma: Array,
) -> tuple[Floats, Floats]:
    """European price and vega per 1.00 of volatility."""
    price, vega = np.empty(spot.size), np.empty(spot.size)
    _closed(right, spot, strike, t, rate, dividend_yield, sigma, price, vega)
    return price, vega


def _status(options: OptionInputs, price: Floats, held: Floats | None, steps: int) -> NDArray[np.int8]:
    o = options
    status = np.full(price.size, IvStatus.OK, dtype=np.int8)
    put = o.right == 1
    with np.errstate(all="ignore"):
        if held is None:
            least = price_certain(o)[0]
        else:
            least = np.maximum(np.where(put, o.strike - o.spot, o.spot - o.strike), 0.0)
        most = np.where(
            put,
            o.strike * np.exp(np.maximum(-o.rate, 0.0) * o.year_fraction),
            o.spot * np.exp(np.maximum(-o.dividend_yield, 0.0) * o.year_fraction),
        )
        # later lines win, as for European options
        status[price >= most] = IvStatus.ABOVE_MAXIMUM
        status[price <= least + _NOISE * o.strike] = IvStatus.BELOW_INTRINSIC
        status[~(np.isfinite(price) & (price > 0))] = IvStatus.NO_QUOTE
        far = out_of_range(o, steps) & (True if held is not None else ~never_exercised(o))
        status[far | np.isin(o.status, _NO_TERMS)] = IvStatus.OUT_OF_RANGE
        status[~((o.spot > 0) & (o.strike > 0) & np.isfinite(o.spot) & np.isfinite(o.strike))] = (
            IvStatus.NO_FORWARD
        )
        if held is not None:
            status[~(held < o.spot)] = IvStatus.NO_FORWARD
        status[~((o.year_fraction > 0) & (o.year_fraction < np.inf))] = IvStatus.NO_TIME
    return status


def european_start(options: OptionInputs, held: Floats, price: Floats, rows: NDArray[np.intp]) -> Floats:
    """Volatility of the price were it European; 0.3 where it has none."""
    o = options.rows(rows)
    forward = (o.spot - held[rows]) * np.exp((o.rate - o.dividend_yield) * o.year_fraction)
    undiscounted = price[rows] * np.exp(o.rate * o.year_fraction)
    start = implied_volatility(o.right, forward, o.strike, o.year_fraction, undiscounted).sigma
    return np.clip(np.where(np.isfinite(start), start, _START), 2 * LEAST, 0.5 * MOST)


def _solve(
    value: Callable[[NDArray[np.intp], Floats], Floats],
    options: OptionInputs,
    held: Floats,
    price: Floats,
    rows: NDArray[np.intp],
    most: Floats,
) -> tuple[Floats, NDArray[np.int8]]:
    """Volatility and status of the rows; ``most`` is the largest volatility of each."""
    n = rows.size
    sigma = european_start(options, held, price, rows)
    status = np.full(n, IvStatus.OK, dtype=np.int8)
    sigma = np.minimum(sigma, 0.5 * most)
    low, high = np.full(n, LEAST), most.copy()
    before, miss_before = np.full(n, np.nan), np.full(n, np.nan)
    widest = np.log(high / low)
    open_ = np.arange(n)
    for turn in range(_ENOUGH):
        if not open_.size:
            break
        s, at = sigma[open_], rows[open_]
        miss = value(at, s) - price[at]
        low[open_], high[open_] = np.where(miss < 0, s, low[open_]), np.where(miss > 0, s, high[open_])
        with np.errstate(all="ignore"):
            if turn == 0:
                o = options.rows(at)
                slope = closed_values(
                    o.right, o.spot - held[at], o.strike, o.year_fraction, o.rate, o.dividend_yield, s
                )[1]
            else:
                slope = (miss - miss_before[open_]) / (s - before[open_])
            step = s - miss / slope
        before[open_], miss_before[open_] = s, miss
        inside = (step > low[open_]) & (step < high[open_])
        stuck = np.zeros(open_.size, dtype=bool)
        if turn % 3 == 2:
            span = np.log(high[open_] / low[open_])
            stuck = span > 0.5 * widest[open_]
            widest[open_] = span
        following = np.where(inside & ~stuck, step, np.sqrt(low[open_] * high[open_]))
        settled = (
            (np.abs(following - s) <= _TOLERANCE * s)
            | (miss == 0)
            | (high[open_] <= low[open_] * (1 + _TOLERANCE))
        )
        sigma[open_] = np.where(miss == 0, s, following)
        open_ = open_[~settled]
    if open_.size:
        raise ArithmeticError(
            f"{open_.size} American volatilities did not settle in {_ENOUGH} lattices each: a defect"
        )
    status[sigma <= LEAST * 1.001] = IvStatus.BELOW_INTRINSIC
    status[sigma >= most * 0.999] = np.where(most < MOST, IvStatus.OUT_OF_RANGE, IvStatus.ABOVE_MAXIMUM)[
        sigma >= most * 0.999
    ]
    return np.where(status == IvStatus.OK, sigma, np.nan), status
