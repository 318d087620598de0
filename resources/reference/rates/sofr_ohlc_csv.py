"""``sofr_ohlc_csv``: SOFR as a chart vendor writes it, DATE,OPEN,HIGH,LOW,CLOSE,VOLUME with dates as YYYYMMDD.

The date is that of the rate, not of its publication (checked against FRED's series). There is one rate a day:
a row whose four prices differ is not one and is set aside.
"""

import datetime as dt

import numpy as np
import pyarrow as pa

from resources.providers.typed_csv import CsvLayout
from resources.reference.dated_csv import compact_date, read_dated_csv
from resources.reference.files import one_file
from resources.reference.parsed import ParsedReference
from resources.reference.publication import next_weekday_morning_us
from resources.reference.rates.series import (
    MAX_PERCENT,
    Overnight,
    RateFormat,
    observation_table,
)

NAME = "sofr_ohlc_csv"
SERIES = "SOFR"
_PRICES = ("OPEN", "HIGH", "LOW", "CLOSE")
_LAYOUT = CsvLayout(
    {"DATE": pa.string(), **dict.fromkeys((*_PRICES, "VOLUME"), pa.float64())},
    frozenset({"DATE", *_PRICES}),
    frozenset({"VOLUME"}),
)


def parse(payload: bytes, name: str) -> ParsedReference:
    """The observations of one file.

    Raises
    ------
    UnreadablePayloadError
        If the file is none of this format.
    """
    dated = read_dated_csv(payload, name, _LAYOUT, source=NAME, date_column="DATE", read_date=compact_date)
    prices = np.stack([dated.column(column) for column in _PRICES])
    dated = dated.without(
        {
            "out_of_range:CLOSE": ~(np.abs(prices[3]) <= MAX_PERCENT),
            "not_one_rate": ~np.all(prices == prices[3], axis=0),
        }
    )
    observed = [
        (SERIES, day, percent / 100, next_weekday_morning_us(day))
        for day, percent in zip(dated.days, dated.column("CLOSE").tolist(), strict=True)
    ]
    return dated.result(observation_table(observed, NAME))


def _compact_text(day: dt.date) -> str:
    return f"{day:%Y%m%d}"


FORMAT = RateFormat(
    name=NAME,
    quotations={SERIES: Overnight(360)},
    files=one_file,
    expected="no file",
    parse=parse,
    date_text=_compact_text,
    known_after_days=1,
)
