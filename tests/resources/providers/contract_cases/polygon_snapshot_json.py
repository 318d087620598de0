"""Two pages of one chain snapshot of Polygon, and the underlying's daily bar."""

import datetime as dt
import json
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

#: 2026-07-22T19:59:59.123456789Z
AT_NS = 1784750399123456789


def row(ticker: str, **fields: object) -> dict[str, object]:
    symbol = ticker.removeprefix("O:")
    return {
        "break_even_price": 646.35,
        "day": {
            "close": 6.3,
            "high": 7.1,
            "low": 5.9,
            "open": 6.0,
            "volume": 1520,
            "vwap": 6.4,
            "change": 0.1,
        },
        "details": {
            "contract_type": "call" if symbol[-9] == "C" else "put",
            "exercise_style": "american",
            "expiration_date": f"20{symbol[-15:-13]}-{symbol[-13:-11]}-{symbol[-11:-9]}",
            "shares_per_contract": 100,
            "strike_price": int(symbol[-8:]) / 1000,
            "ticker": ticker,
        },
        "greeks": {"delta": 0.51, "gamma": 0.02, "theta": -0.21, "vega": 0.62},
        "implied_volatility": 0.1525,
        "last_quote": {
            "ask": 6.4,
            "ask_size": 31,
            "bid": 6.3,
            "bid_size": 22,
            "last_updated": AT_NS - 5_000_000_000,
            "midpoint": 6.35,
            "timeframe": "REAL-TIME",
        },
        "last_trade": {
            "conditions": [209],
            "exchange": 316,
            "price": 6.33,
            "sip_timestamp": AT_NS - 9_000_000_000,
            "size": 2,
        },
        "open_interest": 4125,
        "underlying_asset": {
            "change_to_break_even": 5.1,
            "last_updated": AT_NS,
            "price": 640.25,
            "ticker": "SPY",
            "timeframe": "REAL-TIME",
        },
        **fields,
    }


CALL = row("O:SPY260821C00640000")
PUT = row(
    "O:SPY260821P00400500",
    last_quote={
        "ask": 0.02,
        "ask_size": 900,
        "bid": 0,
        "bid_size": 0,
        "last_updated": AT_NS - 60_000_000_000,
    },
    last_trade=None,
    day={},
    implied_volatility=None,
    greeks={},
    open_interest=0,
)
ADJUSTED = row("O:SPY1260821C00640000")
WRONG = {**row("O:SPY260821C00650000"), "details": {**CALL["details"], "ticker": "O:SPY260821C00650000"}}  # type: ignore[dict-item]
PAGES = [[CALL, ADJUSTED], [PUT, WRONG]]


def write(folder: Path) -> None:
    day = folder / "20260722T195959123Z"
    day.mkdir()
    for number, rows in enumerate(PAGES, start=1):
        page = {"request_id": f"r{number}", "status": "OK", "results": rows}
        (day / f"page-{number}.json").write_text(json.dumps(page, indent=1))
    bar = {
        "t": 1784692800000,
        "o": 638.5,
        "h": 641.75,
        "l": 637.25,
        "c": 640.5,
        "v": 51000000.0,
        "vw": 640.0,
        "n": 9,
    }
    bars = {
        "ticker": "SPY",
        "status": "OK",
        "adjusted": False,
        "queryCount": 1,
        "resultsCount": 1,
        "results": [bar],
    }
    (folder / "bars.json").write_text(json.dumps(bars))


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "spy",
            "description": "contract case",
            "provider": {
                "format": "polygon_snapshot",
                "path": "x",
                "settings": {"source": "files"},
                "known_after_minutes": 15,
            },
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2026-07-20",
            "end": "2026-07-31",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [
                {
                    "symbol": "SPY",
                    "kind": "etf",
                    "roots": [
                        {
                            "root": "SPY",
                            "style": "A",
                            "settlement_time": "PM",
                            "settlement_type": "physical",
                            "multiplier": 100,
                            "trading_close": "16:15",
                        }
                    ],
                }
            ],
        }
    ),
    write=write,
    trade_date=dt.date(2026, 7, 22),
    rows={"SPY": 4},
    rejected={"SPY": 2},
    facts=(
        Fact(
            "O:SPY260821C00640000",
            {
                "root": "SPY",
                "strike": 640.0,
                "expiry": dt.date(2026, 8, 21),
                "bid": 6.3,
                "ask": 6.4,
                "bid_size": 22.0,
                "last": 6.33,
                "volume": 1520.0,
                "open_interest": 4125.0,
                "spot": 640.25,
                "vendor_iv": 0.1525,
                "vendor_vega": 0.62,
                "ts": dt.datetime(2026, 7, 22, 19, 59, 59, 123456, tzinfo=dt.UTC),
                "quote_ts": dt.datetime(2026, 7, 22, 19, 59, 54, 123456, tzinfo=dt.UTC),
                "known_at": dt.datetime(2026, 7, 22, 20, 14, 59, 123456, tzinfo=dt.UTC),
            },
        ),
        Fact(
            "O:SPY260821P00400500",
            {"strike": 400.5, "bid": None, "bid_size": None, "ask": 0.02, "last": None, "vendor_iv": None},
        ),
    ),
)
