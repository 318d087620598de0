"""Three contracts of 2021-06-01, one without any quote, in OptionsDX's file of a month."""

import datetime as dt
import gzip
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

HEADER = (
    "[QUOTE_UNIXTIME], [QUOTE_READTIME], [QUOTE_DATE], [QUOTE_TIME_HOURS], [INSTRUMENT_NAME], [BASE_CURRENCY], "
    "[CONTRACT_SIZE], [UNDERLYING_INDEX], [UNDERLYING_PRICE], [EXPIRY_DATE], [EXPIRY_UNIX], [EXPIRY_TIME], [DTE], "
    "[OPTION_RIGHT], [STRIKE], [BID_SIZE], [BID_PRICE], [ASK_PRICE], [ASK_SIZE], [OPEN_INTEREST], [VOLUME], "
    "[DELTA], [GAMMA], [VEGA], [THETA], [RHO], [MARK_IV], [STRIKE_DISTANCE_PCT]"
)


def row(
    day: str, unix: int, name: str, right: str, strike: str, prices: str, forward: float, iv: float
) -> str:
    return (
        f"{unix}, {day} 00:00, {day}, 0.000000, {name}, BTC, 1.000000, SYN.BTC-25JUN21, {forward}, 2021-06-25, "
        f"1624608000, 4.000000, 24.166, {right}, {strike}, {prices}, 0.5, 0.00001, 40.1, -50.2, 10.3, {iv}, 0.1"
    )


ROWS = (
    row("2021-06-01", 1622520046, "BTC-25JUN21-36000-C", "call", "36000.000000",
        "1.500000, 0.085000, 0.087000, 2.000000, 812.3, ", 36700.0, 91.5),
    row("2021-06-01", 1622520046, "BTC-25JUN21-36000-P", "put", "36000.000000",
        "0.000000, 0.000000, 0.065500, 4.000000, 0.0, 1.5", 36700.0, 90.25),
    row("2021-06-01", 1622520046, "BTC-25JUN21-90000-C", "call", "90000.000000",
        "0.000000, 0.000000, 0.000000, 0.000000, 0.0, ", 36650.0, 0.0),
    row("2021-06-02", 1622606446, "BTC-25JUN21-36000-C", "call", "36000.000000",
        "1.500000, 0.095000, 0.097000, 2.000000, 812.3, ", 37700.0, 91.5),
)  # fmt: skip


def write(folder: Path) -> None:
    text = "\n".join((HEADER, *ROWS, ""))
    (folder / "btc_eod_202106.txt.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "btc",
            "description": "contract case",
            "provider": {"format": "optionsdx_deribit", "path": "x"},
            "calendar": "24/7",
            "timezone": "UTC",
            "start": "2021-06-01",
            "end": "2021-06-30",
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
    trade_date=dt.date(2021, 6, 1),
    rows={"BTC": 3},
    facts=(
        Fact(
            "BTC-25JUN21-36000-C",
            {
                "bid": 0.085,
                "ask": 0.087,
                "open_interest": 812.3,
                "volume": None,
                "vendor_iv": 0.915,
                "vendor_forward": 36700.0,
                "expiry": dt.date(2021, 6, 25),
                "settles_at": dt.datetime(2021, 6, 25, 8, tzinfo=dt.UTC),
                "quote_currency": "BTC",
                "ts": dt.datetime(2021, 6, 1, 4, 0, 46, tzinfo=dt.UTC),
            },
        ),
        Fact("BTC-25JUN21-36000-P", {"bid": None, "bid_size": None, "ask": 0.0655, "vendor_iv": 0.9025}),
        Fact("BTC-25JUN21-90000-C", {"bid": None, "ask": None, "vendor_iv": None, "strike": 90000.0}),
    ),
)
