"""A real index chain, and synthetic smiles."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from engine.calendars import TradingCalendar, settlement_instants_us, trading_close_us
from engine.instruments.osi import parse_osi
from engine.instruments.terms import ExerciseStyle, RootTerms, SettlementTime, SettlementType
from engine.pricing.enrich import ChainInputs, enrich_chain

SETTLED = {"SPX": SettlementTime.AM, "SPXW": SettlementTime.PM}
SPOT = {"2026-07-22": 7498.96, "2026-07-24": 7411.98}


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


def read_spx(folder, day: str) -> pd.DataFrame:
    """Quotes of one day with forward, discount, year fraction and volatilities; ``code`` tells root and expiry."""
    rows = pd.read_csv(folder / "g03_cboe_eod_2026_07" / "chains" / "_SPX" / f"{day}.csv.gz")
    roots = rows["option"].map(lambda symbol: parse_osi(symbol).root).to_numpy()
    calendar = TradingCalendar.for_code("XNYS", dt.date(2026, 7, 1), dt.date(2026, 7, 31))
    days = pd.to_datetime(rows["expiry"]).to_numpy().astype("datetime64[D]").astype(np.int64).astype(np.int32)
    settles = np.empty(len(rows), dtype=np.int64)
    for root in SETTLED:
        settles[roots == root] = settlement_instants_us(spx_terms(root), days[roots == root], calendar)
    ts = trading_close_us(spx_terms("SPXW"), dt.date.fromisoformat(day), calendar)
    sides = {side: rows[side].where(rows[side] > 0).to_numpy(dtype=float) for side in ("bid", "ask")}
    chain = ChainInputs(
        root_code=(roots == "SPXW").astype(np.int64),
        expiry_days=days,
        right=(rows["right"] == "P").to_numpy().astype(np.int8),
        strike=rows["strike"].to_numpy(dtype=float),
        bid=sides["bid"],
        ask=sides["ask"],
        spot=np.full(len(rows), SPOT[day]),
        vendor_forward=np.full(len(rows), np.nan),
        settles_us=settles,
        ts_us=ts,
        coin_settled=False,
        curve_tenor_days=np.array([]),
        curve_rate=np.array([]),
    )
    out = enrich_chain(chain)
    return pd.DataFrame(
        {
            "root": roots,
            "expiry": rows["expiry"],
            "code": chain.root_code * 1_000_000 + days,
            "right": chain.right,
            "strike": chain.strike,
            "bid": rows["bid"],
            "ask": rows["ask"],
            "settles_us": settles,
            "ts_us": ts,
            "forward": out.forward,
            "discount": out.discount,
            "year_fraction": out.year_fraction,
            "iv": out.iv,
            "iv_bid": out.iv_bid,
            "iv_ask": out.iv_ask,
        }
    )


@pytest.fixture(scope="session")
def spx_days(real_data) -> dict[str, pd.DataFrame]:
    return {day: read_spx(real_data, day) for day in SPOT}
