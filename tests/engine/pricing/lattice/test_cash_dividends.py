"""Cash dividends by both models: published, against QuantLib's finite differences, across an ex-date."""

from dataclasses import replace

import numpy as np
import pytest
import QuantLib as ql

from engine.pricing.lattice.cash_dividends import CashDividends, DividendModel, cash_dividend_price
from engine.pricing.lattice.closed_forms import price_european
from engine.pricing.lattice.inputs import PricingStatus, option_inputs
from tests.engine.pricing.lattice.quantlib_contracts import TODAY, Contracts, Market, random_contracts
from tests.engine.pricing.published import case_of

BOTH = pytest.mark.parametrize("model", list(DividendModel), ids=lambda m: m.label)
ENGINE = ql.FdBlackScholesVanillaEngine
THEIRS = {DividendModel.SPOT: ENGINE.Spot, DividendModel.ESCROWED: ENGINE.Escrowed}


def test_published_european_call_by_escrowed_dividends():
    case = case_of(group="discrete_dividend")
    given = case["inputs"]
    times, cash = zip(*given["dividends"], strict=True)
    dividends = CashDividends.same_for_all(1, times, cash)
    option = (
        int(given["type"] == "put"),
        given["S"],
        given["K"],
        given["T"],
        given["r"],
        0.0,
        given["sigma"],
        dividends,
    )
    price = cash_dividend_price(*option, DividendModel.ESCROWED, american=False).price
    assert price == pytest.approx(case["expected"], abs=case["tolerance"])
    # the other model reads the same volatility as that of the whole stock
    assert cash_dividend_price(*option, DividendModel.SPOT, american=False).price > price + case["tolerance"]


def dividend_payers(
    n: int, payments: int, seed: int, largest: float = 0.01
) -> tuple[Contracts, list, CashDividends]:
    rng = np.random.default_rng(seed)
    contracts = random_contracts(n, seed)
    days = np.rint(rng.uniform(60, 730, n))
    sigma = rng.uniform(0.12, 0.6, n)
    strike = contracts.spot * np.exp(np.clip(rng.normal(0, 1, n), -2, 2) * sigma * np.sqrt(days / 365))
    carried = np.where(np.arange(n) % 2, 0.0, 0.3 * contracts.dividend_yield)
    contracts = replace(
        contracts, year_fraction=days / 365, sigma=sigma, strike=strike, dividend_yield=carried
    )
    on = [np.sort(rng.choice(np.arange(2, d - 1), payments, replace=False)) for d in days.astype(int)]
    cash = [np.round(rng.uniform(0.002, largest, payments) * s, 2) for s in contracts.spot]
    schedule = [
        [ql.FixedDividend(float(a), TODAY + int(d)) for a, d in zip(*pair, strict=True)]
        for pair in zip(cash, on, strict=True)
    ]
    offsets = np.arange(n + 1) * payments
    return contracts, schedule, CashDividends(offsets, np.concatenate(on) / 365, np.concatenate(cash))


def by_finite_differences(
    contracts: Contracts, schedule: list, model: DividendModel, grid: int
) -> np.ndarray:
    market, found = Market(), []
    for i, dividends in enumerate(schedule):
        option = market.option(contracts, i)
        scheme = (grid, grid, 0, ql.FdmSchemeDesc.Douglas(), False, 0.0)
        option.setPricingEngine(ENGINE(market.process, dividends, *scheme, THEIRS[model]))
        found.append(option.NPV())
    return np.array(found)


@pytest.mark.parametrize(
    ("model", "n", "grid", "steps", "largest", "rms"),
    [
        (DividendModel.SPOT, 400, 400, 101, 4e-3, 2e-4),
        (DividendModel.SPOT, 60, 800, 1000, 3e-4, 3e-5),
        (DividendModel.ESCROWED, 400, 100, 101, 4e-3, 2.5e-4),
        (DividendModel.ESCROWED, 40, 200, 1000, 5e-4, 5e-5),
    ],
)
def test_eight_dividends_against_finite_differences_of_the_same_model(model, n, grid, steps, largest, rms):
    contracts, schedule, dividends = dividend_payers(n, 8, seed=11)
    truth = by_finite_differences(contracts, schedule, model, grid)
    value = cash_dividend_price(*contracts.columns, dividends, model, steps=steps)
    error = (value.price - truth) / contracts.strike
    assert np.max(np.abs(error)) < largest
    assert np.sqrt(np.mean(error**2)) < rms


def test_dividends_that_move_nodes_far_against_finite_differences():
    contracts, schedule, dividends = dividend_payers(60, 2, seed=12, largest=0.15)
    contracts = replace(contracts, sigma=np.full(60, 0.12))
    truth = by_finite_differences(contracts, schedule, DividendModel.SPOT, 400)
    error = cash_dividend_price(*contracts.columns, dividends, DividendModel.SPOT, steps=201).price - truth
    assert np.max(np.abs(error / contracts.strike)) < 5e-4


@BOTH
def test_price_jumps_at_the_ex_date_by_the_dividend_alone(model):
    """Just before it an option on S is one on S - D, or exercised; European ones are the former only."""
    right, spot = np.array([0, 0, 0, 1, 1, 1]), np.array([90.0, 100.0, 150.0] * 2)
    for american in (False, True):
        cash = CashDividends.same_for_all(6, [1e-9, 0.3], [5.0, 1.5])
        before = cash_dividend_price(
            right, spot, 100.0, 0.5, 0.05, 0.0, 0.25, cash, model, american=american, steps=401
        )
        cash = CashDividends.same_for_all(6, [0.3], [1.5])
        after = cash_dividend_price(
            right, spot - 5, 100.0, 0.5, 0.05, 0.0, 0.25, cash, model, american=american, steps=401
        )
        exercised = np.where(right == 1, 100 - spot, spot - 100) if american else -np.inf
        np.testing.assert_allclose(before.price, np.maximum(after.price, exercised), atol=2e-3)
        assert american == bool(before.price[2] > after.price[2] + 1.0)


@BOTH
def test_without_dividends_it_is_the_closed_formula(model):
    contracts = random_contracts(500, seed=13)
    none = CashDividends.same_for_all(500, [], [])
    value = cash_dividend_price(*contracts.columns, none, model, american=False, steps=201)
    truth = np.empty((3, 500))
    price_european(*option_inputs(*contracts.columns).columns, truth)
    assert np.max(np.abs(value.price - truth[0]) / contracts.strike) < 2e-5
    assert np.max(np.abs(value.delta - truth[1])) < 2e-3
    assert np.max(np.abs(value.gamma - truth[2]) * contracts.spot) < 0.05


@BOTH
def test_greeks_are_differences_of_a_finer_grid(model):
    contracts, _, dividends = dividend_payers(300, 3, seed=14)

    def price(**moved):
        return cash_dividend_price(*replace(contracts, **moved).columns, dividends, model, steps=801).price

    value = cash_dividend_price(*contracts.columns, dividends, model)
    h, spot = 5e-3, contracts.spot
    up, down = price(spot=spot * (1 + h)), price(spot=spot * (1 - h))
    assert np.sqrt(np.mean((value.delta - (up - down) / (2 * h * spot)) ** 2)) < 4e-3
    assert np.sqrt(np.mean((value.gamma * spot - (up - 2 * price() + down) / (h * h * spot)) ** 2)) < 0.4


@BOTH
def test_theta_is_what_a_day_costs(model):
    contracts, _, dividends = dividend_payers(200, 2, seed=15)
    day = 1 / 365
    value = cash_dividend_price(*contracts.columns, dividends, model, steps=801)
    later = CashDividends(dividends.offsets, dividends.ex_times - day, dividends.amounts)
    moved = replace(contracts, year_fraction=contracts.year_fraction - day)
    change = cash_dividend_price(*moved.columns, later, model, steps=801).price - value.price
    error = (value.theta_per_day - change) / contracts.strike
    assert np.sqrt(np.mean(error**2)) < 1e-5 < 5 * np.sqrt(np.mean((change / contracts.strike) ** 2))


@BOTH
def test_bounds_and_monotony(model):
    contracts, _, dividends = dividend_payers(400, 4, seed=16)
    american = cash_dividend_price(*contracts.columns, dividends, model).price
    european = cash_dividend_price(*contracts.columns, dividends, model, american=False).price
    more = CashDividends(dividends.offsets, dividends.ex_times, dividends.amounts * 1.2)
    sign = 1 - 2 * contracts.right
    assert np.all(american >= sign * (contracts.spot - contracts.strike) - 1e-10)
    assert np.all(american >= european - 1e-12)
    richer = cash_dividend_price(*contracts.columns, more, model).price
    assert np.all(sign * (richer - american) <= 2e-4 * contracts.strike)


@BOTH
def test_one_option_gives_the_bits_that_it_gives_among_many(model):
    contracts, _, dividends = dividend_payers(37, 3, seed=17, largest=0.1)
    fewer = np.arange(37 * 3)[np.arange(37 * 3) % 7 != 3]
    offsets = np.searchsorted(fewer, dividends.offsets)
    dividends = CashDividends(offsets, dividends.ex_times[fewer], dividends.amounts[fewer])
    together = cash_dividend_price(*contracts.columns, dividends, model)
    for i in range(37):
        alone = cash_dividend_price(*(c[i] for c in contracts.columns), dividends.rows(np.array([i])), model)
        assert (alone.price, alone.delta, alone.gamma) == (
            together.price[i],
            together.delta[i],
            together.gamma[i],
        )


def test_certain_futures():
    cash = CashDividends.same_for_all(4, [0.25], [5.0])
    value = cash_dividend_price(
        [0, 1, 1, 0], 100.0, [90.0, 110.0, 110.0, 90.0], [1.0, 1.0, 0.0, 0.2], 0.04, 0.0, [0.0, 0.0, 0.3, 0.0], cash,
        DividendModel.SPOT,
    )  # fmt: skip
    before_the_dividend = 100 - 90 * np.exp(-0.04 * 0.25)
    after_it = 110 * np.exp(-0.04 * 0.25) - (100 - 5 * np.exp(-0.04 * 0.25))
    np.testing.assert_allclose(value.price, [before_the_dividend, after_it, 10.0, 100 - 90 * np.exp(-0.008)])


def test_dividends_outside_the_option_s_time_do_not_concern_it():
    option = (1, 100.0, 100.0, 0.5, 0.05, 0.0, 0.3)
    plain = cash_dividend_price(*option, CashDividends.same_for_all(1, [0.2], [1.0]), DividendModel.SPOT)
    more = CashDividends.same_for_all(1, [0.5, 0.2, -0.1, 0.7, 0.0], [9.0, 1.0, 9.0, 9.0, 9.0])
    assert cash_dividend_price(*option, more, DividendModel.SPOT).price == plain.price


def test_bad_dividends_are_named_and_spoil_no_other():
    cash = CashDividends(np.array([0, 1, 2, 3, 4, 4]), np.full(4, 0.2), np.array([1.0, 105.0, -1.0, np.nan]))
    value = cash_dividend_price(1, [100.0] * 5, 100.0, 0.5, 0.05, 0.0, 0.3, cash, DividendModel.ESCROWED)
    assert [PricingStatus(s).label for s in value.status] == ["ok", *["bad_dividends"] * 3, "ok"]
    assert np.isnan(value.price).tolist() == [False, True, True, True, False]


def test_what_does_not_fit_is_refused_by_name():
    with pytest.raises(ValueError, match="offsets must rise from 0"):
        CashDividends(np.array([0, 3]), np.array([0.1]), np.array([1.0]))
    with pytest.raises(ValueError, match="2 ex_times for 1 amounts"):
        CashDividends(np.array([0, 2]), np.array([0.1, 0.2]), np.array([1.0]))
    with pytest.raises(ValueError, match="dividends: amounts has dtype object, numbers are needed"):
        CashDividends(np.array([0, 1]), np.array([0.1]), np.array([None]))
    cash = CashDividends.same_for_all(2, [0.1], [1.0])
    with pytest.raises(ValueError, match="those of 2 options, the arguments are 1"):
        cash_dividend_price(1, 100.0, 100.0, 0.5, 0.05, 0.0, 0.3, cash, DividendModel.SPOT)
    with pytest.raises(ValueError, match="model is 'spot'"):
        cash_dividend_price(1, [100.0] * 2, 100.0, 0.5, 0.05, 0.0, 0.3, cash, "spot")
    with pytest.raises(ValueError, match="steps is 3"):
        cash_dividend_price(1, [100.0] * 2, 100.0, 0.5, 0.05, 0.0, 0.3, cash, DividendModel.SPOT, steps=3)
