"""Fits: known parameters come back, bad quotes do not bend them, and there is never arbitrage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.pricing.surface.arbitrage import check_arbitrage
from engine.pricing.surface.quotes import surface_quotes
from engine.pricing.surface.svi import SviParameters, butterfly_density, total_variance
from engine.pricing.surface.svi_fit import FitStatus, fit_svi, slices_of

TRUE = SviParameters.of(
    [0.0005, 0.002, 0.006], [0.03, 0.06, 0.1], [-0.5, -0.45, -0.4], [0.0, 0.01, 0.02], [0.08, 0.12, 0.18]
)
YEARS = np.array([0.05, 0.2, 0.6])


def smiles(parameters: SviParameters = TRUE, points: int = 60):
    """Offsets, log-moneyness and total variance of slices over five deviations."""
    k, w = [], []
    for j in range(len(parameters)):
        here = parameters.at(j)
        reach = 5 * np.sqrt(float(total_variance(0.0, here)))
        k.append(np.linspace(-reach, reach, points))
        w.append(total_variance(k[-1], here))
    return np.arange(len(parameters) + 1) * points, np.concatenate(k), np.concatenate(w)


def test_the_true_slices_are_free_of_arbitrage_themselves():
    report = check_arbitrage(TRUE)
    assert report.butterfly_free
    assert report.calendar_free


def test_known_parameters_come_back():
    offset, k, w = smiles()
    fit = fit_svi(offset, YEARS, k, w, 1e3 / w)
    assert fit.status.tolist() == [FitStatus.OK] * 3
    assert fit.parameters.rows() == pytest.approx(TRUE.rows(), abs=2e-6)


def test_a_few_wild_quotes_do_not_bend_the_slice():
    offset, k, w = smiles()
    wild = w.copy()
    wild[[5, 31, 50, 70, 71, 130]] *= [3, 0.3, 2, 0.5, 2.0, 5.0]
    fit = fit_svi(offset, YEARS, k, wild, 100 / w)
    expiry = np.repeat(np.arange(3), 60)
    fitted = total_variance(k, fit.parameters.at(expiry))
    assert np.abs(fitted / w - 1).max() < 0.01


def test_least_squares_without_robust_weights_would_bend():
    from scipy.optimize import least_squares

    _, k, w = smiles()
    k, w = k[:60], w[:60].copy()
    truth = w.copy()
    w[[5, 31, 50]] *= [3, 0.3, 2]
    plain = least_squares(
        lambda p: total_variance(k, SviParameters.of(*p)) / truth - w / truth, TRUE.rows()[0]
    )
    assert np.abs(total_variance(k, SviParameters.of(*plain.x)) / truth - 1).max() > 0.05


def test_vogts_slice_is_fitted_without_its_butterflies():
    vogt = SviParameters.of([-0.0410], [0.1331], [0.3060], [0.3586], [0.4153])
    k = np.linspace(-1.2, 1.2, 80)
    w = total_variance(k, vogt.at(0))
    assert butterfly_density(k, vogt.at(0)).min() < 0
    fit = fit_svi([0, 80], [1.0], k, w, np.full(80, 1e3))
    assert check_arbitrage(fit.parameters).butterfly_free
    # it takes away a hump of the density at k = 0.8, not the smile
    moved = np.sqrt(total_variance(k, fit.parameters.at(0))) - np.sqrt(w)
    assert np.sqrt(np.mean(moved**2)) < 0.007


def test_a_longer_expiry_with_flatter_wings_is_bent_far_out_and_not_raised_at_the_money():
    """Three expiries of a coin on 2021-06-30: each slope at the left is less than that of the expiry before."""
    years = np.array([0.2361, 0.5046, 0.7347])
    truth = SviParameters.of(
        [-0.6792, -0.5635, -1.1792],
        [0.4796, 0.4497, 0.5975],
        [-0.2615, -0.0879, 0.3490],
        [-0.3285, -0.0833, 1.2988],
        [1.9015, 2.2355, 3.2406],
    )
    k = np.tile(np.linspace(-1.2, 1.8, 25), 3)
    expiry = np.repeat(np.arange(3), 25)
    w = total_variance(k, truth.at(expiry))
    fit = fit_svi([0, 25, 50, 75], years, k, w, 1.0 / (0.02 * np.sqrt(w * years[expiry])))
    assert check_arbitrage(truth).calendar_free is False
    report = check_arbitrage(fit.parameters)
    assert report.calendar_free and report.butterfly_free
    error = np.sqrt(total_variance(k, fit.parameters.at(expiry)) / years[expiry]) - np.sqrt(w / years[expiry])
    assert np.max(np.abs(error)) < 0.02
    assert np.sqrt(np.mean(error**2)) < 0.007


def test_slices_that_cross_are_pulled_apart():
    offset, k, w = smiles()
    w[60:120] = 0.97 * total_variance(k[60:120], TRUE.at(0))
    alone = fit_svi(offset, YEARS, k, w, 1e3 / w, calendar=False)
    assert not check_arbitrage(alone.parameters).calendar_free
    together = fit_svi(offset, YEARS, k, w, 1e3 / w)
    assert check_arbitrage(together.parameters).calendar_free
    assert check_arbitrage(together.parameters).butterfly_free
    # who is wrong by three percent is moved, and nobody much more
    expiry = np.repeat(np.arange(3), 60)
    assert np.abs(total_variance(k, together.parameters.at(expiry)) / w - 1).max() < 0.05


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), noise=st.floats(0, 0.3), expiries=st.integers(1, 6))
def test_no_fit_ever_admits_arbitrage(seed, noise, expiries):
    rng = np.random.default_rng(seed)
    k, w, sizes = [], [], []
    for _ in range(expiries):
        size = int(rng.integers(8, 60))
        level = np.exp(rng.uniform(np.log(1e-4), np.log(0.5)))
        x = np.sort(rng.uniform(-6, 6, size)) * np.sqrt(level)
        shape = 1 + rng.uniform(-0.5, 0.5) * x / np.sqrt(level) + rng.uniform(0, 0.5) * x**2 / level
        k.append(x)
        w.append(level * np.maximum(shape, 0.05) * np.exp(noise * rng.normal(size=size)))
        sizes.append(size)
    years = np.sort(rng.uniform(0.01, 3, expiries))
    k, w = np.concatenate(k), np.concatenate(w)
    fit = fit_svi(np.concatenate([[0], np.cumsum(sizes)]), years, k, w, 50 / w)
    report = check_arbitrage(fit.parameters)
    assert np.isfinite(fit.parameters.rows()).all()
    # the smallest density is 0 where the fit is at the edge of the domain: rounding may be on either side
    assert report.worst_density.min() > -1e-9
    assert report.butterfly_free
    assert report.calendar_free


def test_a_warm_start_never_makes_a_fit_worse():
    offset, k, w = smiles()
    cold = fit_svi(offset, YEARS, k, w, 1e3 / w)
    warm = fit_svi(offset, YEARS, k, w, 1e3 / w, warm=TRUE)
    assert warm.parameters.rows() == pytest.approx(TRUE.rows(), abs=1e-7)
    far = SviParameters.of(*np.tile([[5.0], [1.5], [0.9], [3.0], [4.0]], 3))
    assert fit_svi(offset, YEARS, k, w, 1e3 / w, warm=far).parameters.rows() == pytest.approx(
        cold.parameters.rows(), abs=1e-9
    )


def test_expiries_that_cannot_be_fitted_say_why():
    offset, k, w = smiles()
    few = np.array([0, 60, 67, 127])
    keep = np.r_[0:67, 120:180]
    fit = fit_svi(few, YEARS, k[keep], w[keep], 1e3 / w[keep])
    assert [FitStatus(s).label for s in fit.status] == ["ok", "too_few_quotes", "ok"]
    assert np.isnan(fit.parameters.rows()[1]).all()
    gone = fit_svi(offset, [-0.1, 0.2, 0.6], k, w, 1e3 / w)
    assert [FitStatus(s).label for s in gone.status] == ["no_time", "ok", "ok"]
    assert np.isnan(gone.parameters.rows()[0]).all()


def test_quotes_that_are_none_are_left_out():
    offset, k, w = smiles()
    dirty_w, dirty_weight = w.copy(), 1e3 / w
    dirty_w[[3, 4, 5]] = [np.nan, -1.0, np.inf]
    dirty_weight[[10, 11]] = [0.0, np.nan]
    fit = fit_svi(offset, YEARS, k, dirty_w, dirty_weight)
    assert fit.parameters.rows() == pytest.approx(TRUE.rows(), abs=1e-5)


def test_layouts_and_emptiness():
    offset, k, w = smiles()
    reference = fit_svi(offset, YEARS, k, w, 1e3 / w).parameters.rows()
    strided = np.repeat(k, 2)[::2]
    strided.flags.writeable = False
    assert np.array_equal(fit_svi(offset, YEARS, strided, w, 1e3 / w).parameters.rows(), reference)
    shuffled = np.random.default_rng(1).permutation(60)
    mixed = np.concatenate([shuffled, np.arange(60, 180)])
    assert np.array_equal(
        fit_svi(offset, YEARS, k[mixed], w[mixed], (1e3 / w)[mixed]).parameters.rows(), reference
    )
    empty = fit_svi([0], [], [], [], [])
    assert len(empty.parameters) == 0
    none = fit_svi([0, 0], [1.0], [], [], [])
    assert none.status.tolist() == [FitStatus.TOO_FEW_QUOTES]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"offset": [0, 60]}, "offset must be 4 integers"),
        ({"offset": [0, 70, 60, 180]}, "offset must rise"),
        ({"year_fraction": [0.2, 0.1, 0.6]}, "must not decrease"),
        ({"weight": [1.0]}, "one shape"),
        ({"total_variance": np.array([None] * 180)}, "total_variance has dtype object, numbers are needed"),
        ({"total_variance": np.ones((60, 3))}, "total_variance must be one-dimensional"),
        ({"offset": [0.0, 60.0, 120.0, 180.0]}, "offset has dtype float64, whole numbers are needed"),
        ({"warm": TRUE.at(slice(0, 2))}, "warm holds 2 expiries"),
    ],
)
def test_bad_input_is_named(changes, message):
    offset, k, w = smiles()
    arguments = {
        "offset": offset,
        "year_fraction": YEARS,
        "log_moneyness": k,
        "total_variance": w,
        "weight": 1e3 / w,
    }
    warm = changes.pop("warm", None)
    with pytest.raises(ValueError, match=message):
        fit_svi(**{**arguments, **changes}, warm=warm)


def test_slopes_are_those_at_the_ends():
    slices = slices_of(TRUE)
    far = 1e6
    for j in range(3):
        right = (total_variance(far, TRUE.at(j)) - total_variance(far - 1, TRUE.at(j))) / 1
        assert slices[j, 2] == pytest.approx(float(right), rel=1e-6)


@pytest.mark.real_data
def test_real_index_days_are_fitted_within_a_vol_point_and_without_arbitrage(spx_days):
    for day, limit_near, limit in (("2026-07-22", 0.004, 0.006), ("2026-07-24", 0.006, 0.007)):
        rows = spx_days[day]
        quotes = surface_quotes(
            **{c: rows[c].to_numpy() for c in ("code", "right", "forward", "strike", "year_fraction")},
            **{c: rows[c].to_numpy() for c in ("iv", "iv_bid", "iv_ask")},
        )
        fit = fit_svi(
            quotes.offset, quotes.year_fraction, quotes.log_moneyness, quotes.total_variance, quotes.weight
        )
        report = check_arbitrage(fit.parameters)
        assert report.butterfly_free
        assert report.calendar_free
        assert len(fit.status) >= 58
        assert not np.isin(fit.status, [FitStatus.TOO_FEW_QUOTES, FitStatus.NO_TIME]).any()
        p = fit.parameters.at(quotes.expiry)
        error = (
            np.sqrt(total_variance(quotes.log_moneyness, p) / quotes.year_fraction[quotes.expiry])
            - quotes.sigma
        )
        deviations = np.abs(quotes.log_moneyness) / np.sqrt(total_variance(0.0, p))
        near = np.sqrt(np.mean(error[deviations < 1.5] ** 2))
        inside = np.sqrt(np.mean(error[deviations < 4] ** 2))
        assert near < limit_near
        assert inside < limit
