"""What forwards and the cost of borrowing do with pairs, spots, rates and times that are none: left out, or named."""

import numpy as np
import pytest

from engine.pricing.forward import (
    ForwardMethod,
    fit_forward,
    fit_forwards,
    implied_borrow_cost,
    inverse_forward,
    inverse_forwards,
)

STRIKES = np.arange(90.0, 111.0, 1.0)


def line(forward: float, discount: float, strikes: np.ndarray = STRIKES) -> np.ndarray:
    return discount * (forward - strikes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bounds": [0, 9]}, r"bounds must rise from 0 to the number of pairs, 5, at most; got \[0 9\]"),
        ({"bounds": [-1, 5]}, "bounds must rise from 0"),
        ({"bounds": [4, 2]}, "bounds must rise from 0"),
        ({"bounds": [0.0, 5.0]}, "bounds has dtype float64, whole numbers are needed"),
        ({"bounds": np.empty(0, int)}, "bounds must be a row of one more than expiries"),
        (
            {"call_minus_put": [1.0]},
            r"call_minus_put has shape \(1,\), and \(5,\) is needed",
        ),
        ({"strike": ["a"] * 5}, "strike"),
        ({"spot": [100.0, 101.0]}, r"spot has shape \(2,\), and \(1,\) is needed"),
        ({"rate": np.array([None])}, "rate"),
        ({"may_fit": [1]}, "may_fit must be 1 booleans, got int64"),
    ],
)
def test_what_would_lead_the_loop_astray_is_refused_by_name(changes, message):
    given = {
        "bounds": [0, 5],
        "strike": np.linspace(90, 110, 5),
        "call_minus_put": np.linspace(10, -10, 5),
        "spot": [100.0],
        "year_fraction": [0.5],
        "rate": [0.02],
    }
    assert fit_forwards(**given).forward[0] == pytest.approx(100.0, rel=0.05)
    with pytest.raises(ValueError, match=message):
        fit_forwards(**{**given, **changes})


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("spot", [100.0, np.nan])
def test_pairs_that_are_not_finite_are_left_out_and_the_others_fitted(bad, spot):
    noise = np.random.default_rng(4).normal(0.0, 0.02, STRIKES.size)
    difference, strikes = line(103.0, 0.97) + noise, STRIKES.copy()
    difference[[2, 9]], strikes[[5, 14, 17]] = bad, (bad, 0.0, -50.0)
    good = np.setdiff1d(np.arange(STRIKES.size), [2, 5, 9, 14, 17])
    given = {"spot": spot, "year_fraction": 0.75, "rate": 0.04}
    fit = fit_forward(strikes, difference, **given)
    assert (fit.pairs, fit.method) == (16, ForwardMethod.PARITY_OLS)
    assert fit == fit_forward(STRIKES[good], difference[good], **given)


def test_a_few_finite_pairs_still_give_the_median():
    difference = line(101.0, np.exp(-0.01))
    difference[3:] = np.nan
    fit = fit_forward(STRIKES, difference, spot=100.0, year_fraction=0.25, rate=0.04)
    assert (fit.pairs, fit.method) == (3, ForwardMethod.PARITY_MEDIAN)
    assert fit.forward == pytest.approx(101.0)


@pytest.mark.parametrize("pairs", [0, 3, 21])
@pytest.mark.parametrize(
    "wrong",
    [{"rate": r} for r in (np.inf, -np.inf, 1e9, -1e9)]
    + [{"year_fraction": t, "rate": r} for t in (np.nan, np.inf) for r in (0.04, None)],
)
def test_without_usable_time_or_rate_there_is_neither_forward_nor_discount(wrong, pairs):
    terms = {"spot": 100.0, "year_fraction": 0.25, "rate": 0.04} | wrong
    fit = fit_forward(STRIKES[:pairs], line(101.0, 0.99)[:pairs], **terms)
    assert (fit.method, fit.pairs) == (ForwardMethod.NONE, 0)
    assert np.isnan([fit.forward, fit.discount, fit.residual_sd]).all()


@pytest.mark.parametrize("spot", [np.inf, -np.inf, 0.0, -100.0])
def test_a_spot_that_is_no_price_is_unknown(spot):
    empty, terms = np.array([]), {"year_fraction": 0.25, "rate": 0.04}
    for strikes in (STRIKES, empty):
        found = fit_forward(strikes, line(101.0, 0.99, strikes), spot=spot, **terms)
        unknown = fit_forward(strikes, line(101.0, 0.99, strikes), spot=np.nan, **terms)
        assert (found.method, found.pairs) == (unknown.method, unknown.pairs)
        np.testing.assert_array_equal(found.forward, unknown.forward)
    coin = inverse_forward(empty, empty, vendor_forward=np.nan, spot=spot)
    assert coin.method is ForwardMethod.NONE and np.isnan(coin.forward)


def test_a_coin_chain_whose_venue_gives_no_price_falls_back_to_its_finite_pairs():
    strikes = np.array([38_000.0, 40_000.0, 42_000.0, np.nan, 41_000.0, 39_000.0])
    difference = 1.0 - strikes / 40_500.0
    difference[4:] = -np.inf, np.nan
    fits = inverse_forwards(
        [0, 6, 12, 18, 24],
        np.tile(strikes, 4),
        np.tile(difference, 4),
        vendor_forward=[np.inf, -1.0, 0.0, 40_444.0],
        spot=[40_000.0, np.nan, np.inf, 40_000.0],
    )
    assert fits.methods() == [ForwardMethod.INVERSE_PARITY] * 3 + [ForwardMethod.VENDOR]
    assert fits.pairs.tolist() == [3, 3, 3, 0]
    assert fits.forward == pytest.approx([40_500.0] * 3 + [40_444.0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strike": 100.0}, r"got strike \(\), call_minus_put \(1,\): give one value per option"),
        ({"call_minus_put": [1.0, 2.0]}, r"equally long, got strike \(1,\), call_minus_put \(2,\)"),
        ({"spot": "a"}, "spot has dtype <U1"),
    ],
)
def test_one_expiry_names_what_it_cannot_use(changes, message):
    given = {"strike": [100.0], "call_minus_put": [1.0], "spot": 100.0}
    with pytest.raises(ValueError, match=message):
        fit_forward(**{**given, **changes}, year_fraction=0.5, rate=0.02)
    with pytest.raises(ValueError, match=message):
        inverse_forward(**{**given, **changes}, vendor_forward=np.nan)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("forward", [0.0, -1.0, np.inf, np.nan]),
        ("spot", [0.0, -1.0, np.inf, 1.5]),
        ("year_fraction", [0.0, -1.0, np.inf]),
        ("rate", [np.inf, -np.inf, np.nan]),
        ("dividends_value", [100.0, 200.0, -np.inf]),
    ],
)
def test_a_cost_of_borrowing_that_cannot_be_known_is_nan(name, values):
    given = {"forward": 101.0, "spot": 100.0, "year_fraction": 0.5, "rate": 0.04, "dividends_value": 1.5}
    assert np.isfinite(implied_borrow_cost(**given))
    assert np.isnan(implied_borrow_cost(**{**given, name: values})).all()
    with pytest.raises(
        ValueError, match=r"dividends_value has shape \(3,\), which does not fit forward \(2,\)"
    ):
        implied_borrow_cost([100.0, 101.0], 100.0, 0.5, 0.04, np.ones(3))
