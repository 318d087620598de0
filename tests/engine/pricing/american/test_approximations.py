"""The classical approximations: published rows, QuantLib, their errors as stated, and each against the true price."""

import numpy as np
import pytest
import QuantLib as ql

from engine.pricing.american.andersen_lake import Accuracy, american_price
from engine.pricing.american.barone_adesi_whaley import barone_adesi_whaley
from engine.pricing.american.bjerksund_stensland_1993 import bjerksund_stensland_1993
from engine.pricing.american.bjerksund_stensland_2002 import bjerksund_stensland_2002
from engine.pricing.american.ju_quadratic import ju_quadratic
from engine.pricing.black import black_price
from tests.engine.pricing.american.contracts import contracts
from tests.engine.pricing.american.quantlib_american import prices
from tests.engine.pricing.published import contract, published

GREEKS = "bjs-greeks-set"


@published("american_baw")
def test_barone_adesi_whaley(case):
    assert abs(float(barone_adesi_whaley(*contract(case)).price) - case["expected"]) <= case["tolerance"]


@published("american_ju1999")
def test_ju_quadratic(case):
    assert abs(float(ju_quadratic(*contract(case)).price) - case["expected"]) <= case["tolerance"]
    assert abs(float(american_price(*contract(case)).price) - case["expected"]) <= 8e-2


@published("american_bjerksund_stensland", but=[GREEKS])
def test_bjerksund_stensland_1993(case):
    assert abs(float(bjerksund_stensland_1993(*contract(case)).price) - case["expected"]) <= case["tolerance"]


@published("american_bjerksund_stensland", only=[GREEKS])
def test_greeks_of_bjerksund_stensland_1993(case):
    """By central differences of eighth order, whose own error is below the tolerance."""
    i, expected = case["inputs"], case["expected"]
    at = {
        "spot": float(i["S"]),
        "strike": float(i["K"]),
        "year_fraction": 731 / 365,
        "rate": i["r"],
        "dividend_yield": i["q"],
        "sigma": i["sigma"],
    }

    def price(**moved):
        return bjerksund_stensland_1993(0, **{**at, **moved}).price

    def derivative(name, step):
        steps = np.arange(-4, 5)
        weights = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
        return float(weights @ price(**{name: at[name] + step * steps})) / step

    def second(name, step):
        steps = np.arange(-4, 5)
        weights = np.array([-1 / 560, 8 / 315, -1 / 5, 8 / 5, -205 / 72, 8 / 5, -1 / 5, 8 / 315, -1 / 560])
        return float(weights @ price(**{name: at[name] + step * steps})) / step**2

    found = {
        "npv": float(price()),
        "delta": derivative("spot", 0.5),
        "gamma": second("spot", 1.0),
        "strikeSensitivity": derivative("strike", 0.5),
        "rho": derivative("rate", 1e-3),
        "dividendRho": derivative("dividend_yield", 1e-3),
        "vega": derivative("sigma", 2e-3),
        "theta": -derivative("year_fraction", 1e-2),
    }
    assert found.keys() == expected.keys()
    for name, value in found.items():
        assert abs(value - expected[name]) <= case["tolerance"] * max(1.0, abs(expected[name])), name


def test_bjerksund_stensland_2002_example():
    """E. G. Haug, The Complete Guide to Option Pricing Formulas (2007), table 3-2: calls of 1993 and 2002 beside each
    other. Both are worth less than the true price, the later one by less."""
    terms = (0, 42.0, 40.0, 0.75, 0.04, 0.08, 0.35)
    flat, two = float(bjerksund_stensland_1993(*terms).price), float(bjerksund_stensland_2002(*terms).price)
    assert flat == pytest.approx(5.2704, abs=5e-5)
    assert flat < two < float(american_price(*terms, Accuracy.HIGH).price)


@pytest.mark.parametrize(
    ("method", "engine", "bound"),
    [
        (barone_adesi_whaley, ql.BaroneAdesiWhaleyApproximationEngine, 1e-4),
        (bjerksund_stensland_1993, ql.BjerksundStenslandApproximationEngine, 1e-9),
    ],
)
def test_100_000_contracts_against_quantlib(method, engine, bound):
    """On strikes of 100. QuantLib ends its search for Barone-Adesi and Whaley's critical price where both sides of
    their equation, of which one is the premium, agree to 1e-6 of the strike. The other method searches nothing."""
    terms = contracts(100_000, seed=7)
    theirs = prices(engine, *terms)
    assert np.max(np.abs(method(*terms).price - theirs)) < bound
    right, spot, strike, years, rate, dividend, sigma = terms
    european = np.exp(-rate * years) * black_price(
        right, spot * np.exp((rate - dividend) * years), *terms[2:4], sigma
    )
    exercised = np.where(right == 1, strike - spot, spot - strike)
    # what either is never below needs no formula: there are enough others
    assert np.mean(theirs > np.maximum(european, exercised) + 100 * bound) > 0.25


@pytest.mark.parametrize("method", [bjerksund_stensland_1993, bjerksund_stensland_2002])
def test_flat_boundaries_are_worth_less_than_the_best_one(method):
    """They are what a holder gets who follows a rule of his own."""
    terms = contracts(3_000, seed=8)
    assert np.all(method(*terms).price <= american_price(*terms, Accuracy.HIGH).price + 1e-7)


@pytest.mark.parametrize(
    ("method", "half", "nearly_all", "worst"),
    [
        (barone_adesi_whaley, 4e-5, 6e-3, 3e-2),
        (ju_quadratic, 2e-5, 2e-3, 6e-3),
        (bjerksund_stensland_1993, 4e-5, 7e-3, 0.1),
        (bjerksund_stensland_2002, 3e-5, 2e-2, 0.13),
    ],
)
def test_errors_as_stated(method, half, nearly_all, worst):
    terms = contracts(10_000, seed=12)
    error = np.abs(method(*terms).price - american_price(*terms).price) / 100.0
    assert np.median(error) < half
    assert np.quantile(error, 0.99) < nearly_all
    assert np.max(error) < worst
    # an approximation that were the price itself would not be described right
    assert np.max(error) > worst / 5


def test_the_later_formula_is_better_in_nine_of_ten_cases():
    terms = contracts(5_000, seed=13)
    gain = bjerksund_stensland_2002(*terms).price - bjerksund_stensland_1993(*terms).price
    assert np.mean(gain >= -1e-9) > 0.9
