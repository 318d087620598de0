"""Deribit's marks and Greeks, two vendors and five years apart: the conventions under which they are ours.

Compared are options between 10 and 90 delta with more than four days to go. Black's formula on the venue's own
forward of the row, actual/365 to 08:00 UTC, no discount; delta, gamma and vega of the dollar price, and not of the
coin price in which the option is quoted. Under these nothing is left but what rounding of the printed volatility
makes, and in the marks of 2026 seconds between them and the forwards.
"""

import numpy as np
import pandas as pd
import pytest

from engine.pricing.greeks import higher_greeks, spot_greeks
from engine.pricing.inverse import inverse_greeks

pytestmark = pytest.mark.real_data
YEAR_SECONDS = 365 * 86_400
#: half of the last digit of deltas and gammas as printed, and of volatilities, decimal
DIGIT, SIGMA_DIGIT = 0.5e-5, 0.5e-4


def compared(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows between 10 and 90 delta and beyond four days, with ours at the vendor's forward and volatility."""
    near = (rows["years"] > 0.01) & (rows["sigma"] > 0) & rows["delta"].abs().between(0.1, 0.9)
    rows = rows[near]
    put, f, k = rows["put"].to_numpy(), rows["forward"], rows["strike"]
    ours = spot_greeks(put, f, f, 1.0, k, rows["years"], rows["sigma"])
    coin = inverse_greeks(put, f, k, rows["years"], rows["sigma"])
    return rows.assign(
        our_delta=ours.delta,
        our_gamma=ours.gamma,
        our_vega=ours.vega_per_vol_point,
        our_theta=ours.theta_per_day,
        our_rho=ours.rho_per_pct,
        our_mark=coin.price_coin,
        coin_delta=coin.delta_coin,
        coin_vega=coin.vega_coin_per_vol_point,
    )


@pytest.fixture(scope="module")
def daily_2026(real_data) -> pd.DataFrame:
    paths = sorted((real_data / "g05_deribit_btc_daily_2026" / "surfaces").glob("*.csv.gz"))
    assert len(paths) == 76
    rows = pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)
    left = pd.to_datetime(rows["expiry"] + "T08:00:00Z") - pd.to_datetime(rows["snapshot_ts"])
    rows = rows.rename(columns={"forward_price": "forward", "implied_vol": "sigma"})
    put = (rows["option_type"] == "P").astype(int)
    return compared(rows.assign(years=left.dt.total_seconds() / YEAR_SECONDS, put=put))


@pytest.fixture(scope="module")
def june_2021(real_data) -> pd.DataFrame:
    path = real_data / "g04_optionsdx_btc_2021_06" / "btc_eod_202106.txt.gz"
    rows = pd.read_csv(path, skipinitialspace=True)
    rows.columns = [name.strip(" []").lower() for name in rows.columns]
    rows = rows.rename(columns={"underlying_price": "forward"})
    years = (rows["expiry_unix"] - rows["quote_unixtime"]) / YEAR_SECONDS
    put = (rows["option_right"].str.strip() == "put").astype(int)
    return compared(rows.assign(years=years, put=put, sigma=rows["mark_iv"] / 100))


@pytest.fixture(params=["daily_2026", "june_2021"])
def rows(request) -> pd.DataFrame:
    found = request.getfixturevalue(request.param)
    assert len(found) > {"daily_2026": 30_000, "june_2021": 5_000}[request.param]
    return found


def test_delta_and_gamma_are_those_of_the_dollar_price_to_the_digits_printed(rows):
    vanna = rows["our_vega"] * 100 / rows["forward"] / np.sqrt(rows["years"]) / rows["sigma"]
    # a volatility of four digits moves the delta too: by less than 2 vanna's at these deltas
    slack = DIGIT + SIGMA_DIGIT * 2.0 * vanna / np.sqrt(rows["years"])
    assert ((rows["our_delta"] - rows["delta"]).abs() <= slack).all()
    assert (rows["our_delta"] - rows["delta"]).abs().max() < 5e-5
    assert (rows["our_gamma"] - rows["gamma"]).abs().max() < 1.01 * DIGIT


def test_vega_is_in_dollars_per_point_of_volatility(rows):
    """As far apart as half a digit of the volatility makes it, by volga, and half a digit of the vega."""
    put, f, k = rows["put"].to_numpy(), rows["forward"], rows["strike"]
    volga = higher_greeks(put, f, f, 1.0, k, rows["years"], rows["sigma"]).volga_per_vol_point
    slack = DIGIT + 100 * SIGMA_DIGIT * np.abs(volga)
    # a vega grows with the root of time, and may be a minute old
    slack += rows["vega"] * 0.5 * 60 / (rows["years"] * YEAR_SECONDS)
    off = (rows["our_vega"] - rows["vega"]).abs() / slack
    assert (off <= 1.0).mean() > 0.98
    assert off.max() < 1.5


def test_the_other_conventions_miss_by_far(rows):
    """Premium-adjusted delta, vega in coin, a year of 360 days, and midnight in the place of 08:00."""
    assert (rows["coin_delta"] - rows["delta"]).abs().median() > 0.01
    assert (rows["coin_vega"] / rows["vega"]).median() < 1e-4
    for years in (rows["years"] * 365 / 360, rows["years"] - 8 / 24 / 365):
        put, f, k = rows["put"].to_numpy(), rows["forward"], rows["strike"]
        vega = spot_greeks(put, f, f, 1.0, k, years, rows["sigma"]).vega_per_vol_point
        assert np.abs(vega / rows["vega"] - 1.0).median() > 1e-3


def test_theta_and_rho_are_those_without_a_rate(june_2021):
    """Of the dollar price, the forward held: rho is minus price times time, all that a discount of 1 leaves."""
    np.testing.assert_allclose(june_2021["our_theta"] / june_2021["theta"], 1.0, atol=5e-4)
    np.testing.assert_allclose(june_2021["our_rho"] / june_2021["rho"], 1.0, atol=5e-4)


def test_the_mark_in_coin_is_the_dollar_price_over_the_forward(daily_2026):
    """But for rows whose forward was polled at another second than the mark: some dollars of it explain them."""
    off = daily_2026["our_mark"] - daily_2026["mark_price"]
    beyond = off.abs() > 0.5e-4 + 100 * SIGMA_DIGIT * daily_2026["coin_vega"]
    # one in eleven
    assert beyond.mean() < 0.1
    dollars = (off * daily_2026["forward"] / daily_2026["coin_delta"])[beyond].abs()
    assert dollars.median() < 20
    # as much as it moves in a minute
    assert (dollars / daily_2026["forward"][beyond]).quantile(0.99) < 1e-3
