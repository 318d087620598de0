"""Two payloads of MOD from CBOE's delayed quotes of 2026-07-22, within the session and after its close."""

import datetime as dt
import json
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec


def option(
    symbol: str, bid: float, bid_size: float, ask: float, last: float, at: str | None, iv: float
) -> dict:
    return {
        "option": symbol,
        "bid": bid,
        "bid_size": bid_size,
        "ask": ask,
        "ask_size": 12,
        "iv": iv,
        "open_interest": 50,
        "volume": 7,
        "delta": 0.5,
        "gamma": 0.02,
        "theta": -0.05,
        "rho": 0.03,
        "vega": 0.11,
        "theo": 2.1,
        "change": 0,
        "open": 0,
        "high": 0,
        "low": 0,
        "tick": "no_change",
        "last_trade_price": last,
        "last_trade_time": at,
        "percent_change": 0,
        "prev_day_close": 2.0499999523,
    }


def payload(timestamp: str, options: list[dict], **underlying: float) -> str:
    data = {
        "symbol": "MOD",
        "security_type": "stock",
        "exchange_id": 5,
        "current_price": 101.5,
        "price_change": 1.5,
        "bid": 101.4,
        "ask": 101.6,
        "open": 99,
        "high": 103,
        "low": 98,
        "close": 101.25,
        "prev_day_close": 100,
        "volume": 1000,
        "iv30": 20.1,
        "seqno": 1,
        "last_trade_time": "2026-07-22T15:59:59",
        "tick": "up",
        **underlying,
        "options": options,
    }
    return json.dumps({"timestamp": timestamp, "data": data, "symbol": "MOD"})


IN_SESSION = [
    option("MOD260821C00100000", 1.9, 10, 2.1, 2.0, "2026-07-22T10:00:05", 0.4),
    option("MOD260821P00092500", 0, 0, 0.4, 0, None, 0),
]
AT_CLOSE = [
    option("MOD260821C00100000", 2.0, 10, 2.2, 2.1, "2026-07-22T15:59:00", 0.41),
    option("MOD260821P00092500", 0, 0, 0.3, 0, None, 0),
    option("MOD1260821P00092500", 0.1, 3, 0.3, 0, None, 0.5),
]


def write(folder: Path) -> None:
    (folder / "MOD").mkdir()
    (folder / "MOD" / "2026-07-22T15-30-10.json").write_text(
        payload("2026-07-22 15:30:01", IN_SESSION, current_price=100.75, close=100.5)
    )
    (folder / "MOD" / "2026-07-22T21-14-30.json").write_text(payload("2026-07-22 21:14:05", AT_CLOSE))


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "cboe",
            "description": "contract case",
            "provider": {"format": "cboe_json", "path": "x", "known_after_minutes": 15},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2026-07-01",
            "end": "2026-07-31",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [
                {
                    "symbol": "MOD",
                    "kind": "stock",
                    "roots": [
                        {
                            "root": "MOD",
                            "style": "A",
                            "settlement_time": "PM",
                            "settlement_type": "physical",
                            "multiplier": 100,
                        }
                    ],
                }
            ],
        }
    ),
    write=write,
    trade_date=dt.date(2026, 7, 22),
    rows={"MOD": 5},
    rejected={"MOD": 1},
    facts=(
        Fact(
            "MOD260821C00100000",
            {
                "bid": 1.9,
                "ask_size": 12.0,
                "vendor_iv": 0.4,
                "vendor_vega": 0.11,
                "spot": 100.75,
                "expiry": dt.date(2026, 8, 21),
                "strike": 100.0,
                "multiplier": 100.0,
                # the feed of 15:30:01 UTC shows the market of a quarter of an hour before
                "ts": dt.datetime(2026, 7, 22, 15, 15, 1, tzinfo=dt.UTC),
                "known_at": dt.datetime(2026, 7, 22, 15, 30, 1, tzinfo=dt.UTC),
                "last_trade_ts": dt.datetime(2026, 7, 22, 14, 0, 5, tzinfo=dt.UTC),
            },
        ),
        Fact(
            "MOD260821P00092500", {"bid": None, "bid_size": None, "last": None, "vendor_iv": None, "ask": 0.4}
        ),
        Fact(
            "MOD260821C00100000",
            {"bid": 2.0, "spot": 101.25, "ts": dt.datetime(2026, 7, 22, 20, 0, tzinfo=dt.UTC)},
            snapshot_id=1,
        ),
        Fact("MOD260821P00092500", {"right": "P", "strike": 92.5, "ask": 0.3}, snapshot_id=1),
    ),
)
