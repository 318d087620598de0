"""Zero, infinite, negative and missing arguments; shapes and types; rates below zero."""

import numpy as np
import pytest
import QuantLib as ql

from engine.pricing.american.andersen_lake import Accuracy, american_price
from engine.pricing.american.barone_adesi_whaley import barone_adesi_whaley
from engine.pricing.american.bjerksund_stensland_1993 import bjerksund_stensland_1993
from engine.pricing.american.bjerksund_stensland_2002 import bjerksund_stensland_2002
from engine.pricing.american.contract import AmericanStatus
from engine.pricing.american.exercise_boundary import exercise_boundary
from engine.pricing.american.greeks import american_greeks
from engine.pricing.american.ju_quadratic import ju_quadratic
from tests.engine.pricing.american.quantlib_american import prices, scheme
from tests.engine.pricing.published import contract, published

METHODS = [
    american_price,
    barone_adesi_whaley,
    ju_quadratic,
    bjerksund_stensland_1993,
    bjerksund_stensland_2002,
    american_greeks,
]
TERMS = {
    "right": 1,
    "spot": 90.0,
    "strike": 100.0,
    "year_fraction": 0.5,
    "rate": 0.05,
    "dividend_yield": 0.02,
    "sigma": 0.3,
}
#: rows that are not American prices of their contract, see the tests that name them
NOT_THE_PRICE = ("qd-edge-02", "qd-edge-20")


@published("american_edge_cases", but=NOT_THE_PRICE)
def test_edge_cases(case):
    for accuracy in Accuracy:
        result = american_price(*contract(case), accuracy)
        # one row states no tolerance: an intrinsic value, which is exact
        assert abs(float(result.price) - case["expected"]) <= (case["tolerance"] or 0.0)
        assert result.status == AmericanStatus.OK


@published("american_edge_cases", only=["qd-edge-20"])
def test_the_row_at_expiry_is_quantlibs_word_for_expired(case):
    """A put with strike 120 and spot 100 is worth 20 when it expires. QuantLib takes an instrument as gone on its
    last day, whatever it pays, and gives 0."""
    assert case["expected"] == 0.0
    assert case["inputs"]["days"] == 0.0
    assert float(american_price(*contract(case)).price) == 20.0


@published("american_edge_cases", only=["qd-edge-02"])
def test_the_ten_year_row_is_the_price_of_qd_plus(case):
    """QuantLib's test of this row prices by QD+ alone, which is 0.026 off; its fixed point gives our price."""
    terms = contract(case)
    assert abs(prices(ql.QdPlusAmericanEngine, *terms)[0] - case["expected"]) < case["tolerance"]
    assert abs(float(american_price(*terms, Accuracy.HIGH).price) - prices(scheme("high"), *terms)[0]) < 2e-5
    assert abs(float(american_price(*terms, Accuracy.HIGH).price) - 23.0003054) < 1e-6


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [n for n in TERMS if n != "right"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -1.0])
def test_invalid_arguments_have_a_status_and_no_value(method, name, bad):
    if bad == -1.0 and name in ("rate", "dividend_yield"):
        return
    result = method(**{**TERMS, name: np.array([bad, TERMS[name]])})
    assert result.status.tolist() == [AmericanStatus.INVALID, AmericanStatus.OK]
    assert np.isnan(result.price[0])
    assert result.price[1] > 10.0


@pytest.mark.parametrize("method", METHODS)
def test_a_right_is_0_or_1(method):
    result = method(**{**TERMS, "right": [0, 1, 2, -1]})
    assert [s == AmericanStatus.OK for s in result.status] == [True, True, False, False]
    assert np.isnan(result.price[2:]).all()


@pytest.mark.parametrize("method", METHODS)
def test_two_boundaries_are_not_priced(method):
    """Interest on the strike is paid, and dividends more so: exercise pays in between."""
    put = method(1, 90.0, 100.0, 1.0, -0.01, -0.03, 0.2)
    call = method(0, 110.0, 100.0, 1.0, -0.03, -0.01, 0.2)
    for result in (put, call):
        assert result.status == AmericanStatus.DOUBLE_BOUNDARY
        assert np.isnan(result.price)
    assert AmericanStatus.DOUBLE_BOUNDARY.label == "double_boundary"


@pytest.mark.parametrize("method", METHODS)
def test_arguments_of_any_type_and_layout(method):
    spot = np.linspace(80, 120, 6)
    expected = method(1, spot, 100.0, 0.5, 0.05, 0.02, 0.3).price
    spread = np.repeat(spot, 2)[::2]
    spread.setflags(write=False)
    np.testing.assert_array_equal(method(1, spread, 100.0, 0.5, 0.05, 0.02, 0.3).price, expected)
    grid = method(np.int8(1), spot.reshape(2, 3).T, np.float32(100.0), [[0.5]], 0.05, 0.02, 0.3).price
    assert grid.shape == (3, 2)
    np.testing.assert_array_equal(grid, expected.reshape(2, 3).T)
    whole = method(1, [80, 88, 96, 104, 112, 120], 100, 0.5, 0.05, 0.02, 0.3).price
    np.testing.assert_array_equal(whole, expected)
    assert method(1, np.empty(0), 100.0, 0.5, 0.05, 0.02, 0.3).price.shape == (0,)
    assert method(1, 90.0, 100.0, 0.5, 0.05, 0.02, 0.3).price.shape == ()


@pytest.mark.parametrize("method", METHODS)
def test_what_cannot_be_an_array_of_numbers_is_refused_by_name(method):
    with pytest.raises(ValueError, match="spot has dtype object, numbers are needed"):
        method(**{**TERMS, "spot": np.array([90.0, None], dtype=object)})
    with pytest.raises(ValueError, match="sigma has dtype"):
        method(**{**TERMS, "sigma": "0.3"})
    with pytest.raises(ValueError, match=r"rate has shape \(3,\), which does not fit spot \(2,\)"):
        method(**{**TERMS, "spot": [90.0, 91.0], "rate": [0.05] * 3})


def test_neighbours_do_not_change_a_price():
    """Options are computed side by side; each has the same bits alone, in any place and in any company."""
    rng = np.random.default_rng(5)
    spot, rate = rng.uniform(50, 150, 133), rng.uniform(0.0, 0.1, 133)
    together = american_price(1, spot, 100.0, 0.7, rate, 0.03, 0.3).price
    alone = [
        float(american_price(1, s, 100.0, 0.7, r, 0.03, 0.3).price) for s, r in zip(spot, rate, strict=True)
    ]
    np.testing.assert_array_equal(together, alone)


def test_absurd_neighbours_do_not_change_a_price():
    """Nor does anything of them stay behind for the options that are computed after them in the same memory."""
    spot = np.linspace(60, 140, 64)
    ordinary = (1, spot, 100.0, 0.7, 0.05, 0.03, 0.3)
    expected = american_price(*ordinary).price
    absurd = {
        "year_fraction": [1e-300, 1e-12, 300.0, 1e6],
        "rate": [1e-300, 5e-324, 1e-9, 40.0],
        "dividend_yield": [1e-300, 40.0, -1e-9, -40.0],
        "sigma": [1e-300, 1e-9, 30.0, 1e300],
        "spot": [1e-300, 1e300, 99.999, 1e-9],
    }
    for name, values in absurd.items():
        terms = {"right": 1, "spot": 90.0, "strike": 100.0, "year_fraction": 0.7, "rate": 0.05}
        terms |= {"dividend_yield": 0.03, "sigma": 0.3, name: np.repeat(values, 32)}
        before = dict(zip(terms, np.broadcast_arrays(*terms.values()), strict=True))
        together = {
            n: np.concatenate([before[n], np.broadcast_to(o, 64)])
            for n, o in zip(terms, ordinary, strict=True)
        }
        result = american_price(**together)
        np.testing.assert_array_equal(result.price[-64:], expected, err_msg=name)
        judged = result.status[:-64]
        assert set(judged.tolist()) <= {
            AmericanStatus.OK,
            AmericanStatus.DOUBLE_BOUNDARY,
            AmericanStatus.OUT_OF_RANGE,
        }
        price, ok = result.price[:-64], judged == AmericanStatus.OK
        most = np.maximum(
            0.0, 100.0 * np.exp(np.maximum(0.0, -together["rate"] * together["year_fraction"]))
        )[:-64]
        assert np.all((price[ok] >= 0) & (price[ok] <= most[ok] * (1 + 1e-12))), name
        assert np.isnan(price[~ok]).all()


@pytest.mark.parametrize("method", METHODS)
def test_beyond_what_was_ever_judged_there_is_a_status_and_no_value(method):
    result = method(
        1,
        90.0,
        100.0,
        [1.0, 1.0, 1.0, 0.5],
        [40.0, 0.05, 0.05, 0.05],
        [0.02, -40.0, 0.02, 0.02],
        [0.3, 0.3, 31.0, 0.3],
    )
    assert result.status.tolist() == [AmericanStatus.OUT_OF_RANGE] * 3 + [AmericanStatus.OK]
    assert np.isnan(result.price[:3]).all()
    assert result.price[3] > 10.0


def test_never_exercised_options_are_european():
    """Puts without interest on the strike, calls without dividends."""
    strikes = np.linspace(60, 140, 9)
    put = american_price(1, 100.0, strikes, 1.0, 0.0, 0.03, 0.3).price
    call = american_price(0, 100.0, strikes, 1.0, 0.03, 0.0, 0.3).price
    calm = american_price(0, 100.0, strikes, 1.0, 0.03, -0.01, 0.3).price
    for right, values, r, q in ((1, put, 0.0, 0.03), (0, call, 0.03, 0.0), (0, calm, 0.03, -0.01)):
        forward = 100.0 * np.exp(r - q)
        kind = ql.Option.Put if right else ql.Option.Call
        european = [ql.blackFormula(kind, k, forward, 0.3, float(np.exp(-r))) for k in strikes.tolist()]
        np.testing.assert_allclose(values, european, rtol=1e-13)
    boundary = exercise_boundary([1, 0], 100.0, 1.0, [0.0, 0.03], [0.03, 0.0], 0.3)
    assert boundary.price.tolist() == [0.0, np.inf]


def test_greeks_without_uncertainty_have_a_price_and_a_status():
    greeks = american_greeks(1, 90.0, 100.0, [0.0, 0.5], 0.05, 0.0, [0.3, 0.0])
    assert greeks.status.tolist() == [AmericanStatus.DEGENERATE] * 2
    assert greeks.price.tolist() == [10.0, 10.0]
    for name in ("delta", "gamma", "vega_per_vol_point", "theta_per_day", "rho_per_pct"):
        assert np.isnan(getattr(greeks, name)).all()
