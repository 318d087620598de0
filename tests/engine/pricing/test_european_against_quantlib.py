"""European prices, Greeks and volatilities of 100,000 random contracts against QuantLib."""

import numpy as np
import pytest
import QuantLib as ql

from engine.pricing.black import black_price
from engine.pricing.greeks import higher_greeks, spot_greeks
from engine.pricing.implied_volatility import implied_volatility

N = 100_000
SIDES = (ql.Option.Call, ql.Option.Put)


@pytest.fixture(scope="module")
def contracts():
    rng = np.random.default_rng(100)
    right = rng.integers(0, 2, N).astype(np.int8)
    spot = np.exp(rng.uniform(0, 8, N))
    years, sigma = (
        np.exp(rng.uniform(np.log(1e-3), np.log(10), N)),
        np.exp(rng.uniform(np.log(0.02), np.log(2), N)),
    )
    rate, carry = rng.uniform(-0.02, 0.12, N), rng.uniform(-0.1, 0.1, N)
    forward, discount = spot * np.exp(carry * years), np.exp(-rate * years)
    strike = forward * np.exp(rng.uniform(-5, 5, N) * sigma * np.sqrt(years))
    return right, spot, forward, discount, strike, years, sigma


def test_prices_and_greeks_are_those_of_quantlib(contracts):
    right, spot, forward, discount, strike, years, sigma = contracts
    theirs = np.empty((6, N))
    for i in range(N):
        payoff = ql.PlainVanillaPayoff(SIDES[right[i]], float(strike[i]))
        deviation = float(sigma[i] * np.sqrt(years[i]))
        c = ql.BlackCalculator(payoff, float(forward[i]), deviation, float(discount[i]))
        s, t = float(spot[i]), float(years[i])
        theirs[:, i] = c.value(), c.delta(s), c.gamma(s), c.vega(t), c.theta(s, t), c.rho(t)
    ours = spot_greeks(*contracts)
    scale = np.maximum(spot, discount * strike)  # QuantLib's own values carry rounding of this size
    assert np.max(np.abs(ours.price - theirs[0]) / scale) < 1e-14
    assert np.max(np.abs(ours.delta - theirs[1])) < 1e-13 * np.max(discount * forward / spot)
    for mine, reference, weight in (
        (ours.gamma, theirs[2], 1.0 / (spot * sigma * np.sqrt(years))),
        (100.0 * ours.vega_per_vol_point, theirs[3], scale * np.sqrt(years)),
        (365.0 * ours.theta_per_day, theirs[4], scale * (0.2 + sigma / np.sqrt(years))),
        (100.0 * ours.rho_per_pct, theirs[5], scale * years),
    ):
        assert np.max(np.abs(mine - reference) / weight) < 1e-12


def test_volatilities_are_found_again_where_the_time_value_tells_them(contracts):
    _, _, forward, _, strike, years, sigma = contracts
    out = (forward > strike).astype(np.int8)
    price = black_price(out, forward, strike, years, sigma)
    solved = implied_volatility(out, forward, strike, years, price)
    largest = np.where(out == 1, strike, forward)
    told = price < 0.999 * largest
    assert told.mean() > 0.95
    assert np.max(np.abs(solved.sigma / sigma - 1.0)[told]) < 1e-12
    # QuantLib's search stops at an accuracy of its own, some 1e-8: ours is the one held against the truth above
    some = np.flatnonzero(told & (price > 1e-6 * largest))[:2_000]
    theirs = [
        ql.blackFormulaImpliedStdDev(
            SIDES[out[i]],
            float(strike[i]),
            float(forward[i]),
            float(price[i]),
            1.0,
            0.0,
            ql.nullDouble(),
            1e-14,
        )
        for i in some
    ]
    np.testing.assert_allclose(solved.sigma[some] * np.sqrt(years[some]), theirs, rtol=1e-7)


def test_vanna_and_charm_have_the_signs_of_the_trade():
    """An out-of-the-money call gains delta with volatility and loses it with time; a put the other way round."""
    greeks = higher_greeks([0, 1], 100.0, 100.0, 1.0, [120.0, 80.0], 0.25, 0.2)
    assert greeks.vanna_per_vol_point[0] > 0 > greeks.vanna_per_vol_point[1]
    assert greeks.charm_per_day[0] < 0 < greeks.charm_per_day[1]
