"""The Greeks that CBOE publishes beside its quotes, and by which conventions they differ from ours."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from engine.calendars.trading_calendar import TradingCalendar
from engine.pricing.black import black_derivatives
from engine.pricing.enrich import enrich_chain
from engine.pricing.greeks import spot_greeks
from tests.engine.pricing.test_real_chains import SPX_DAY, SPX_SPOT, spx_day, spx_inputs

pytestmark = pytest.mark.real_data
SPOT = SPX_SPOT[SPX_DAY]


@pytest.fixture(scope="module")
def quotes(real_data) -> pd.DataFrame:
    """Rows between 20 and 80 delta that expire in three weeks to a year, with ours at the vendor's volatility."""
    rows = spx_day(real_data, SPX_DAY)
    out = enrich_chain(spx_inputs(rows, SPX_DAY))
    rows = rows.assign(forward=out.forward, discount=out.discount, years=out.year_fraction, ours=out.iv)
    rows = rows[
        (rows["iv"] > 0.02) & rows["delta"].abs().between(0.2, 0.8) & rows["years"].between(0.05, 1.1)
    ]
    right = (rows["right"] == "P").to_numpy().astype(int)
    args = rows["forward"], rows["discount"], rows["strike"], rows["years"], rows["iv"]
    greeks = spot_greeks(right, SPOT, *args)
    black = black_derivatives(right, rows["forward"], rows["strike"], rows["years"], rows["iv"])
    return rows.assign(
        put=right,
        our_delta=greeks.delta,
        our_vega=greeks.vega_per_vol_point,
        our_theta=greeks.theta_per_day,
        our_gamma=greeks.gamma,
        bare_decay=-rows["discount"] * black.decay / 365.0,
    )


def test_volatilities_differ_by_less_than_a_spread(quotes):
    difference = (quotes["ours"] - quotes["iv"]).abs()
    assert len(quotes) > 4_000
    assert difference.median() < 0.001
    assert difference.quantile(0.9) < 0.003
    # the rest are mostly in the money: there volatility hangs on the discount, which quotes of weeks do not tell well
    assert (quotes["delta"].abs()[difference > 0.005] > 0.5).mean() > 0.9


def test_the_vendors_deltas_know_no_dividends(quotes):
    """A call's delta less its put's is exp(-q T): 1 at the vendor's, less than 1 where the index pays dividends."""
    sides = quotes.pivot_table(["delta", "our_delta"], ["root", "expiry", "strike"], "right").dropna()
    vendor = sides["delta"]["C"] - sides["delta"]["P"]
    ours = sides["our_delta"]["C"] - sides["our_delta"]["P"]
    assert vendor.median() == pytest.approx(1.0, abs=5e-4)
    implied = quotes.groupby(["root", "expiry"])[["forward", "discount"]].first()
    expected = implied["discount"] * implied["forward"] / SPOT
    found = ours.groupby(level=["root", "expiry"]).median()
    # but for the vendor's volatilities of the two sides, which differ in the last digit printed
    np.testing.assert_allclose(found, expected.loc[found.index], rtol=3e-4)


def test_the_vendors_underlying_is_some_points_below_what_the_quotes_say(quotes):
    """Quotes run to 16:15, the index stops at 16:00. A delta of N(d1) tells the forward that it was taken at."""
    from scipy.special import ndtri

    calls = quotes[(quotes["put"] == 0) & (quotes["years"] < 0.5)]
    s = calls["iv"] * np.sqrt(calls["years"])
    vendor_forward = calls["strike"] * np.exp(s * (ndtri(calls["delta"]) - 0.5 * s))
    shift = (vendor_forward - calls["forward"]).groupby([calls["root"], calls["expiry"]]).median()
    assert shift.between(-14, -3).mean() > 0.8
    # the move is in the index, the same for all expiries, and not in a rate, which would grow with time
    assert shift.median() == pytest.approx(-8, abs=3)


def test_with_that_forward_the_vendors_deltas_are_ours(quotes):
    shifted = black_derivatives(
        quotes["put"], quotes["forward"] - 8.0, quotes["strike"], quotes["years"], quotes["iv"]
    ).delta
    near = quotes["years"] < 0.5
    assert (quotes["delta"] - shifted)[near].abs().median() < 0.003
    assert (quotes["delta"] - quotes["our_delta"])[near].abs().median() > 0.004


def test_vega_and_gamma_agree_within_their_printed_digits(quotes):
    assert (quotes["vega"] / quotes["our_vega"]).median() == pytest.approx(1.0, abs=0.01)
    assert (quotes["gamma"] - quotes["our_gamma"]).abs().quantile(0.95) < 1e-4


def test_the_vendors_theta_leaves_out_interest(quotes):
    """A call and a put of one strike decay alike at the vendor's; ours differ by the interest on the strike."""
    at_the_money = quotes[(quotes["strike"] / quotes["forward"] - 1).abs() < 0.01]
    sides = at_the_money.pivot_table(["theta", "our_theta"], ["root", "expiry", "strike"], "right").dropna()
    vendor = (sides["theta"]["C"] - sides["theta"]["P"]).abs() / sides["theta"].abs().mean(axis=1)
    ours = (sides["our_theta"]["C"] - sides["our_theta"]["P"]).abs() / sides["our_theta"].abs().mean(axis=1)
    assert vendor.median() < 0.01
    assert ours.median() > 0.2
    assert (at_the_money["theta"] / at_the_money["bare_decay"]).median() == pytest.approx(1.0, abs=0.03)


def test_the_vendors_rho_counts_days_until_the_eve_of_the_next_session(quotes):
    """What expires on a Friday gets interest until Sunday, before Labor Day until Monday; per percent, as ours."""
    near = quotes[(quotes["years"] < 0.15) & ((quotes["strike"] / quotes["forward"] - 1).abs() < 0.01)]
    args = near["forward"] - 8.0, near["discount"], near["strike"], near["years"], near["iv"]
    ours = spot_greeks(near["put"], SPOT, *args).rho_per_pct
    days = (near["rho"] / ours - 1.0) * near["years"] * 365
    found = days.groupby(near["expiry"]).median()
    first, last = (pd.Timestamp(day).date() for day in (found.index.min(), found.index.max()))
    calendar = TradingCalendar.for_code("XNYS", first, last + dt.timedelta(days=7))
    for expiry, extra in found.items():
        day = pd.Timestamp(expiry).date()
        assert extra == pytest.approx((calendar.next(day) - day).days - 1, abs=0.4), expiry
    assert {round(extra) for extra in found} == {0, 2, 3}
