"""``tiingo_daily_csv``: Tiingo's end-of-day bars of several symbols, with ``divCash`` and ``splitFactor``.

Open, high, low, close and volume are as traded; the adjusted columns know of later events and are left out.
Dividend and split stand on the row of the ex-date.
"""

import pyarrow as pa

from resources.providers.typed_csv import CsvLayout
from resources.reference.dated_csv import DatedRows, iso_date, read_dated_csv
from resources.reference.prices.bars_with_events import BarsWithEvents

NAME = "tiingo_daily_csv"
_COLUMNS = {"open": "open", "high": "high", "low": "low", "close": "close", "volume": "volume"}
_ADJUSTED = ("adjClose", "adjHigh", "adjLow", "adjOpen", "adjVolume")
_EVENTS = ("divCash", "splitFactor")
_LAYOUT = CsvLayout(
    {
        # row numbers, a column without a name, where a data frame was written with its index
        "": pa.int64(),
        "symbol": pa.string(),
        "date": pa.string(),
        **dict.fromkeys((*_COLUMNS.values(), *_ADJUSTED, *_EVENTS), pa.float64()),
    },
    frozenset({"symbol", "date", "close", *_EVENTS}),
    frozenset({"", *_ADJUSTED}),
)


def read(payload: bytes, name: str) -> DatedRows:
    """The rows of one file.

    Raises
    ------
    UnreadablePayloadError
        If the file is none of this format.
    """
    return read_dated_csv(
        payload, name, _LAYOUT, source=NAME, date_column="date", read_date=iso_date, symbol_column="symbol"
    )


TIINGO = BarsWithEvents(NAME, _COLUMNS, *_EVENTS, read)
