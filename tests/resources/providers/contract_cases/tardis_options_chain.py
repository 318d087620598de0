"""Three hours of updates of Deribit's options on 2020-06-08, two coins in one file, snapshots every hour."""

import datetime as dt
import gzip
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

HEADER = (
    "exchange,symbol,timestamp,local_timestamp,type,strike_price,expiration,open_interest,last_price,bid_price,bid_amount,"
    "bid_iv,ask_price,ask_amount,ask_iv,mark_price,mark_iv,underlying_index,underlying_price,delta,gamma,vega,theta,rho"
)
DAY_US = 1591574400_000000
EXPIRY_US = 1591689600_000000  # 2020-06-09 08:00 UTC


def row(
    seconds: float, symbol: str, kind: str, prices: str, expiry: int = EXPIRY_US, forward: float = 9756.36
) -> str:
    arrival = DAY_US + round(seconds * 1e6)
    strike = symbol.split("-")[2]
    return (
        f"deribit,{symbol},{arrival - 250_000},{arrival},{kind},{strike},{expiry},0.1,{prices},SYN.X,{forward},"
        "-0.61752,0.00103,2.24964,-53.05655,-0.22796"
    )


ROWS = (
    row(1, "BTC-9JUN20-9875-P", "put", "0.0295,0.0205,15,55.91,0.0235,15,68.94,0.0221,62.89"),
    row(2, "BTC-9JUN20-9875-C", "call", ",0,0,0,0.01,3,60,0.0055,62.5"),
    row(2, "ETH-9JUN20-240-C", "call", ",0.02,1,50,0.03,3,60,0.025,70", forward=243.5),
    row(3600, "BTC-9JUN20-9875-P", "put", "0.0295,0.0215,10,56.5,0.024,12,68,0.0228,63"),
    row(3601, "BTC-9JUN20-9875-P", "put", "0.0295,0.0225,10,57.5,0.025,12,69,0.0238,64"),
    row(3602, "BTC-9JUN20-9875-P", "put", "0.0295,many,10,57.5,0.025,12,69,0.0238,64"),
    row(7300, "BTC-9JUN20-9875-C", "call", "0.004,0.003,0.5,50,0.005,3,60,0.004,61", forward=9760.5),
)


def write(folder: Path) -> None:
    text = "\n".join((HEADER, *ROWS, ""))
    path = folder / "deribit_options_chain_2020-06-08_OPTIONS.csv.gz"
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "btc",
            "description": "contract case",
            "provider": {"format": "tardis_options_chain", "path": "x"},
            "calendar": "24/7",
            "timezone": "UTC",
            "start": "2020-06-01",
            "end": "2020-06-30",
            "quote_currency": "BTC",
            "settlement_currency": "BTC",
            "underlyings": [
                {
                    "symbol": "BTC",
                    "kind": "coin",
                    "roots": [
                        {
                            "root": "BTC",
                            "style": "E",
                            "settlement_time": "08UTC",
                            "settlement_type": "cash",
                            "multiplier": 1,
                        }
                    ],
                }
            ],
        }
    ),
    write=write,
    trade_date=dt.date(2020, 6, 8),
    # two contracts at 01:00 and at 02:00; nothing is known of 03:00
    rows={"BTC": 5},
    rejected={"BTC": 1},
    facts=(
        Fact(
            "BTC-9JUN20-9875-P",
            {
                # the update of exactly 01:00:00 counts, that of a second later does not
                "bid": 0.0215,
                "ask": 0.024,
                "bid_size": 10.0,
                "mark": 0.0228,
                "vendor_iv": 0.63,
                "vendor_forward": 9756.36,
                "spot": 9756.36,
                "ts": dt.datetime(2020, 6, 8, 1, tzinfo=dt.UTC),
                "quote_ts": dt.datetime(2020, 6, 8, 0, 59, 59, 750_000, tzinfo=dt.UTC),
                "settles_at": dt.datetime(2020, 6, 9, 8, tzinfo=dt.UTC),
            },
        ),
        Fact("BTC-9JUN20-9875-P", {"bid": 0.0225, "vendor_iv": 0.64}, snapshot_id=1),
        Fact("BTC-9JUN20-9875-C", {"bid": None, "bid_size": None, "last": None, "ask": 0.01}, snapshot_id=1),
    ),
)
