"""The reference files of the real data: what each holds, counted with ``csv``, ``json`` and ``sqlite3`` alone."""

import csv
import datetime as dt
import gzip
import io
import zipfile
from pathlib import Path

from engine.calendars import TradingCalendar
from resources.reference.corporate_actions.format import ActionsContext, Closes
from resources.reference.parsed import ParsedReference
from resources.reference.prices.bars import PriceContext
from resources.reference.registry import ACTION_FORMATS, PRICE_FORMATS, RATE_FORMATS

NYSE = TradingCalendar.for_code("XNYS", dt.date(2014, 1, 1), dt.date(2026, 12, 31))
ALWAYS = TradingCalendar.for_code("24/7", dt.date(2013, 1, 1), dt.date(2026, 12, 31))
G9 = "g09_reference"
TIINGO = "g10_vendor_formats/historicaloptiondata_tiingo"
LEAN_RATE = "g01_lean_aapl_split_2014/Data/alternative/interest-rate/usa/interest-rate.csv"
COIN_PRICE = "g04_optionsdx_btc_2021_06/bitcoin_10pm_price.csv.gz"

#: format, file, rows in, quarantined by reason
RATES = [
    ("fred_csv", f"{G9}/fred/DFF.csv.gz", 26_320, {}),
    ("fred_csv", f"{G9}/fred/DGS1.csv.gz", 16_123, {}),
    ("fred_csv", f"{G9}/fred/DGS10.csv.gz", 16_123, {}),
    ("fred_csv", f"{G9}/fred/DGS1MO.csv.gz", 6_245, {}),
    ("fred_csv", f"{G9}/fred/DGS2.csv.gz", 12_531, {}),
    ("fred_csv", f"{G9}/fred/DGS20.csv.gz", 14_434, {}),
    ("fred_csv", f"{G9}/fred/DGS30.csv.gz", 12_353, {}),
    ("fred_csv", f"{G9}/fred/DGS3MO.csv.gz", 11_221, {}),
    ("fred_csv", f"{G9}/fred/DGS5.csv.gz", 16_123, {}),
    ("fred_csv", f"{G9}/fred/DGS6MO.csv.gz", 11_221, {}),
    ("fred_csv", f"{G9}/fred/DGS7.csv.gz", 14_253, {}),
    ("fred_csv", f"{G9}/fred/SOFR.csv.gz", 2_073, {}),
    ("treasury_cmt_csv", f"{G9}/ust_cmt_1990_2022.csv.gz", 8_055, {}),
    ("sofr_ohlc_csv", f"{G9}/sofr_ohlc_to_2026-08-06.csv.gz", 1_246, {}),
    ("lean_interest_rate", LEAN_RATE, 56, {}),
]
PRICES = [
    ("vix_daily_csv", f"{G9}/vix-daily.csv.gz", 9_235, {"not_a_session": 33, "open_outside_range": 47}),
    ("yahoo_daily_csv", f"{G9}/yahoo_daily/spy.csv.gz", 2_655, {"last_row_may_be_intraday": 1}),
    (
        *("yahoo_daily_csv", f"{G9}/yahoo_daily/vix.csv.gz", 2_656),
        {"last_row_may_be_intraday": 1, "not_a_session": 1},
    ),
    ("yahoo_daily_csv", f"{G9}/yahoo_daily/vix9d.csv.gz", 2_649, {"last_row_may_be_intraday": 1}),
    ("quandl_wiki_zip", f"{G9}/quandl_samples/QUANDL_ARCHIVE.zip", 916, {}),
    ("tiingo_daily_csv", f"{TIINGO}/ivy_5assets_data.csv.gz", 305, {}),
    ("tiingo_daily_csv", f"{TIINGO}/test_data_stocks.csv.gz", 1_056, {}),
    ("daily_price_csv", COIN_PRICE, 4_037, {}),
]
#: year, splits, quarantined by reason
SPLITS = [
    (2015, 14, {"date_uncertain": 2}),
    (2016, 5, {}),
    (2017, 4, {}),
    (2018, 7, {}),
    (2019, 3, {"date_uncertain": 1}),
    (2020, 5, {"date_uncertain": 1}),
    (2021, 8, {"date_conflict": 1}),
    (2022, 11, {}),
    (2023, 10, {"date_uncertain": 1}),
    (2024, 31, {"date_uncertain": 1}),
    (2025, 15, {"date_uncertain": 2}),
    (2026, 23, {"date_uncertain": 7, "unconfirmed": 1}),
]


def plain_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a file as the standard library reads them."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            text = archive.read(archive.namelist()[0]).decode()
    else:
        text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()
    return list(csv.DictReader(io.StringIO(text)))


def rates(data: Path, name: str, file: str) -> ParsedReference:
    return RATE_FORMATS[name].parse((data / file).read_bytes(), Path(file).name)


def prices(data: Path, name: str, file: str) -> ParsedReference:
    calendar = ALWAYS if name == "daily_price_csv" else NYSE
    return PRICE_FORMATS[name].parse(
        (data / file).read_bytes(), Path(file).name, PriceContext("X", calendar, 15)
    )


def actions(data: Path, name: str, file: str, closes: dict[str, Closes] | None = None) -> ParsedReference:
    context = ActionsContext(NYSE, "USD", closes or {})
    return ACTION_FORMATS[name].parse((data / file).read_bytes(), Path(file).name, context)
