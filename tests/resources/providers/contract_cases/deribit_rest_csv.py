"""Two rounds of order books of Deribit's BTC options as a table with nested bids and asks."""

import datetime as dt
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

TEXT = """\
underlying_price,underlying_index,timestamp,open_interest,min_price,max_price,mark_price,mark_iv,last_price,interest_rate,instrument_name,index_price,change_id,bids,bid_iv,best_bid_price,best_bid_amount,best_ask_price,best_ask_amount,asks,ask_iv,stats.volume,stats.price_change,stats.low,stats.high,greeks.vega,greeks.theta,greeks.rho,greeks.gamma,greeks.delta,settlement_period,settlement_price
74655.5,BTC-27MAR26,1773772200250,310.5,0.0001,0.2,0.0312,53.12,0.0305,0.0,BTC-27MAR26-74000-C,74602.46,11,"[[0.031, 4.5], [0.03, 1.0]]",52.1,0.031,4.5,0.0315,3.0,"[[0.0315, 3.0]]",54.2,12.25,-3.1,0.03,0.033,46.7,-71.25,12.5,0.00004,0.54,month,0.03
74655.5,BTC-27MAR26,1773772201750,0.0,0.0001,0.2,0.0245,53.12,,0.0,BTC-27MAR26-74000-P,74602.5,12,[],0.0,0.0,0.0,0.0245,1.5,"[[0.0245, 1.5]]",54.2,,,,,46.7,-71.25,-12.5,0.00004,-0.46,month,
74655.5,BTC-27MAR26,1773772202000,1.0,0.0001,0.2,0.01,53.12,,0.0,BTC-27MAR26-80000-C,74602.5,13,"[[0.01, 1.0]]",50.0,0.02,1.0,0.0,0.0,[],0.0,,,,,30.0,-50.0,5.0,0.00004,0.2,month,
74700.0,BTC-27MAR26,1773772500250,311.5,0.0001,0.2,0.0318,53.5,0.0305,0.0,BTC-27MAR26-74000-C,74650.0,14,"[[0.0315, 1.0]]",52.1,0.0315,1.0,0.032,3.0,"[[0.032, 3.0]]",54.2,12.25,-3.1,0.03,0.033,46.7,-71.25,12.5,0.00004,0.54,month,0.03
"""  # noqa: E501


def write(folder: Path) -> None:
    (folder / "books.csv").write_text(TEXT)


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "btc",
            "description": "contract case",
            "provider": {"format": "deribit_rest", "path": "x", "settings": {"source": "files"}},
            "calendar": "24/7",
            "timezone": "UTC",
            "start": "2026-03-01",
            "end": "2026-05-31",
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
    trade_date=dt.date(2026, 3, 17),
    rows={"BTC": 4},
    rejected={"BTC": 1},
    facts=(
        Fact(
            "BTC-27MAR26-74000-C",
            {
                "bid": 0.031,
                "bid_size": 4.5,
                "ask": 0.0315,
                "ask_size": 3.0,
                "last": 0.0305,
                "spot": 74602.46,
                "vendor_iv": 0.5312,
                "vendor_delta": 0.54,
                "vendor_theta": -71.25,
                "volume": 12.25,
                "quote_ts": dt.datetime(2026, 3, 17, 18, 30, 0, 250000, tzinfo=dt.UTC),
                "ts": dt.datetime(2026, 3, 17, 18, 30, 1, 750000, tzinfo=dt.UTC),
            },
        ),
        Fact("BTC-27MAR26-74000-P", {"bid": None, "bid_size": None, "last": None, "volume": None}),
        Fact("BTC-27MAR26-74000-C", {"bid": 0.0315, "spot": 74650.0}, snapshot_id=1),
    ),
)
