"""Heston against Lewis's values, QuantLib, limits and its own inverse."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.pricing.black import black_price
from engine.pricing.heston.calibration import CalibrationStatus, calibrate_heston
from engine.pricing.heston.model import HestonParameters, log_characteristic
from engine.pricing.heston.price import heston_price, heston_price_gradient
from engine.pricing.heston.volatility import heston_volatility
from tests.engine.pricing.published import published

LEWIS = HestonParameters(v0=0.04, kappa=4.0, theta=0.25, vol_of_vol=1.0, rho=-0.5)
INDEX = HestonParameters(v0=0.02, kappa=1.5, theta=0.05, vol_of_vol=0.8, rho=-0.75)


@published("heston_price")
def test_lewis_reference_prices(case):
    i = case["inputs"]
    model = HestonParameters(i["v0"], i["kappa"], i["theta"], i["sigma"], i["rho"])
    forward = i["S"] * np.exp((i["r"] - i["q"]) * i["T"])
    prices = heston_price(int(i["type"] == "put"), forward, i["K"], i["T"], model)
    value = prices.price * np.exp(-i["r"] * i["T"])
    assert value == pytest.approx(case["expected"], abs=case["tolerance"])
    assert prices.error < 1e-12
    # the sign of the correlation is felt at once
    wrong = heston_price(
        int(i["type"] == "put"), forward, i["K"], i["T"], HestonParameters(0.04, 4.0, 0.25, 1.0, 0.5)
    )
    assert abs(wrong.price * np.exp(-i["r"] * i["T"]) - case["expected"]) > 1e-2


def random_model(rng: np.random.Generator) -> HestonParameters:
    def spread(low, high):
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    return HestonParameters(
        spread(0.005, 0.6),
        spread(0.2, 8.0),
        spread(0.005, 0.6),
        spread(0.05, 2.0),
        float(rng.uniform(-0.95, 0.9)),
    )


def test_quantlib_agrees_on_a_hundred_thousand_random_contracts():
    """QuantLib's engine on its angled contour, with exp-sinh quadrature to 1e-11: two codes, two quadratures."""
    ql = pytest.importorskip("QuantLib")
    rng = np.random.default_rng(5)
    today = ql.Date(2, 1, 2026)
    ql.Settings.instance().evaluationDate = today
    flat = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, ql.Actual365Fixed()))
    spot = ql.QuoteHandle(ql.SimpleQuote(100.0))
    engine_type, quadrature = ql.AnalyticHestonEngine, ql.FourierIntegration
    compared, worst = 0, 0.0
    for _ in range(1000):
        model = random_model(rng)
        days = int(np.exp(rng.uniform(np.log(5), np.log(3650))))
        deviation = np.sqrt(model.mean_variance(days / 365) * days / 365)
        strike = 100.0 * np.exp(rng.uniform(-4, 4, 100) * deviation)
        right = rng.integers(0, 2, 100)
        ours = heston_price(right, 100.0, strike, days / 365, model).price
        process = ql.HestonProcess(
            flat, flat, spot, model.v0, model.kappa, model.theta, model.vol_of_vol, model.rho
        )
        engine = engine_type(
            ql.HestonModel(process), engine_type.AngledContour, quadrature.expSinh(1e-11), 1e-25
        )
        exercise = ql.EuropeanExercise(today + days)
        for i in range(100):
            kind = ql.Option.Put if right[i] else ql.Option.Call
            option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, strike[i]), exercise)
            option.setPricingEngine(engine)
            worst = max(worst, abs(option.NPV() - ours[i]) / max(100.0, strike[i]))
            compared += 1
    assert compared == 100_000
    assert worst < 1e-12


def test_the_characteristic_function_solves_its_differential_equations():
    """The Riccati equations of Heston (1993), integrated at 30 digits."""
    u, t = 3.0 - 0.5j, 0.7
    m = INDEX
    with mpmath.workdps(30):
        z = mpmath.mpc(u)
        beta = m.kappa - 1j * m.rho * m.vol_of_vol * z

        def rhs(_t, y):
            b, _a = y
            slope = -(z * z + 1j * z) / 2 - beta * b + mpmath.mpf(m.vol_of_vol) ** 2 / 2 * b * b
            return [slope, mpmath.mpf(m.kappa) * m.theta * b]

        b, a = mpmath.odefun(rhs, 0, [mpmath.mpc(0), mpmath.mpc(0)])(t)
        expected = complex(a + m.v0 * b)
    assert complex(log_characteristic(np.array([u]), t, m)[0]) == pytest.approx(expected, rel=1e-13)


def test_a_martingale_with_mass_one():
    for u in (0.0, -1.0j):
        assert abs(log_characteristic(np.array([complex(u)]), 2.0, INDEX)[0]) < 1e-14


def test_without_volatility_of_variance_it_is_black():
    strike = np.linspace(60, 160, 21)
    for small, limit in ((1e-3, 1e-7), (1e-6, 1e-12)):
        model = HestonParameters(0.04, 2.0, 0.09, small, 0.0)
        sigma = np.sqrt(model.mean_variance(1.5))
        ours = heston_price(0, 100.0, strike, 1.5, model).price
        assert ours == pytest.approx(black_price(0, 100.0, strike, 1.5, sigma), abs=100 * limit)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), years=st.floats(0.01, 10))
def test_prices_have_parity_bounds_monotony_and_convexity(seed, years):
    model = random_model(np.random.default_rng(seed))
    strike = np.linspace(40, 250, 106)
    call, put = (heston_price(right, 100.0, strike, years, model).price for right in (0, 1))
    assert call - put == pytest.approx(100.0 - strike, abs=1e-11)
    assert np.all((call >= np.maximum(100.0 - strike, 0)) & (call <= 100.0))
    assert np.all(np.diff(call) <= 1e-12)
    assert np.all(np.diff(call, 2) >= -1e-11)


def test_the_gradient_is_that_of_differences():
    strike = np.linspace(70, 140, 9)
    _, gradient = heston_price_gradient(100.0, strike, 0.7, INDEX)
    right, h = (strike < 100.0).astype(int), 1e-5
    for j in range(5):
        step = np.eye(5)[j] * h
        up, down = (
            heston_price(right, 100.0, strike, 0.7, HestonParameters(*(INDEX.as_array() + s * step))).price
            for s in (1, -1)
        )
        assert gradient[j] == pytest.approx((up - down) / (2 * h), abs=1e-6)


def grid(model: HestonParameters):
    years = np.repeat([0.1, 0.25, 0.5, 1.0, 2.0], 15)
    strike = 100.0 * np.exp(np.tile(np.linspace(-2.5, 2.0, 15), 5) * 0.2 * np.sqrt(years))
    return strike, years, heston_volatility(100.0, strike, years, model)


@pytest.mark.parametrize(
    "model",
    [INDEX, HestonParameters(0.09, 3.0, 0.05, 0.3, 0.2), HestonParameters(0.02, 5.0, 0.04, 1.2, -0.85)],
    ids=["index", "mild", "steep"],
)
def test_calibration_finds_the_parameters_again(model):
    strike, years, sigma = grid(model)
    found = calibrate_heston(100.0, strike, years, sigma)
    assert found.status is CalibrationStatus.OK
    assert found.model is not None
    assert found.model.as_array() == pytest.approx(model.as_array(), rel=1e-6)
    assert found.rms_volatility_error < 1e-9
    assert found.at_bounds == ()


def test_the_feller_condition_is_reported_and_not_forced():
    strike, years, sigma = grid(INDEX)
    found = calibrate_heston(100.0, strike, years, sigma)
    assert found.feller_ratio == pytest.approx(2 * 1.5 * 0.05 / 0.8**2, rel=1e-6)
    assert found.feller_ratio < 1


def test_calibration_of_noise_and_of_too_little():
    strike, years, sigma = grid(INDEX)
    noisy = sigma + 0.002 * np.random.default_rng(3).normal(size=sigma.size)
    noisy[[3, 20]] = [np.nan, -0.1]
    found = calibrate_heston(100.0, strike, years, noisy)
    assert 0.001 < found.rms_volatility_error < 0.003
    assert found.model is not None
    assert found.model.as_array() == pytest.approx(INDEX.as_array(), rel=0.25)
    few = calibrate_heston(100.0, strike[:4], years[:4], sigma[:4])
    assert few.status.label == "too_few_quotes"
    assert few.model is None
    short = calibrate_heston(100.0, strike, years, sigma, most_evaluations=2)
    assert short.status is CalibrationStatus.NOT_CONVERGED
    with pytest.raises(ValueError, match="weight"):
        calibrate_heston(100.0, strike, years, sigma, weight=-1.0)


def test_calibration_says_what_it_could_not_fit():
    strike, years = np.tile(np.linspace(80.0, 120.0, 9), 2), np.repeat([0.1, 0.5], 9)
    smirk = np.where(strike > 100.0, 0.1, 1.5)
    poor = calibrate_heston(100.0, strike, years, smirk)
    assert poor.status is CalibrationStatus.POOR_FIT
    assert poor.rms_volatility_error > 0.25 * np.median(smirk)
    # a wrong quote that counts for nothing is no poor fit
    strikes, times, sigma = grid(INDEX)
    sigma[7] = 5.0
    light = np.where(np.arange(sigma.size) == 7, 1e-9, 1.0)
    weighted = calibrate_heston(100.0, strikes, times, sigma, weight=light)
    assert weighted.status is CalibrationStatus.OK and weighted.rms_volatility_error < 1e-6
    # prices at their maximum show no volatility
    assert calibrate_heston(100.0, strike, 1.0, 50.0).status is CalibrationStatus.TOO_FEW_QUOTES
    # one option twenty times
    assert calibrate_heston(100.0, np.full(20, 95.0), 0.5, 0.2).status is CalibrationStatus.TOO_FEW_QUOTES
    with pytest.raises(ValueError, match="most_evaluations is 0"):
        calibrate_heston(100.0, strike, years, 0.2, most_evaluations=0)


def test_what_ends_at_the_edge_of_the_search_is_named():
    strike, years = np.tile(np.linspace(60.0, 160.0, 9), 2), np.repeat([0.25, 1.0], 9)
    found = calibrate_heston(100.0, strike, years, 2.6)
    assert {"v0", "theta"} & set(found.at_bounds)
    strike, years, sigma = grid(HestonParameters(1e-4, 1.5, 0.04, 0.5, -0.6))
    assert "v0" not in calibrate_heston(100.0, strike, years, sigma).at_bounds


def test_prices_too_small_for_a_volatility_have_none():
    sigma = heston_volatility(100.0, np.array([100.0, 400.0]), 0.02, INDEX)
    assert np.isfinite(sigma[0])
    assert np.isnan(sigma[1])


def test_bad_numbers_give_none():
    strike = np.array([100.0, np.nan, np.inf, 0.0, -5.0, 100.0, 100.0])
    forward = np.array([100.0, 100.0, 100.0, 100.0, 100.0, np.nan, -1.0])
    prices = heston_price(0, forward, strike, 1.0, INDEX)
    assert np.isfinite(prices.price).tolist() == [True] + [False] * 6
    assert np.isnan(heston_price(0, 100.0, 100.0, [-1.0, np.nan], INDEX).price).all()
    assert heston_price(1, 100.0, [90.0, 130.0], 0.0, INDEX).price == pytest.approx([0.0, 30.0])


def test_layouts_and_emptiness():
    strike = np.linspace(80, 120, 12)
    reference = heston_price(0, 100.0, strike, 1.0, INDEX).price
    read_only = np.repeat(strike, 2)[::2]
    read_only.flags.writeable = False
    assert np.array_equal(heston_price(0, 100.0, read_only, 1.0, INDEX).price, reference)
    assert heston_price(0, 100.0, strike.reshape(3, 4), 1.0, INDEX).price.shape == (3, 4)
    assert heston_price(0, np.float32(100), np.array([100], dtype=np.int32), 1, INDEX).price.shape == (1,)
    assert heston_price(0, 100.0, [], 1.0, INDEX).price.shape == (0,)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="strike has dtype object, numbers are needed"):
        heston_price(0, 100.0, np.array(["a"], dtype=object), 1.0, INDEX)
    with pytest.raises(ValueError, match=r"strike has shape \(3,\), which does not fit forward \(2,\)"):
        heston_price(0, [1.0, 2.0], [1.0, 2.0, 3.0], 1.0, INDEX)
    for name, value in {"v0": -1.0, "kappa": 0.0, "theta": np.nan, "vol_of_vol": 0.0, "rho": 1.0}.items():
        with pytest.raises(ValueError, match="Heston needs"):
            HestonParameters(
                **{"v0": 0.04, "kappa": 1.0, "theta": 0.04, "vol_of_vol": 0.5, "rho": 0.0, name: value}
            )
