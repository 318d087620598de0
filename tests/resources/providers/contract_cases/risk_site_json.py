"""Three lines of CRWD on the day of its split, 2026-07-02: an old strike, a new one, and one without a trade."""

import datetime as dt
import gzip
import json
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec


def line(name: str, call: tuple, put: tuple) -> dict:
    fields = ("Price", "Delta", "Volume", "Iv", "Oi")
    return {
        "callOption": f"{name}_Call",
        **{f"call{field}": value for field, value in zip(fields, call, strict=True)},
        "putOption": f"{name}_Put",
        **{f"put{field}": value for field, value in zip(fields, put, strict=True)},
    }


DETAIL = {
    "header": {
        "callVolume": 107.0,
        "putVolume": 78.0,
        "callOi": 172.0,
        "putOi": 406.0,
        "underlyingPrice": 193.98,
    },
    "contracts": [
        line("2026-07-17_1150.00", (0.66, 0.0, 0, 0.0, 167), (405.98, -0.97, 0, 0.0, 0)),
        line("2026-07-17_287.50", (0.05, 0.02, 107, 88.1, 5), (92.1, -1.0, 78, 123.45, 406)),
        line("2026-07-17_138.13", (55.9, 0.99, 0, 0.0, 0), (0.0, 0.0, 0, 0.0, 0)),
        line("2026-07-17_many", (55.9, 0.99, 0, 0.0, 0), (0.0, 0.0, 0, 0.0, 0)),
    ],
}
INDEX = {
    "updated": "2026-07-02T23:12:40.198718Z",
    "date": "2026-07-02",
    "count": 2,
    "data": [
        {"code": "SOXL", "name": "SOXL", "iv30d": 195.73, "underlyingPrice": 181.47},
        {"code": "CRWD", "name": "CRWD", "iv30d": 75.53, "underlyingPrice": 193.98},
    ],
}


def write(folder: Path) -> None:
    day = folder / "archive" / "2026-07-02"
    (day / "detail").mkdir(parents=True)
    (day / "detail" / "CRWD.json.gz").write_bytes(gzip.compress(json.dumps(DETAIL).encode(), mtime=0))
    (day / "index.json").write_text(json.dumps(INDEX))


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "crwd",
            "description": "contract case",
            "provider": {"format": "risk_site_json", "path": "x", "known_after_minutes": 15},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2026-06-24",
            "end": "2026-07-14",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [
                {
                    "symbol": "CRWD",
                    "kind": "stock",
                    "roots": [
                        {
                            "root": "CRWD",
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
    trade_date=dt.date(2026, 7, 2),
    rows={"CRWD": 8},
    rejected={"CRWD": 2},
    facts=(
        Fact(
            "CRWD260717C00287500",
            {
                "bid": None,
                "ask": None,
                "mark": None,
                "last": 0.05,
                "volume": 107.0,
                "open_interest": 5.0,
                "vendor_iv": 0.881,
                "vendor_delta": 0.02,
                "spot": 193.98,
                "expiry": dt.date(2026, 7, 17),
                "strike": 287.5,
                "right": "C",
                # taken in the evening, it shows the close: 16:00 New York
                "ts": dt.datetime(2026, 7, 2, 20, 0, tzinfo=dt.UTC),
                "known_at": dt.datetime(2026, 7, 2, 20, 15, tzinfo=dt.UTC),
            },
        ),
        Fact("CRWD260717P00287500", {"last": 92.1, "vendor_iv": 1.2345, "right": "P"}),
        # of before the split, listed on
        Fact(
            "CRWD260717C01150000", {"strike": 1150.0, "last": 0.66, "vendor_iv": None, "open_interest": 167.0}
        ),
        Fact("CRWD260717P00138130", {"strike": 138.13, "last": None, "vendor_iv": None, "volume": 0.0}),
    ),
)
