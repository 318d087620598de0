"""``yahoo_daily_csv``: Yahoo's daily bars of one symbol, Date,Open,High,Low,Close and optionally more.

The last row is set aside (``last_row_may_be_intraday``): asked during a session, Yahoo gives the day so far as
if it were a bar, and the file does not say when it was asked. With the next day's file the row comes in.

Yahoo states prices on the share basis of the day of the download. For an index that is the day's own; for a
stock that has split since it is not, and its older prices know of the split.
"""

import numpy as np
import pyarrow as pa

from resources.providers.typed_csv import CsvLayout
from resources.reference.dated_csv import iso_date, read_dated_csv
from resources.reference.parsed import ParsedReference
from resources.reference.prices.bars import PriceContext, PriceFormat, bar_table, usable_bars

NAME = "yahoo_daily_csv"
LAST_ROW = "last_row_may_be_intraday"
_PRICES = {"open": "Open", "high": "High", "low": "Low", "close": "Close"}
_VOLUME = "Volume"
_OPTIONAL = ("Adj Close", _VOLUME)
_LAYOUT = CsvLayout(
    {"Date": pa.string(), **dict.fromkeys((*_PRICES.values(), *_OPTIONAL), pa.float64())},
    frozenset({"Date", "Close"}),
    frozenset(_OPTIONAL),
)


def parse(payload: bytes, name: str, context: PriceContext) -> ParsedReference:
    """The bars of one file.

    Raises
    ------
    UnreadablePayloadError
        If the file is none of this format.
    """
    dated = read_dated_csv(payload, name, _LAYOUT, source=NAME, date_column="Date", read_date=iso_date)
    # the newest row of the file, whatever else may be wrong with it
    newest = max(dated.days, default=None)
    dated = dated.without({LAST_ROW: np.array([day == newest for day in dated.days], dtype=bool)})
    has_volume = _VOLUME in dated.rows.table.column_names
    columns = {**_PRICES, "volume": _VOLUME} if has_volume else _PRICES
    dated = usable_bars(dated, columns, context.calendar)
    return dated.result(bar_table(dated, columns, context))


FORMAT = PriceFormat(NAME, parse)
