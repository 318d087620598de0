"""Chains of American options with a smile, priced by the tree."""

import numpy as np

from engine.pricing.lattice.cash_dividends import CashDividends, DividendModel, cash_dividend_price
from engine.pricing.lattice.leisen_reimer import leisen_reimer
from engine.pricing.lattice.premium_grid import ExpirySlices


def chain(slices: int, quotes: int, seed: int, dividends: bool = False):
    """Slices, owner, strikes, true volatilities and prices: two weeks to two years, 2.5 deviations to either side."""
    rng = np.random.default_rng(seed)
    years = np.exp(rng.uniform(np.log(14 / 365), np.log(2), slices))
    right = np.arange(slices) % 2
    spot = np.full(slices, 100.0)
    rate = rng.uniform(0.01, 0.06, slices)
    dividend_yield = np.zeros(slices) if dividends else rng.uniform(0.0, 0.03, slices)
    owner = np.repeat(np.arange(slices), quotes)
    x = np.tile(np.linspace(-2.5, 2.5, quotes), slices) * 0.25
    sigma = 0.24 - 0.05 * x + 0.08 * x**2 + rng.normal(0, 0.003, x.size)
    forward = spot * np.exp((rate - dividend_yield) * years)
    strike = forward[owner] * np.exp(x * np.sqrt(years)[owner])
    cash = CashDividends.same_for_all(slices, [0.06, 0.31, 0.56, 0.81], [0.5] * 4) if dividends else None
    all_of_it = ExpirySlices(np.arange(slices + 1) * quotes, right, spot, years, rate, dividend_yield, cash)
    terms = (right[owner], spot[owner], strike, years[owner], rate[owner], dividend_yield[owner], sigma)
    if cash is None:
        price = leisen_reimer(*terms).price
    else:
        price = cash_dividend_price(*terms, cash.rows(owner), DividendModel.ESCROWED).price
    return all_of_it, owner, terms, price
