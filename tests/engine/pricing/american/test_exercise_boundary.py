"""The early-exercise boundary: published values of QD+, smooth pasting, limits and order."""

import numpy as np
import pytest

from engine.pricing.american.andersen_lake import Accuracy, american_price
from engine.pricing.american.exercise_boundary import exercise_boundary, qd_plus_boundary
from tests.engine.pricing.published import published


@published("american_exercise_boundary")
def test_boundary_of_qd_plus(case):
    """The rows are QuantLib's QD+ boundary. The true one is up to 0.1 away, at 2.5 years."""
    i = case["inputs"]
    terms = (1, i["K"], i["tau_to_expiry"], i["r"], i["q"], i["sigma"])
    assert abs(float(qd_plus_boundary(*terms).price) - case["expected"]) <= case["tolerance"]
    assert 0.005 < abs(float(exercise_boundary(*terms).price) - case["expected"]) < 0.1


def test_prices_meet_the_payoff_with_its_slope():
    """Value and first derivative are those of exercise at the boundary: only there."""
    rate, dividend, sigma = (np.array(v) for v in ([0.05, 0.08, 0.03], [0.02, 0.0, 0.06], [0.2, 0.4, 0.3]))
    for right, sign in ((1, 1.0), (0, -1.0)):
        r, q = (rate, dividend + 0.01) if right else (dividend + 0.01, rate)
        boundary = exercise_boundary(right, 100.0, 1.5, r, q, sigma, Accuracy.HIGH).price
        step = 0.02 * boundary

        def held_worth(spot, right=right, r=r, q=q):
            payoff = np.maximum((1 if right else -1) * (100.0 - spot), 0.0)
            return american_price(right, spot, 100.0, 1.5, r, q, sigma, Accuracy.HIGH).price - payoff

        near, far = held_worth(boundary + sign * step), held_worth(boundary + sign * 2 * step)
        assert np.all(held_worth(boundary - sign * step) == 0.0)
        assert np.all(near > 0.0)
        # quadratic from a smooth contact, linear from a kink
        assert np.all((far / near > 3.5) & (far / near < 4.3))


@pytest.mark.parametrize(("accuracy", "bound"), [(Accuracy.FAST, 1e-3), (Accuracy.ACCURATE, 1e-4)])
def test_errors_as_stated(accuracy, bound):
    rng = np.random.default_rng(6)
    terms = (
        rng.integers(0, 2, 500),
        1.0,
        rng.uniform(0.02, 3.0, 500),
        rng.uniform(0.005, 0.1, 500),
        rng.uniform(0.005, 0.1, 500),
        rng.uniform(0.1, 0.6, 500),
    )
    high = exercise_boundary(*terms, Accuracy.HIGH).price
    difference = np.abs(exercise_boundary(*terms, accuracy).price / high - 1.0)
    assert np.max(difference) < bound
    assert np.median(difference) < bound / 20


@pytest.mark.parametrize(
    ("rate", "dividend"), [(0.05, 0.02), (0.02, 0.05), (0.04, 0.04), (0.05, 0.0), (0.0, -0.02)]
)
def test_boundaries_move_away_from_the_strike(rate, dividend):
    times = np.linspace(0.0, 5.0, 60)
    put = exercise_boundary(1, 100.0, times, rate, dividend, 0.25).price
    call = exercise_boundary(0, 100.0, times, dividend, rate, 0.25).price
    assert np.all(np.diff(put) < 0)
    assert np.all(np.diff(call) > 0)
    # at expiry where interest on the strike equals dividends, or at the strike
    assert put[0] == pytest.approx(100.0 * min(1.0, rate / dividend if dividend > 0 else 1.0), rel=1e-15)
    np.testing.assert_allclose(put * call, 100.0**2, rtol=1e-13)


def test_the_boundary_of_a_long_life_is_the_perpetual_one():
    """R. C. Merton (1973): K / (1 + sigma^2 / 2r) without dividends."""
    boundary = float(exercise_boundary(1, 100.0, 400.0, 0.06, 0.0, 0.3, Accuracy.HIGH).price)
    assert boundary == pytest.approx(100.0 / (1.0 + 0.09 / 0.12), rel=1e-4)
