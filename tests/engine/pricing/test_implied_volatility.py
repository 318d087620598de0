"""Implied volatilities: published values, round trips over the whole domain, statuses."""

import mpmath
import numpy as np
import pytest

from engine.pricing.black import black_price
from engine.pricing.implied_volatility import IvStatus, implied_volatility
from tests.engine.pricing.normalised_loops import normalised_price, total_volatility
from tests.engine.pricing.published import as_parameters, case_of, cases

CASES = [c for c in cases("implied_vol_lets_be_rational") if "undiscounted_price" in c["inputs"]]


def solve(case):
    i = case["inputs"]
    right = 0 if i["type"] == "call" else 1
    return implied_volatility(right, i["F"], i["K"], i["T"], i["undiscounted_price"])


@as_parameters(CASES)
def test_volatilities_of_lets_be_rational_to_a_few_units_in_the_last_place(case):
    solved = solve(case)
    assert solved.status == IvStatus.OK
    assert solved.sigma == pytest.approx(case["expected"]["sigma_reference_algo"], abs=case["tolerance"])


def test_there_are_enough_published_volatilities():
    assert len(CASES) >= 29


def test_a_wrong_variant_is_rejected_by_the_published_values():
    # the discounted price in the place of the undiscounted one, at a rate of one percent
    case = case_of(id="lbr-0062")
    i = case["inputs"]
    wrong = implied_volatility(1, i["F"], i["K"], i["T"], i["undiscounted_price"] * np.exp(-0.01 * i["T"]))
    assert abs(wrong.sigma - case["expected"]["sigma"]) > 1e-3


def test_realistic_quotes_are_inverted_to_twelve_digits():
    rng = np.random.default_rng(11)
    n = 200_000
    strike = 100.0
    forward = strike * np.exp(rng.normal(0.0, 0.25, n))
    years, sigma = rng.uniform(1 / 365, 3.0, n), rng.uniform(0.04, 2.0, n)
    right = (forward > strike).astype(np.int8)
    price = black_price(right, forward, strike, years, sigma)
    worth = price > 1e-6
    solved = implied_volatility(*(v[worth] for v in (right, forward)), strike, years[worth], price[worth])
    assert np.all(solved.status == IvStatus.OK)
    assert np.abs(solved.sigma / sigma[worth] - 1).max() < 1e-12


def test_the_whole_domain_is_inverted_down_to_the_smallest_prices():
    rng = np.random.default_rng(12)
    n = 200_000
    x, s = -(10 ** rng.uniform(-9, 1.5, n)), 10 ** rng.uniform(-4, 1.2, n)
    price = normalised_price(x, s)
    # close to its maximum a price no longer tells its volatility
    told = (price > 1e-300) & (np.exp(0.5 * x) - price > 1e-3 * np.exp(0.5 * x))
    solved = total_volatility(x[told], price[told])
    assert np.abs(solved / s[told] - 1).max() < 1e-12


def test_prices_below_the_least_normal_number_are_inverted_to_the_digits_that_they_have():
    forward, strike, years = 110.0, 100.0, 0.01
    wanted = np.concatenate([np.linspace(0.02494, 0.02530, 40), [0.0255, 0.026, 0.027]])
    price = np.array([float(exact_put(forward, strike, years, sigma)) for sigma in wanted])
    assert price[0] < 1e-321 and np.all(price > 0.0)
    assert np.sum(price < np.finfo(np.float64).tiny) >= 40
    solved = implied_volatility(1, forward, strike, years, price)
    assert np.all(solved.status == IvStatus.OK)
    # the price is a whole number of steps of 5e-324; its logarithm moves by h^2 for each unit of that of volatility
    h = np.log(forward / strike) / (wanted * np.sqrt(years))
    rounding = 0.5 * (np.spacing(price) / price)
    assert np.all(np.abs(solved.sigma / wanted - 1.0) < 1e-12 + 1.1 * rounding / (h * h))


def test_at_the_money_the_smallest_volatilities_are_proportional_to_the_price():
    s = 10.0 ** np.array([-310, -308, -300, -200, -160, -150, -120, -100, -50, -12, -9, -8], dtype=float)
    price = 100.0 * (s / np.sqrt(2.0 * np.pi)) * (1.0 - s * s / 24.0)
    solved = implied_volatility([[0], [1]], 100.0, 100.0, 1.0, price)
    assert np.all(solved.status == IvStatus.OK)
    np.testing.assert_allclose(solved.sigma, np.broadcast_to(s, (2, s.size)), rtol=1e-12)


def exact_put(forward: float, strike: float, years: float, sigma: float):
    with mpmath.workdps(40):
        s = mpmath.mpf(sigma) * mpmath.sqrt(mpmath.mpf(years))
        d1 = mpmath.log(mpmath.mpf(forward) / strike) / s + s / 2
        return strike * mpmath.ncdf(s - d1) - forward * mpmath.ncdf(-d1)


def test_prices_next_to_their_bounds_are_repriced():
    x = np.array([-1e-8, -0.01, -1.0, -5.0, -20.0])
    for share in (1e-250, 1e-30, 1e-8, 0.5, 0.999, 1 - 1e-9, 1 - 1e-14):
        price = share * np.exp(0.5 * x)
        again = normalised_price(x, total_volatility(x, price))
        assert again == pytest.approx(price, rel=1e-10)


def test_in_the_money_prices_give_the_volatility_of_the_other_side():
    strike = np.array([60.0, 80.0, 120.0, 160.0])
    call, put = (black_price(r, 100.0, strike, 0.5, 0.3) for r in (0, 1))
    from_calls, from_puts = (implied_volatility(r, 100.0, strike, 0.5, p) for r, p in ((0, call), (1, put)))
    assert from_calls.sigma == pytest.approx(0.3, abs=1e-10)
    assert from_puts.sigma == pytest.approx(0.3, abs=1e-10)


@pytest.mark.parametrize(
    ("right", "forward", "years", "price", "status"),
    [
        (0, 110.0, 0.5, 12.0, IvStatus.OK),
        (0, 110.0, 0.5, np.nan, IvStatus.NO_QUOTE),
        (0, 110.0, 0.5, 0.0, IvStatus.NO_QUOTE),
        (0, 110.0, 0.5, -1.0, IvStatus.NO_QUOTE),
        (0, 110.0, 0.5, np.inf, IvStatus.NO_QUOTE),
        (0, 110.0, 0.5, 9.9, IvStatus.BELOW_INTRINSIC),
        (0, 110.0, 0.5, 10.0, IvStatus.BELOW_INTRINSIC),
        (0, 110.0, 0.5, np.nextafter(10.0, 11.0), IvStatus.BELOW_INTRINSIC),
        (1, 90.0, 0.5, 10.0, IvStatus.BELOW_INTRINSIC),
        (0, 110.0, 0.5, 110.0, IvStatus.ABOVE_MAXIMUM),
        (1, 110.0, 0.5, 100.0, IvStatus.ABOVE_MAXIMUM),
        (1, 110.0, 0.5, 99.0, IvStatus.OK),
        (0, 110.0, 0.0, 12.0, IvStatus.NO_TIME),
        (0, 110.0, -0.1, np.nan, IvStatus.NO_TIME),
        (0, np.nan, 0.5, 12.0, IvStatus.NO_FORWARD),
    ],
)
def test_every_quote_without_a_volatility_says_why(right, forward, years, price, status):
    solved = implied_volatility(right, forward, 100.0, years, price)
    assert IvStatus(int(solved.status)) is status
    assert np.isfinite(solved.sigma) == (status is IvStatus.OK)


def test_labels_are_what_the_lake_stores():
    assert [s.label for s in IvStatus] == [
        "ok",
        "no_quote",
        "below_intrinsic",
        "above_maximum",
        "no_time",
        "no_forward",
        "out_of_range",
    ]


def test_no_quotes_have_no_volatilities():
    empty = np.array([])
    assert implied_volatility(empty, empty, empty, empty, empty).sigma.shape == (0,)
