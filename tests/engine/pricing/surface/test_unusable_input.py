"""What smiles, surfaces and marks do with quotes, contracts and times that are none."""

import numpy as np
import pytest

from engine.pricing.surface.kernel_smile import kernel_smile
from engine.pricing.surface.marks import MarkSource, mark_contracts
from engine.pricing.surface.quotes import surface_quotes
from engine.pricing.surface.surface import fit_surface
from engine.pricing.surface.svi import total_variance_between
from tests.engine.pricing.surface.test_surface import FORWARD, SIGMA, TRUE, YEARS, chain, quotes


def test_a_quote_without_volatility_is_no_quote_of_the_local_smile():
    k = np.linspace(-0.2, 0.2, 41)
    sigma, error = np.full(41, 0.2), np.full(41, 0.001)
    bad = sigma.copy()
    bad[[18, 20, 22, 24]] = -0.2, 0.0, np.inf, np.nan
    good = np.delete(np.arange(41), [18, 20, 22, 24])
    found = kernel_smile([-0.01, 0.0], k, bad, error, widest=0.1)
    expected = kernel_smile([-0.01, 0.0], k[good], sigma[good], error[good], widest=0.1)
    np.testing.assert_array_equal(found.sigma, expected.sigma)
    assert found.quotes.tolist() == expected.quotes.tolist()
    for wrong in (-0.2, 0.0):
        assert np.isnan(kernel_smile(0.0, k, np.full(41, wrong), error, widest=0.1).sigma).all()


def test_a_parabola_below_zero_is_no_volatility():
    k = np.linspace(-0.2, 0.2, 41)
    sigma = np.maximum(1e-3, 10.0 * k)
    smile = kernel_smile(k, k, sigma, np.full(41, 0.001), widest=0.1)
    assert not np.any(smile.sigma <= 0.0)
    assert np.array_equal(np.isnan(smile.sigma), np.isnan(smile.standard_error))
    assert np.any(np.isnan(smile.sigma) & (smile.quotes >= 5))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"at": np.zeros((2, 2))}, r"at has shape \(2, 2\), a row of points is needed"),
        ({"neighbours": 7.5}, "neighbours has dtype float64, whole numbers are needed"),
        ({"neighbours": 4}, "neighbours at least 5"),
        ({"widest": [0.1]}, r"widest has shape \(1,\), one number is needed"),
        ({"widest": np.nan}, "widest must be positive"),
        ({"sigma": 0.2}, r"equally long, got log_moneyness \(41,\), sigma \(\)"),
    ],
)
def test_the_local_smile_names_what_it_cannot_use(changes, message):
    given = {
        "at": 0.0,
        "log_moneyness": np.linspace(-0.2, 0.2, 41),
        "sigma": np.full(41, 0.2),
        "error": np.full(41, 0.001),
        "widest": 0.1,
        "neighbours": 7,
    }
    assert kernel_smile(**given).sigma == pytest.approx([0.2])
    with pytest.raises(ValueError, match=message):
        kernel_smile(**{**given, **changes})


def test_marks_outside_the_domain_have_no_price_and_say_so():
    surface = fit_surface(quotes())
    contract = {"code": 102, "right": 0}
    prices = mark_contracts(surface, **contract, strike=FORWARD, discount=[0.97, -1.0, 0.0, np.inf, np.nan])
    assert np.isfinite(prices.sigma).all()
    for values in (prices.price, prices.price_uncertainty):
        assert np.isfinite(values).tolist() == [True, False, False, False, False]
    marks = mark_contracts(
        surface, **contract, strike=[FORWARD, np.inf, np.nan, 0.0, -1.0, -np.inf], discount=1.0
    )
    assert marks.source.tolist() == [MarkSource.KERNEL] + [MarkSource.NONE] * 5
    assert (
        np.isfinite(marks.sigma).tolist() == np.isfinite(marks.uncertainty).tolist() == [True] + [False] * 5
    )


def test_a_right_that_is_none_is_refused_by_quotes_and_marks():
    rows = chain()
    rows["right"][5] = 2
    with pytest.raises(ValueError, match="right has the value 2"):
        surface_quotes(**rows)
    surface = fit_surface(quotes())
    with pytest.raises(ValueError, match="right has the value -1"):
        mark_contracts(surface, code=102, right=[0, -1], strike=FORWARD, discount=1.0)


def test_times_that_are_none_have_no_variance():
    surface = fit_surface(quotes())
    years = [0.2, np.inf, np.nan, 0.0, -np.inf]
    assert np.isfinite(surface.total_variance_at(0.0, years)).tolist() == [True] + [False] * 4
    assert surface.total_variance_at(0.0, 0.2).shape == ()
    assert surface.total_variance_at([[0.0], [0.1]], years).shape == (2, 5)
    with pytest.raises(ValueError, match=r"year_fraction has shape \(5,\), which does not fit log_moneyness"):
        surface.total_variance_at(np.zeros(3), years)


@pytest.mark.parametrize(
    ("years", "message"),
    [
        ([1.0, 0.5], r"slice_years must be positive, finite and not decreasing, got \[1.  0.5\]"),
        ([0.0, 0.5], "slice_years must be positive"),
        ([0.5, np.inf], "slice_years must be positive"),
        ([np.nan, 0.5], "slice_years must be positive"),
        ([0.5], r"slice_years has shape \(1,\) and the parameters \(2,\): give one time per slice"),
        (0.5, r"slice_years has shape \(\) and the parameters \(2,\)"),
        (["a", "b"], "slice_years has dtype <U1"),
    ],
)
def test_slices_out_of_order_are_refused(years, message):
    slices = TRUE.slices(SIGMA[1:3] ** 2 * YEARS[1:3])
    assert total_variance_between(slices, [0.5, 1.0], 0.0, 0.7) > 0
    with pytest.raises(ValueError, match=message):
        total_variance_between(slices, years, 0.0, [0.3, 0.7])
