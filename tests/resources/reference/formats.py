"""A small good file of every text format, to be spoiled in tests."""

import datetime as dt
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from engine.calendars import TradingCalendar
from resources.reference.corporate_actions.format import ActionsContext
from resources.reference.parsed import ParsedReference
from resources.reference.prices.bars import PriceContext
from resources.reference.registry import ACTION_FORMATS, PRICE_FORMATS, RATE_FORMATS

NYSE = TradingCalendar.for_code("XNYS", dt.date(2020, 1, 1), dt.date(2026, 12, 31))
PRICES = PriceContext("VIX", NYSE, 15)
ACTIONS = ActionsContext(NYSE, "USD")

_TIINGO = (
    "symbol,date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor\n"
    "VOO,2026-07-21,101,102,99,100,5000,1,1,1,1,1,0.0,1.0\n"
    "VOO,2026-07-22,50.5,52,50,51,5000,1,1,1,1,1,0.25,2.0\n"
    "TLT,2026-07-22,90,91,89,90,100,1,1,1,1,1,0.0,1.0\n"
)
_WIKI = (
    "ticker,date,open,high,low,close,volume,ex-dividend,split_ratio,adj_open,adj_high,adj_low,adj_close,adj_volume\n"
    "AAPL,2026-07-21,100,102,99,101,5000,0.0,1.0,1,1,1,1,1\n"
    "AAPL,2026-07-22,14.2,14.9,14.1,14.5,35000,0.1,7.0,1,1,1,1,1\n"
)


@dataclass(frozen=True)
class Sample:
    """A format's name in its kind, a good text, and the reader of bytes."""

    name: str
    file: str
    text: str
    read: Callable[[bytes, str], ParsedReference]

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


def _prices(name: str) -> Callable[[bytes, str], ParsedReference]:
    return lambda payload, file: PRICE_FORMATS[name].parse(payload, file, PRICES)


def _actions(name: str) -> Callable[[bytes, str], ParsedReference]:
    return lambda payload, file: ACTION_FORMATS[name].parse(payload, file, ACTIONS)


SAMPLES = [
    Sample(
        "fred_csv", "DGS1.csv", "date,value\n2026-07-21,4.0\n2026-07-22,4.1\n", RATE_FORMATS["fred_csv"].parse
    ),
    Sample(
        "treasury_cmt_csv",
        "cmt.csv",
        "date,BC_1MONTH,BC_3MONTH,BC_6MONTH,BC_1YEAR,BC_2YEAR,BC_3YEAR,BC_5YEAR,BC_7YEAR,BC_10YEAR,BC_20YEAR,BC_30YEAR\n"
        "2026-07-21,0.0,3.8,4.0,4.1,4.2,4.2,4.3,4.4,4.5,5.0,5.1\n"
        "2026-07-22,3.7,3.9,4.0,4.1,4.2,4.2,4.3,4.4,4.5,5.0,\n",
        RATE_FORMATS["treasury_cmt_csv"].parse,
    ),
    Sample(
        "sofr_ohlc_csv",
        "sofr.csv",
        "DATE,OPEN,HIGH,LOW,CLOSE,VOLUME\n20260721,3.61,3.61,3.61,3.61,0\n20260722,3.62,3.62,3.62,3.62,0\n",
        RATE_FORMATS["sofr_ohlc_csv"].parse,
    ),
    Sample(
        "lean_interest_rate",
        "interest-rate.csv",
        "DATE,PCREDIT8\n2023-05-04,5.25\n2023-07-27,5.5\n",
        RATE_FORMATS["lean_interest_rate"].parse,
    ),
    Sample(
        "vix_daily_csv",
        "vix.csv",
        "DATE,OPEN,HIGH,LOW,CLOSE\n2026-07-21,17.4,18.0,16.8,17.0\n2026-07-22,17.4,19.4,16.6,16.6\n",
        _prices("vix_daily_csv"),
    ),
    Sample(
        "yahoo_daily_csv",
        "vix.csv",
        "Date,Open,High,Low,Close\n2026-07-21,17.4,18.0,16.8,17.0\n2026-07-22,17.4,19.4,16.6,16.6\n2026-07-23,1,1,1,1\n",
        _prices("yahoo_daily_csv"),
    ),
    Sample(
        "daily_price_csv",
        "btc.csv",
        "dates,price\n7/21/2026,100\n7/22/2026,101.5\n",
        _prices("daily_price_csv"),
    ),
    Sample("tiingo_daily_csv", "etf.csv", _TIINGO, _prices("tiingo_daily_csv")),
    Sample("tiingo_daily_csv events", "etf.csv", _TIINGO, _actions("tiingo_daily_csv")),
    Sample(
        "quandl_wiki_zip",
        "wiki.zip",
        _WIKI,
        lambda p, f: _prices("quandl_wiki_zip")(zipped({"wiki.csv": p}), f),
    ),
    Sample(
        "quandl_wiki_zip events",
        "wiki.zip",
        _WIKI,
        lambda p, f: _actions("quandl_wiki_zip")(zipped({"wiki.csv": p}), f),
    ),
]


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def catalog(*entries: object, year: object = 2020, updated: object = "2026-02-09") -> bytes:
    return json.dumps({"$schema": "x", "year": year, "updated": updated, "splits": list(entries)}).encode()


def split(symbol: object = "AAPL", date: object = "2020-08-28", **fields: object) -> dict[str, object]:
    notes = "Split-adjusted trading began Aug 31, 2020."
    return {
        "symbol": symbol,
        "name": "x",
        "date": date,
        "ratioNew": 4,
        "ratioOld": 1,
        "notes": notes,
        **fields,
    }


def read_catalog(payload: bytes, context: ActionsContext = ACTIONS) -> ParsedReference:
    return ACTION_FORMATS["splits_catalog_json"].parse(payload, "2020.json", context)
