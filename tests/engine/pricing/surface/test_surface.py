"""SSVI, the local smile, the whole surface and its marks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.pricing.surface.kernel_smile import kernel_smile
from engine.pricing.surface.marks import MarkSource, mark_contracts
from engine.pricing.surface.quotes import SurfaceQuotes, surface_quotes
from engine.pricing.surface.ssvi import SsviParameters, fit_ssvi
from engine.pricing.surface.surface import SliceSource, VolatilitySurface, fit_surface
from engine.pricing.surface.svi import total_variance
from engine.pricing.surface.svi_fit import FitStatus
from engine.simulation.smile import SsviParameters as GeneratorsSmile
from engine.simulation.smile import total_variance as generators_variance

TRUE = SsviParameters(rho=-0.6, eta=1.1, gamma=0.4)
YEARS = np.array([0.02, 0.1, 0.3, 1.0])
SIGMA = np.array([0.13, 0.14, 0.16, 0.18])
FORWARD = 5000.0


def chain(counts=(40, 40, 40, 40), noise=0.0, seed=0, half_width=0.001) -> dict[str, np.ndarray]:
    """Rows of a chain with the smile of ``TRUE``; calls and puts at each strike, in the order of strikes."""
    rng = np.random.default_rng(seed)
    columns: dict[str, list] = {name: [] for name in ("code", "right", "strike", "year_fraction", "iv")}
    for j, count in enumerate(counts):
        theta = np.array([SIGMA[j] ** 2 * YEARS[j]])
        k = np.linspace(-4, 2.5, count) * np.sqrt(theta) if count else np.array([])
        iv = np.sqrt(total_variance(k, TRUE.slices(theta).at(0)) / YEARS[j])
        for right in (0, 1):
            columns["code"] += [100 + j] * count
            columns["right"] += [right] * count
            columns["strike"] += list(FORWARD * np.exp(k))
            columns["year_fraction"] += [YEARS[j]] * count
            columns["iv"] += list(iv + noise * rng.normal(size=count))
        if not count:  # listed, but without a quote
            for name, value in (
                ("code", 100 + j),
                ("right", 0),
                ("strike", FORWARD),
                ("year_fraction", YEARS[j]),
            ):
                columns[name].append(value)
            columns["iv"].append(np.nan)
    rows = {name: np.array(values) for name, values in columns.items()}
    return rows | {
        "forward": np.full(rows["iv"].size, FORWARD),
        "iv_bid": rows["iv"] - half_width,
        "iv_ask": rows["iv"] + half_width,
    }


def quotes(**options) -> SurfaceQuotes:
    return surface_quotes(**chain(**options))


def test_quotes_are_out_of_the_money_ordered_and_traced_to_their_rows():
    rows = chain()
    shuffled = np.random.default_rng(2).permutation(rows["iv"].size)
    q = surface_quotes(**{name: values[shuffled] for name, values in rows.items()})
    assert q.code.tolist() == [100, 101, 102, 103]
    assert np.diff(q.offset).tolist() == [40] * 4
    for j in range(4):
        assert np.all(np.diff(q.log_moneyness[q.of(j)]) > 0)
    right, strike = rows["right"][shuffled][q.row], rows["strike"][shuffled][q.row]
    assert np.array_equal(right == 1, strike < FORWARD)
    assert q.log_moneyness == pytest.approx(np.log(strike / FORWARD))


def test_what_is_no_quote_is_left_out():
    rows = chain()
    puts = np.flatnonzero((rows["right"] == 1) & (rows["strike"] < FORWARD))
    rows["iv_bid"][puts[0]] = np.nan
    rows["iv_ask"][puts[1]] = rows["iv"][puts[1]] - 0.01
    rows["strike"][puts[2]] = -1.0
    q = surface_quotes(**rows)
    assert q.row.size == 157
    assert not np.isin(puts[:3], q.row).any()
    rows["year_fraction"][rows["code"] == 100] = 0.0
    assert surface_quotes(**rows).code.tolist() == [101, 102, 103]
    empty = surface_quotes(**{name: values[:0] for name, values in rows.items()})
    assert empty.code.size == 0
    assert fit_surface(empty).parameters.a.size == 0


def test_two_forwards_of_one_expiry_are_refused():
    rows = chain()
    rows["forward"][3] += 1
    with pytest.raises(ValueError, match="forward differs among rows of one code"):
        surface_quotes(**rows)
    with pytest.raises(ValueError, match=r"iv has shape \(3,\), which does not fit code \(320,\)"):
        surface_quotes(**{**chain(), "iv": np.ones(3)})
    with pytest.raises(ValueError, match="strike has dtype object, numbers are needed"):
        surface_quotes(**{**chain(), "strike": np.full(320, None)})


def test_ssvi_is_the_generators_formula():
    theta, k = np.full(9, 0.02), np.linspace(-0.5, 0.4, 9)
    theirs = generators_variance(k, theta, GeneratorsSmile(rho=-0.6, eta=1.1, gamma=0.4))
    assert total_variance(k, TRUE.slices(theta)) == pytest.approx(theirs, rel=1e-13)


def test_ssvi_comes_back():
    fit = fit_ssvi(quotes())
    assert fit is not None
    assert fit.theta == pytest.approx(SIGMA**2 * YEARS, rel=4e-3)
    found = fit.parameters
    assert (found.rho, found.eta, found.gamma) == pytest.approx((-0.6, 1.1, 0.4), rel=0.03)
    with pytest.raises(ValueError, match="SSVI needs"):
        SsviParameters(rho=-0.9, eta=1.5, gamma=0.4)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), noise=st.floats(0, 0.03))
def test_ssvi_never_admits_arbitrage(seed, noise):
    fit = fit_ssvi(quotes(noise=noise, seed=seed))
    assert fit is not None
    report = VolatilitySurface(
        quotes(), fit.slices, np.zeros(4, np.int8), np.full(4, SliceSource.SSVI, np.int8), fit
    ).arbitrage()
    assert report.butterfly_free
    assert report.calendar_free


def test_expiries_with_few_or_no_quotes_are_drawn_by_ssvi():
    surface = fit_surface(quotes(counts=(40, 5, 0, 40)))
    assert [SliceSource(s).label for s in surface.source] == ["svi", "ssvi", "ssvi", "svi"]
    assert surface.status.tolist() == [0, FitStatus.TOO_FEW_QUOTES, FitStatus.TOO_FEW_QUOTES, 0]
    report = surface.arbitrage()
    assert report.butterfly_free
    assert report.calendar_free
    at_the_money = np.sqrt(total_variance(0.0, surface.parameters) / YEARS)
    # the third has no quote at all: its variance is interpolated in time
    assert at_the_money[[0, 1, 3]] == pytest.approx(SIGMA[[0, 1, 3]], abs=0.004)
    assert at_the_money[2] == pytest.approx(SIGMA[2], abs=0.02)
    assert fit_surface(quotes()).ssvi is None


def test_without_any_quotes_there_is_no_surface_and_no_mark():
    surface = fit_surface(quotes(counts=(0, 0, 0, 0)))
    assert surface.source.tolist() == [SliceSource.NONE] * 4
    assert np.isnan(surface.total_variance_at(0.0, 0.5)).all()
    marks = mark_contracts(surface, code=[100], right=[0], strike=[5000.0], discount=[1.0])
    assert marks.source.tolist() == [MarkSource.NONE]
    assert np.isnan(marks.price).all()


def test_between_expiries_variance_is_linear_in_time():
    surface = fit_surface(quotes())
    k = np.array([-0.05, 0.0, 0.03])
    ends = [total_variance(k, surface.parameters.at(j)) for j in (1, 2)]
    assert surface.total_variance_at(k, 0.2) == pytest.approx(0.5 * (ends[0] + ends[1]))
    for j, years in enumerate(YEARS):
        assert surface.total_variance_at(k, years) == pytest.approx(
            total_variance(k, surface.parameters.at(j))
        )
    first, last = (total_variance(k, surface.parameters.at(j)) for j in (0, 3))
    assert surface.total_variance_at(k, 0.01) == pytest.approx(first / 2)
    assert surface.total_variance_at(k, 2.0) == pytest.approx(last * 2)
    assert np.isnan(surface.total_variance_at(k, -0.1)).all()


def test_the_day_before_is_where_a_fit_begins_and_moves_no_result():
    before = fit_surface(quotes(noise=0.001, seed=1))
    today = quotes(noise=0.001, seed=2)
    cold, warm = fit_surface(today), fit_surface(today, previous=before)
    k = np.linspace(-0.1, 0.05, 7)
    for j in range(4):
        apart = total_variance(k, warm.parameters.at(j)) / total_variance(k, cold.parameters.at(j)) - 1
        assert np.abs(apart).max() < 0.005


def test_the_local_smile_follows_a_parabola_exactly_and_says_how_sure_it_is():
    k = np.linspace(-0.2, 0.2, 60)
    sigma = 0.2 - 0.3 * k + 0.5 * k**2
    error = np.full(60, 0.001)
    at = np.array([-0.15, -0.013, 0.1])
    smile = kernel_smile(at, k, sigma, error, widest=0.1)
    assert smile.sigma == pytest.approx(0.2 - 0.3 * at + 0.5 * at**2, abs=1e-13)
    assert np.all((smile.standard_error > 1e-4) & (smile.standard_error < 1e-3))
    draws = [
        kernel_smile(at, k, sigma + 0.001 * np.random.default_rng(i).normal(size=60), error, widest=0.1).sigma
        for i in range(300)
    ]
    assert np.std(draws, axis=0) == pytest.approx(smile.standard_error, rel=0.2)


def test_there_is_no_local_smile_outside_the_quotes_or_where_they_are_thin():
    k = np.r_[np.linspace(-0.2, -0.1, 20), np.linspace(0.1, 0.2, 20)]
    smile = kernel_smile([-0.3, -0.15, 0.0, 0.15, 0.21], k, 0.2 + 0 * k, 0.001 + 0 * k, widest=0.05)
    assert np.isfinite(smile.sigma).tolist() == [False, True, False, True, False]
    assert np.isnan(kernel_smile([0.0], k[:4], k[:4], 0.001 + 0 * k[:4], widest=1.0).sigma).all()
    with pytest.raises(ValueError, match="equally long"):
        kernel_smile([0.0], k, k[:3], k, widest=1.0)
    with pytest.raises(ValueError, match="widest must be positive"):
        kernel_smile([0.0], k, k, k, widest=0.0)


def test_marks_say_where_they_come_from_and_grow_less_sure_further_out():
    surface = fit_surface(quotes(counts=(40, 5, 40, 40), noise=0.001))
    deviation = SIGMA[2] * np.sqrt(YEARS[2])
    strikes = FORWARD * np.exp(np.array([-0.5, -4.5, -6.0, -9.0]) * deviation)
    marks = mark_contracts(
        surface, code=np.full(4, 102), right=np.ones(4, int), strike=strikes, discount=0.99
    )
    assert [MarkSource(s).label for s in marks.source] == ["kernel", "svi", "svi", "svi"]
    assert np.all(np.diff(marks.uncertainty) > 0)
    assert np.all(marks.price > 0)
    drawn = mark_contracts(surface, code=[101, 999], right=[0, 0], strike=[FORWARD, FORWARD], discount=1.0)
    assert [MarkSource(s).label for s in drawn.source] == ["ssvi", "none"]
    assert drawn.sigma[0] == pytest.approx(SIGMA[1], abs=2 * drawn.uncertainty[0])
    with pytest.raises(ValueError, match="strike has dtype object, numbers are needed"):
        mark_contracts(surface, code=[102], right=[0], strike=np.array([None]), discount=1.0)


def test_a_mark_and_its_put_obey_parity():
    surface = fit_surface(quotes())
    strike = np.array([4700.0, 5000.0, 5200.0])
    call, put = (
        mark_contracts(surface, code=np.full(3, 102), right=np.full(3, r), strike=strike, discount=0.97)
        for r in (0, 1)
    )
    assert call.price - put.price == pytest.approx(0.97 * (FORWARD - strike))


@pytest.mark.real_data
def test_marks_of_real_contracts_are_as_far_off_as_they_say(spx_days):
    """Half of a real day's contracts are hidden; then all beyond two deviations."""
    names = ("code", "right", "forward", "strike", "year_fraction", "iv", "iv_bid", "iv_ask")
    for rows in spx_days.values():
        alive = rows["year_fraction"] > 0
        whole = np.zeros(len(rows), dtype=bool)
        whole[surface_quotes(**{n: rows[n].to_numpy() for n in names}).row] = True
        deviations = np.abs(np.log(rows["strike"] / rows["forward"])) / (
            0.14 * np.sqrt(rows["year_fraction"].where(alive))
        )
        half = np.random.default_rng(0).random(len(rows)) < 0.5
        for shown, within, least_two in ((half, 0.001, 0.99), ((deviations < 2).to_numpy(), 0.012, 0.9)):
            surface = fit_surface(surface_quotes(**{n: rows.loc[shown, n].to_numpy() for n in names}))
            hidden = rows[whole & ~shown & (deviations < 4).to_numpy()]
            marks = mark_contracts(
                surface, **{n: hidden[n].to_numpy() for n in ("code", "right", "strike", "discount")}
            )
            error = np.abs(marks.sigma - hidden["iv"].to_numpy())
            assert np.median(error) < within
            assert np.mean(error < marks.uncertainty) > 0.6
            assert np.mean(error < 2 * marks.uncertainty) > least_two


def test_expiries_on_futures_of_their_own_may_cross():
    """A shorter expiry with more total variance than a longer one, as the VIX has in a panic."""
    parts = [(20.0, 0.05, 1.8), (24.0, 0.15, 0.7)]
    k = np.linspace(-0.4, 0.6, 21)
    columns = {
        "code": np.repeat([0, 1], 21),
        "right": np.tile((k >= 0) == 0, 2).astype(int),
        "forward": np.repeat([f for f, _, _ in parts], 21),
        "strike": np.concatenate([f * np.exp(k) for f, _, _ in parts]),
        "year_fraction": np.repeat([t for _, t, _ in parts], 21),
        "iv": np.concatenate([v * (1 + 0.3 * k) for _, _, v in parts]),
    }
    width = 0.01
    quotes = surface_quotes(**columns, iv_bid=columns["iv"] - width, iv_ask=columns["iv"] + width)
    apart, crossing = fit_surface(quotes), fit_surface(quotes, calendar=False)
    assert apart.arbitrage().calendar_free
    assert not crossing.arbitrage().calendar_free
    assert np.nanmax(crossing.rms_error()) < 0.02 < np.nanmax(apart.rms_error())
