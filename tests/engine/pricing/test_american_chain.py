"""American roots: a chain that a tree priced gives back its forward, volatilities and early-exercise premium."""

from dataclasses import replace

import numpy as np
import pytest

from engine.pricing.american_chain import implied_carry
from engine.pricing.chain_columns import ChainInputs
from engine.pricing.enrich import enrich_chain
from engine.pricing.forward import ForwardMethod
from engine.pricing.lattice.cash_dividends import CashDividends, DividendModel, cash_dividend_price
from engine.pricing.lattice.leisen_reimer import leisen_reimer

TS = 1_784_000_000_000_000
DAY_US = 86_400_000_000
SPOT, RATE, BORROW = 100.0, 0.05, 0.01
EX_DAYS, AMOUNT = np.array([20, 111, 203]), 0.8


def smile(strike: np.ndarray) -> np.ndarray:
    return 0.25 - 0.2 * np.log(strike / SPOT)


def american_chain(
    *,
    dividends: bool,
    american: bool = True,
    half_spread: float = 0.0,
    days: tuple[int, ...] = (30, 120, 300),
) -> ChainInputs:
    """Mids are the tree's own prices: three expiries, strikes from 75 to 130."""
    day, right, strike = (
        a.ravel() for a in np.meshgrid(days, [0, 1], np.arange(75.0, 131.0, 2.5), indexing="ij")
    )
    years = day / 365.0
    terms = (
        right,
        np.full(day.size, SPOT),
        strike,
        years,
        np.full(day.size, RATE),
        np.full(day.size, BORROW),
    )
    sigma = smile(strike)
    if dividends:
        cash = CashDividends.same_for_all(day.size, EX_DAYS / 365.0, np.full(EX_DAYS.size, AMOUNT))
        mid = cash_dividend_price(*terms, sigma, cash, DividendModel.ESCROWED).price
    else:
        mid = leisen_reimer(*terms, sigma).price
    return ChainInputs(
        root_code=np.zeros(day.size, dtype=np.int64),
        expiry_days=day.astype(np.int32) + 20_000,
        right=right.astype(np.int8),
        strike=strike,
        bid=np.where(mid > half_spread, mid - half_spread, np.nan),
        ask=mid + half_spread,
        spot=np.full(day.size, SPOT),
        vendor_forward=np.full(day.size, np.nan),
        settles_us=TS + day.astype(np.int64) * DAY_US,
        ts_us=TS,
        coin_settled=False,
        american=np.full(day.size, american),
        dividend_ex_us=TS + EX_DAYS * DAY_US if dividends else np.array([], dtype=np.int64),
        dividend_amount=np.full(EX_DAYS.size if dividends else 0, AMOUNT),
        curve_tenor_days=np.array([1.0, 365.0]),
        curve_rate=np.array([RATE, RATE]),
    )


def true_forward(years: np.ndarray, *, dividends: bool) -> np.ndarray:
    forward = SPOT * np.exp((RATE - BORROW) * years)
    if not dividends:
        return forward
    ex = EX_DAYS[None, :] / 365.0
    paid = np.where(ex < years[:, None], AMOUNT * np.exp((RATE - BORROW) * (years[:, None] - ex)), 0.0)
    return forward - paid.sum(axis=1)


@pytest.mark.parametrize("dividends", [False, True])
def test_the_forward_is_that_of_prices_without_the_right_to_exercise_early(dividends):
    inputs = american_chain(dividends=dividends)
    out = enrich_chain(inputs)
    expected = true_forward(out.year_fraction, dividends=dividends)
    assert set(out.forward_method) == {ForwardMethod.PARITY_MEDIAN}
    np.testing.assert_allclose(out.forward, expected, rtol=3e-5)
    as_european = enrich_chain(american_chain(dividends=dividends, american=False))
    assert np.max(np.abs(as_european.forward / expected - 1.0)) > 5e-4


@pytest.mark.parametrize("dividends", [False, True])
def test_the_smile_that_made_american_prices_is_found_again(dividends):
    inputs = american_chain(dividends=dividends)
    out = enrich_chain(inputs)
    expected = smile(inputs.strike)
    solved = out.iv_status == "ok"
    # what is worth exercising now has no volatility
    assert set(out.iv_status[~solved]) == {"below_intrinsic"}
    assert solved.mean() > 0.85
    told = solved & (out.vega_per_vol_point > 0.02)
    assert np.max(np.abs(out.iv - expected)[told]) < 1e-3
    model = "american_tree_escrowed_dividends" if dividends else "american_tree"
    assert set(out.model) == {model}


def test_the_premium_is_what_the_european_price_lacks():
    inputs = american_chain(dividends=False)
    out = enrich_chain(inputs)
    put = (inputs.right == 1) & (out.iv_status == "ok") & (inputs.strike > 95)
    assert np.all(out.early_exercise_premium[put] > 0.0)
    far = (inputs.right == 0) & (inputs.strike > 110) & (inputs.expiry_days == 20_030)
    np.testing.assert_allclose(out.early_exercise_premium[far], 0.0, atol=1e-4)
    european = enrich_chain(american_chain(dividends=False, american=False))
    np.testing.assert_array_equal(european.early_exercise_premium[np.isfinite(european.iv)], 0.0)


def test_greeks_are_those_of_the_american_option():
    inputs = american_chain(dividends=False)
    out = enrich_chain(inputs)
    deep = (inputs.right == 1) & (inputs.strike == 110.0) & (inputs.expiry_days == 20_120)
    (row,) = np.flatnonzero(deep)
    terms = 1, SPOT, 110.0, 120 / 365, RATE, BORROW
    tree = leisen_reimer(*terms, float(out.iv[row]))
    up, down = (leisen_reimer(1, SPOT + h, *terms[2:], float(out.iv[row])).price for h in (0.01, -0.01))
    assert out.delta[row] == pytest.approx(float(tree.delta), abs=1e-3)
    assert out.delta[row] == pytest.approx(float(up - down) / 0.02, abs=3e-3)
    wide, narrow = (leisen_reimer(*terms, float(out.iv[row]) + h).price for h in (1e-3, -1e-3))
    assert out.vega_per_vol_point[row] == pytest.approx(float(wide - narrow) / 0.2, rel=1e-2)
    assert out.theta_per_day[row] < 0.0 > out.rho_per_pct[row]


def test_bid_and_ask_volatilities_enclose_that_of_the_mid():
    out = enrich_chain(american_chain(dividends=True, half_spread=0.05))
    both = np.isfinite(out.iv_bid) & np.isfinite(out.iv_ask) & np.isfinite(out.iv)
    assert both.mean() > 0.7
    assert np.all(out.iv_bid[both] < out.iv[both]) and np.all(out.iv[both] < out.iv_ask[both])


def test_dividends_that_are_past_or_after_the_expiry_change_nothing():
    plain = american_chain(dividends=False)
    others = replace(
        plain, dividend_ex_us=TS + np.array([-5, 400]) * DAY_US, dividend_amount=np.array([3.0, 4.0])
    )
    np.testing.assert_array_equal(enrich_chain(others).iv, enrich_chain(plain).iv)


def test_the_carry_of_a_forward_with_dividends_is_found_again():
    years = np.array([0.05, 0.4, 0.9, 0.0])
    forward = true_forward(years, dividends=True)
    found = implied_carry(forward, np.full(4, SPOT), years, EX_DAYS / 365.0, np.full(3, AMOUNT))
    np.testing.assert_allclose(found[:3], RATE - BORROW, atol=1e-12)
    assert np.isnan(found[3])


def test_a_spot_of_another_moment_is_moved_to_that_of_the_quotes():
    """Two more expiries within weeks say where the share was; beyond three percent the chain is not believed."""
    near = american_chain(dividends=False, days=(9, 23, 30, 120))
    out = enrich_chain(near)
    for share, same in ((1.004, True), (0.99, True), (1.08, False)):
        moved = enrich_chain(replace(near, spot=near.spot * share))
        told = np.isfinite(out.iv) & np.isfinite(moved.iv) & (out.vega_per_vol_point > 0.02)
        worst = np.max(np.abs(out.iv - moved.iv)[told])
        assert bool(worst < 2e-4) is same, (share, worst)
