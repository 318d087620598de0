"""Two snapshots of VIX options of 2026-08-18: one from within the session, one from after its close."""

import datetime as dt
import gzip
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

HEADER = (
    "root,expiration,dte,type,strike,option,bid,ask,mid,last_trade_price,change,percent_change,volume,"
    "open_interest,iv,delta,gamma,vega,theta,rho,theo,open,high,low,prev_day_close,tick,last_trade_time,bid_size,"
    "ask_size"
)
TAIL = "0.01,2.0,0.0,0.0,0.0,2.1,no_change"


def row(symbol: str, expiry: str, dte: int, side: str, strike: str, quote: str, iv: str, traded: str) -> str:
    root = symbol[:-15]
    sizes = "25,31" if traded else "0,0"
    return (
        f"{root},{expiry},{dte},{side},{strike},{symbol},{quote},0,0,12,4168,{iv},0.41,0.09,0.02,-0.03,{TAIL},"
        f"{traded},{sizes}"
    )


IN_SESSION = (
    row(
        "VIX260916C00020000",
        "2026-09-16",
        29,
        "Call",
        "20.0",
        "1.5,1.6,1.55,1.52",
        "0.9123",
        "2026-08-18T10:05:18",
    ),
    row("VIXW260826P00017500", "2026-08-26", 8, "Put", "17.5", "0,0.05,0.025,0", "0", ""),
)
AFTER_CLOSE = (
    row(
        "VIX260916C00020000",
        "2026-09-16",
        29,
        "Call",
        "20.0",
        "1.4,1.7,1.55,1.5",
        "0.9",
        "2026-08-18T16:14:57",
    ),
    row("VIXW260826P00017500", "2026-08-26", 8, "Put", "17.5", "0,0.1,0.05,0", "0", ""),
    row(
        "VIX260916C00021000",
        "2026-09-16",
        29,
        "Call",
        "22.0",
        "1.3,1.4,1.35,1.3",
        "0.9",
        "2026-08-18T16:14:57",
    ),
)


def write(folder: Path) -> None:
    (folder / "data").mkdir()
    for stamp, rows in (("20260818_142041", IN_SESSION), ("20260818_205650", AFTER_CLOSE)):
        text = "\n".join((HEADER, *rows, ""))
        (folder / "data" / f"VIX_chain_{stamp}.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def root(name: str) -> dict:
    return {
        "root": name,
        "style": "E",
        "settlement_time": "AM",
        "settlement_type": "cash",
        "multiplier": 100,
        "trading_close": "16:15",
    }


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "vix",
            "description": "contract case",
            "provider": {"format": "cboe_intraday_csv", "path": "x", "known_after_minutes": 15},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2026-08-17",
            "end": "2026-08-19",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [{"symbol": "VIX", "kind": "index", "roots": [root("VIX"), root("VIXW")]}],
        }
    ),
    write=write,
    trade_date=dt.date(2026, 8, 18),
    rows={"VIX": 5},
    rejected={"VIX": 1},
    facts=(
        Fact(
            "VIX260916C00020000",
            {
                "bid": 1.5,
                "ask": 1.6,
                "last": 1.52,
                "bid_size": 25.0,
                "volume": 12.0,
                "vendor_iv": 0.9123,
                "vendor_delta": 0.41,
                "vendor_vega": 0.02,
                "spot": None,
                "expiry": dt.date(2026, 9, 16),
                # settled on the opening of Wednesday, so Tuesday is the last day of trading
                "last_trade_date": dt.date(2026, 9, 15),
                "ts": dt.datetime(2026, 8, 18, 14, 5, 41, tzinfo=dt.UTC),
                "known_at": dt.datetime(2026, 8, 18, 14, 20, 41, tzinfo=dt.UTC),
                "last_trade_ts": dt.datetime(2026, 8, 18, 14, 5, 18, tzinfo=dt.UTC),
            },
        ),
        Fact(
            "VIXW260826P00017500",
            {"root": "VIXW", "bid": None, "last": None, "vendor_iv": None, "strike": 17.5},
        ),
        Fact(
            "VIX260916C00020000",
            {"bid": 1.4, "ts": dt.datetime(2026, 8, 18, 20, 15, tzinfo=dt.UTC)},
            snapshot_id=1,
        ),
    ),
)
