"""A session of SPY options out of flat files of the whole market: quotes, trades, the day's bars, the fund's bar."""

import datetime as dt
import gzip
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec


def ns(hour: int, minute: int, second: int = 0) -> int:
    """2026-07-22 in UTC, nanoseconds."""
    at = dt.datetime(2026, 7, 22, hour, minute, second, tzinfo=dt.UTC)
    return int(at.timestamp()) * 10**9


CALL, PUT, LATE = "O:SPY260821C00640000", "O:SPY260821P00400500", "O:SPY260821C00650000"
#: 2026-07-22T04:00:00Z, midnight in New York
MIDNIGHT = ns(4, 0)
QUOTES = f"""\
ticker,ask_exchange,ask_price,ask_size,bid_exchange,bid_price,bid_size,sequence_number,sip_timestamp
O:AAPL260821C00200000,302,5.5,10,302,5.4,10,1,{ns(15, 0)}
{CALL},302,6.2,10,302,6.1,12,2,{ns(15, 0)}
{CALL},302,6.4,31,316,6.3,22,9,{ns(19, 44, 59) + 123456789}
{CALL},302,6.6,31,316,6.5,22,10,{ns(19, 45, 1)}
{PUT},302,0.02,900,302,0,0,3,{ns(18, 0)}
{LATE},302,3.1,5,302,3.0,5,4,{ns(19, 50)}
O:SPY1260821C00640000,302,6.2,10,302,6.1,12,5,{ns(15, 0)}
O:SPYG260821C00100000,302,6.2,10,302,6.1,12,6,{ns(15, 0)}
"""
TRADES = f"""\
ticker,conditions,correction,exchange,price,sip_timestamp,size
{CALL},209,0,312,6.25,{ns(14, 0)},3
{CALL},"209,232",0,312,6.35,{ns(19, 40)},2
{CALL},209,1,312,99.0,{ns(19, 41)},50
{CALL},209,0,312,6.55,{ns(19, 59)},7
"""
DAYS = f"""\
ticker,volume,open,close,high,low,window_start,transactions
{CALL},12,6.2,6.55,6.6,6.1,{MIDNIGHT},4
{PUT},40,0.01,0.01,0.01,0.01,{MIDNIGHT},1
"""
STOCK_MINUTES = f"""\
ticker,volume,open,close,high,low,window_start,transactions
SPY,1000,640.0,640.25,640.5,639.9,{ns(19, 44)},10
SPY,1000,640.3,641.0,641.1,640.2,{ns(19, 45)},10
SPYG,1000,80.0,80.0,80.0,80.0,{ns(19, 44)},10
"""
STOCK_DAYS = f"""\
ticker,volume,open,close,high,low,window_start,transactions
SPY,51000000,638.5,640.5,641.75,637.25,{MIDNIGHT},400000
"""


def write(folder: Path) -> None:
    for place, text in (
        ("us_options_opra/quotes_v1", QUOTES),
        ("us_options_opra/trades_v1", TRADES),
        ("us_options_opra/day_aggs_v1", DAYS),
        ("us_stocks_sip/minute_aggs_v1", STOCK_MINUTES),
        ("us_stocks_sip/day_aggs_v1", STOCK_DAYS),
    ):
        path = folder / place / "2026" / "07" / "2026-07-22.csv"
        path.parent.mkdir(parents=True)
        if place.endswith("trades_v1"):
            path.with_suffix(".csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
        else:
            path.write_text(text)


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "spy",
            "description": "contract case",
            "provider": {
                "format": "polygon_flat_files",
                "path": "x",
                "settings": {"snapshot_times": ["15:45", "16:15"]},
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
    # two at 15:45, three at the close; the adjusted contract is set aside
    rows={"SPY": 6},
    rejected={"SPY": 1},
    facts=(
        Fact(
            CALL,
            {
                "root": "SPY",
                "strike": 640.0,
                "bid": 6.3,
                "ask": 6.4,
                "bid_size": 22.0,
                "last": 6.35,
                "volume": 5.0,
                "spot": 640.25,
                "ts": dt.datetime(2026, 7, 22, 19, 45, tzinfo=dt.UTC),
                "quote_ts": dt.datetime(2026, 7, 22, 19, 44, 59, 123456, tzinfo=dt.UTC),
                "last_trade_ts": dt.datetime(2026, 7, 22, 19, 40, tzinfo=dt.UTC),
            },
        ),
        Fact(CALL, {"bid": 6.5, "last": 6.55, "volume": 12.0, "spot": 641.0}, snapshot_id=1),
        Fact(PUT, {"strike": 400.5, "bid": None, "bid_size": None, "ask": 0.02, "last": None}),
        Fact(PUT, {"bid": None, "last": 0.01, "last_trade_ts": None, "volume": 40.0}, snapshot_id=1),
        Fact(LATE, {"bid": 3.0, "volume": None}, snapshot_id=1),
    ),
)
