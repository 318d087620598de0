"""Ju and Zhong's correction on 100,000 random contracts against QuantLib's: where the two differ, and why.

Their premium is that of exercise at the critical price, divided by ``1 - chi``. For lives of days that premium is
below 1e-3 of the strike, ``chi`` has it in its denominator, and ``1 - chi`` comes near 0 and below. Two things follow.
QuantLib ends its search for the critical price where its equation holds to 1e-6 of the strike, which is then up to
four in a hundred of the premium, and a multiple of that in the price. And ``1 - chi`` near 0 makes any premium of it,
or a negative one: QuantLib follows the formula there, ours does not let the divisor fall below 1/2. The formula below
is the paper's on arrays, with QuantLib's start and its way of searching; with QuantLib's tolerance it is QuantLib,
carried on and with that divisor it is ours.
"""

import numpy as np
import pytest
import QuantLib as ql
from scipy.special import ndtr

from engine.pricing.american.andersen_lake import Accuracy, american_price
from engine.pricing.american.ju_quadratic import ju_quadratic
from tests.engine.pricing.american.contracts import contracts
from tests.engine.pricing.american.quantlib_american import prices, scheme


class Ju:
    """Ju and Zhong (1999), eq. 14 to 17, from a critical price that holds to a tolerance, in strikes."""

    def __init__(self, terms: tuple, tolerance: float, least_divisor: float = -np.inf) -> None:
        right, spot, self.strike, years, rate, dividend, sigma = terms
        self.phi, self.v = np.where(right == 1, -1.0, 1.0), sigma * np.sqrt(years)
        self.r, self.q = rate * years, dividend * years
        self.alpha, self.beta = 2 * self.r / self.v**2, 2 * (self.r - self.q) / self.v**2
        self.h = 1 - np.exp(-self.r)
        self.power, self.split = self._power(self.alpha / self.h)
        self.intrinsic = np.maximum(self.phi * (spot - self.strike), 0.0)
        self.european = self._european(spot)[0]
        star = self._critical_price(tolerance)
        x = np.log(spot / star)
        gain = self.phi * (star - self.strike) - self._european(star)[0]
        self.one_less_chi = 1 - x * self._chi_over_x(x, star, gain)
        held = self.european + gain * np.exp(self.power * x) / np.maximum(self.one_less_chi, least_divisor)
        self.formula = np.where(self.phi * x < 0, held, self.intrinsic)

    def _power(self, a):
        root = np.sqrt((self.beta - 1) ** 2 + 4 * a)
        return 0.5 * (1 - self.beta + self.phi * root), self.phi * root

    def _european(self, spot):
        """Price, N(phi d1) exp(-q) and n(d1) exp(-q)."""
        d1 = (np.log(spot / self.strike) + self.r - self.q) / self.v + 0.5 * self.v
        inside = np.exp(-self.q) * ndtr(self.phi * d1)
        bell = np.exp(-self.q - 0.5 * d1 * d1) / np.sqrt(2 * np.pi)
        price = self.phi * (spot * inside - self.strike * np.exp(-self.r) * ndtr(self.phi * (d1 - self.v)))
        return price, inside, bell

    def _critical_price(self, tolerance):
        """Newton from Barone-Adesi and Whaley's start (1987, eq. 31), each until its equation holds."""
        forever = self.strike / (1 - 1 / self._power(self.alpha)[0])
        decay = np.exp(
            -(self.phi * (self.r - self.q) + 2 * self.v) * self.strike / np.abs(forever - self.strike)
        )
        star = forever + (self.strike - forever) * decay
        for _ in range(30):
            price, inside, bell = self._european(star)
            gap = self.phi * (star - self.strike - (1 - inside) * star / self.power) - price
            slope = self.phi * ((1 - inside) * (1 - 1 / self.power) + self.phi * bell / self.v / self.power)
            star = np.where(np.abs(gap) > tolerance * self.strike, star - gap / slope, star)
        return star

    def _chi_over_x(self, x, star, gain):
        price, inside, bell = self._european(star)
        discount, carried = np.exp(-self.r), star * np.exp(self.r)
        cash = (self.phi * inside * star - price) / discount
        # the European price's derivative by h, at the critical price
        by_h = carried * (bell / (self.alpha * self.v) - self.phi * inside * self.q / self.r) + cash
        bent = -self.alpha / (self.h * self.split) ** 2
        b = 0.5 * discount * self.alpha * bent
        c = -discount * self.alpha / self.split * (by_h / gain + 1 / self.h + bent)
        return b * x + c


@pytest.fixture(scope="module")
def terms():
    return contracts(100_000, seed=7)


@pytest.fixture(scope="module")
def ours(terms):
    return ju_quadratic(*terms).price


@pytest.fixture(scope="module")
def theirs(terms):
    return prices(ql.JuQuadraticApproximationEngine, *terms)


def test_quantlib_is_the_formula_with_a_critical_price_good_to_a_millionth(terms, theirs):
    formula = Ju(terms, tolerance=1e-6)
    assert np.max(np.abs(np.maximum(formula.formula, formula.intrinsic) - theirs)) < 1e-9


def test_ours_is_the_formula_with_the_search_carried_on_and_a_divisor_of_a_half_at_least(terms, ours):
    formula = Ju(terms, tolerance=1e-14, least_divisor=0.5)
    best = np.maximum(formula.formula, np.maximum(formula.european, formula.intrinsic))
    assert np.max(np.abs(best - ours)) < 1e-9


def test_where_the_two_differ_ours_is_the_nearer_to_the_true_price(terms, ours, theirs):
    apart = np.flatnonzero(np.abs(ours - theirs) > 1e-4)
    # one in a hundred at most, or the two would not be called the same method
    assert 0 < apart.size < 1_000
    some = tuple(t[apart] for t in terms)
    truth = prices(scheme("high"), *some)
    # a thousandth of what is compared
    np.testing.assert_allclose(american_price(*some, Accuracy.HIGH).price, truth, rtol=0, atol=1e-7)
    off, theirs_off = np.abs(ours[apart] - truth), np.abs(theirs[apart] - truth)
    assert np.mean(off < theirs_off) > 0.99
    assert off.max() < 0.02 < 0.2 < theirs_off.max()


def test_the_two_differ_where_the_correction_divides_by_next_to_nothing(terms, ours, theirs):
    apart = np.abs(ours - theirs) > 1e-4
    formula = Ju(terms, tolerance=1e-14)
    assert np.max(formula.one_less_chi[apart]) < 0.5 < np.quantile(formula.one_less_chi[~apart], 0.02)
    # beyond that QuantLib is below the European price, which the holder can have
    negative = apart & (formula.one_less_chi < 0)
    assert negative.sum() > 10
    assert np.all(theirs[negative] < formula.european[negative])
    assert np.all(ours[negative] >= formula.european[negative])


def test_next_to_the_pole_of_the_formula_the_price_stays_near_the_true_one():
    near = (0, np.array([123.35793979, 123.353, 123.34]), 100.0, 0.0221261508048)
    terms = *near, 0.0010470083013, 0.0059706001068, 0.7846248169944
    truth = american_price(*terms, Accuracy.HIGH).price
    columns = tuple(np.broadcast_to(column, 3) for column in terms)
    assert np.max(np.abs(Ju(columns, tolerance=1e-14).formula - truth)) > 5.0
    assert np.max(np.abs(ju_quadratic(*terms).price - truth)) < 0.02
