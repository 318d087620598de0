"""Digital payoffs, delta conventions and coin-settled options: published rows, identities, finite differences."""

import math

import numpy as np
import pytest

from engine.pricing.black import black_derivatives, black_price
from engine.pricing.delta_conventions import DeltaConvention, delta
from engine.pricing.digital import asset_or_nothing, cash_or_nothing
from engine.pricing.greeks import higher_greeks, spot_greeks
from engine.pricing.inverse import inverse_greeks
from tests.engine.pricing.published import RIGHT, published

CONVENTIONS = {
    "Spot": DeltaConvention.SPOT,
    "Fwd": DeltaConvention.FORWARD,
    "PaSpot": DeltaConvention.SPOT_PREMIUM_ADJUSTED,
    "PaFwd": DeltaConvention.FORWARD_PREMIUM_ADJUSTED,
}


def convention_delta(case, convention: DeltaConvention) -> float:
    i = case["inputs"]
    forward = i["S"] * i["for_df"] / i["dom_df"]
    # a year in which the standard deviation is the volatility
    return float(delta(convention, RIGHT[i["type"]], i["S"], forward, i["dom_df"], i["K"], 1.0, i["std_dev"]))


@published("delta_conventions")
def test_published_deltas_in_every_convention(case):
    found = convention_delta(case, CONVENTIONS[case["inputs"]["convention"]])
    assert found == pytest.approx(case["expected"], abs=case["tolerance"])


@published("delta_conventions")
def test_no_other_convention_gives_a_published_delta(case):
    others = [c for name, c in CONVENTIONS.items() if name != case["inputs"]["convention"]]
    found = [convention_delta(case, c) for c in others]
    assert min(abs(d - case["expected"]) for d in found) > 1e-3


@published("digital_gap")
def test_published_digital_options(case):
    i = case["inputs"]
    discount = math.exp(-i["r"] * i["T"])
    forward = i["S"] * math.exp((i["r"] - i["q"]) * i["T"])
    args = RIGHT[i["type"]], forward, i["K"], i["T"], i["sigma"]
    if "cash" in i:
        value = i["cash"] * discount * cash_or_nothing(*args).price
    else:
        # pays the asset less the other strike above the strike
        value = discount * (asset_or_nothing(*args).price - i["K2_payoff"] * cash_or_nothing(*args).price)
    assert value == pytest.approx(case["expected"], abs=case["tolerance"])


GRID = np.array(
    [
        (right, 100.0, strike, years, sigma)
        for right in (0, 1)
        for strike in (60.0, 95.0, 100.0, 130.0)
        for years in (0.02, 0.5, 3.0)
        for sigma in (0.1, 0.4)
    ]
).T
ARGS = GRID[0].astype(int), *GRID[1:]


def slope(function, argument: int, step: float):
    """Central difference in one of (right, forward, strike, years, sigma)."""
    up, down = list(ARGS), list(ARGS)
    up[argument], down[argument] = ARGS[argument] + step, ARGS[argument] - step
    return (function(*up) - function(*down)) / (2.0 * step)


def test_black_derivatives_are_slopes():
    black = black_derivatives(*ARGS)
    expected = {
        "delta": slope(black_price, 1, 1e-3),
        "vega": slope(black_price, 4, 1e-5),
        "decay": slope(black_price, 3, 1e-6),
        "gamma": slope(lambda *a: black_derivatives(*a).delta, 1, 1e-3),
        "vanna": slope(lambda *a: black_derivatives(*a).delta, 4, 1e-5),
        "volga": slope(lambda *a: black_derivatives(*a).vega, 4, 1e-5),
        "delta_decay": slope(lambda *a: black_derivatives(*a).delta, 3, 1e-6),
        "speed": slope(lambda *a: black_derivatives(*a).gamma, 1, 1e-3),
    }
    for name, numerical in expected.items():
        np.testing.assert_allclose(getattr(black, name), numerical, rtol=2e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("digital", [cash_or_nothing, asset_or_nothing])
def test_digital_derivatives_are_slopes(digital):
    found = digital(*ARGS)
    price = lambda *a: digital(*a).price  # noqa: E731
    np.testing.assert_allclose(found.delta, slope(price, 1, 1e-3), rtol=2e-5, atol=1e-7)
    np.testing.assert_allclose(found.vega, slope(price, 4, 1e-5), rtol=2e-5, atol=1e-6)
    gamma = slope(lambda *a: digital(*a).delta, 1, 1e-3)
    np.testing.assert_allclose(found.gamma, gamma, rtol=2e-4, atol=1e-6)


def test_the_asset_less_the_strike_in_cash_is_the_plain_option_and_both_sides_pay_for_certain():
    right, f, k, t, v = ARGS
    sign = np.where(right == 1, -1.0, 1.0)
    plain = sign * (asset_or_nothing(*ARGS).price - k * cash_or_nothing(*ARGS).price)
    np.testing.assert_allclose(plain, black_price(*ARGS), rtol=0, atol=1e-12)
    both = cash_or_nothing(right, f, k, t, v).price + cash_or_nothing(1 - right, f, k, t, v).price
    np.testing.assert_allclose(both, 1.0, rtol=1e-15)


def test_without_time_a_digital_pays_or_not():
    paid = cash_or_nothing([0, 0, 0, 1], 100.0, [99.0, 101.0, 100.0, 101.0], 0.0, 0.2)
    np.testing.assert_array_equal(paid.price, [1.0, 0.0, 0.5, 1.0])
    # at the strike, where it jumps, there is no derivative
    for derivative in (paid.delta, paid.gamma, paid.vega):
        np.testing.assert_array_equal(derivative, [0.0, 0.0, np.nan, 0.0])
    asset = asset_or_nothing(0, 100.0, [99.0, 101.0, 100.0], 0.5, 0.0)
    np.testing.assert_array_equal(asset.price, [100.0, 0.0, 50.0])
    np.testing.assert_array_equal(asset.vega, [0.0, 0.0, np.nan])


def test_higher_greeks_are_slopes_on_the_spot():
    rate, dividend_yield, spot = 0.04, 0.015, 97.0
    right, _, k, t, v = ARGS

    def first(spot, years, sigma):
        forward = spot * np.exp((rate - dividend_yield) * years)
        return spot_greeks(right, spot, forward, np.exp(-rate * years), k, years, sigma)

    forward = spot * np.exp((rate - dividend_yield) * t)
    found = higher_greeks(right, spot, forward, np.exp(-rate * t), k, t, v)
    h, day = 1e-3, 1e-5
    vanna = (first(spot, t, v + h).delta - first(spot, t, v - h).delta) / (2 * h) * 0.01
    volga = (
        (first(spot, t, v + h).vega_per_vol_point - first(spot, t, v - h).vega_per_vol_point) / (2 * h) * 0.01
    )
    charm = (first(spot, t - day, v).delta - first(spot, t + day, v).delta) / (2 * day) / 365.0
    speed = (first(spot + h, t, v).gamma - first(spot - h, t, v).gamma) / (2 * h)
    np.testing.assert_allclose(found.vanna_per_vol_point, vanna, rtol=2e-3, atol=1e-6)
    np.testing.assert_allclose(found.volga_per_vol_point, volga, rtol=2e-3, atol=1e-6)
    np.testing.assert_allclose(found.charm_per_day, charm, rtol=2e-4, atol=1e-8)
    np.testing.assert_allclose(found.speed, speed, rtol=1e-4, atol=1e-8)


def test_coin_greeks_are_slopes_of_the_coin_price():
    found = inverse_greeks(*ARGS)
    coins = lambda *a: inverse_greeks(*a).price_coin  # noqa: E731
    np.testing.assert_allclose(found.price_coin, black_price(*ARGS) / ARGS[1], rtol=1e-15)
    np.testing.assert_allclose(found.coin_price_slope, slope(coins, 1, 1e-3), rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(
        found.vega_coin_per_vol_point, 0.01 * slope(coins, 4, 1e-5), rtol=1e-5, atol=1e-9
    )
    np.testing.assert_allclose(found.theta_coin_per_day, -slope(coins, 3, 1e-6) / 365.0, rtol=1e-5, atol=1e-9)
    gamma = slope(lambda *a: inverse_greeks(*a).delta_coin, 1, 1e-3)
    np.testing.assert_allclose(found.gamma_coin, gamma, rtol=1e-5, atol=1e-9)


def test_a_coin_delta_is_the_premium_adjusted_forward_delta():
    adjusted = delta(DeltaConvention.FORWARD_PREMIUM_ADJUSTED, ARGS[0], 99.0, *ARGS[1:2], 1.0, *ARGS[2:])
    np.testing.assert_allclose(inverse_greeks(*ARGS).delta_coin, adjusted, rtol=1e-14)


DELTA = {
    "right": 0,
    "spot": 100.0,
    "forward": 101.0,
    "discount": 0.98,
    "strike": 99.0,
    "year_fraction": 0.5,
    "sigma": 0.2,
}
ON_SPOT = (DeltaConvention.SPOT, DeltaConvention.SPOT_PREMIUM_ADJUSTED)


@pytest.mark.parametrize("convention", list(DeltaConvention))
def test_deltas_outside_the_domain_are_unknown(convention):
    assert np.isfinite(delta(convention, **DELTA))
    for name in ("forward", "strike"):
        assert np.isnan(delta(convention, **{**DELTA, name: [-1.0, 0.0, np.inf, np.nan]})).all()
    for name in ("spot", "discount"):
        found = delta(convention, **{**DELTA, name: [-1.0, 0.0, np.inf, np.nan]})
        # what is hedged with the forward asks for neither
        expected = np.nan if convention in ON_SPOT else delta(convention, **DELTA)
        np.testing.assert_array_equal(found, np.full(4, expected))


@pytest.mark.parametrize("convention", list(DeltaConvention))
def test_shapes_that_do_not_fit_are_named_in_every_convention(convention):
    with pytest.raises(ValueError, match=r"strike has shape \(2,\), which does not fit spot \(3,\)"):
        delta(convention, **{**DELTA, "spot": np.full(3, 100.0), "strike": np.full(2, 99.0)})


@pytest.mark.parametrize("wrong", [None, "delta", 0])
def test_a_convention_that_is_none_is_refused(wrong):
    with pytest.raises(
        ValueError, match=r"convention must be a member of DeltaConvention, got .*: give DeltaConvention.SPOT"
    ):
        delta(wrong, **DELTA)
    assert delta("forward", **DELTA) == delta(DeltaConvention.FORWARD, **DELTA)
