"""``fred_csv``: interest rates from FRED series, one file each: ``DGS*.csv``, ``SOFR.csv``, ``DFF.csv`` (or .gz).

A file has two columns, the observation date and the value in percent per year (``.`` or empty where there is
none). The treasury yields (DGS) are par yields. SOFR and the federal funds rate (DFF) are overnight, simple,
actual/360; where SOFR has a usable observation it is the overnight rate, else DFF (before April 2018 there was
no SOFR).
"""

import datetime as dt
import math
from pathlib import Path

import numpy as np
import pyarrow as pa

from resources.providers.payload_text import UnreadablePayloadError, unpacked
from resources.providers.typed_csv import CsvLayout
from resources.reference.dated_csv import iso_date, read_dated_csv
from resources.reference.parsed import ParsedReference
from resources.reference.publication import next_weekday_morning_us
from resources.reference.rates.series import (
    MAX_PERCENT,
    Overnight,
    ParYield,
    Quotation,
    RateFormat,
    observation_table,
)

NAME = "fred_csv"
_HEADERS = ("date", "observation_date")
_MISSING = (None, "", ".")
QUOTATIONS: dict[str, Quotation] = {
    "DGS1MO": ParYield(1 / 12),
    "DGS3MO": ParYield(0.25),
    "DGS6MO": ParYield(0.5),
    "DGS1": ParYield(1.0),
    "DGS2": ParYield(2.0),
    "DGS3": ParYield(3.0),
    "DGS5": ParYield(5.0),
    "DGS7": ParYield(7.0),
    "DGS10": ParYield(10.0),
    "DGS20": ParYield(20.0),
    "DGS30": ParYield(30.0),
    "SOFR": Overnight(360),
    "DFF": Overnight(360),
}


def series_files(folder: Path) -> list[Path]:
    """The files of the known series in a folder."""
    paths = (folder / f"{series}{end}" for series in QUOTATIONS for end in (".csv", ".csv.gz"))
    return [path for path in paths if path.is_file()]


def parse(payload: bytes, name: str) -> ParsedReference:
    """The observations of one file; the series is the file's name.

    Raises
    ------
    UnreadablePayloadError
        If the file is none of this format.
    """
    series = Path(name).name.removesuffix(".gz").removesuffix(".csv")
    text = unpacked(payload, name)
    first_line = text.partition(b"\n")[0].decode().strip()
    header = [cell.strip().strip('"') for cell in first_line.split(",")]
    if len(header) != 2 or header[0].lower() not in _HEADERS or header[0] == header[1]:
        raise UnreadablePayloadError(
            f"{name}: its header {first_line!r} is not 'date,value' (or 'observation_date,{series}'); fetch it "
            "again from FRED"
        )
    date, value = header
    layout = CsvLayout({date: pa.string(), value: pa.string()}, frozenset({date}))
    dated = read_dated_csv(payload, name, layout, source=NAME, date_column=date, read_date=iso_date)
    cells = dated.rows.column(value).to_pylist()
    percents = [_percent(cell) for cell in cells]
    # a wrong number is told apart from a missing one
    dated = dated.without(
        {
            "untyped:value": np.array([p is None for p in percents], dtype=bool),
            "out_of_range:value": np.array(
                [p is not None and abs(p) > MAX_PERCENT for p in percents], dtype=bool
            ),
        }
    )
    observed = [
        (series, day, None if cell in _MISSING else float(cell) / 100, next_weekday_morning_us(day))
        for day, cell in zip(dated.days, dated.rows.column(value).to_pylist(), strict=True)
    ]
    return dated.result(observation_table(observed, NAME))


def _percent(cell: str | None) -> float | None:
    """The number of a cell, 0 where it is missing, None where it is no number."""
    if cell in _MISSING:
        return 0.0
    try:
        number = float(str(cell))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


FORMAT = RateFormat(
    name=NAME,
    quotations=QUOTATIONS,
    files=series_files,
    expected=f"none of the series {', '.join(QUOTATIONS)} (as <series>.csv or .csv.gz)",
    parse=parse,
    date_text=dt.date.isoformat,
    known_after_days=1,
)
