"""American implied volatility: round trips, statuses, and whole chains against quote by quote."""

from dataclasses import replace

import numpy as np
import pytest

from engine.pricing.implied_volatility import IvStatus
from engine.pricing.lattice.american_volatility import american_implied_volatility
from engine.pricing.lattice.cash_dividends import CashDividends, DividendModel, cash_dividend_price
from engine.pricing.lattice.closed_forms import price_european
from engine.pricing.lattice.inputs import option_inputs
from engine.pricing.lattice.leisen_reimer import leisen_reimer
from engine.pricing.lattice.premium_grid import ExpirySlices, chain_implied_volatility
from tests.engine.pricing.lattice.chains import chain
from tests.engine.pricing.lattice.quantlib_contracts import Market, random_contracts


def test_price_to_volatility_and_back():
    contracts = random_contracts(5_000, seed=21)
    price = leisen_reimer(*contracts.columns).price
    found = american_implied_volatility(*contracts.columns[:6], price)
    ok = found.status == IvStatus.OK
    assert ok.mean() > 0.95
    again = leisen_reimer(*contracts.columns[:6], found.sigma)
    np.testing.assert_allclose(again.price[ok], price[ok], atol=1e-8 * contracts.strike[ok].max())
    assert np.quantile(np.abs(found.sigma - contracts.sigma)[ok], 0.99) < 1e-7
    intrinsic = np.where(
        contracts.right == 1, contracts.strike - contracts.spot, contracts.spot - contracts.strike
    )
    assert set(found.status[~ok]) == {IvStatus.BELOW_INTRINSIC}
    assert np.all(price[~ok] <= np.maximum(intrinsic, 0)[~ok] + 1e-9 * contracts.strike[~ok])


def test_premium_is_the_price_less_the_european_one():
    contracts = replace(random_contracts(300, seed=22), right=np.ones(300, np.int8))
    found = american_implied_volatility(*contracts.columns[:6], leisen_reimer(*contracts.columns).price)
    ok = found.status == IvStatus.OK
    # both at the volatility of the tree, so what is left is the error of its price
    european = np.empty((3, 300))
    price_european(*option_inputs(*contracts.columns).columns, european)
    truth = Market().fixed_point(contracts) - european[0]
    error = (found.early_exercise_premium - truth)[ok] / contracts.strike[ok]
    assert np.max(np.abs(error)) < 3e-3 and np.median(np.abs(error)) < 3e-5
    assert np.all(found.early_exercise_premium[ok] >= 0)
    assert np.nanmax(found.early_exercise_premium / contracts.strike) > 0.01


@pytest.mark.parametrize("model", list(DividendModel), ids=lambda m: m.label)
def test_round_trip_with_cash_dividends(model):
    contracts = random_contracts(600, seed=23)
    dividends = CashDividends.same_for_all(600, [0.02, 0.27], [0.2, 0.2])
    price = cash_dividend_price(*contracts.columns, dividends, model).price
    found = american_implied_volatility(*contracts.columns[:6], price, dividends=dividends, model=model)
    ok = found.status == IvStatus.OK
    assert ok.mean() > 0.9
    assert np.quantile(np.abs(found.sigma - contracts.sigma)[ok], 0.99) < 1e-6
    european = cash_dividend_price(*contracts.columns, dividends, model, american=False).price
    np.testing.assert_allclose(found.european_price[ok], european[ok], atol=1e-5 * contracts.strike.max())


def test_every_status():
    price = [10.0, np.nan, 0.0, 5.0, 101.0, 10.0, 10.0, 10.0]
    spot = [100.0, 100.0, 100.0, 95.0, 95.0, 100.0, -1.0, 100.0]
    years = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0]
    rate = [0.05] * 7 + [np.nan]
    found = american_implied_volatility(1, spot, 100.0, years, rate, 0.0, price)
    assert [IvStatus(s).label for s in found.status] == [
        "ok", "no_quote", "no_quote", "below_intrinsic", "above_maximum", "no_time", "no_forward", "out_of_range",
    ]  # fmt: skip
    for column in (found.sigma, found.european_price, found.early_exercise_premium):
        assert np.isfinite(column).tolist() == [True] + [False] * 7


def test_terms_that_the_lattice_does_not_take_are_told_apart_from_a_missing_forward():
    good = {
        "right": 1,
        "spot": 100.0,
        "strike": 100.0,
        "year_fraction": 0.5,
        "rate": 0.04,
        "dividend_yield": 0.01,
    }

    def label(price: float = 8.0, dividends: CashDividends | None = None, **changed: float) -> str:
        found = american_implied_volatility(**{**good, **changed}, price=price, dividends=dividends)
        status = IvStatus(int(np.ravel(found.status)[0]))
        assert np.all(np.isfinite(found.sigma)) == (status is IvStatus.OK)
        return status.label

    assert label() == "ok"
    for changed in (
        {"right": 3},
        {"rate": np.inf},
        {"dividend_yield": np.nan},
        {"rate": 60.0},
        {"strike": 1e120},
    ):
        assert label(**changed) == "out_of_range"
    # never exercised early: no lattice, no limit
    assert label(right=0, rate=6.0, dividend_yield=0.0, price=96.0) == "ok"
    assert label(year_fraction=np.inf) == "no_time"
    assert label(dividends=CashDividends.same_for_all(1, [0.2], [-1.0])) == "out_of_range"
    # the volatility that the price would take is more than errors are known for, or than any
    assert label(year_fraction=40.0, rate=0.01, price=99.999) == "out_of_range"
    assert label(year_fraction=0.25, rate=0.01, price=99.9999999) == "above_maximum"
    # a call without yield needs no lattice at any volatility
    far = american_implied_volatility(0, 100.0, 100.0, 4.0, 0.02, 0.0, 99.9999998104)
    assert far.status == IvStatus.OK and far.sigma == pytest.approx(6.0, abs=1e-3)


@pytest.mark.parametrize(
    ("dividends", "largest", "rarely_above"), [(False, 1e-4, 4e-5), (True, 4e-4, 1.5e-4)]
)
def test_whole_chains_agree_with_quote_by_quote(dividends, largest, rarely_above):
    slices, owner, terms, price = chain(60, 100, seed=24, dividends=dividends)
    quick = chain_implied_volatility(slices, terms[2], price)
    cash = slices.dividends.rows(owner) if dividends else None
    slow = american_implied_volatility(*terms[:6], price, dividends=cash)
    np.testing.assert_array_equal(quick.status, slow.status)
    ok = slow.status == IvStatus.OK
    assert ok.mean() > 0.8
    error = np.abs(quick.sigma - slow.sigma)[ok]
    assert np.max(error) < largest
    assert np.quantile(error, 0.99) < rarely_above
    assert np.median(error) < 2e-6
    # most were answered by the table
    assert np.mean(quick.sigma[ok] == slow.sigma[ok]) < 0.3
    np.testing.assert_allclose(quick.european_price[ok], slow.european_price[ok], atol=1e-2)
    premium = quick.early_exercise_premium[ok]
    assert np.all(premium >= 0) and premium.max() > 0.1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"right": [np.nan]}, "right has the value nan: it must be 0 for a call or 1 for a put"),
        ({"right": [256]}, "right has the value 256"),
        ({"offsets": [0, 1.7]}, "slices: offsets has dtype float64, whole numbers are needed"),
        ({"offsets": [1, 2]}, "offsets must rise from 0"),
        ({"spot": [100.0, 101.0]}, r"1 slices, their terms have shape \(2,\)"),
    ],
)
def test_slices_that_are_none_are_refused_by_name(changed, message):
    good = {"offsets": [0, 2], "right": [1], "spot": [100.0], "year_fraction": [0.5], "rate": [0.04]}
    with pytest.raises(ValueError, match=message):
        ExpirySlices(**{**good, "dividend_yield": [0.0], **changed})


def test_chains_with_holes():
    slices, _, terms, price = chain(4, 60, seed=25)
    price[::7] = np.nan
    price[1::7] = 0.0
    price[2::7] *= 30
    found = chain_implied_volatility(slices, terms[2], price)
    slow = american_implied_volatility(*terms[:6], price)
    np.testing.assert_array_equal(found.status, slow.status)
    assert {IvStatus.NO_QUOTE, IvStatus.OK, IvStatus.ABOVE_MAXIMUM} <= set(found.status)
    ok = found.status == IvStatus.OK
    np.testing.assert_allclose(found.sigma[ok], slow.sigma[ok], atol=2e-4)


def test_empty_chains_and_small_slices():
    none = ExpirySlices([0], [], [], [], [], [])
    assert chain_implied_volatility(none, [], []).sigma.shape == (0,)
    few = ExpirySlices([0, 0, 3], [0, 1], [100.0] * 2, [0.5] * 2, [0.05] * 2, [0.0] * 2)
    strike = np.array([90.0, 100.0, 110.0])
    price = leisen_reimer(1, 100.0, strike, 0.5, 0.05, 0.0, 0.3).price
    np.testing.assert_allclose(chain_implied_volatility(few, strike, price).sigma, 0.3, atol=1e-8)


def test_what_does_not_fit_is_refused_by_name():
    with pytest.raises(ValueError, match="2 offsets are 1 slices"):
        ExpirySlices([0, 3], [0, 1], 100.0, 0.5, 0.05, 0.0)
    with pytest.raises(ValueError, match="offsets must rise"):
        ExpirySlices([1, 3], [0], [100.0], [0.5], [0.05], [0.0])
    one = ExpirySlices([0, 3], [0], [100.0], [0.5], [0.05], [0.0])
    with pytest.raises(ValueError, match=r"shape \(2,\), the slices hold 3 quotes"):
        chain_implied_volatility(one, [90.0, 100.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="price has dtype object"):
        american_implied_volatility(1, 100.0, 100.0, 0.5, 0.05, 0.0, np.array([None]))
