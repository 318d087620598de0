"""A CBOE chain of MOD after the close of 2026-07-22, with one row that cannot be typed."""

import datetime as dt
import gzip
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

HEADER = (
    "session_date,ticker,expiry,right,strike,option,bid,bid_size,ask,ask_size,last_trade_price,volume,"
    "open_interest,iv,delta,gamma,theta,vega,rho,theo,open,high,low,prev_day_close,change,percent_change,"
    "last_trade_time"
)
TAIL = "0.5,0.02,-0.05,0.11,0.03,2.1,0,0,0,0,0,0"
ROWS = (
    f"2026-07-22,MOD,2026-08-21,C,100.0,MOD260821C00100000,2.0,10,2.2,12,2.1,7,50,0.41,{TAIL},2026-07-22T15:59:00",
    f"2026-07-22,MOD,2026-08-21,P,100.0,MOD260821P00100000,0.0,0,0.4,5,0.0,0,0,0.0,{TAIL},",
    f"2026-07-22,MOD,2026-08-21,P,92.5,MOD260821P00092500,0.1,1,0.3,2,0.2,1,3,0.44,{TAIL},2026-07-22T10:00:00",
    f"2026-07-22,MOD,2026-08-21,P,many,MOD260821P00095000,0.1,1,0.3,2,0.2,1,3,0.44,{TAIL},2026-07-22T10:00:00",
)
UNDERLYING = (
    "session_date,ticker,fetched_at_utc,payload_timestamp,current_price,close,prev_day_close,open,high,low,"
    "volume,iv30,iv30_change,last_trade_time,seqno\n"
    "2026-07-22,MOD,2026-07-22T23:00:00Z,2026-07-22 21:14:05,101.5,101.25,100,99,103,98,1000,20,0.1,"
    "2026-07-22T15:59:59,1\n"
)


def write(folder: Path) -> None:
    chain = folder / "chains" / "MOD" / "2026-07-22.csv.gz"
    chain.parent.mkdir(parents=True)
    chain.write_bytes(gzip.compress("\n".join((HEADER, *ROWS, "")).encode(), mtime=0))
    (folder / "underlying.csv").write_text(UNDERLYING)


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "cboe",
            "description": "contract case",
            "provider": {"format": "cboe_csv", "path": "x", "known_after_minutes": 15},
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
    rows={"MOD": 4},
    rejected={"MOD": 1},
    facts=(
        Fact(
            "MOD260821C00100000",
            {
                "bid": 2.0,
                "ask_size": 12.0,
                "vendor_iv": 0.41,
                "vendor_vega": 0.11,
                "vendor_theta": -0.05,
                "spot": 101.25,
                "expiry": dt.date(2026, 8, 21),
                "strike": 100.0,
                "multiplier": 100.0,
                # 16:00 New York, in daylight saving time
                "ts": dt.datetime(2026, 7, 22, 20, 0, tzinfo=dt.UTC),
                "known_at": dt.datetime(2026, 7, 22, 20, 15, tzinfo=dt.UTC),
                "last_trade_ts": dt.datetime(2026, 7, 22, 19, 59, tzinfo=dt.UTC),
            },
        ),
        Fact(
            "MOD260821P00100000", {"bid": None, "bid_size": None, "last": None, "vendor_iv": None, "ask": 0.4}
        ),
        Fact("MOD260821P00092500", {"strike": 92.5, "right": "P", "bid": 0.1}),
    ),
)
