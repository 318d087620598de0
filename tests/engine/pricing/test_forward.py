"""Forwards and discounts from parity, and what happens where parity says nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pricing import forward_loops
from engine.pricing.forward import (
    ForwardMethod,
    fit_forward,
    fit_forwards,
    implied_borrow_cost,
    inverse_forward,
)
from engine.pricing.rate_curve import RateCurve

STRIKES = np.arange(90.0, 111.0, 1.0)


def line(forward: float, discount: float, strikes: np.ndarray = STRIKES) -> np.ndarray:
    return discount * (forward - strikes)


@given(st.floats(95.0, 105.0), st.floats(-0.01, 0.08), st.floats(0.01, 3.0))
def test_an_exact_line_gives_its_forward_and_discount(forward, rate, years):
    discount = np.exp(-rate * years)
    fit = fit_forward(STRIKES, line(forward, discount), spot=100.0, year_fraction=years, rate=rate)
    assert fit.forward == pytest.approx(forward, rel=1e-10)
    assert fit.discount == pytest.approx(discount, rel=1e-10)
    assert (fit.pairs, fit.method) == (21, ForwardMethod.PARITY_OLS)


def test_strikes_far_from_spot_do_not_enter():
    strikes = np.append(STRIKES, [50.0, 200.0])
    difference = np.append(line(101.0, 0.99), [0.0, 0.0])
    fit = fit_forward(strikes, difference, spot=100.0, year_fraction=0.25, rate=0.04)
    assert fit.pairs == 21
    assert fit.forward == pytest.approx(101.0)


def test_a_stale_pair_is_dropped_and_the_method_says_so():
    noise = np.random.default_rng(1).normal(0.0, 0.01, STRIKES.size)
    difference = line(101.0, 0.99) + noise
    difference[3] += 4.0
    fit = fit_forward(STRIKES, difference, spot=100.0, year_fraction=0.25, rate=0.04)
    assert (fit.pairs, fit.method) == (20, ForwardMethod.PARITY_ROBUST)
    assert fit.forward == pytest.approx(101.0, abs=0.02)
    # the plain fit, which this replaces, is off by more
    slope, intercept = np.polyfit(STRIKES, difference, 1)
    assert abs(-intercept / slope - 101.0) > 0.1


def test_ordinary_noise_is_fitted_plainly():
    noise = np.random.default_rng(2).normal(0.0, 0.05, STRIKES.size)
    fit = fit_forward(STRIKES, line(101.0, 0.99) + noise, spot=100.0, year_fraction=0.25, rate=0.04)
    assert fit.method is ForwardMethod.PARITY_OLS
    assert fit.residual_sd == pytest.approx(0.05, rel=0.4)


def test_a_slope_that_early_exercise_has_steepened_falls_back_to_the_curve():
    # puts worth half a percent more for every point they are in the money
    difference = line(100.2, 0.9967) - 0.03 * np.maximum(STRIKES - 100.2, 0.0)
    fit = fit_forward(STRIKES, difference, spot=100.0, year_fraction=1 / 12, rate=0.04)
    assert fit.method is ForwardMethod.PARITY_MEDIAN
    assert fit.discount == pytest.approx(np.exp(-0.04 / 12))
    assert fit.forward == pytest.approx(100.2, abs=0.05)


@pytest.mark.parametrize("rate", [0.05, None])
def test_too_few_pairs_take_the_median_near_the_money(rate):
    discount = np.exp(-(rate or 0.0))
    strikes = np.array([99.0, 100.0, 101.0])
    fit = fit_forward(strikes, line(102.0, discount, strikes), spot=100.0, year_fraction=1.0, rate=rate)
    assert fit.forward == pytest.approx(102.0)
    assert fit.discount == pytest.approx(discount)
    expected = ForwardMethod.PARITY_MEDIAN if rate else ForwardMethod.PARITY_MEDIAN_ZERO_RATE
    assert (fit.method, fit.pairs) == (expected, 3)


@pytest.mark.parametrize(
    ("rate", "method"), [(0.05, ForwardMethod.SPOT_CARRY), (None, ForwardMethod.SPOT_ZERO_RATE)]
)
def test_without_pairs_spot_is_carried_and_the_method_says_at_which_rate(rate, method):
    empty = np.array([])
    fit = fit_forward(empty, empty, spot=100.0, year_fraction=2.0, rate=rate)
    assert fit.forward == pytest.approx(100.0 * np.exp(2 * (rate or 0.0)))
    assert (fit.method, fit.pairs) == (method, 0)
    assert np.isnan(fit.residual_sd)


def test_without_pairs_and_spot_there_is_no_forward():
    empty = np.array([])
    assert fit_forward(empty, empty, spot=np.nan, year_fraction=1.0, rate=0.05).method is ForwardMethod.NONE
    fit = inverse_forward(empty, empty, vendor_forward=np.nan, spot=np.nan)
    assert fit.method is ForwardMethod.NONE and np.isnan(fit.forward)


def test_without_spot_the_pairs_speak_for_themselves():
    fit = fit_forward(STRIKES, line(101.0, 0.99), spot=np.nan, year_fraction=0.25, rate=0.04)
    assert (fit.method, fit.pairs) == (ForwardMethod.PARITY_OLS, 21)
    assert fit.forward == pytest.approx(101.0)


def test_pairs_of_one_strike_alone_fit_no_line():
    strikes = np.full(5, 100.0)
    fit = fit_forward(strikes, np.full(5, 1.0), spot=100.0, year_fraction=0.25, rate=0.0)
    assert fit.method is ForwardMethod.PARITY_MEDIAN
    assert fit.forward == pytest.approx(101.0)


def test_coin_chains_take_the_venues_forward_then_parity_in_coin_then_spot():
    strikes = np.array([38_000.0, 40_000.0, 42_000.0])
    difference = 1.0 - strikes / 40_500.0
    empty = np.array([])
    vendor = inverse_forward(strikes, difference, vendor_forward=40_444.0, spot=40_000.0)
    parity = inverse_forward(strikes, difference, vendor_forward=np.nan, spot=40_000.0)
    spot = inverse_forward(empty, empty, vendor_forward=np.nan, spot=40_000.0)
    assert (vendor.forward, vendor.method) == (40_444.0, ForwardMethod.VENDOR)
    assert (parity.forward, parity.method) == (pytest.approx(40_500.0), ForwardMethod.INVERSE_PARITY)
    assert (spot.forward, spot.method) == (40_000.0, ForwardMethod.SPOT_ZERO_RATE)
    assert vendor.discount == parity.discount == spot.discount == 1.0


def test_rates_are_linear_between_tenors_flat_outside_and_none_without_a_curve():
    curve = RateCurve(np.array([30.0, 365.0]), np.array([0.04, 0.05]))
    assert curve.rate_at(1 / 365) == 0.04
    assert curve.rate_at(197.5 / 365) == pytest.approx(0.045)
    assert curve.rate_at(10.0) == 0.05
    assert RateCurve(np.array([]), np.array([])).rate_at(1.0) is None


@pytest.mark.parametrize(
    ("tenors", "rates", "reason"),
    [([30, 20], [0.1, 0.1], "increase"), ([30], [np.nan], "finite"), ([30], [], "1 tenors but 0 rates")],
)
def test_a_curve_that_is_none_is_refused(tenors, rates, reason):
    with pytest.raises(ValueError, match=reason):
        RateCurve(np.array(tenors, float), np.array(rates, float))


def test_the_codes_of_the_loops_are_the_places_of_the_methods():
    codes = {
        "OLS": ForwardMethod.PARITY_OLS,
        "ROBUST": ForwardMethod.PARITY_ROBUST,
        "MEDIAN": ForwardMethod.PARITY_MEDIAN,
        "MEDIAN_ZERO_RATE": ForwardMethod.PARITY_MEDIAN_ZERO_RATE,
        "CARRY": ForwardMethod.SPOT_CARRY,
        "ZERO_RATE": ForwardMethod.SPOT_ZERO_RATE,
        "VENDOR": ForwardMethod.VENDOR,
        "INVERSE": ForwardMethod.INVERSE_PARITY,
        "NONE": ForwardMethod.NONE,
    }
    assert [getattr(forward_loops, name) for name in codes] == list(range(9))
    assert list(codes.values()) == list(ForwardMethod)


def test_many_expiries_at_once_are_fitted_as_each_alone():
    parts = [(101.0, 0.99, 0.25), (103.0, 0.96, 1.0), (99.0, 0.999, 0.02)]
    differences = [line(f, d) for f, d, _ in parts]
    bounds = np.arange(4) * STRIKES.size
    together = fit_forwards(
        bounds,
        np.tile(STRIKES, 3),
        np.concatenate(differences),
        spot=np.full(3, 100.0),
        year_fraction=np.array([t for _, _, t in parts]),
        rate=np.array([0.04, np.nan, 0.04]),
    )
    for i, (difference, (_, _, years)) in enumerate(zip(differences, parts, strict=True)):
        alone = fit_forward(
            STRIKES, difference, spot=100.0, year_fraction=years, rate=None if i == 1 else 0.04
        )
        assert (together.forward[i], together.discount[i]) == (alone.forward, alone.discount)
        assert together.methods()[i] is alone.method


def test_where_the_slope_may_not_speak_the_discount_is_the_curves():
    fits = fit_forwards(
        np.array([0, STRIKES.size]),
        STRIKES,
        line(101.0, 0.97),
        spot=np.array([100.0]),
        year_fraction=np.array([0.5]),
        rate=np.array([0.05]),
        may_fit=np.array([False]),
    )
    assert fits.discount[0] == pytest.approx(np.exp(-0.025), rel=1e-15)
    assert fits.methods() == [ForwardMethod.PARITY_MEDIAN]
    assert fits.forward[0] == pytest.approx(101.0, rel=1e-3)


def test_the_cost_of_borrowing_is_what_rate_and_dividends_do_not_explain():
    forward = (100.0 - 1.5) * np.exp((0.05 - 0.02) * 0.5)
    assert implied_borrow_cost(forward, 100.0, 0.5, 0.05, 1.5) == pytest.approx(0.02, rel=1e-12)
    assert np.isnan(implied_borrow_cost(forward, 100.0, 0.0, 0.05))
