"""European prices, Greeks and volatilities of 100,000 random contracts against QuantLib."""

import numpy as np
import pytest
import QuantLib as ql

from engine.pricing.black import black_derivatives, black_price
from engine.pricing.greeks import higher_greeks, spot_greeks
from engine.pricing.implied_volatility import IvStatus, implied_volatility

N = 100_000
EPS = float(np.finfo(np.float64).eps)
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
    told = price < 0.999 * np.where(out == 1, strike, forward)
    assert told.mean() > 0.95
    assert np.max(np.abs(solved.sigma / sigma - 1.0)[told]) < 1e-12


@pytest.mark.parametrize("side", ["out of the money", "as it comes"])
def test_volatilities_are_those_of_quantlib(side, contracts):
    """QuantLib reprices by a difference of two terms, the larger of which is up to the larger of forward and strike:
    eight roundings of that size, divided by vega, is what its search cannot tell. Ours is held against the truth
    above, to twelve digits."""
    right, _, forward, _, strike, years, sigma = contracts
    if side == "out of the money":
        right = (forward > strike).astype(np.int8)
    price = black_price(right, forward, strike, years, sigma)
    solved = implied_volatility(right, forward, strike, years, price)
    rows = np.flatnonzero(solved.status == IvStatus.OK)
    assert rows.size > 0.999 * N
    nothing = ql.nullDouble()
    theirs = np.array(
        [
            ql.blackFormulaImpliedStdDev(SIDES[side], k, f, p, 1.0, 0.0, nothing, 1e-15, 1_000)
            for side, k, f, p in zip(
                *(c[rows].tolist() for c in (right, strike, forward, price)), strict=True
            )
        ]
    )
    root = np.sqrt(years[rows])
    vega = black_derivatives(right, forward, strike, years, sigma).vega[rows] / root
    blur = 8 * EPS * np.maximum(forward, strike)[rows] / vega + 8 * EPS * theirs
    assert np.max(np.abs(solved.sigma[rows] * root - theirs) / blur) < 1.0
    # where the blur is small, as it is for most, it would show an error in the tenth digit
    assert np.median(blur / theirs) < 1e-10


def test_vanna_and_volga_are_those_of_quantlib(contracts):
    """QuantLib 1.44 divides its volga by sigma sqrt(T) where vega is per unit of sigma: sqrt(T) puts that right, and
    the differences of its own vega in the next test say the same."""
    right, spot, forward, discount, strike, years, sigma = contracts
    theirs = np.empty((2, N))
    columns = (right, spot, forward, discount, strike, years, sigma * np.sqrt(years))
    for i, (side, s, f, d, k, t, deviation) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        c = ql.BlackCalculator(ql.PlainVanillaPayoff(SIDES[side], k), f, deviation, d)
        theirs[:, i] = c.vanna(s, t), c.volga(t)
    theirs[1] *= np.sqrt(years)
    ours = higher_greeks(*contracts)
    for mine, reference, weight in (
        (1e2 * ours.vanna_per_vol_point, theirs[0], discount * forward / spot / sigma),
        (1e4 * ours.volga_per_vol_point, theirs[1], discount * forward * np.sqrt(years) / sigma),
    ):
        assert np.max(np.abs(mine - reference) / weight) < 1e-12
        assert np.median(np.abs(reference) / weight) > 1e-3


FEW = 4_000
RELATIVE_STEP = 3e-3


def test_higher_greeks_are_differences_of_quantlib_s_greeks(contracts):
    """Central differences of fourth order. Their own error falls with the fourth power of the step, so that the
    change from twice the step to the step is fifteen times the error left; rounding comes on top: an ulp of a
    derivative, which in terms of d1 is one of the logarithm over the deviation, divided by the step."""
    right, spot, forward, discount, strike, years, sigma = (c[:FEW] for c in contracts)
    carry, rate = np.log(forward / spot) / years, -np.log(discount) / years
    kinds = [
        ql.PlainVanillaPayoff(SIDES[side], k) for side, k in zip(right.tolist(), strike.tolist(), strict=True)
    ]

    def greek(name, spot=spot, years=years, sigma=sigma):
        forward, discount = spot * np.exp(carry * years), np.exp(-rate * years)
        columns = (spot, years, forward, sigma * np.sqrt(years), discount)
        rows = zip(kinds, *(c.tolist() for c in columns), strict=True)
        return np.array(
            [
                getattr(ql.BlackCalculator(kind, f, deviation, d), name)(t if name == "vega" else s)
                for kind, s, t, f, deviation, d in rows
            ]
        )

    def difference(name, **moved):
        (argument, (at, step)), found = next(iter(moved.items())), {}
        for m in (1, 2, 4):
            up, down = (greek(name, **{argument: at + sign * m * step}) for sign in (1, -1))
            found[m] = (up - down) / (2 * m * step)
        fine, coarse = (4 * found[1] - found[2]) / 3, (4 * found[2] - found[4]) / 3
        return fine, np.abs(fine - coarse)

    deviation = sigma * np.sqrt(years)
    narrow = np.minimum(deviation, 1.0)
    ours = higher_greeks(right, spot, forward, discount, strike, years, sigma)
    per_spot = discount * forward / spot
    for name, mine, (reference, left), scale in (
        ("vanna", 1e2 * ours.vanna_per_vol_point, difference("delta", sigma=(sigma, RELATIVE_STEP * sigma)),
         per_spot / sigma),
        ("volga", 1e4 * ours.volga_per_vol_point, difference("vega", sigma=(sigma, RELATIVE_STEP * sigma)),
         per_spot * spot * np.sqrt(years) / sigma),
        ("charm", -365.0 * ours.charm_per_day, difference("delta", years=(years, RELATIVE_STEP * years)),
         per_spot / years),
        ("speed", ours.speed, difference("gamma", spot=(spot, RELATIVE_STEP * spot * narrow)),
         per_spot / (spot * narrow) ** 2),
    ):  # fmt: skip
        rounding = 4 * EPS / RELATIVE_STEP * (1.0 + 1.0 / deviation) * scale
        assert np.all(np.abs(mine - reference) < left + rounding), name
        # and that is a bound that an error in the sixth digit breaks
        assert np.median((left + rounding) / np.abs(reference)) < 1e-6, name


def test_vanna_and_charm_have_the_signs_of_the_trade():
    """An out-of-the-money call gains delta with volatility and loses it with time; a put the other way round."""
    greeks = higher_greeks([0, 1], 100.0, 100.0, 1.0, [120.0, 80.0], 0.25, 0.2)
    assert greeks.vanna_per_vol_point[0] > 0 > greeks.vanna_per_vol_point[1]
    assert greeks.charm_per_day[0] < 0 < greeks.charm_per_day[1]
