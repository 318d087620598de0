"""``lean_interest_rate``: the Federal Reserve's primary credit (discount) rate as Lean keeps it, DATE,PCREDIT8.

A row is a change: the rate in percent holds from its date until the next row. Each change in the file was
announced before the day on which it took effect, so it is known on that day's morning. The discount window
charges simple interest on a year of 365 days.
"""

import datetime as dt

import numpy as np
import pyarrow as pa

from resources.providers.typed_csv import CsvLayout
from resources.reference.dated_csv import iso_date, read_dated_csv
from resources.reference.files import one_file
from resources.reference.parsed import ParsedReference
from resources.reference.publication import same_morning_us
from resources.reference.rates.series import (
    MAX_PERCENT,
    Overnight,
    RateFormat,
    observation_table,
)

NAME = "lean_interest_rate"
SERIES = "PCREDIT8"
_LAYOUT = CsvLayout({"DATE": pa.string(), SERIES: pa.float64()}, frozenset({"DATE", SERIES}))


def parse(payload: bytes, name: str) -> ParsedReference:
    """The changes of one file.

    Raises
    ------
    UnreadablePayloadError
        If the file is none of this format.
    """
    dated = read_dated_csv(payload, name, _LAYOUT, source=NAME, date_column="DATE", read_date=iso_date)
    dated = dated.without({f"out_of_range:{SERIES}": ~(np.abs(dated.column(SERIES)) <= MAX_PERCENT)})
    observed = [
        (SERIES, day, percent / 100, same_morning_us(day))
        for day, percent in zip(dated.days, dated.column(SERIES).tolist(), strict=True)
    ]
    return dated.result(observation_table(observed, NAME))


FORMAT = RateFormat(
    name=NAME,
    quotations={SERIES: Overnight(365)},
    files=one_file,
    expected="no file",
    parse=parse,
    date_text=dt.date.isoformat,
    known_after_days=0,
)
