"""SPX on the third Friday's eve of January 2023, AM monthlies and PM weeklies, in OptionsDX's file of a month."""

import datetime as dt
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

HEADER = (
    "[QUOTE_UNIXTIME], [QUOTE_READTIME], [QUOTE_DATE], [QUOTE_TIME_HOURS], [UNDERLYING_LAST], [EXPIRE_DATE], "
    "[EXPIRE_UNIX], [DTE], [C_DELTA], [C_GAMMA], [C_VEGA], [C_THETA], [C_RHO], [C_IV], [C_VOLUME], [C_LAST], [C_SIZE], "
    "[C_BID], [C_ASK], [STRIKE], [P_BID], [P_ASK], [P_SIZE], [P_LAST], [P_DELTA], [P_GAMMA], [P_VEGA], [P_THETA], "
    "[P_RHO], [P_IV], [P_VOLUME], [STRIKE_DISTANCE], [STRIKE_DISTANCE_PCT]"
)


def line(
    expiry: str, call: str, strike: str, put: str, day: str = "2023-01-18", unix: int = 1674075600
) -> str:
    return f"{unix}, {day} 16:00, {day}, 16.0, 3928.86, {expiry}, 1674248400, 2.0, {call}, {strike}, {put}, 28.9, 0.007"


CALL = "0.61, 0.004, 1.2, -2.5, 0.1, 0.205, 55.0, 51.5, 12 x 40, 50.9, 51.7"
PUT = "22.1, 22.6, 7 x 9, 22.0, -0.39, 0.004, 1.2, -2.4, -0.1, 0.21, "
NO_PUT = ", , 0 x 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, , "
ROWS = (
    line("2023-01-20", CALL, "3900.0", PUT),
    line("2023-01-27", CALL, "3905.0", NO_PUT),
    line("2023-02-10", CALL, "3900.0", PUT),
    line("2023-02-10", CALL, "3900.0", PUT.replace("22.1", "22.2")),
    line("2023-01-27", CALL, "3910.0", PUT.replace("7 x 9", "many")),
    line("2023-01-20", CALL, "3900.0", PUT, "2023-01-19", 1674162000),
)


def write(folder: Path) -> None:
    (folder / "spx_eod_202301.txt").write_text("\n".join((HEADER, *ROWS, "")))


def _root(name: str, settlement_time: str) -> dict[str, object]:
    return {
        "root": name,
        "style": "E",
        "settlement_time": settlement_time,
        "settlement_type": "cash",
        "multiplier": 100,
        "trading_close": "16:15",
    }


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "spx",
            "description": "contract case",
            "provider": {
                "format": "optionsdx_equity",
                "path": "x",
                "settings": {"monthly_roots": {"SPX": "SPX"}},
            },
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2023-01-03",
            "end": "2023-01-31",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [
                {"symbol": "SPX", "kind": "index", "roots": [_root("SPX", "AM"), _root("SPXW", "PM")]}
            ],
        }
    ),
    write=write,
    trade_date=dt.date(2023, 1, 18),
    # two lines of two options; of three lines nothing can be made
    rows={"SPX": 7},
    rejected={"SPX": 3},
    facts=(
        Fact(
            "SPX230120C03900000",
            {
                "root": "SPX",
                "bid": 50.9,
                "ask": 51.7,
                "bid_size": 12.0,
                "ask_size": 40.0,
                "last": 51.5,
                "spot": 3928.86,
                "vendor_iv": 0.205,
                "vendor_delta": 0.61,
                "open_interest": None,
                "last_trade_date": dt.date(2023, 1, 19),
                "ts": dt.datetime(2023, 1, 18, 21, 0, tzinfo=dt.UTC),
            },
        ),
        Fact("SPX230120P03900000", {"bid": 22.1, "ask_size": 9.0, "vendor_delta": -0.39, "volume": None}),
        Fact(
            "SPXW230127P03905000",
            {"bid": None, "ask": None, "bid_size": None, "last": None, "vendor_iv": None, "strike": 3905.0},
        ),
    ),
)
