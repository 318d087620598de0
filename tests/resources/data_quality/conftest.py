"""Canonical quote tables made by hand, and the calendars and thresholds to judge them by."""

import datetime as dt
import math
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from engine.calendars import TradingCalendar
from resources.schemas import QUOTE_SCHEMA
from resources.universe import QualitySpec

NEW_YORK = "America/New_York"
THIRD_FRIDAYS = [dt.date(2027, m, d) for m, d in ((1, 15), (2, 19), (3, 19), (4, 16), (5, 21))]


def _instant(day: dt.date, clock: str, zone: str = NEW_YORK) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.fromisoformat(clock), tzinfo=ZoneInfo(zone))


@pytest.fixture(scope="session")
def us() -> Callable[..., int]:
    """``us(day, "21:14")`` -> UTC microseconds of that New York wall time (or of another zone)."""

    def make(day: dt.date, clock: str, zone: str = NEW_YORK) -> int:
        return int(_instant(day, clock, zone).timestamp()) * 10**6

    return make


@pytest.fixture(scope="session")
def quote() -> Callable[..., dict[str, Any]]:
    """``quote(strike=105.0, bid=None)`` -> one sound row of 2026-07-22 with the fields given replaced."""

    def make(day: dt.date = dt.date(2026, 7, 22), **fields: Any) -> dict[str, Any]:
        close = _instant(day, "16:15")
        expiry = fields.get("expiry", dt.date(2026, 8, 21))
        row = {
            "underlying": "SPY",
            "root": "SPY",
            "symbol": "SPY   260821C00100000",
            "trade_date": day,
            "snapshot_id": 0,
            "ts": close,
            "quote_ts": None,
            "last_trade_ts": _instant(day, "15:30"),
            "known_at": close,
            "expiry": expiry,
            "last_trade_date": expiry,
            "settles_at": _instant(expiry, "16:00") if expiry else None,
            "settlement_time": "PM",
            "settlement_type": "physical",
            "right": "C",
            "style": "A",
            "strike": 100.0,
            "multiplier": 100.0,
            "bid": 5.0,
            "ask": 5.2,
            "last": 5.1,
            "mark": None,
            "bid_size": 10.0,
            "ask_size": 12.0,
            "volume": 3.0,
            "open_interest": 40.0,
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "spot": 102.0,
            "vendor_forward": None,
            "vendor_iv": 0.2,
            "vendor_delta": 0.6,
            "vendor_gamma": 0.01,
            "vendor_vega": 0.1,
            "vendor_theta": -0.02,
            "source": "hand",
            "harvest_id": "h1",
        }
        unknown = fields.keys() - row.keys()
        assert not unknown, unknown
        return {**row, **fields}

    return make


@pytest.fixture(scope="session")
def table() -> Callable[[list[dict[str, Any]]], pa.Table]:
    """Rows to a table with the columns of QUOTE_SCHEMA; NaN stays NaN, None is null."""

    def make(rows: list[dict[str, Any]]) -> pa.Table:
        arrays = []
        for field in QUOTE_SCHEMA:
            values = [row[field.name] for row in rows]
            plain = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
            array = pa.array(values, type=plain, from_pandas=False)
            arrays.append(array.dictionary_encode() if pa.types.is_dictionary(field.type) else array)
        return pa.table(arrays, schema=QUOTE_SCHEMA)

    return make


def _black(right: str, forward: float, strike: float, years: float, sigma: float) -> float:
    """Undiscounted price, by the standard library's error function."""
    total = sigma * math.sqrt(years)
    d1 = math.log(forward / strike) / total + total / 2

    def phi(x: float) -> float:
        return 0.5 * math.erfc(-x / math.sqrt(2))

    call = forward * phi(d1) - strike * phi(d1 - total)
    return call if right == "C" else call - forward + strike


@pytest.fixture(scope="session")
def chain(
    quote: Callable[..., dict[str, Any]], table: Callable[[list[dict[str, Any]]], pa.Table]
) -> Callable[..., pa.Table]:
    """``chain(day, level=1.0)`` -> 100 sound contracts (5 expiries x 10 strikes x 2 rights) of SPY.

    ``level`` moves volatility, sizes and volumes, so that chains of different levels share nothing. Prices are
    those of one forward and one volatility: no check of them against each other finds anything.
    """

    def make(day: dt.date = dt.date(2026, 7, 22), level: float = 1.0, **fields: Any) -> pa.Table:
        rows = []
        for month, third_friday in enumerate(THIRD_FRIDAYS, start=1):
            for step in range(10):
                for right in "CP":
                    strike = 80.0 + 5.0 * step
                    years = (third_friday - dt.date(2026, 7, 22)).days / 365.0
                    price = _black(right, 102.0, strike, years, 0.25 * level)
                    bid = round(max(0.99 * price - 0.03, 0.01), 4)
                    rows.append(
                        quote(
                            day,
                            **{
                                "expiry": third_friday,
                                "strike": strike,
                                "right": right,
                                "symbol": f"SPY{month}{right}{strike}",
                                "bid": bid,
                                "ask": round(1.01 * price + 0.05, 4),
                                "last": round(price + 0.01, 4),
                                "volume": float(round(level * (step + 1) * 10)),
                                "bid_size": float(round(level * 7)),
                                **fields,
                            },
                        )
                    )
        return table(rows)

    return make


@pytest.fixture(scope="session")
def spec() -> QualitySpec:
    return QualitySpec()


@pytest.fixture(scope="session")
def nyse() -> TradingCalendar:
    return TradingCalendar.for_code("XNYS", dt.date(2026, 1, 2), dt.date(2026, 12, 31))


@pytest.fixture(scope="session")
def round_the_clock() -> TradingCalendar:
    return TradingCalendar.for_code("24/7", dt.date(2021, 1, 1), dt.date(2026, 12, 31))
