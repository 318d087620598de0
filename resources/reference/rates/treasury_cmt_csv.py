"""``treasury_cmt_csv``: the Treasury's par yield curve, one row a day, a column a maturity (``BC_1MONTH`` ...).

Values are percent per year, bond-equivalent. The file writes 0.0 where the Treasury published nothing (and,
where it published 0.00, also 0.0): both are missing here, since the two cannot be told apart and no rate is
invented. ``BC_30YEARDISPLAY`` repeats the 30-year yield for display and is left out.
"""

import datetime as dt

import numpy as np
import pyarrow as pa

from resources.providers.typed_csv import CsvLayout
from resources.reference.dated_csv import iso_date, read_dated_csv
from resources.reference.files import one_file
from resources.reference.parsed import ParsedReference
from resources.reference.publication import treasury_evening_us
from resources.reference.rates.series import (
    MAX_PERCENT,
    ParYield,
    Quotation,
    RateFormat,
    observation_table,
)

NAME = "treasury_cmt_csv"
QUOTATIONS: dict[str, Quotation] = {
    "BC_1MONTH": ParYield(1 / 12),
    "BC_2MONTH": ParYield(1 / 6),
    "BC_3MONTH": ParYield(0.25),
    "BC_4MONTH": ParYield(1 / 3),
    "BC_6MONTH": ParYield(0.5),
    "BC_1YEAR": ParYield(1.0),
    "BC_2YEAR": ParYield(2.0),
    "BC_3YEAR": ParYield(3.0),
    "BC_5YEAR": ParYield(5.0),
    "BC_7YEAR": ParYield(7.0),
    "BC_10YEAR": ParYield(10.0),
    "BC_20YEAR": ParYield(20.0),
    "BC_30YEAR": ParYield(30.0),
}
_DISPLAY = "BC_30YEARDISPLAY"
#: introduced in 2018 and 2022; older extracts lack them
_LATER = frozenset({"BC_2MONTH", "BC_4MONTH", _DISPLAY})
_LAYOUT = CsvLayout(
    {"date": pa.string(), **dict.fromkeys((*QUOTATIONS, _DISPLAY), pa.float64())}, frozenset({"date"}), _LATER
)


def parse(payload: bytes, name: str) -> ParsedReference:
    """The observations of one file, a row per day and maturity.

    Raises
    ------
    UnreadablePayloadError
        If the file is none of this format.
    """
    dated = read_dated_csv(payload, name, _LAYOUT, source=NAME, date_column="date", read_date=iso_date)
    present = [series for series in QUOTATIONS if series in dated.rows.table.column_names]
    dated = dated.without(
        {f"out_of_range:{series}": np.abs(dated.column(series)) > MAX_PERCENT for series in present}
    )
    by_series = {series: dated.column(series).tolist() for series in present}
    observed = [
        (series, day, _published(values[i]), treasury_evening_us(day))
        for i, day in enumerate(dated.days)
        for series, values in by_series.items()
    ]
    return dated.result(observation_table(observed, NAME))


def _published(percent: float) -> float | None:
    return None if np.isnan(percent) or percent == 0.0 else percent / 100


FORMAT = RateFormat(
    name=NAME,
    quotations=QUOTATIONS,
    files=one_file,
    expected="no file",
    parse=parse,
    date_text=dt.date.isoformat,
    known_after_days=1,
)
