"""Forwards, volatilities and Greeks of real chains, against facts computed apart from this code."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from engine.calendars import TradingCalendar, settlement_instants_us, trading_close_us
from engine.instruments.osi import parse_osi
from engine.instruments.terms import ExerciseStyle, RootTerms, SettlementTime, SettlementType
from engine.pricing.chain_columns import ChainInputs, ChainOutputs
from engine.pricing.enrich import enrich_chain
from engine.pricing.forward import ForwardMethod, inverse_forward

pytestmark = pytest.mark.real_data

NO_CURVE = np.array([])
SETTLED = {"SPX": SettlementTime.AM, "SPXW": SettlementTime.PM}
SPX_SPOT = {"2026-07-22": 7498.96, "2026-07-24": 7411.98}
SPX_DAY = "2026-07-22"


def spx_terms(root: str) -> RootTerms:
    return RootTerms(
        root=root,
        underlying="SPX",
        style=ExerciseStyle.EUROPEAN,
        settlement_time=SETTLED[root],
        settlement_type=SettlementType.CASH,
        multiplier=100.0,
        quote_currency="USD",
        settlement_currency="USD",
        timezone="America/New_York",
        trading_close="16:15",
    )


def known(column: pd.Series) -> np.ndarray:
    values = column.to_numpy(dtype=float)
    return np.where(values > 0, values, np.nan)


def day_numbers(column: pd.Series) -> np.ndarray:
    return pd.to_datetime(column).to_numpy().astype("datetime64[D]").astype(np.int64).astype(np.int32)


def spx_inputs(rows: pd.DataFrame, day: str) -> ChainInputs:
    calendar = TradingCalendar.for_code("XNYS", dt.date(2026, 7, 1), dt.date(2026, 7, 31))
    expiry_days = day_numbers(rows["expiry"])
    code = (rows["root"] == "SPXW").to_numpy().astype(np.int64)
    settles = np.empty(len(rows), dtype=np.int64)
    for number, root in enumerate(SETTLED):
        of_root = code == number
        settles[of_root] = settlement_instants_us(spx_terms(root), expiry_days[of_root], calendar)
    return ChainInputs(
        root_code=code,
        expiry_days=expiry_days,
        right=(rows["right"] == "P").to_numpy().astype(np.int8),
        strike=rows["strike"].to_numpy(dtype=float),
        bid=known(rows["bid"]),
        ask=known(rows["ask"]),
        spot=np.full(len(rows), SPX_SPOT[day]),
        vendor_forward=np.full(len(rows), np.nan),
        settles_us=settles,
        ts_us=trading_close_us(spx_terms("SPXW"), dt.date.fromisoformat(day), calendar),
        coin_settled=False,
        american=np.zeros(len(rows), dtype=bool),
        dividend_ex_us=np.array([], dtype=np.int64),
        dividend_amount=np.array([]),
        curve_tenor_days=NO_CURVE,
        curve_rate=NO_CURVE,
    )


def spx_day(real_data, day: str) -> pd.DataFrame:
    """The chain of one session, with the root of each row."""
    rows = pd.read_csv(real_data / "g03_cboe_eod_2026_07" / "chains" / "_SPX" / f"{day}.csv.gz")
    return rows.assign(root=rows["option"].map(lambda symbol: parse_osi(symbol).root))


@pytest.fixture(scope="module")
def spx(real_data) -> dict[str, tuple[pd.DataFrame, ChainOutputs]]:
    days = {}
    for day in SPX_SPOT:
        rows = spx_day(real_data, day)
        days[day] = rows, enrich_chain(spx_inputs(rows, day))
    return days


def facts(real_data, name: str) -> list[dict]:
    entry = json.loads((real_data / "facts.json").read_text())[name]
    return entry["values"] if "values" in entry else entry["parity"]


def test_parity_gives_the_forwards_discounts_and_volatilities_of_the_facts(real_data, spx):
    rows_checked = 0
    for fact in facts(real_data, "cboe_parity_and_iv"):
        rows, out = spx[fact["date"]]
        of_expiry = (rows["root"] == fact["root"]) & (rows["expiry"] == fact["expiry"])
        at_strike = np.flatnonzero(of_expiry & (rows["strike"] == fact["atm_strike"]))
        assert len(at_strike) == 2
        for i in at_strike:
            right = rows["right"].iloc[i]
            assert out.forward[i] == pytest.approx(fact["forward"], abs=1.5)
            assert out.discount[i] == pytest.approx(fact["discount"], abs=0.002)
            assert out.year_fraction[i] == pytest.approx(fact["T_act365"], abs=1.5e-4)
            own = fact["iv_call_mid" if right == "C" else "iv_put_mid"]
            assert out.iv[i] == pytest.approx(own, abs=5e-5)
            assert out.iv[i] == pytest.approx(fact["vendor_iv"][right], abs=0.002)
            assert out.delta[i] == pytest.approx(fact["vendor_delta"][right], abs=0.01)
            assert out.vega_per_vol_point[i] == pytest.approx(fact["vendor_vega"][right], rel=0.003)
            assert out.gamma[i] == pytest.approx(fact["vendor_gamma"][right], abs=6e-5)
            rows_checked += 1
    assert rows_checked == 8


def test_the_plain_fit_is_that_of_the_facts_to_its_printed_digits(real_data, spx):
    for fact in facts(real_data, "cboe_parity_and_iv"):
        rows, out = spx[fact["date"]]
        i = np.flatnonzero((rows["root"] == fact["root"]) & (rows["expiry"] == fact["expiry"]))[0]
        assert out.forward_method[i] == "parity_ols"
        assert out.forward[i] == pytest.approx(fact["forward"], abs=2e-6)
        assert out.discount[i] == pytest.approx(fact["discount"], abs=1e-6)


def test_ignoring_the_root_or_the_discount_would_miss_the_facts(real_data, spx):
    by_root = {
        (f["root"], f["expiry"]): f
        for f in facts(real_data, "cboe_parity_and_iv")
        if f["date"] == "2026-07-22"
    }
    am, pm = (by_root[root, "2026-09-18"] for root in SETTLED)
    assert am["forward"] - pm["forward"] > 0.6
    rows, out = spx["2026-07-22"]
    of_expiry = (rows["root"] == "SPX") & (rows["expiry"] == "2026-12-18")
    fit = by_root["SPX", "2026-12-18"]
    near = rows[of_expiry & (np.abs(rows["strike"] / 7498.96 - 1) < 0.1)]
    mids = near.assign(mid=(near["bid"] + near["ask"]) / 2).pivot_table("mid", "strike", "right").dropna()
    undiscounted = np.median(mids.index + mids["C"] - mids["P"])
    assert abs(undiscounted - fit["forward"]) > 1.5
    assert np.isfinite(out.iv[of_expiry]).mean() > 0.9


def test_volatilities_agree_with_the_vendors_near_the_money(spx):
    for rows, out in spx.values():
        vendor = known(rows["iv"])
        near = (np.abs(rows["strike"] / out.forward - 1) < 0.05).to_numpy() & (out.year_fraction > 7 / 365)
        both = near & np.isfinite(vendor) & np.isfinite(out.iv)
        assert both.sum() > 3000
        assert np.median(np.abs(out.iv - vendor)[both]) < 0.002


def test_few_quotes_of_an_index_chain_stay_without_a_volatility_and_each_says_why(spx):
    for rows, out in spx.values():
        statuses = pd.Series(out.iv_status).value_counts()
        one_sided = int(((rows["bid"] <= 0) | (rows["ask"] <= 0)).sum())
        same_day = int((out.year_fraction <= 0).sum())
        assert one_sided - same_day <= statuses["no_quote"] <= one_sided
        assert statuses["no_time"] == same_day
        assert statuses["ok"] / len(rows) > 0.92
        assert set(statuses.index) <= {"ok", "no_quote", "no_time", "below_intrinsic"}


@pytest.fixture(scope="module")
def coin_rows(real_data) -> pd.DataFrame:
    path = real_data / "g04_optionsdx_btc_2021_06" / "btc_eod_202106.txt.gz"
    rows = pd.read_csv(path, skipinitialspace=True)
    rows.columns = [name.strip(" []") for name in rows.columns]
    for name in ("QUOTE_DATE", "EXPIRY_DATE", "OPTION_RIGHT"):
        rows[name] = rows[name].str.strip()
    return rows


def coin_chain(rows: pd.DataFrame) -> ChainInputs:
    return ChainInputs(
        root_code=np.zeros(len(rows), dtype=np.int64),
        expiry_days=day_numbers(rows["EXPIRY_DATE"]),
        right=(rows["OPTION_RIGHT"] == "put").to_numpy().astype(np.int8),
        strike=rows["STRIKE"].to_numpy(dtype=float),
        bid=known(rows["BID_PRICE"]),
        ask=known(rows["ASK_PRICE"]),
        spot=np.full(len(rows), np.nan),
        vendor_forward=known(rows["UNDERLYING_PRICE"]),
        settles_us=rows["EXPIRY_UNIX"].to_numpy(dtype=np.int64) * 1_000_000,
        ts_us=int(rows["QUOTE_UNIXTIME"].max()) * 1_000_000,
        coin_settled=True,
        american=np.zeros(len(rows), dtype=bool),
        dividend_ex_us=np.array([], dtype=np.int64),
        dividend_amount=np.array([]),
        curve_tenor_days=NO_CURVE,
        curve_rate=NO_CURVE,
    )


def test_coin_chains_give_the_forwards_volatilities_and_greeks_of_the_facts(real_data, coin_rows):
    for fact in facts(real_data, "optionsdx_btc_2021_06"):
        rows = coin_rows[coin_rows["QUOTE_DATE"] == fact["date"]].reset_index(drop=True)
        out = enrich_chain(coin_chain(rows))
        of_expiry = rows["EXPIRY_DATE"] == fact["expiry"]
        at_strike = np.flatnonzero(of_expiry & (rows["STRIKE"] == fact["K_atm"]))
        assert len(at_strike) == 2
        for i in at_strike:
            row = rows.iloc[i]
            own = fact["ivC_mid" if row["OPTION_RIGHT"] == "call" else "ivP_mid"]
            assert out.forward[i] == pytest.approx(fact["F_vendor_median"], abs=0.01)
            assert out.forward_method[i] == "vendor"
            assert out.year_fraction[i] == pytest.approx(fact["T_years"], abs=1e-6)
            assert out.iv[i] == pytest.approx(own, abs=1e-4)
            # the vendor marks with its own volatility: within 0.8 points of the mid's
            assert out.iv[i] == pytest.approx(row["MARK_IV"] / 100, abs=0.008)
            assert out.delta[i] == pytest.approx(row["DELTA"], abs=0.001)
            assert out.vega_per_vol_point[i] == pytest.approx(row["VEGA"], rel=0.001)
            assert out.theta_per_day[i] == pytest.approx(row["THETA"], rel=0.002)
            assert out.rho_per_pct[i] == pytest.approx(row["RHO"], rel=0.002)


def test_parity_in_coin_gives_the_forward_of_the_facts(real_data, coin_rows):
    for fact in facts(real_data, "optionsdx_btc_2021_06"):
        two_sided = coin_rows[
            (coin_rows["QUOTE_DATE"] == fact["date"])
            & (coin_rows["EXPIRY_DATE"] == fact["expiry"])
            & (coin_rows["BID_PRICE"] > 0)
            & (coin_rows["ASK_PRICE"] > 0)
            & (coin_rows["STRIKE"] / fact["F_vendor_median"]).between(0.8, 1.25)  # as many as the facts count
        ]
        mids = two_sided.assign(mid=(two_sided["BID_PRICE"] + two_sided["ASK_PRICE"]) / 2)
        pairs = mids.pivot_table("mid", "STRIKE", "OPTION_RIGHT").dropna()
        fit = inverse_forward(
            pairs.index.to_numpy(dtype=float),
            (pairs["call"] - pairs["put"]).to_numpy(),
            vendor_forward=np.nan,
            spot=np.nan,
        )
        assert fit.method is ForwardMethod.INVERSE_PARITY
        assert fit.pairs == fact["n_pairs"]
        assert fit.forward == pytest.approx(fact["F_parity_median"], abs=0.01)
