"""What holds for all American prices, whatever the contract."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from engine.pricing.american.andersen_lake import Accuracy, american_price

CONTRACT = {
    "spot": st.floats(40.0, 250.0),
    "strike": st.floats(50.0, 200.0),
    "year_fraction": st.floats(0.003, 5.0),
    "rate": st.floats(0.0, 0.15),
    "dividend_yield": st.floats(0.0, 0.15),
    "sigma": st.floats(0.03, 1.5),
}
#: of the strike, by which a price in itself may be off
NOISE = 1e-5


def european(right, spot, strike, year_fraction, rate, dividend_yield, sigma):
    sign = 1.0 if right == 0 else -1.0
    s = sigma * np.sqrt(year_fraction)
    d1 = (np.log(spot / strike) + (rate - dividend_yield) * year_fraction) / s + 0.5 * s
    forward, paid = spot * np.exp(-dividend_yield * year_fraction), strike * np.exp(-rate * year_fraction)
    return sign * (forward * ndtr(sign * d1) - paid * ndtr(sign * (d1 - s)))


@settings(max_examples=150, deadline=None)
@given(right=st.integers(0, 1), accuracy=st.sampled_from(Accuracy), **CONTRACT)
def test_between_what_the_holder_has_and_the_most_that_he_can_get(right, accuracy, **terms):
    price = float(american_price(right, **terms, accuracy=accuracy).price)
    intrinsic = terms["spot"] - terms["strike"] if right == 0 else terms["strike"] - terms["spot"]
    assert price >= max(intrinsic, 0.0)
    assert price >= european(right, **terms) - 1e-12 * terms["strike"] - 1e-12 * terms["spot"]
    assert price <= (terms["spot"] if right == 0 else terms["strike"])


@settings(max_examples=100, deadline=None)
@given(**CONTRACT)
def test_a_call_is_a_put_turned_over(spot, strike, year_fraction, rate, dividend_yield, sigma):
    call = american_price(0, spot, strike, year_fraction, rate, dividend_yield, sigma).price
    put = american_price(1, strike, spot, year_fraction, dividend_yield, rate, sigma).price
    assert float(call) == float(put)


@settings(max_examples=60, deadline=None)
@given(right=st.integers(0, 1), **CONTRACT)
def test_more_time_and_more_volatility_are_worth_more(right, **terms):
    for name in ("year_fraction", "sigma"):
        values = terms[name] * np.linspace(1.0, 1.5, 12)
        price = american_price(right, **{**terms, name: values}).price
        assert np.all(np.diff(price) >= -NOISE * terms["strike"])


@settings(max_examples=60, deadline=None)
@given(right=st.integers(0, 1), **CONTRACT)
def test_monotone_and_convex_in_the_strike(right, **terms):
    strikes = terms["strike"] * np.linspace(0.8, 1.25, 46)
    price = american_price(right, **{**terms, "strike": strikes}).price
    slope = np.diff(price) / np.diff(strikes)
    sign = -1.0 if right == 0 else 1.0
    assert np.all((sign * slope >= -NOISE) & (sign * slope <= 1.0 + NOISE))
    assert np.all(np.diff(slope) >= -1e-4)


@settings(max_examples=60, deadline=None)
@given(right=st.integers(0, 1), scale=st.floats(1e-6, 1e6), **CONTRACT)
def test_of_degree_one_in_spot_and_strike(right, scale, **terms):
    price = float(american_price(right, **terms).price)
    larger = {**terms, "spot": scale * terms["spot"], "strike": scale * terms["strike"]}
    assert float(american_price(right, **larger).price) == pytest.approx(
        scale * price, rel=1e-9, abs=1e-12 * scale
    )


def test_a_european_price_in_its_place_would_not_pass():
    """The deliberately wrong variant: without the premium a deep put is worth less than exercise."""
    terms = {
        "spot": 70.0,
        "strike": 100.0,
        "year_fraction": 1.0,
        "rate": 0.05,
        "dividend_yield": 0.0,
        "sigma": 0.2,
    }
    assert european(1, **terms) < 30.0 == float(american_price(1, **terms).price)
