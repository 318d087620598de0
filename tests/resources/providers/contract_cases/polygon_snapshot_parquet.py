"""A chain snapshot of Polygon as a Parquet file with dotted column names and NaN for missing."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

NAN = float("nan")
#: 2026-07-22T20:00:00Z
AT_NS = 1784750400000000000
COLUMNS = {
    "details.ticker": ["O:SPXW260821C06400000", "O:SPX260821P06400000", "O:SPXW260821P04000000"],
    "details.contract_type": ["call", "put", "put"],
    "details.expiration_date": ["2026-08-21", "2026-08-21", "2026-08-21"],
    "details.strike_price": [6400.0, 6400.0, 4000.0],
    "details.shares_per_contract": [100.0, 100.0, 100.0],
    "last_quote.bid": [81.5, 79.0, 0.0],
    "last_quote.ask": [82.25, 80.0, 0.1],
    "last_quote.last_updated": [AT_NS, AT_NS - 1_000_000_000, AT_NS - 90_000_000_000],
    "day.close": [81.75, NAN, NAN],
    "open_interest": [120.0, 35.0, NAN],
    "implied_volatility": [0.145, 0.15, NAN],
    "underlying_asset.value": [6405.5, 6405.5, 6405.5],
    "underlying_asset.ticker": ["I:SPX", "I:SPX", "I:SPX"],
}


def write(folder: Path) -> None:
    pq.write_table(pa.table(COLUMNS), folder / "spx.parquet", compression="none")


def _root(name: str, settlement: str) -> dict[str, object]:
    return {
        "root": name,
        "style": "E",
        "settlement_time": settlement,
        "settlement_type": "cash",
        "multiplier": 100,
        "trading_close": "16:15",
    }


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "spx",
            "description": "contract case",
            "provider": {"format": "polygon_snapshot", "path": "x", "settings": {"source": "files"}},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2026-07-20",
            "end": "2026-07-31",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [
                {
                    "symbol": "SPX",
                    "vendor_symbol": "I:SPX",
                    "kind": "index",
                    "roots": [_root("SPX", "AM"), _root("SPXW", "PM")],
                }
            ],
        }
    ),
    write=write,
    trade_date=dt.date(2026, 7, 22),
    rows={"SPX": 3},
    facts=(
        Fact(
            "O:SPXW260821C06400000",
            {
                "root": "SPXW",
                "bid": 81.5,
                "last": 81.75,
                "open_interest": 120.0,
                "spot": 6405.5,
                "vendor_iv": 0.145,
                "ts": dt.datetime(2026, 7, 22, 20, tzinfo=dt.UTC),
            },
        ),
        Fact("O:SPX260821P06400000", {"root": "SPX", "last": None, "vendor_iv": 0.15}),
        Fact("O:SPXW260821P04000000", {"bid": None, "open_interest": None, "vendor_iv": None}),
    ),
)
