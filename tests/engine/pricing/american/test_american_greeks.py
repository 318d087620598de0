"""Greeks against differences of prices of the highest accuracy."""

import numpy as np
import pytest

from engine.pricing.american.andersen_lake import Accuracy, american_price
from engine.pricing.american.exercise_boundary import exercise_boundary
from engine.pricing.american.greeks import DAYS_PER_YEAR, american_greeks
from tests.engine.pricing.american.contracts import contracts

NAMES = ("right", "spot", "strike", "year_fraction", "rate", "dividend_yield", "sigma")


@pytest.fixture(scope="module")
def differences():
    """Contracts away from their boundary, and their derivatives by differences of fourth order."""
    terms = dict(zip(NAMES, contracts(600, seed=9), strict=True))
    spread = terms["sigma"] * np.sqrt(terms["year_fraction"])
    boundary = exercise_boundary(**{n: v for n, v in renamed(terms).items() if n != "spot"}).price
    far = np.abs(np.log(terms["spot"] / boundary)) > 0.05 * spread
    terms, spread = {n: v[far] for n, v in terms.items()}, spread[far]

    def price(name, step):
        return american_price(**{**terms, name: terms[name] + step}, accuracy=Accuracy.HIGH).price

    def first(name, step):
        near, wide = (price(name, m * step) - price(name, -m * step) for m in (1, 2))
        return (8 * near - wide) / (12 * step)

    step = 0.01 * terms["spot"] * spread
    around = [price("spot", m * step) for m in (-2, -1, 0, 1, 2)]
    second = (16 * (around[1] + around[3]) - around[0] - around[4] - 30 * around[2]) / (12 * step**2)
    return terms, {
        "delta": first("spot", step),
        "gamma": second,
        "vega_per_vol_point": 0.01 * first("sigma", 1e-3 * terms["sigma"]),
        "theta_per_day": -first("year_fraction", 1e-3 * terms["year_fraction"]) / DAYS_PER_YEAR,
        "rho_per_pct": 0.01 * first("rate", 2e-4 * np.ones(spread.size)),
    }


def renamed(terms: dict) -> dict:
    return {"time_to_expiry" if n == "year_fraction" else n: v for n, v in terms.items()}


@pytest.mark.parametrize(
    ("name", "most", "usual"),
    [
        ("delta", 1e-5, 1e-6),
        ("gamma", 1e-4, 1e-5),
        ("vega_per_vol_point", 2e-5, 2e-6),
        ("theta_per_day", 3e-5, 1e-6),
        ("rho_per_pct", 2e-4, 2e-5),
    ],
)
def test_greeks_against_differences(name, most, usual, differences):
    """On a strike of 100; the largest error and that of 98 in 100."""
    terms, expected = differences
    error = np.abs(getattr(american_greeks(**terms), name) - expected[name])
    assert np.max(error) < most
    assert np.quantile(error, 0.98) < usual
    # the opposite sign, or a day for a year, would not pass
    assert np.quantile(np.abs(expected[name]), 0.9) > 100 * usual


def test_the_price_is_that_of_the_price_alone():
    terms = contracts(500, seed=10)
    for accuracy in Accuracy:
        np.testing.assert_allclose(
            american_greeks(*terms, accuracy).price, american_price(*terms, accuracy).price, rtol=1e-13
        )


def test_where_exercise_is_due_only_delta_is_left():
    put = american_greeks(1, 60.0, 100.0, 1.0, 0.05, 0.0, 0.2)
    call = american_greeks(0, 160.0, 100.0, 1.0, 0.01, 0.08, 0.2)
    assert (float(put.delta), float(call.delta)) == (-1.0, 1.0)
    for greeks in (put, call):
        for name in ("gamma", "vega_per_vol_point", "theta_per_day", "rho_per_pct"):
            assert float(getattr(greeks, name)) == 0.0


def test_symmetry_of_calls_and_puts():
    """A call is a put with spot and strike exchanged, and rate and yield: prices to the bit, gammas in proportion."""
    put = american_greeks(1, 90.0, 100.0, 0.8, 0.05, 0.02, 0.25)
    call = american_greeks(0, 100.0, 90.0, 0.8, 0.02, 0.05, 0.25)
    assert float(call.price) == float(put.price)
    assert float(call.gamma) == pytest.approx(float(put.gamma) * (90.0 / 100.0) ** 2, rel=1e-13)
    assert float(call.vega_per_vol_point) == pytest.approx(float(put.vega_per_vol_point), rel=1e-9)
    assert float(call.theta_per_day) == pytest.approx(float(put.theta_per_day), rel=1e-9)


def test_greeks_of_options_that_are_never_exercised_are_european():
    from engine.pricing.greeks import spot_greeks

    spot, years, rate, dividend = np.array([80.0, 100.0, 125.0]), 0.7, 0.04, -0.01
    ours = american_greeks(0, spot, 100.0, years, rate, dividend, 0.3)
    forward, discount = spot * np.exp((rate - dividend) * years), np.exp(-rate * years)
    theirs = spot_greeks(0, spot, forward, discount, 100.0, years, 0.3)
    for name in ("price", "delta", "gamma", "theta_per_day"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-12)
    for name in ("vega_per_vol_point", "rho_per_pct"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-6)
