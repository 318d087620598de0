"""Two snapshots of a coin and its options, a call and a put on a line, in parquet with dictionaries and zones."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

NOON = dt.datetime(2026, 3, 17, 12, tzinfo=dt.timezone(dt.timedelta(hours=1)))
ROWS = {
    "taken": [NOON, NOON, NOON + dt.timedelta(hours=1), NOON + dt.timedelta(days=1), NOON],
    "coin": ["BTC", "BTC", "BTC", "BTC", "ETH"],
    "expires": [dt.date(2026, 3, 27)] * 5,
    "strike": [74000, 150000, 74000, 74000, 3000],
    "cb": [0.031, 0.0, 0.032, 0.033, 0.01],
    "ca": [0.0315, float("nan"), 0.0325, 0.0335, 0.011],
    "pb": [0.0, 0.5, 0.02, 0.021, 0.01],
    "pa": [0.0245, None, 0.0205, 0.0215, 0.011],
    "index": [74602.46, 74602.46, 74700.5, 75000.0, 3100.0],
}
SCHEMA = pa.schema(
    [
        ("taken", pa.timestamp("ms", tz="Europe/Berlin")),
        ("coin", pa.dictionary(pa.int8(), pa.string())),
        ("expires", pa.date32()),
        ("strike", pa.int32()),
        *((name, pa.float64()) for name in ("cb", "ca", "pb", "pa")),
        ("index", pa.float32()),
    ]
)


def write(folder: Path) -> None:
    table = pa.table(ROWS, schema=SCHEMA)
    # plain pages, so that damage reaches values and not only checksums
    pq.write_table(table, folder / "deribit.parquet", row_group_size=2, compression="none")


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "btc",
            "description": "contract case",
            "provider": {
                "format": "generic_table",
                "path": "x",
                "settings": {
                    "files": "*.parquet",
                    "kind": "parquet",
                    "mapping": {
                        "ts": "taken",
                        "underlying": "coin",
                        "expiry": "expires",
                        "strike": "strike",
                        "spot": "index",
                    },
                    "call": {"bid": "cb", "ask": "ca"},
                    "put": {"bid": "pb", "ask": "pa"},
                },
            },
            "calendar": "24/7",
            "timezone": "UTC",
            "start": "2026-03-01",
            "end": "2026-03-31",
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
    rows={"BTC": 6},
    facts=(
        Fact(
            "BTC-27MAR26-74000-C",
            {
                "bid": 0.031,
                "ask": 0.0315,
                # 12:00 in Berlin, in winter
                "ts": dt.datetime(2026, 3, 17, 11, tzinfo=dt.UTC),
                "settles_at": dt.datetime(2026, 3, 27, 8, tzinfo=dt.UTC),
            },
        ),
        Fact("BTC-27MAR26-74000-P", {"bid": None, "ask": 0.0245}),
        Fact("BTC-27MAR26-150000-C", {"bid": None, "ask": None}),
        Fact("BTC-27MAR26-74000-C", {"bid": 0.032, "spot": 74700.5}, snapshot_id=1),
    ),
)
