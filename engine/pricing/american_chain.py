"""American roots of a chain: what early exercise is worth comes off their prices before anything is read from them.

Parity holds for European options only. The forward of an American root is found by turns: volatilities of the pairs
next to the money at the forward so far, the early-exercise premium at those volatilities, and the forward of what is
left of the prices. It settles within a few rounds, since the premium hardly depends on the forward.

A tree needs the price of the share at the moment of the quotes, and what comes with a chain is often of another: an
official close beside quotes that ran a quarter of an hour longer. The forwards of the next expiries, continued to no
time at all, say what it was; the chain's own spot is moved there, where it is no more than 3% away.

Cash dividends whose ex-dates are known are taken out of the spot (the escrowed model); whatever carry the forward shows
beyond them, a lending fee or dividends not yet announced, is a continuous yield.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.pricing.arguments import Floats
from engine.pricing.chain_columns import ChainInputs
from engine.pricing.forward import ForwardFits, fit_forwards
from engine.pricing.implied_volatility import IvStatus
from engine.pricing.lattice.american_volatility import AmericanVolatility, american_implied_volatility
from engine.pricing.lattice.cash_dividends import CashDividends, DividendModel, cash_dividend_price
from engine.pricing.lattice.leisen_reimer import leisen_reimer
from engine.pricing.parity_pairs import ParityPairs

#: pairs next to the money that make the forward
_PAIRS = 8
_MAX_ROUNDS = 6
_SETTLED = 1e-7
# the expiries that say what the spot was
_NEXT_EXPIRIES, _LEAST_PAIRS, _NEXT_YEARS, _NEAREST_YEARS, _MOST_SPOT_MOVE = 6, 3, 0.25, 1.0 / 12.0, 0.03
_YEAR_US = 365.0 * 86_400e6
_VOL_BUMP, _RATE_BUMP = 1e-3, 1e-4
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class AmericanRows:
    """What prices a set of rows by the tree.

    Attributes
    ----------
    right : int8[n]
    spot, strike, years, rate, dividend_yield : float64[n]
        The yield is what the forward shows beyond the cash dividends.
    dividends : CashDividends or None
        None where no ex-date before the last expiry is known.
    """

    right: NDArray[np.int8]
    spot: Floats
    strike: Floats
    years: Floats
    rate: Floats
    dividend_yield: Floats
    dividends: CashDividends | None

    def terms(self) -> tuple[NDArray[np.int8], Floats, Floats, Floats, Floats, Floats]:
        """In the order that the lattices take them."""
        return self.right, self.spot, self.strike, self.years, self.rate, self.dividend_yield

    def volatility(self, price: Floats) -> AmericanVolatility:
        """Implied by prices as paid today."""
        return american_implied_volatility(
            *self.terms(), price, dividends=self.dividends, model=DividendModel.ESCROWED
        )

    def greeks(self, sigma: Floats) -> list[Floats]:
        """Delta, gamma, vega per vol point, theta per day and rho per percent at these volatilities.

        Vega and rho are central differences of the tree: four more of them.
        """
        found = self._value(self.rate, self.dividend_yield, sigma)
        bump = _VOL_BUMP * sigma
        wide = self._value(self.rate, self.dividend_yield, sigma + bump).price
        narrow = self._value(self.rate, self.dividend_yield, sigma - bump).price
        high = self._value(self.rate + _RATE_BUMP, self.dividend_yield, sigma).price
        low = self._value(self.rate - _RATE_BUMP, self.dividend_yield, sigma).price
        with np.errstate(invalid="ignore", divide="ignore"):
            vega = (wide - narrow) / (200.0 * bump)
        return [found.delta, found.gamma, vega, found.theta_per_day, (high - low) / (200.0 * _RATE_BUMP)]

    def _value(self, rate: Floats, dividend_yield: Floats, sigma: Floats):  # type: ignore[no-untyped-def]
        terms = self.right, self.spot, self.strike, self.years, rate, dividend_yield, sigma
        if self.dividends is None:
            return leisen_reimer(*terms)
        return cash_dividend_price(*terms, self.dividends, DividendModel.ESCROWED)


def american_rows(
    chain: ChainInputs, pairs: ParityPairs, fits: ForwardFits, years: Floats, rows: Rows
) -> AmericanRows:
    """The terms of these rows at the forwards so far."""
    group = pairs.group[rows]
    spot = pairs.spot[group]
    rate = np.where(
        years[rows] > 0.0, -np.log(fits.discount[group]) / np.where(years[rows] > 0.0, years[rows], 1.0), 0.0
    )
    ex_years = (chain.dividend_ex_us - chain.ts_us) / _YEAR_US
    ahead = (ex_years > 0.0) & (ex_years < np.max(years[rows], initial=0.0))
    times, amounts = ex_years[ahead], chain.dividend_amount[ahead]
    dividends = CashDividends.same_for_all(rows.size, times, amounts) if times.size else None
    carry = implied_carry(fits.forward, pairs.spot, pairs.years, times, amounts)[group]
    return AmericanRows(
        right=np.ascontiguousarray(chain.right[rows], dtype=np.int8),
        spot=spot,
        strike=np.ascontiguousarray(chain.strike[rows]),
        years=np.ascontiguousarray(years[rows]),
        rate=rate,
        dividend_yield=rate - carry,
        dividends=dividends,
    )


def implied_carry(forward: Floats, spot: Floats, years: Floats, ex_years: Floats, amounts: Floats) -> Floats:
    """The carry c of ``F = S e^(c T) - sum of D_i e^(c (T - t_i))`` over the ex-dates before T; NaN without time.

    Parameters
    ----------
    forward, spot, years : float64[g]
    ex_years, amounts : float64[d]
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        t = np.where(years > 0.0, years, np.nan)
        carry: Floats = np.log(forward / spot) / t
        before = (ex_years[None, :] < t[:, None]) * amounts[None, :]
        if not before.any():
            return carry
        left = np.maximum(t[:, None] - ex_years[None, :], 0.0)
        carry = np.log((forward + before.sum(axis=1)) / spot) / t
        for _ in range(20):
            grown, paid = spot * np.exp(carry * t), before * np.exp(carry[:, None] * left)
            value = grown - paid.sum(axis=1) - forward
            step = value / (t * grown - (left * paid).sum(axis=1))
            carry = carry - step
            if not np.nanmax(np.abs(step), initial=0.0) > 1e-14:
                break
    return carry


def american_forwards(
    chain: ChainInputs, pairs: ParityPairs, fits: ForwardFits, years: Floats, mid: Floats
) -> tuple[ForwardFits, ParityPairs]:
    """The forwards of American groups from prices without their early-exercise premium, and the spot of the quotes.

    Other groups stay as they are.
    """
    chosen = _next_to_the_money(pairs, mid)
    if not chosen.size:
        return fits, pairs
    call, put = pairs.call[chosen], pairs.put[chosen]
    group = pairs.group[call]
    both = np.concatenate([call, put])
    price = mid[both]
    given = pairs.spot
    for _ in range(_MAX_ROUNDS):
        before = np.concatenate([fits.forward, pairs.spot])
        solved = american_rows(chain, pairs, fits, years, both).volatility(price)
        ok = (solved.status == IvStatus.OK).reshape(2, -1).all(axis=0)
        european = (price - solved.early_exercise_premium).reshape(2, -1)
        kept = np.flatnonzero(ok)
        found = fit_forwards(
            np.searchsorted(group[kept], np.arange(pairs.years.size + 1)),
            chain.strike[call[kept]],
            (european[0] - european[1])[kept],
            spot=pairs.spot,
            year_fraction=pairs.years,
            rate=pairs.rate,
            may_fit=np.zeros(pairs.years.size, dtype=np.bool_),
        )
        better = pairs.american & (found.pairs > 0)
        fits = ForwardFits(
            *(np.where(better, getattr(found, n), getattr(fits, n)) for n in ForwardFits.__slots__)
        )
        pairs = replace(pairs, spot=synchronous_spot(chain, pairs, fits, given))
        with np.errstate(invalid="ignore"):
            moved = np.abs(np.concatenate([fits.forward, pairs.spot]) / before - 1.0)
        if not np.nanmax(moved, initial=0.0) > _SETTLED:
            break
    return fits, pairs


def synchronous_spot(chain: ChainInputs, pairs: ParityPairs, fits: ForwardFits, given: Floats) -> Floats:
    """The spot of each group at the moment of the quotes, float64[g].

    ``ln F`` less what interest and known dividends make is a line in time, whose slope is the yield and whose start is
    the spot. Groups that were given one spot have one underlying and share the line. Two expiries with pairs are needed
    within a quarter of a year, one of them within a month.
    """
    spot = given.copy()
    ex_years = (chain.dividend_ex_us - chain.ts_us) / _YEAR_US
    quoted = pairs.american & (fits.pairs >= _LEAST_PAIRS) & (pairs.years > 0.0) & (pairs.years < _NEXT_YEARS)
    rate = np.where(np.isnan(pairs.rate), 0.0, pairs.rate)
    for own in np.unique(given[pairs.american & (given > 0.0)]):
        alike = pairs.american & (given == own)
        near = np.flatnonzero(alike & quoted)
        near = near[np.argsort(pairs.years[near], kind="stable")[:_NEXT_EXPIRIES]]
        if near.size < 2 or pairs.years[near[0]] > _NEAREST_YEARS:
            continue
        t = pairs.years[near]
        ahead = (ex_years[None, :] > 0.0) & (ex_years[None, :] < t[:, None])
        paid = (ahead * chain.dividend_amount * np.exp(-rate[near][:, None] * ex_years[None, :])).sum(axis=1)
        level = np.log((fits.forward[near] * np.exp(-rate[near] * t) + paid) / own)
        spread = t - t.mean()
        slope = (spread @ level) / (spread @ spread) if spread @ spread > 0.0 else 0.0
        start = float(level.mean() - slope * t.mean())
        if abs(start) <= _MOST_SPOT_MOVE:
            spot[alike] = own * np.exp(start)
    return spot


def _next_to_the_money(pairs: ParityPairs, mid: Floats) -> NDArray[np.int64]:
    """Positions of the pairs of American groups whose call and put cost nearly the same, by group."""
    group = pairs.group[pairs.call]
    usable = pairs.american[group] & (pairs.years[group] > 0.0) & (pairs.spot[group] > 0.0)
    distance = np.abs(mid[pairs.call] - mid[pairs.put])
    order = np.lexsort((distance, group))
    rank = np.arange(order.size) - pairs.bounds[group[order]]
    return np.sort(order[(rank < _PAIRS) & usable[order]])
