"""``daily_price_csv``: one price a day without a time of day, ``dates,price`` with dates as month/day/year.

Such a file comes with OptionsDX's coin chains ("10 pm price"). It names no time zone, so a price counts as known
at the end of its day's session, the latest that its date allows.
"""

import pyarrow as pa

from resources.providers.typed_csv import CsvLayout
from resources.reference.dated_csv import month_first_date, read_dated_csv
from resources.reference.parsed import ParsedReference
from resources.reference.prices.bars import PriceContext, PriceFormat, bar_table, usable_bars

NAME = "daily_price_csv"
_COLUMNS = {"close": "price"}
_LAYOUT = CsvLayout({"dates": pa.string(), "price": pa.float64()}, frozenset({"dates", "price"}))


def parse(payload: bytes, name: str, context: PriceContext) -> ParsedReference:
    """The prices of one file, as closes.

    Raises
    ------
    UnreadablePayloadError
        If the file is none of this format.
    """
    dated = read_dated_csv(
        payload, name, _LAYOUT, source=NAME, date_column="dates", read_date=month_first_date
    )
    dated = usable_bars(dated, _COLUMNS, context.calendar)
    return dated.result(bar_table(dated, _COLUMNS, context))


FORMAT = PriceFormat(NAME, parse)
