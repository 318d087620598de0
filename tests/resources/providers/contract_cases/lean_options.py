"""Minutes of two SPXW contracts of 2021-01-06 in Lean's format, with trades, open interest and the index in Chicago.

The call has no bid in its second minute; it trades in the first and in the third.
"""

import datetime as dt
import io
import zipfile
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

DAY = "20210106"
CALL, PUT = "call_38000000_20210106", "put_37000000_20210108"
MINUTE_931, MINUTE_932 = (dt.datetime(2021, 1, 6, 14, minute, tzinfo=dt.UTC) for minute in (31, 32))

QUOTES = {
    CALL: (
        "34200000,500,500,500,500,3,1000,1000,500,1000,5",
        "34260000,,,,,0,500,500,500,500,5",
        "34320000,500,500,500,500,7,1000,1000,1000,1000,9",
        "34380000,500,500,500,x,7,1000,1000,1000,1000,9",
    ),
    PUT: (
        "34200000,255000,256000,250000,252500,20,258000,260000,257000,257500,31",
        "34260000,252500,252500,249000,250000,11,257500,257500,252000,253000,8",
    ),
}
TRADES = {CALL: ("34200000,700,700,600,600,12", "34320000,500,500,500,500,8")}
OPEN_INTEREST = {CALL: ("23400000,9325",), "put_36000000_20210108": ("23400000,17",)}
#: 08:30 and 08:31 in Chicago
INDEX = (
    "30600000,3712.2,3713.1,3710.05,3711.75,59",
    "30660000,3711.7,3714,3711.7,3713.5,60",
    "55200000,3748.14,3748.14,3748.14,3748.14,2",
)


def packed(members: dict[str, tuple[str, ...]]) -> bytes:
    """A zip archive of texts, equal on every machine."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in members.items():
            archive.writestr(zipfile.ZipInfo(name), "\n".join(lines))
    return buffer.getvalue()


def write(folder: Path) -> None:
    options = folder / "indexoption" / "usa" / "minute" / "spxw"
    index = folder / "index" / "usa" / "minute" / "spx"
    options.mkdir(parents=True)
    index.mkdir(parents=True)
    for kind, suffix, contracts in (
        ("quote", ".zip", QUOTES),
        ("trade", ".zip.zip", TRADES),
        ("openinterest", ".zip", OPEN_INTEREST),
    ):
        members = {f"{DAY}_spxw_minute_{kind}_european_{c}.csv": lines for c, lines in contracts.items()}
        (options / f"{DAY}_{kind}_european{suffix}").write_bytes(packed(members))
    (index / f"{DAY}_trade.zip").write_bytes(packed({f"{DAY}_spx_minute_trade.csv": INDEX}))


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "lean_spx",
            "description": "contract case",
            "provider": {
                "format": "lean_options",
                "path": "x",
                "settings": {"resolution": "minute", "security_type": "indexoption"},
            },
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2021-01-04",
            "end": "2021-01-29",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [
                {
                    "symbol": "SPX",
                    "kind": "index",
                    "roots": [
                        {
                            "root": "SPXW",
                            "style": "E",
                            "settlement_time": "PM",
                            "settlement_type": "cash",
                            "multiplier": 100,
                            "trading_close": "16:15",
                        }
                    ],
                }
            ],
        }
    ),
    write=write,
    trade_date=dt.date(2021, 1, 6),
    # six lines of quotes, and the open interest of a contract that has none
    rows={"SPX": 7},
    rejected={"SPX": 2},
    facts=(
        Fact(
            "SPXW210106C03800000",
            {
                "bid": 0.05,
                "ask": 0.1,
                "bid_size": 3.0,
                "last": 0.06,
                "volume": 12.0,
                "open_interest": 9325.0,
                "spot": 3711.75,
                "expiry": dt.date(2021, 1, 6),
                "strike": 3800.0,
                # the bar of 09:30 is known at its end
                "ts": MINUTE_931,
                "last_trade_ts": MINUTE_931,
                "settles_at": dt.datetime(2021, 1, 6, 21, 0, tzinfo=dt.UTC),
            },
        ),
        Fact(
            "SPXW210106C03800000",
            {"bid": None, "bid_size": None, "ask": 0.05, "last": 0.06, "volume": 12.0, "spot": 3713.5},
            snapshot_id=1,
        ),
        Fact(
            "SPXW210106C03800000",
            {"bid_size": 7.0, "last": 0.05, "volume": 20.0, "spot": None},
            snapshot_id=2,
        ),
        Fact(
            "SPXW210108P03700000",
            {"bid": 25.0, "ask": 25.3, "volume": 0.0, "last": None, "open_interest": None, "ts": MINUTE_932},
            snapshot_id=1,
        ),
    ),
)
