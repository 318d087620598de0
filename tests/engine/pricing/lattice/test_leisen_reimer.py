"""The Leisen-Reimer tree against published rows, QuantLib, a tree without omissions, and its own properties."""

from dataclasses import replace

import numpy as np
import pytest
import QuantLib as ql

from engine.pricing.american.andersen_lake import american_price
from engine.pricing.american.contract import AmericanStatus
from engine.pricing.lattice.cash_dividends import CashDividends, DividendModel, cash_dividend_price
from engine.pricing.lattice.closed_forms import price_european
from engine.pricing.lattice.inputs import PricingStatus, option_inputs, scratch
from engine.pricing.lattice.leisen_reimer import leisen_reimer, leisen_reimer_parameter_greeks
from engine.pricing.lattice.tree_setup import CHUNK, ROWS, WORK, set_up
from tests.engine.pricing.lattice.quantlib_contracts import Contracts, Market, random_contracts
from tests.engine.pricing.published import contract, published

#: QuantLib calls an option worthless on its last day, and this row wants more digits than 101 steps have
NOT_FOR_TREES = {"qd-edge-20": "worthless at maturity by convention", "qd-edge-02": "1e-8 over ten years"}


@published("american_put_true", "american_edge_cases", but=NOT_FOR_TREES)
def test_published_rows(case):
    value = leisen_reimer(*contract(case))
    assert value.status == 0
    assert value.price == pytest.approx(case["expected"], abs=case["tolerance"] or 1e-6, rel=0)


def test_random_contracts_against_the_fixed_point_of_quantlib():
    contracts, market = random_contracts(100_000, seed=7), Market()
    truth = market.prices(
        contracts, ql.QdFpAmericanEngine(market.process, ql.QdFpAmericanEngine.fastScheme())
    )
    error = (leisen_reimer(*contracts.columns).price - truth) / contracts.strike
    assert np.max(np.abs(error)) < 3e-3
    assert np.sqrt(np.mean(error**2)) < 1.2e-4
    assert np.median(np.abs(error)) < 1e-5


def test_no_worse_than_the_same_tree_of_quantlib():
    contracts, market = random_contracts(3_000, seed=8, rates=(0.01, 0.1)), Market()
    truth = market.fixed_point(contracts)
    theirs = (
        np.abs(market.prices(contracts, ql.BinomialLRVanillaEngine(market.process, 101)) - truth)
        / contracts.strike
    )
    ours = np.abs(leisen_reimer(*contracts.columns).price - truth) / contracts.strike
    assert np.max(ours) <= np.max(theirs)
    assert np.mean(ours) <= np.mean(theirs)
    assert np.mean(ours <= theirs + 1e-9) > 0.97


def whole_tree(contracts: Contracts, i: int, steps: int) -> float:
    """Every node of the tree, one level after the other, in numpy."""
    one = slice(i, i + 1)
    setup = scratch(CHUNK * ROWS)
    sign = 1.0 - 2.0 * contracts.right[one]
    set_up(steps, sign, *(c[one] for c in contracts.columns[1:]), scratch(WORK), setup)
    spot, strike, move_in, move_out, weight_in, weight_out, *_ = setup[::CHUNK]
    for level in range(steps, -1, -1):
        j = np.arange(level + 1)
        exercise = spot * move_in ** (level - j) * move_out**j + strike
        if level == steps:
            value = np.maximum(exercise, 0.0)
        else:
            value = np.maximum(weight_in * value[:-1] + weight_out * value[1:], exercise)
    return float(value[0])


@pytest.mark.parametrize("steps", [3, 5, 7, 9, 11, 101, 203])
def test_what_is_left_out_of_the_tree_changes_nothing(steps):
    contracts = random_contracts(300, seed=9, rates=(-0.05, 0.12))
    # calls without and puts with a gain from exercise, so that no closed formula takes over; and drifts that outrun
    # the volatility in a step
    contracts = replace(
        contracts,
        rate=np.where(contracts.right == 1, np.abs(contracts.rate) + 1e-4, contracts.rate),
        dividend_yield=np.where(
            contracts.right == 0, np.abs(contracts.dividend_yield) + 1e-4, contracts.dividend_yield
        ),
        sigma=np.where(np.arange(300) % 7 == 0, 0.01, contracts.sigma),
    )
    truth = [whole_tree(contracts, i, steps) for i in range(300)]
    price = leisen_reimer(*contracts.columns, steps=steps).price
    keep = np.abs(np.log(contracts.spot / contracts.strike)) < 20 * contracts.sigma * np.sqrt(
        contracts.year_fraction
    )
    assert keep.sum() > 200
    np.testing.assert_allclose(price[keep], np.array(truth)[keep], rtol=1e-11, atol=1e-11)


def test_greeks_are_the_differences_of_a_finer_tree():
    contracts = random_contracts(1_500, seed=2)

    def price(**moved) -> np.ndarray:
        return leisen_reimer(*replace(contracts, **moved).columns, steps=1001).price

    spot, h, wide = contracts.spot, 2e-3, 1e-2
    at = leisen_reimer(*contracts.columns)
    others = leisen_reimer_parameter_greeks(*contracts.columns)
    delta = (price(spot=spot * (1 + h)) - price(spot=spot * (1 - h))) / (2 * h * spot)
    curved = price(spot=spot * (1 + wide)) - 2 * price() + price(spot=spot * (1 - wide))
    day = 0.1 / 365
    years = contracts.year_fraction
    theta = (price(year_fraction=years - day) - price(year_fraction=years + day)) * 5
    sigma, rate = contracts.sigma, contracts.rate
    vega = (price(sigma=sigma + 0.01) - price(sigma=sigma - 0.01)) / 2
    rho = (price(rate=rate + 1e-3) - price(rate=rate - 1e-3)) / 0.2
    for ours, theirs, scale, rms in (
        (at.delta, delta, 1.0, 2e-3),
        (at.gamma, curved / (wide * spot) ** 2, 1 / spot, 0.25),
        (at.theta_per_day, theta, contracts.strike, 2e-5),
        (others.vega_per_vol_point, vega, spot, 5e-5),
        (others.rho_per_pct, rho, spot, 2e-4),
    ):
        error = (ours - theirs) / scale
        assert np.sqrt(np.mean(error**2)) < rms
        assert np.sqrt(np.mean((theirs / scale) ** 2)) > 5 * rms


def test_bounds_and_monotony():
    contracts = random_contracts(2_000, seed=3)
    value = leisen_reimer(*contracts.columns)
    european = np.empty((3, 2_000))
    price_european(*option_inputs(*contracts.columns).columns, european)
    sign = 1 - 2 * contracts.right
    assert np.all(value.price >= sign * (contracts.spot - contracts.strike) - 1e-12)
    assert np.all(value.price >= european[0] - 2e-4 * contracts.strike)
    assert np.all(np.abs(value.delta) <= 1 + 1e-12) and np.all(sign * value.delta >= -1e-12)
    longer = leisen_reimer(*replace(contracts, year_fraction=contracts.year_fraction * 1.1).columns).price
    wilder = leisen_reimer(*replace(contracts, sigma=contracts.sigma * 1.1).columns).price
    assert np.all(longer >= value.price - 5e-4 * contracts.strike)
    assert np.all(wilder >= value.price - 5e-5 * contracts.strike)


def test_never_exercised_is_european_to_the_last_digit():
    contracts = replace(
        random_contracts(500, seed=4), right=np.zeros(500, np.int8), dividend_yield=np.zeros(500)
    )
    european = np.empty((3, 500))
    price_european(*option_inputs(*contracts.columns).columns, european)
    value = leisen_reimer(*contracts.columns)
    np.testing.assert_array_equal([value.price, value.delta, value.gamma], european)
    market = Market()
    truth = market.prices(contracts, ql.QdFpAmericanEngine(market.process))
    np.testing.assert_allclose(value.price, truth, atol=1e-9)


def test_exercise_now_has_the_greeks_of_the_payoff():
    deep = leisen_reimer(1, 50.0, 100.0, 0.5, 0.05, 0.0, 0.2)
    assert (deep.price, deep.theta_per_day) == (50.0, 0.0)
    assert deep.delta == pytest.approx(-1.0) and deep.gamma == pytest.approx(0.0, abs=1e-12)


def test_no_time_and_no_volatility():
    price = leisen_reimer(
        [0, 1, 1, 0], 100.0, [90.0, 120.0, 120.0, 120.0], [0, 0, 1, 1], 0.0, 0.05, [0.2, 0.2, 0, 0]
    ).price
    np.testing.assert_allclose(price, [10.0, 20.0, 120 - 100 * np.exp(-0.05), 0.0], rtol=1e-14)


def test_one_option_gives_the_bits_that_it_gives_among_many():
    contracts = random_contracts(77, seed=5)
    together = leisen_reimer(*contracts.columns)
    for i in range(77):
        alone = leisen_reimer(*(c[i] for c in contracts.columns))
        assert (alone.price, alone.delta, alone.gamma) == (
            together.price[i],
            together.delta[i],
            together.gamma[i],
        )


@pytest.mark.parametrize(
    ("position", "value", "label"),
    [
        (0, 2, "bad_right"),
        (1, np.nan, "bad_spot"),
        (1, -1.0, "bad_spot"),
        (2, np.inf, "bad_strike"),
        (3, -0.1, "bad_time"),
        (4, np.nan, "bad_rate"),
        (5, -np.inf, "bad_yield"),
        (6, -0.2, "bad_volatility"),
    ],
)
def test_a_bad_number_is_named_and_spoils_no_other(position, value, label):
    columns = [np.array([x, x, x]) for x in (1, 100.0, 100.0, 0.5, 0.05, 0.01, 0.3)]
    columns[position][1] = value
    priced = leisen_reimer(*columns)
    assert [PricingStatus(s).label for s in priced.status] == ["ok", label, "ok"]
    for array in (priced.price, priced.delta, priced.gamma, priced.theta_per_day):
        assert np.isnan(array).tolist() == [False, True, False]
    assert priced.price[0] == priced.price[2] == leisen_reimer(1, 100.0, 100.0, 0.5, 0.05, 0.01, 0.3).price


@pytest.mark.parametrize(
    "changed",
    [
        {"rate": 10.0},
        {"dividend_yield": -10.0},
        {"year_fraction": 1e4},
        {"sigma": 15.0},
        {"spot": 1e308, "strike": 1e308},
        {"spot": 1e-200, "strike": 1e-200},
    ],
)
def test_beyond_what_errors_are_known_for_there_is_no_price(changed):
    terms = {
        "right": 1, "spot": 100.0, "strike": 100.0, "year_fraction": 0.5, "rate": 0.03, "dividend_yield": 0.02,
        "sigma": 0.3,
    }  # fmt: skip
    cash = CashDividends.same_for_all(1, [0.1], [1e-3 * min(100.0, changed.get("spot", 100.0))])
    for priced in (
        leisen_reimer(**{**terms, **changed}),
        cash_dividend_price(**{**terms, **changed}, dividends=cash, model=DividendModel.SPOT),
    ):
        assert PricingStatus(int(np.ravel(priced.status)[0])).label == "out_of_range"
        for array in (priced.price, priced.delta, priced.gamma, priced.theta_per_day):
            assert np.all(np.isnan(array))
    parameter = leisen_reimer_parameter_greeks(**{**terms, **changed})
    assert np.isnan(parameter.vega_per_vol_point) and np.isnan(parameter.rho_per_pct)


def test_errors_out_to_the_edge_of_the_range():
    rng = np.random.default_rng(31)
    n = 40_000
    years = np.exp(rng.uniform(np.log(0.01), np.log(100.0), n))
    spread = np.exp(rng.uniform(np.log(0.01), np.log(9.99), n))
    carried = rng.uniform(-2.02, 2.02, (2, n))
    # half of them at the edge itself, with one of the two or both, or with none of the other
    edge = rng.choice([-2.0199, 0.01, 2.0199], (2, n))
    rate, dividend_yield = np.where(rng.random(n) < 0.5, carried, edge) / years
    strike = 100.0 * np.exp(rng.normal(0.0, 1.0, n) * np.minimum(spread, 1.5))
    right = (rng.random(n) < 0.5).astype(np.int8)
    terms = right, 100.0, strike, years, rate, dividend_yield, spread / np.sqrt(years)
    priced, exact = leisen_reimer(*terms), american_price(*terms)
    assert np.all(priced.status == PricingStatus.OK)
    known = exact.status == AmericanStatus.OK
    assert known.mean() > 0.8
    # negative rates make what is paid at expiry worth more than it is now
    scale = np.maximum(100.0 * np.exp(-np.minimum(dividend_yield, 0.0) * years), 100.0)
    scale = np.maximum(scale, strike * np.exp(-np.minimum(rate, 0.0) * years))
    error = (np.abs(priced.price - exact.price) / scale)[known]
    assert error.max() < 0.01
    assert error[spread[known] <= 1.0].max() < 0.005


def test_arrays_of_any_kind():
    right, spot = np.array([0, 1] * 8), np.linspace(80, 120, 32)[::2]
    strike = np.full((16,), 100, dtype=np.int64)
    strike.flags.writeable = False
    plain = leisen_reimer(right, np.ascontiguousarray(spot), 100.0, 0.5, 0.05, 0.02, 0.3).price
    np.testing.assert_array_equal(leisen_reimer(right, spot, strike, 0.5, 0.05, 0.02, 0.3).price, plain)
    np.testing.assert_allclose(
        leisen_reimer(right, spot.astype(np.float32), strike, 0.5, 0.05, 0.02, 0.3).price, plain, rtol=1e-6
    )
    assert leisen_reimer(1, spot[:, None], strike[:3], 0.5, 0.05, 0.02, 0.3).price.shape == (16, 3)
    empty = leisen_reimer([], [], [], [], [], [], [])
    assert empty.price.shape == empty.status.shape == (0,)


def test_what_cannot_be_priced_at_all_is_refused_by_name():
    with pytest.raises(ValueError, match="spot has dtype object"):
        leisen_reimer(1, np.array([1.0, None]), 100.0, 0.5, 0.05, 0.02, 0.3)
    with pytest.raises(ValueError, match=r"strike has shape \(3,\), which does not fit spot \(2,\)"):
        leisen_reimer(1, np.ones(2), np.ones(3), 0.5, 0.05, 0.02, 0.3)
    for steps in (100, 1, 5001):
        with pytest.raises(ValueError, match=f"steps is {steps}"):
            leisen_reimer(1, 100.0, 100.0, 0.5, 0.05, 0.02, 0.3, steps=steps)
