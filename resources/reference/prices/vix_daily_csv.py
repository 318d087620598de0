"""``vix_daily_csv``: CBOE's own daily history of an index, DATE,OPEN,HIGH,LOW,CLOSE (``vix-daily.csv``).

CBOE also computes the index on exchange holidays; such rows are no session of a stock exchange's calendar and
are set aside. Some rows before 2007 have an open outside their own range.
"""

import pyarrow as pa

from resources.providers.typed_csv import CsvLayout
from resources.reference.dated_csv import iso_date, read_dated_csv
from resources.reference.parsed import ParsedReference
from resources.reference.prices.bars import PriceContext, PriceFormat, bar_table, usable_bars

NAME = "vix_daily_csv"
_COLUMNS = {"open": "OPEN", "high": "HIGH", "low": "LOW", "close": "CLOSE"}
_LAYOUT = CsvLayout(
    {"DATE": pa.string(), **dict.fromkeys(_COLUMNS.values(), pa.float64())}, frozenset({"DATE", "CLOSE"})
)


def parse(payload: bytes, name: str, context: PriceContext) -> ParsedReference:
    """The bars of one file.

    Raises
    ------
    UnreadablePayloadError
        If the file is none of this format.
    """
    dated = read_dated_csv(payload, name, _LAYOUT, source=NAME, date_column="DATE", read_date=iso_date)
    dated = usable_bars(dated, _COLUMNS, context.calendar)
    return dated.result(bar_table(dated, _COLUMNS, context))


FORMAT = PriceFormat(NAME, parse)
