"""Raw SVI: published values, derivatives, density."""

import numpy as np
import pytest
from scipy.stats import norm

from engine.pricing.surface.svi import (
    SviParameters,
    butterfly_density,
    derivatives,
    in_domain,
    total_variance,
)
from tests.engine.pricing.published import case_of

CASE = case_of(group="svi")
#: a well-behaved slice, and A. Vogt's example in Gatheral and Jacquier (2014), section 5.1: it has butterfly arbitrage
TAME = SviParameters.of(0.01, 0.1, -0.4, 0.02, 0.15)
VOGT = SviParameters.of(-0.0410, 0.1331, 0.3060, 0.3586, 0.4153)
K = np.linspace(-1.5, 1.5, 3001)


def test_the_published_value():
    inputs = dict(CASE["inputs"])
    assert inputs.pop("k") == "m"
    value = total_variance(inputs["m"], SviParameters.of(**inputs))
    assert float(value) == pytest.approx(CASE["expected"], abs=CASE["tolerance"])


def test_derivatives_are_those_of_differences():
    h = 1e-5
    slope, bend = derivatives(K, TAME)
    up, mid, down = (total_variance(K + d, TAME) for d in (h, 0.0, -h))
    assert slope == pytest.approx((up - down) / (2 * h), abs=1e-8)
    assert bend == pytest.approx((up - 2 * mid + down) / h**2, abs=1e-4)


def test_the_density_is_the_second_derivative_of_call_prices():
    def call(k):
        s = np.sqrt(total_variance(k, TAME))
        d1 = -k / s + s / 2
        return norm.cdf(d1) - np.exp(k) * norm.cdf(d1 - s)

    k, h = np.linspace(-0.5, 0.4, 19), 1e-4
    by_strike = (call(k + h) - call(k)) / (np.exp(k + h) - np.exp(k))
    by_strike_below = (call(k) - call(k - h)) / (np.exp(k) - np.exp(k - h))
    density_of_price = (by_strike - by_strike_below) / (0.5 * (np.exp(k + h) - np.exp(k - h)))
    w = total_variance(k, TAME)
    d2 = -k / np.sqrt(w) - np.sqrt(w) / 2
    ours = butterfly_density(k, TAME) / np.sqrt(2 * np.pi * w) * np.exp(-0.5 * d2**2) * np.exp(-k)
    assert ours == pytest.approx(density_of_price, rel=2e-4, abs=1e-6)


def test_vogts_slice_is_inside_the_domain_and_still_has_butterflies():
    assert in_domain(VOGT)
    assert butterfly_density(K, VOGT).min() < -0.01
    assert butterfly_density(K, TAME).min() > 0


@pytest.mark.parametrize(
    "wrong",
    [(-0.05, 0.1, 0.0, 0, 0.1), (0.04, -0.1, 0, 0, 0.1), (0.04, 0.1, 1.0, 0, 0.1), (0.04, 1.5, 0.5, 0, 0.1)],
)
def test_what_is_outside_the_domain(wrong):
    assert not in_domain(SviParameters.of(*wrong))


def test_variance_that_is_not_positive_has_no_density():
    assert np.isnan(butterfly_density(0.0, SviParameters.of(-1.0, 0.1, 0.0, 0.0, 0.1)))


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="one shape"):
        SviParameters.of([1.0, 2.0], 1.0, 1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="log_moneyness has dtype object"):
        total_variance(np.array(["x"], dtype=object), TAME)
    with pytest.raises(ValueError, match="5 columns"):
        SviParameters.from_rows(np.zeros((2, 4)))
