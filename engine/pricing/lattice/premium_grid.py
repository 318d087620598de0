"""Whole chains of American options: volatilities from a small table of lattices for each expiry and right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.pricing.arguments import WHOLE_NUMBERS, Floats, as_columns, numeric, numeric_columns
from engine.pricing.implied_volatility import IvStatus, implied_volatility
from engine.pricing.lattice.american_volatility import (
    AmericanVolatility,
    american_implied_volatility,
    closed_values,
)
from engine.pricing.lattice.cash_dividends import CashDividends, DividendModel, cash_dividend_price
from engine.pricing.lattice.leisen_reimer import STEPS, leisen_reimer
from engine.pricing.lattice.premium_interpolation import DISTANCE, NODES, ROWS, solve, waiting_columns

#: fewer quotes than this of an expiry and right are inverted one by one
LEAST_QUOTES = 20
#: columns reach out to so many standard deviations at most
_FAR = 5.0
# a correction of a rough volatility that is larger shows that its slope was no good
_MOST_STEP = 2e-4
# A table spans the volatilities of the quotes that early exercise hardly touches, outliers aside, give or take what
# puts American ones below European ones.
_DEVIATIONS, _LEAST_HALF, _MOST_HALF, _BELOW, _ABOVE = 2.5, 0.05, 0.5, 0.06, 0.03


@dataclass(frozen=True, slots=True)
class ExpirySlices:
    """s slices of a chain, each one expiry and right of one underlying at one instant.

    Attributes
    ----------
    offsets : int64[s + 1]
        The quotes of slice i are the rows from ``offsets[i]`` to ``offsets[i + 1]``, strikes in any order.
    right : int8[s]
        0 call, 1 put.
    spot, year_fraction, rate, dividend_yield : float64[s]
    dividends : CashDividends, optional
        Of each slice, by the escrowed model.
    """

    offsets: NDArray[np.int64]
    right: NDArray[np.int8]
    spot: Floats
    year_fraction: Floats
    rate: Floats
    dividend_yield: Floats
    dividends: CashDividends | None = None

    def __post_init__(self) -> None:
        offsets = np.ascontiguousarray(
            numeric("slices: offsets", self.offsets, WHOLE_NUMBERS), dtype=np.int64
        )
        names = ("spot", "year_fraction", "rate", "dividend_yield")
        shape, right, columns = as_columns(self.right, **{name: getattr(self, name) for name in names})
        if offsets.ndim != 1 or offsets.size == 0 or offsets[0] != 0 or np.any(np.diff(offsets) < 0):
            raise ValueError("slices: offsets must rise from 0")
        if shape != (offsets.size - 1,):
            raise ValueError(
                f"slices: {offsets.size} offsets are {offsets.size - 1} slices, their terms have shape {shape}"
            )
        if self.dividends is not None and self.dividends.offsets.size != offsets.size:
            raise ValueError(
                f"slices: dividends are those of {self.dividends.offsets.size - 1} slices, not {shape[0]}"
            )
        for name, value in zip(("offsets", "right", *names), (offsets, right, *columns), strict=True):
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True)
class _Tables:
    """American prices of every slice by volatility and moneyness; ragged, rows by volatility."""

    middle: Floats
    half: Floats
    lowest: Floats
    columns: NDArray[np.int64]
    starts: NDArray[np.int64]
    shares: Floats
    roots: Floats


def chain_implied_volatility(
    slices: ExpirySlices, strike: Floats, price: Floats, *, steps: int = STEPS
) -> AmericanVolatility:
    """Implied volatilities of whole chains of American options, and their European prices.

    A slice's early-exercise premium is tabulated from lattices at four volatilities and at moneyness a quarter of a
    standard deviation apart, and interpolated. Against the inversion of the lattice quote by quote
    (:func:`engine.pricing.lattice.american_volatility.american_implied_volatility`) volatilities of chains like those
    of stocks are off by less than 1e-4; with cash dividends by less than 4e-4, and 1.5e-4 for 99 quotes of 100.
    Quotes that the table cannot answer that well (close to the exercise boundary, where prices hardly depend on
    volatility; volatilities far from those of the slice; slices of few quotes) are inverted one by one.

    Parameters
    ----------
    slices : ExpirySlices
    strike, price : float64[n]
        Per unit of underlying; NaN prices where there are none.
    steps : int
        Of each lattice.

    Raises
    ------
    ValueError
        If an argument is not numeric or shapes do not fit.
    """
    shape, (strike, price) = numeric_columns({"strike": strike, "price": price})
    if shape != (int(slices.offsets[-1]),):
        raise ValueError(f"strike and price have shape {shape}, the slices hold {slices.offsets[-1]} quotes")
    counts = np.diff(slices.offsets)
    owner = np.repeat(np.arange(counts.size), counts)
    held = np.zeros(counts.size)
    cash = None
    if slices.dividends is not None:
        cash = slices.dividends.within(slices.year_fraction)
        held = cash.present_value(slices.rate - slices.dividend_yield)
    sigma, unamerican, slopes = (np.full(price.size, np.nan) for _ in range(3))
    guess = _guesses(slices, held, owner, strike, price)
    tables = _tabulate(slices, held, cash, owner, strike, guess, steps)
    if tables.shares.size:
        first, last = (np.empty(counts.size * ROWS, dtype=np.int64) for _ in range(2))
        waiting_columns(tables.columns, tables.starts, tables.roots, first, last)
        start = np.where(np.isfinite(guess), guess, np.exp(tables.middle)[owner])
        start[~(price > 0) | (tables.columns[owner] == 0)] = np.nan
        solve(
            slices.offsets, 1.0 - 2.0 * slices.right, slices.spot, held, slices.year_fraction, slices.rate,
            slices.dividend_yield, tables.middle, tables.half, tables.lowest, tables.columns, tables.starts,
            tables.shares, tables.roots, first, last, strike, price, start, sigma, unamerican, slopes,
        )  # fmt: skip
        rough = np.flatnonzero(np.isfinite(slopes))
        _put_right(
            slices,
            held,
            cash,
            owner[rough],
            strike[rough],
            price[rough],
            slopes[rough],
            sigma,
            unamerican,
            rough,
            steps,
        )
    status = np.full(price.size, IvStatus.OK, dtype=np.int8)
    premium = np.maximum(price - unamerican, 0.0)
    open_ = np.flatnonzero(np.isnan(sigma))
    if open_.size:
        of = owner[open_]
        one_by_one = american_implied_volatility(
            slices.right[of], slices.spot[of], strike[open_], slices.year_fraction[of], slices.rate[of],
            slices.dividend_yield[of], price[open_], dividends=None if cash is None else cash.rows(of), steps=steps,
        )  # fmt: skip
        sigma[open_], status[open_] = one_by_one.sigma, one_by_one.status
        unamerican[open_], premium[open_] = one_by_one.european_price, one_by_one.early_exercise_premium
    return AmericanVolatility(sigma, unamerican, premium, status)


def _put_right(
    slices: ExpirySlices, held: Floats, cash: CashDividends | None, of: NDArray[np.intp], strike: Floats,
    price: Floats, slope: Floats, sigma: Floats, unamerican: Floats, rows: NDArray[np.intp], steps: int,
) -> None:  # fmt: skip
    """One Newton step of the lattice for each row; NaN where that goes far, since then the slope was no good."""
    right, spot, t = slices.right[of], slices.spot[of], slices.year_fraction[of]
    rate, carried, vol = slices.rate[of], slices.dividend_yield[of], sigma[rows]
    step = (
        _american(right, spot, strike, t, rate, carried, vol, None if cash is None else cash.rows(of), steps)
        - price
    ) / slope
    better = np.where(np.abs(step) < _MOST_STEP, vol - step, np.nan)
    sigma[rows] = better
    base = closed_values(
        right, spot - held[of], strike, t, rate, carried, np.where(np.isfinite(better), better, 1.0)
    )[0]
    unamerican[rows] = np.where(np.isfinite(better), base, np.nan)


def _american(
    right: NDArray[np.int8], spot: Floats, strike: Floats, t: Floats, rate: Floats, carried: Floats, sigma: Floats,
    cash: CashDividends | None, steps: int,
) -> Floats:  # fmt: skip
    terms = (right, spot, strike, t, rate, carried, sigma)
    if cash is None:
        return leisen_reimer(*terms, steps=steps).price
    return cash_dividend_price(*terms, cash, DividendModel.ESCROWED, steps=steps).price


def _guesses(
    slices: ExpirySlices, held: Floats, owner: NDArray[np.intp], strike: Floats, price: Floats
) -> Floats:
    """Volatilities as if the quotes were European, of those out of the money and of calls of which little is gained
    by early exercise; NaN for the others."""
    with np.errstate(all="ignore"):
        forward = (slices.spot - held) * np.exp((slices.rate - slices.dividend_yield) * slices.year_fraction)
        growth = np.exp(slices.rate * slices.year_fraction)
    sign = 1 - 2 * slices.right
    mild = (slices.right == 0) & (slices.dividend_yield <= slices.rate) & (slices.dividends is None)
    out = np.flatnonzero((sign[owner] * (forward[owner] - strike) <= 0) | mild[owner])
    of = owner[out]
    guess = np.full(price.size, np.nan)
    guess[out] = implied_volatility(
        slices.right[of], forward[of], strike[out], slices.year_fraction[of], price[out] * growth[of]
    ).sigma
    return guess


def _tabulate(
    slices: ExpirySlices, held: Floats, cash: CashDividends | None, owner: NDArray[np.intp], strike: Floats,
    guess: Floats, steps: int,
) -> _Tables:  # fmt: skip
    n = slices.spot.size
    known = np.flatnonzero(np.isfinite(guess))
    of, logs = owner[known], np.log(guess[known])
    counts = np.diff(slices.offsets)
    with np.errstate(all="ignore"):
        found = np.bincount(of, minlength=n)
        mean = np.bincount(of, logs, minlength=n) / found
        spread = np.sqrt(np.maximum(np.bincount(of, logs * logs, minlength=n) / found - mean * mean, 0.0))
        reach = np.clip(_DEVIATIONS * spread, _LEAST_HALF, _MOST_HALF)
        middle, half = mean + 0.5 * (_ABOVE - _BELOW), reach + 0.5 * (_ABOVE + _BELOW)
        root_t = np.sqrt(slices.year_fraction)
        forward = (slices.spot - held) * np.exp((slices.rate - slices.dividend_yield) * slices.year_fraction)
        x = np.log(strike / forward[owner])
    usable = (counts >= LEAST_QUOTES) & (found >= 3) & (slices.spot > held) & np.isfinite(forward)
    x = np.where(np.isfinite(x), x, 0.0)
    lowest, highest = np.zeros(n), np.zeros(n)
    filled = np.flatnonzero(counts > 0)
    if filled.size:
        lowest[filled] = np.minimum.reduceat(x, slices.offsets[filled])
        highest[filled] = np.maximum.reduceat(x, slices.offsets[filled])
    with np.errstate(all="ignore"):
        least = root_t * np.exp(middle - half)
        lowest = np.maximum(np.minimum(lowest / least, 0.0), -_FAR) - DISTANCE
        highest = np.minimum(np.maximum(highest / least, 0.0), _FAR) + DISTANCE
        columns = np.where(usable, np.ceil((highest - lowest) / DISTANCE) + 1, 0).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(columns * ROWS)])
    at = np.repeat(np.arange(n), columns * ROWS)
    row, column = np.divmod(np.arange(starts[-1]) - starts[at], columns[at])
    sigma = np.exp(middle[at] + half[at] * np.array(NODES)[row])
    strikes = forward[at] * np.exp((lowest[at] + DISTANCE * column) * sigma * root_t[at])
    right, spot, t = slices.right[at], slices.spot[at], slices.year_fraction[at]
    rate, carried = slices.rate[at], slices.dividend_yield[at]
    american = _american(
        right, spot, strikes, t, rate, carried, sigma, None if cash is None else cash.rows(at), steps
    )
    base = closed_values(right, spot - held[at], strikes, t, rate, carried, sigma)[0]
    with np.errstate(all="ignore"):
        shares = np.where(base > 0, american / base - 1.0, 0.0)
        roots = np.sqrt(np.maximum(american - (1 - 2 * right) * (spot - strikes), 0.0) / strikes)
    return _Tables(middle, half, lowest, columns, starts[:-1], shares, roots)
