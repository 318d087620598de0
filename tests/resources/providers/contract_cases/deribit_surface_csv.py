"""Three contracts of one snapshot of Deribit's BTC chain, the files of its collector."""

import datetime as dt
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

TEXT = """\
snapshot_ts,expiry,days_to_expiry,strike,option_type,bid,ask,mark_price,forward_price,index_price,implied_vol,delta,gamma,vega,open_interest,volume_24h
2026-03-17T18:31:48Z,2026-03-27,10,74000.0,C,0.031,0.0315,0.0312,74655.5,74602.46,0.5312,0.54,0.00004,46.7,310.5,12.25
2026-03-17T18:31:48Z,2026-03-27,10,74000.0,P,0.0,0.0245,0.0,74655.5,74602.46,0.5312,-0.46,0.00004,46.7,35.1,0.0
2026-03-17T18:31:51Z,2026-03-27,10,150000.0,C,0.0,0.0,0.0001,74656.0,74602.46,0.0,0.0,0.0,0.0,0.0,0.0
"""


def write(folder: Path) -> None:
    (folder / "surfaces").mkdir()
    (folder / "surfaces" / "2026-03-17.csv").write_text(TEXT)


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "btc",
            "description": "contract case",
            "provider": {"format": "deribit_surface_csv", "path": "x"},
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
    rows={"BTC": 3},
    facts=(
        Fact(
            "BTC-27MAR26-74000-C",
            {
                "bid": 0.031,
                "ask": 0.0315,
                "mark": 0.0312,
                "spot": 74602.46,
                "vendor_forward": 74655.5,
                "vendor_iv": 0.5312,
                "open_interest": 310.5,
                "settles_at": dt.datetime(2026, 3, 27, 8, tzinfo=dt.UTC),
            },
        ),
        Fact("BTC-27MAR26-74000-P", {"bid": None, "ask": 0.0245, "mark": None}),
        Fact("BTC-27MAR26-150000-C", {"bid": None, "ask": None, "vendor_iv": None}, snapshot_id=1),
    ),
)
