"""Two stocks in one headless file of many days: OSI symbols, prices x 10000, percent, -1 for nothing, own prices."""

import datetime as dt
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

ROWS = (
    "ACME|27.01.2017|475000|477000|-1|0|20.5",
    "ACME170217C00040000|27.01.2017|76000|78000|12|-1|31.25",
    "ACME170217P00040000|27.01.2017|0|1000|n/a|5|0",
    "ACME170217P00042500|27.01.2017|1000|-1|0|7|29",
    "ACME170231P00042500|27.01.2017|1000|2000|0|7|29",
    "OTHER170217C00040000|27.01.2017|1000|2000|0|7|29",
    "ACME170217C00040000|30.01.2017|77000|79000|1|2|30",
)


def write(folder: Path) -> None:
    (folder / "quotes.txt").write_text("\n".join((*ROWS, "")))


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "acme",
            "description": "contract case",
            "provider": {
                "format": "generic_table",
                "path": "x",
                "settings": {
                    "files": "quotes.txt",
                    "delimiter": "|",
                    "columns": ["id", "day", "b", "a", "vol", "oi", "iv"],
                    "symbol_rule": "osi",
                    "underlying_rows": True,
                    "dates": {"format": "%d.%m.%Y"},
                    "mapping": {
                        "symbol": "id",
                        "trade_date": "day",
                        "bid": "b",
                        "ask": "a",
                        "volume": "vol",
                        "open_interest": "oi",
                        "vendor_iv": "iv",
                    },
                    "units": {"price_scale": 0.0001, "volatility": "percent", "price_currency": "USD"},
                    "nulls": {"numbers": [0, -1], "texts": ["n/a"]},
                },
            },
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2017-01-27",
            "end": "2017-01-31",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [
                {
                    "symbol": "ACME",
                    "kind": "stock",
                    "roots": [
                        {
                            "root": "ACME",
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
    trade_date=dt.date(2017, 1, 27),
    rows={"ACME": 4},
    rejected={"ACME": 1},
    facts=(
        Fact(
            "ACME170217C00040000",
            {
                "bid": 7.6,
                "ask": 7.8,
                "volume": 12.0,
                "open_interest": None,
                "vendor_iv": 0.3125,
                "spot": 47.6,
                "strike": 40.0,
                "expiry": dt.date(2017, 2, 17),
                "ts": dt.datetime(2017, 1, 27, 21, tzinfo=dt.UTC),
            },
        ),
        Fact("ACME170217P00040000", {"bid": None, "ask": 0.1, "volume": None, "vendor_iv": None}),
        Fact("ACME170217P00042500", {"strike": 42.5, "ask": None, "volume": 0.0, "right": "P"}),
    ),
)
