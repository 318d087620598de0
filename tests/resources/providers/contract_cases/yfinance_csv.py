"""A chain of AAPL of 2025-11-28, a half day, as a collector of yfinance's data frames saves it."""

import datetime as dt
import gzip
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

HEADER = (
    "contractSymbol,type,expiration,strike,lastTradeDate,lastTradeDateEDT,lastPrice,bid,ask,change,percentChange,"
    "volume,openInterest,impliedVolatility,inTheMoney,contractSize,currency,tenor_days,snap_date,"
    "max_tenor_for_strike,spot_price,relative_strike"
)


def row(
    symbol: str,
    side: str,
    strike: str,
    traded: str,
    quote: str,
    activity: str,
    iv: str,
    size: str = "REGULAR",
) -> str:
    return (
        f"{symbol},{side},2025-12-05,{strike},{traded},x,{quote},0.0,0.0,{activity},{iv},True,{size},USD,6,2025-11-28,"
        "783,278.8500061035156,100.0"
    )


ROWS = (
    row("AAPL251205C00280000", "call", "280.0", "2025-11-28 17:59:59+00:00", "2.51,2.49,2.56", "8123.0,5402",
        "0.17456884765625"),
    row("AAPL251205P00110000", "put", "110.0", "2025-11-20 19:05:01+00:00", "0.01,0.0,0.02", ",12",
        "1.0000000000000004e-05"),
    row("AAPL251205C00500000", "call", "500.0", "2025-10-29 13:30:00+00:00", "0.0,0.0,0.0", ",0", "0.500005"),
    row("AAPL251205C00285000", "call", "285.0", "2025-11-28 17:59:59+00:00", "1.0,0.9,1.1", "7.0,5", "0.18", "MINI"),
)  # fmt: skip


def write(folder: Path) -> None:
    path = folder / "2025" / "11" / "28" / "enriched" / "AAPL" / "AAPL_options_all.csv.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress("\n".join((HEADER, *ROWS, "")).encode(), mtime=0))


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "yahoo",
            "description": "contract case",
            "provider": {"format": "yfinance_csv", "path": "x", "known_after_minutes": 15},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2025-11-24",
            "end": "2025-12-05",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [
                {
                    "symbol": "AAPL",
                    "kind": "stock",
                    "roots": [
                        {
                            "root": "AAPL",
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
    trade_date=dt.date(2025, 11, 28),
    rows={"AAPL": 4},
    rejected={"AAPL": 1},
    facts=(
        Fact(
            "AAPL251205C00280000",
            {
                "bid": 2.49,
                "ask": 2.56,
                "last": 2.51,
                "volume": 8123.0,
                "open_interest": 5402.0,
                "vendor_iv": 0.17456884765625,
                "spot": 278.8500061035156,
                "expiry": dt.date(2025, 12, 5),
                "strike": 280.0,
                "right": "C",
                # 13:00 New York: the day after Thanksgiving is a half day
                "ts": dt.datetime(2025, 11, 28, 18, 0, tzinfo=dt.UTC),
                "known_at": dt.datetime(2025, 11, 28, 18, 15, tzinfo=dt.UTC),
                "last_trade_ts": dt.datetime(2025, 11, 28, 17, 59, 59, tzinfo=dt.UTC),
            },
        ),
        Fact(
            "AAPL251205P00110000", {"bid": None, "ask": 0.02, "volume": None, "vendor_iv": None, "last": 0.01}
        ),
        Fact("AAPL251205C00500000", {"bid": None, "ask": None, "last": None, "vendor_iv": 0.500005}),
    ),
)
