"""Values obey parity, forwards obey carry, quotes enclose values on the venue's ticks."""

import numpy as np
import pytest

from engine.simulation.carry import Carry, forwards
from engine.simulation.spreads import SpreadParameters, half_spreads, quotes, tick_size
from engine.simulation.valuation import value_on_forward

SPREADS = SpreadParameters(
    vol_points=0.3,
    wing_slope=0.1,
    short_time_factor=1.0,
    short_time_days=7.0,
    deep_fraction=0.001,
    small_tick=0.05,
    large_tick=0.10,
    large_tick_from=3.0,
)
STRIKES = np.arange(60.0, 145.0, 5.0)


def values(is_put: bool, years: float = 0.25):
    n = len(STRIKES)
    return value_on_forward(
        np.full(n, is_put), STRIKES, np.full(n, 101.0), np.full(n, 0.99), np.full(n, 0.25), np.full(n, years)
    )


def test_put_call_parity_holds_to_rounding():
    parity = values(False).value - values(True).value
    assert parity == pytest.approx(0.99 * (101.0 - STRIKES), abs=1e-12)


def test_black_value_matches_hull():
    # Hull, Options, Futures, and Other Derivatives, 9th edition, example 18.6: put on a future, 4 months,
    # F = K = 20, r = 9%, sigma = 25% -> 1.12
    put = value_on_forward(
        np.array([True]),
        np.array([20.0]),
        np.array([20.0]),
        np.exp([-0.09 * 4 / 12]),
        np.array([0.25]),
        np.array([4 / 12]),
    )
    assert put.value[0] == pytest.approx(1.12, abs=0.005)


def test_greeks_match_finite_differences():
    def value(forward: float, volatility: float) -> float:
        one = np.ones(1)
        return float(
            value_on_forward(one < 0, 95 * one, forward * one, 0.98 * one, volatility * one, 0.5 * one).value[
                0
            ]
        )

    at = value_on_forward(
        np.array([False]),
        np.array([95.0]),
        np.array([100.0]),
        np.array([0.98]),
        np.array([0.3]),
        np.array([0.5]),
    )
    up, middle, down = value(100.01, 0.3), value(100.0, 0.3), value(99.99, 0.3)
    assert 0.98 * at.delta_forward[0] == pytest.approx((up - down) / 0.02, rel=1e-6)
    assert 0.98 * at.gamma_forward[0] == pytest.approx((up - 2 * middle + down) / 1e-4, rel=1e-3)
    assert at.vega_per_vol_point[0] == pytest.approx(
        (value(100.0, 0.3005) - value(100.0, 0.2995)) / 0.1, rel=1e-6
    )


def test_forward_loses_each_dividend_that_comes_before_expiry():
    carry = Carry(np.array([1.0]), np.array([0.05]), 0.0, np.array([0.1, 0.4]), np.array([1.0, 2.0]))
    forward, discount = forwards(100.0, np.array([0.05, 0.25, 0.5, -0.01]), carry)
    assert discount == pytest.approx([*np.exp(-0.05 * np.array([0.05, 0.25, 0.5])), 1.0])
    pv = np.array([0.0, np.exp(-0.005), np.exp(-0.005) + 2 * np.exp(-0.02)])
    assert forward[:3] == pytest.approx((100.0 - pv) * np.exp(0.05 * np.array([0.05, 0.25, 0.5])))
    assert forward[3] == 100.0


def test_quotes_enclose_the_value_on_ticks():
    rng = np.random.default_rng(0)
    for is_put in (False, True):
        v = values(is_put)
        half = half_spreads(v, np.log(STRIKES / 101) / 0.125, np.full(len(STRIKES), 0.25), 100.0, SPREADS)
        for _ in range(50):
            bid, ask = quotes(v.value, half, rng.standard_normal(len(STRIKES)), SPREADS)
            assert np.all(bid <= v.value + 1e-9) and np.all(v.value <= ask + 1e-9)
            assert np.all(ask > bid)
            for price in (bid, ask):
                assert price / tick_size(price, SPREADS) == pytest.approx(
                    np.rint(price / tick_size(price, SPREADS)), abs=1e-6
                )


def test_worthless_options_have_no_bid_but_an_ask():
    bid, ask = quotes(np.array([0.001]), np.array([0.001]), np.zeros(1), SPREADS)
    assert bid[0] == 0.0 and ask[0] == 0.05


def test_spreads_widen_with_moneyness_relative_to_vega_and_near_expiry():
    v = values(False)
    standard = np.log(STRIKES / 101) / 0.125
    quarter = half_spreads(v, standard, np.full(len(STRIKES), 0.25), 100.0, SPREADS)
    per_vega = quarter / v.vega_per_vol_point
    near = np.argmin(np.abs(standard))
    assert per_vega[-1] > 1.5 * per_vega[near]
    week = half_spreads(v, standard, np.full(len(STRIKES), 2 / 365), 100.0, SPREADS)
    assert np.all(week > quarter)
