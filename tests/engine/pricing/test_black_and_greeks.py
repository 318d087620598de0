"""Prices and Greeks against published values, finite differences and limits."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.pricing.black import black_derivatives, black_price
from engine.pricing.greeks import DAYS_PER_YEAR, SpotGreeks, spot_greeks
from tests.engine.pricing.published import RIGHT, case_of, published


def bsm(inputs: dict, right: str) -> SpotGreeks:
    spot, rate, years = float(inputs["S"]), inputs["r"], inputs["T"]
    forward = spot * np.exp((rate - inputs["q"]) * years)
    return spot_greeks(
        RIGHT[right], spot, forward, np.exp(-rate * years), float(inputs["K"]), years, inputs["sigma"]
    )


def per_unit(greeks: SpotGreeks, name: str, inputs: dict) -> float:
    """A Greek in the books' units: per 1.00 of volatility and rate, per year."""
    return float(
        {
            "price": greeks.price,
            "delta": greeks.delta,
            "gamma": greeks.gamma,
            "vega": greeks.vega_per_vol_point * 100,
            "theta": greeks.theta_per_day * DAYS_PER_YEAR,
            "rho": greeks.rho_per_pct * 100,
            # with the yield instead of the rate only the forward moves
            "dividendRho": -inputs["T"] * inputs["S"] * greeks.delta,
        }[name]
    )


@published("european_bsm_price")
def test_published_european_prices(case):
    greeks = bsm(case["inputs"], case["inputs"]["type"])
    assert greeks.price == pytest.approx(case["expected"], abs=case["tolerance"])


@published("european_bsm_greeks", "hull_greeks")
def test_published_greeks(case):
    inputs = case["inputs"]
    value = per_unit(bsm(inputs, inputs["type"]), inputs["greek"], inputs)
    assert value == pytest.approx(case["expected"], abs=case["tolerance"])


@published("bs_price_and_greeks_table")
def test_published_table_of_prices_and_greeks(case):
    inputs = case["inputs"]
    for name, expected in case["expected"].items():
        right, _, greek = name.partition("_")
        value = per_unit(bsm(inputs, right), greek or "price", inputs)
        assert value == pytest.approx(expected, abs=case["tolerance"]), name


@published("hull_price")
def test_published_prices_of_hull(case):
    for right in RIGHT:
        price = bsm({**case["inputs"], "q": 0.0}, right).price
        assert price == pytest.approx(case["expected"][right], abs=case["tolerance"])


def test_published_undiscounted_price_of_lets_be_rational():
    case = case_of(id="lbr-black")
    i = case["inputs"]
    price = black_price(0, i["F"], i["K"], i["T"], i["sigma"])
    assert price == pytest.approx(case["expected"], abs=case["tolerance"])


@published("black76")
def test_published_option_on_a_future(case):
    i = case["inputs"]
    undiscounted = black_price(RIGHT[i["type"]], i["F"], i["K"], i["T"], i["sigma"])
    assert np.exp(-i["r"] * i["T"]) * undiscounted == pytest.approx(case["expected"], abs=case["tolerance"])


def test_far_out_of_the_money_prices_keep_their_relative_precision():
    # the published row of 1.5e-88 is printed to six digits
    case = case_of(id="vollib-tab-S150")
    price = bsm(case["inputs"], "call").price
    assert price == pytest.approx(case["expected"]["call"], rel=1e-5)


@published("implied_vol_lets_be_rational", only=["lbr-normalised-call", "lbr-normalised-put"])
def test_normalised_prices_of_lets_be_rational(case):
    x, s = np.log(100 / 95), 0.3 * np.sqrt(0.5)
    # forward over strike is exp(-x), their product 1
    price = black_price(0, np.exp(-x / 2), np.exp(x / 2), 1.0, s)
    intrinsic = 2 * np.sinh(x / 2) if case["inputs"]["q"] == 1 else 0.0
    assert price + intrinsic == pytest.approx(case["expected"], abs=case["tolerance"])


def test_the_published_rows_reject_wrong_variants():
    haug = case_of(id="haug1998-greek-theta-08")
    i = haug["inputs"]
    right = bsm(i, i["type"])
    # theta with the forward held instead of the spot
    held = (
        -np.exp(-i["r"] * i["T"])
        * black_derivatives(1, i["S"] * np.exp((i["r"] - i["q"]) * i["T"]), i["K"], i["T"], i["sigma"]).decay
    )
    assert abs(held - haug["expected"]) > 100 * haug["tolerance"]
    assert abs(per_unit(right, "theta", i) - haug["expected"]) <= haug["tolerance"]
    # an undiscounted price
    price = case_of(group="black76")
    p = price["inputs"]
    assert abs(black_price(0, p["F"], p["K"], p["T"], p["sigma"]) - price["expected"]) > price["tolerance"]


MONEYNESS = st.floats(-1.5, 1.5)
VOLATILITY = st.floats(0.02, 2.0)
YEARS = st.floats(0.01, 3.0)


@given(st.sampled_from([0, 1]), MONEYNESS, YEARS, VOLATILITY, st.floats(-0.05, 0.15), st.floats(-0.05, 0.1))
def test_greeks_are_the_slopes_of_the_price(right, moneyness, years, sigma, rate, dividend_yield):
    strike = 100.0
    spot = strike * np.exp(moneyness)

    def price(s=spot, t=years, vol=sigma, r=rate):
        forward = s * np.exp((r - dividend_yield) * t)
        return float(spot_greeks(right, s, forward, np.exp(-r * t), strike, t, vol).price)

    def slope(argument: str, at: float, step: float) -> float:
        return (price(**{argument: at + step}) - price(**{argument: at - step})) / (2 * step)

    forward = spot * np.exp((rate - dividend_yield) * years)
    greeks = spot_greeks(right, spot, forward, np.exp(-rate * years), strike, years, sigma)
    assume(sigma * np.sqrt(years) > 0.02)
    width = 1e-4 * spot
    assert greeks.delta == pytest.approx(slope("s", spot, width), abs=2e-5)
    second = (price(s=spot + width) - 2 * price() + price(s=spot - width)) / width**2
    assert greeks.gamma * spot == pytest.approx(second * spot, abs=2e-3)
    assert greeks.vega_per_vol_point == pytest.approx(0.01 * slope("vol", sigma, 1e-4 * sigma), abs=1e-4)
    assert greeks.theta_per_day == pytest.approx(-slope("t", years, 1e-4 * years) / 365, abs=1e-4)
    assert greeks.rho_per_pct == pytest.approx(0.01 * slope("r", rate, 1e-4), abs=1e-4)


@given(MONEYNESS, YEARS, VOLATILITY)
def test_put_call_parity_holds_to_the_last_digits(moneyness, years, sigma):
    strike, forward = 100.0, 100.0 * np.exp(moneyness)
    call, put = black_price([0, 1], forward, strike, years, sigma)
    assert call - put == pytest.approx(forward - strike, abs=1e-12 * max(forward, strike))


@given(st.sampled_from([0, 1]), MONEYNESS, YEARS, VOLATILITY, st.floats(1.01, 2.0))
def test_prices_rise_with_volatility_and_stay_within_their_bounds(right, moneyness, years, sigma, factor):
    strike, forward = 100.0, 100.0 * np.exp(moneyness)
    low, high = black_price(right, forward, strike, years, np.array([sigma, sigma * factor]))
    intrinsic = max(strike - forward if right else forward - strike, 0.0)
    assert intrinsic <= low <= high <= (strike if right else forward)


@pytest.mark.parametrize(
    ("years", "sigma"), [(0.0, 0.2), (0.5, 0.0), (1e-300, 0.2), (0.5, 1e-160), (0.0, 0.0)]
)
def test_without_time_or_volatility_only_intrinsic_value_is_left(years, sigma):
    strike = np.array([90.0, 100.0, 110.0])
    call = black_derivatives(0, 100.0, strike, years, sigma)
    put = black_derivatives(1, 100.0, strike, years, sigma)
    assert call.price == pytest.approx([10.0, 0.0, 0.0], abs=1e-12)
    assert put.price == pytest.approx([0.0, 0.0, 10.0], abs=1e-12)
    assert call.delta == pytest.approx([1.0, 0.5, 0.0])
    assert put.delta == pytest.approx([0.0, -0.5, -1.0])
    for values in (call.gamma[[0, 2]], call.vega[[0, 2]], call.decay[[0, 2]]):
        assert values == pytest.approx(0.0, abs=1e-12)


def test_huge_volatility_prices_the_whole_forward():
    call, put = black_price([0, 1], 120.0, 100.0, 1.0, 60.0)
    assert (call, put) == (pytest.approx(120.0), pytest.approx(100.0))


@pytest.mark.parametrize(
    ("forward", "strike", "years", "sigma"),
    [(-1, 100, 1, 0.2), (100, 0, 1, 0.2), (100, 100, -1, 0.2), (100, 100, 1, -0.2), (np.nan, 100, 1, 0.2)],
)
def test_outside_the_domain_there_is_no_price(forward, strike, years, sigma):
    assert np.isnan(black_price(0, forward, strike, years, sigma))
    assert np.isnan(black_derivatives(0, forward, strike, years, sigma).delta)


def test_at_expiry_theta_and_rho_cannot_be_told():
    greeks = spot_greeks(0, 100.0, 100.0, 1.0, 90.0, 0.0, 0.2)
    assert greeks.delta == pytest.approx(1.0)
    assert np.isnan(greeks.theta_per_day) and np.isnan(greeks.rho_per_pct)
