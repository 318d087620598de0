"""What holds for every option, whatever it is worth: shape in the strike, parity, and the way back to volatility.

European options over the whole domain: log-moneyness to 20 either way, total volatility from 1e-6 to 100, in and out
of the money. The lattices on contracts that are traded.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from engine.pricing.black import black_derivatives, black_price
from engine.pricing.digital import asset_or_nothing, cash_or_nothing
from engine.pricing.implied_volatility import IvStatus, implied_volatility
from engine.pricing.lattice.cash_dividends import CashDividends, DividendModel, cash_dividend_price
from engine.pricing.lattice.leisen_reimer import leisen_reimer
from tests.engine.pricing.lattice.quantlib_contracts import Contracts, random_contracts

N = 400_000
EPS = float(np.finfo(np.float64).eps)
LEAST = float(np.finfo(np.float64).smallest_subnormal)


@dataclass(frozen=True)
class Options:
    right: np.ndarray
    forward: np.ndarray
    strike: np.ndarray
    years: np.ndarray
    sigma: np.ndarray

    @property
    def columns(self) -> tuple[np.ndarray, ...]:
        return self.right, self.forward, self.strike, self.years, self.sigma

    @property
    def intrinsic(self) -> np.ndarray:
        return np.maximum(
            np.where(self.right == 1, self.strike - self.forward, self.forward - self.strike), 0.0
        )

    @property
    def most(self) -> np.ndarray:
        return np.where(self.right == 1, self.strike, self.forward)

    @property
    def legs(self) -> np.ndarray:
        """``F N(d1) + K N(d2)``, of puts with the signs turned: what an ulp of F or K moves the price by is an ulp of
        that."""
        return asset_or_nothing(*self.columns).price + self.strike * cash_or_nothing(*self.columns).price

    @property
    def least(self) -> np.ndarray:
        """Prices are worked out in units of ``sqrt(F K)``, and below 2e-308 of these digits are lost."""
        return LEAST * (1.0 + np.sqrt(self.forward * self.strike))


@pytest.fixture(scope="module")
def options() -> Options:
    """Half of them anywhere, half within forty deviations, where prices are neither 0 nor all intrinsic value."""
    rng = np.random.default_rng(3)
    right = rng.integers(0, 2, N).astype(np.int8)
    strike, deviation = np.exp(rng.uniform(-3, 10, N)), 10.0 ** rng.uniform(-6, 2, N)
    near = rng.uniform(-1, 1, N) * np.minimum(20.0, 40.0 * deviation)
    moneyness = np.where(rng.random(N) < 0.5, rng.uniform(-20, 20, N), near)
    years = 10.0 ** rng.uniform(-3, 1.5, N)
    return Options(right, strike * np.exp(moneyness), strike, years, deviation / np.sqrt(years))


@pytest.fixture(scope="module")
def three_strikes(options) -> tuple[Options, Options, Options]:
    """One strike below, one above: from a millionth of it away to a tenth of it, and to eleven times it."""
    rng = np.random.default_rng(4)
    below = options.strike * (1.0 - 10.0 ** rng.uniform(-6, -0.05, N))
    above = options.strike * (1.0 + 10.0 ** rng.uniform(-6, 1, N))
    return replace(options, strike=below), options, replace(options, strike=above)


def test_calls_fall_and_puts_rise_with_the_strike_by_no_more_than_it(three_strikes):
    """Four ulps of the legs of either price are allowed for rounding, and of the strikes for their difference."""
    sign = np.where(three_strikes[0].right == 1, 1.0, -1.0)
    for low, high in pairwise(three_strikes):
        rise = sign * (black_price(*high.columns) - black_price(*low.columns))
        slack = 4 * (EPS * (low.legs + high.legs) + high.least)
        assert np.all(rise >= -slack)
        assert np.all(rise <= high.strike - low.strike + slack + 4 * EPS * high.strike)
        # the other way round it would show
        assert np.mean(rise > 100 * slack) > 0.5


def test_prices_are_convex_in_the_strike(three_strikes):
    low, middle, high = three_strikes
    share = (high.strike - middle.strike) / (high.strike - low.strike)
    prices = [black_price(*o.columns) for o in three_strikes]
    legs = [o.legs for o in three_strikes]
    above = share * prices[0] + (1.0 - share) * prices[2] - prices[1]
    slack = 8 * (EPS * (share * legs[0] + (1.0 - share) * legs[2] + legs[1]) + high.least)
    assert np.all(above >= -slack)
    # two ways to the right price of half of them: concave ones would show
    assert np.mean(above > 100 * slack) > 0.3


def test_put_call_parity_over_the_whole_domain(options):
    """To two roundings of the larger of the two prices, which holds the smaller one and the intrinsic value."""
    call, put = (black_price(right, *options.columns[1:]) for right in (0, 1))
    apart = np.abs((call - put) - (options.forward - options.strike))
    assert np.all(apart <= 2 * EPS * np.maximum(call, put))
    assert np.mean((call > 0) & (put > 0)) > 0.6


@pytest.fixture(scope="module")
def solved(options):
    price = black_price(*options.columns)
    return price, implied_volatility(*options.columns[:4], price)


def test_volatilities_of_prices_give_the_prices_again(options, solved):
    """An ulp of volatility is one of ``sigma vega``, which far out of the money is many of the price."""
    price, found = solved
    ok = found.status == IvStatus.OK
    again = black_price(*options.columns[:4], found.sigma)
    exposure = options.sigma * black_derivatives(*options.columns).vega
    error = np.abs(again - price)
    assert np.all(error[ok] <= (4 * EPS * (price + exposure) + options.least)[ok])
    inside = ok & (options.intrinsic > 0)
    assert np.all(error[inside] <= 8 * EPS * price[inside])
    assert inside.sum() > 30_000 and (ok & ~inside).sum() > 100_000


def test_only_prices_without_time_value_or_without_room_have_no_volatility(options, solved):
    price, found = solved
    status, intrinsic = found.status, options.intrinsic
    missing = np.unique(status[np.isnan(found.sigma)]).tolist()
    assert missing == [IvStatus.NO_QUOTE, IvStatus.BELOW_INTRINSIC, IvStatus.ABOVE_MAXIMUM]
    np.testing.assert_array_equal(np.isnan(found.sigma), status != IvStatus.OK)
    # a price that is too small for a float is none
    np.testing.assert_array_equal(status == IvStatus.NO_QUOTE, price == 0)
    np.testing.assert_array_equal(status == IvStatus.ABOVE_MAXIMUM, (price >= options.most) & (price > 0))
    # time value of four roundings of the price, and only in the money
    below = status == IvStatus.BELOW_INTRINSIC
    assert np.all(intrinsic[below] > 0)
    assert np.all((price - intrinsic)[below] <= 4 * EPS * price[below])
    ok = status == IvStatus.OK
    assert np.all((price - intrinsic)[ok] > 4 * EPS * price[ok])


STRIKES = 31
#: a hundred steps back through a tree, each with a rounding or two of a value up to the largest strike
ROUNDING = 1e-12


def on_many_strikes(contracts: Contracts, spacing: float) -> Contracts:
    """Each on a row of strikes, so many deviations apart."""
    rng, spread = np.random.default_rng(5), contracts.sigma * np.sqrt(contracts.year_fraction)
    start = rng.uniform(-2.0, 2.0 - spacing * STRIKES / 2, spread.size)
    away = (start[:, None] + spacing * np.arange(STRIKES)) * spread[:, None]
    rows = Contracts(*(np.repeat(c, STRIKES) for c in contracts.columns))
    return replace(rows, strike=rows.spot * np.exp(away.ravel()))


def assert_arbitrage_free(price: np.ndarray, contracts: Contracts, slack: float) -> None:
    """Monotone, convex and of slopes up to 1 in the strike, the slack in strikes."""
    price, strike = price.reshape(-1, STRIKES), contracts.strike.reshape(-1, STRIKES)
    sign = np.where(contracts.right.reshape(-1, STRIKES)[:, :1] == 1, 1.0, -1.0)
    rise, wide = sign * np.diff(price), np.diff(strike)
    room = slack * strike
    assert np.all(rise >= -room[:, 1:])
    assert np.all(rise <= wide + room[:, 1:])
    share = wide[:, 1:] / (wide[:, 1:] + wide[:, :-1])
    above = share * price[:, :-2] + (1.0 - share) * price[:, 2:] - price[:, 1:-1]
    assert np.all(above >= -room[:, 1:-1])
    # bent by more than that almost everywhere where the option is not exercised now
    assert np.mean(above > 10 * room[:, 1:-1]) > 0.5


SPACINGS = pytest.mark.parametrize("spacing", [0.1, 0.01])


@SPACINGS
def test_leisen_reimer_is_free_of_arbitrage_in_the_strike(spacing):
    """To rounding, though the prices themselves are off by 1e-5 of the strike: the error is smooth in the strike."""
    contracts = on_many_strikes(random_contracts(1_000, seed=21), spacing)
    assert_arbitrage_free(leisen_reimer(*contracts.columns).price, contracts, ROUNDING)


@SPACINGS
@pytest.mark.parametrize("american", [True, False], ids=["american", "european"])
@pytest.mark.parametrize(
    ("model", "slack"),
    [
        (DividendModel.ESCROWED, ROUNDING),
        # at an ex-date values are interpolated between nodes, which keeps convexity to 4e-9; the prices are
        # good to 2e-4 of the strike
        (DividendModel.SPOT, 1e-8),
    ],
    ids=lambda m: getattr(m, "label", ""),
)
def test_cash_dividends_are_free_of_arbitrage_in_the_strike(model, slack, american, spacing):
    few = random_contracts(300, seed=22)
    rng, contracts = np.random.default_rng(6), on_many_strikes(few, spacing)
    on = np.sort(rng.uniform(0.02, 0.98, (300, 3)) * few.year_fraction[:, None], axis=1)
    cash = rng.uniform(0.002, 0.01, (300, 3)) * few.spot[:, None]
    dividends = CashDividends(
        np.arange(300 * STRIKES + 1) * 3,
        np.repeat(on, STRIKES, axis=0).ravel(),
        np.repeat(cash, STRIKES, axis=0).ravel(),
    )
    price = cash_dividend_price(*contracts.columns, dividends, model, american=american).price
    assert_arbitrage_free(price, contracts, slack)
