"""``ivolatility_csv``: IVolatility's end-of-day raw implied volatilities of options (Data Download, and the API's
``/equities/eod/options-rawiv``; https://www.ivolatility.com/data-cloud-api/).

Layout: any number of ``*.csv[.gz|.zip]`` (``files`` in the settings), each with any underlyings and days.

The vendor's conventions: closing quotes without a time of day, so ``ts`` is when quotes of the root stop; 0 for no
bid, ask or settlement; implied volatility as a decimal, -1 where it could not be solved (the Greeks beside it are
then 0 and mean nothing); vega per vol point, theta per calendar day. A ``*`` in ``isinterpolated`` marks a volatility
that was taken from the neighbouring strikes and not solved from the option's own price. ``mean_price`` is the mid and
is not kept. Symbols are OSI, padded; monthly ones carried a Saturday until January 2015, and ``option_expiration``
beside them may be that day or the Friday before, so either is accepted.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc

from resources.providers.osi_rows import OsiRowsAdapter, column_or_nothing
from resources.providers.quote_table import price
from resources.providers.row_files import FilesSettings
from resources.providers.typed_csv import CsvLayout, TypedRows
from resources.providers.vendor_dates import ISO, US

_F = pa.float64()
_GREEKS = ("delta", "gamma", "vega", "theta")
_LAYOUT = CsvLayout(
    columns={
        **dict.fromkeys(("symbol", "date", "option_symbol", "option_expiration", "call/put"), pa.string()),
        **dict.fromkeys(("strike", "stock_price_close", "ask", "bid", "iv", "volume", "open_interest"), _F),
        **dict.fromkeys(("stock_price_for_iv", "forward_price", "settlement", "rho", *_GREEKS), _F),
        "isinterpolated": pa.string(),
    },
    required=frozenset({"symbol", "date", "option_symbol", "option_expiration", "call/put", "strike"}),
    optional=frozenset({"forward_price", "settlement", "isinterpolated", "rho", "stock_price_for_iv"}),
    others_allowed=True,
)


class IVolatilitySettings(FilesSettings):
    """What a universe may set."""

    #: ``drop``: an interpolated volatility, and its Greeks, are null: they say nothing about this option's price
    interpolated: Literal["drop", "keep"] = "drop"


class IVolatilityCsvProvider(OsiRowsAdapter):
    """Chains from a folder of IVolatility's files."""

    format_name = "ivolatility_csv"
    settings_model = IVolatilitySettings
    day_column = "date"
    symbol_column = "symbol"
    osi_column = "option_symbol"
    expiry_column = "option_expiration"
    right_column = "call/put"
    right_texts = ("c", "p")
    spot_column = "stock_price_close"
    layout = _LAYOUT
    date_formats = (US, ISO)
    aliases: ClassVar[Mapping[str, str]] = {
        "expiration_date": "option_expiration",
        "expiration": "option_expiration",
        "call_put": "call/put",
        "trade_date": "date",
        "adjusted_close": "stock_price_close",
        "*": "isinterpolated",
    }

    def values(self, rows: TypedRows) -> dict[str, pa.Array]:
        solved = pc.greater(rows.column("iv"), 0.0)
        if self.settings.interpolated == "drop" and "isinterpolated" in rows.table.column_names:
            solved = pc.and_(solved, pc.is_null(rows.column("isinterpolated")))
        solved = pc.fill_null(solved, False)
        nothing = pa.scalar(None, _F)
        return {
            "bid": price(rows.column("bid")),
            "ask": price(rows.column("ask")),
            "mark": price(column_or_nothing(rows, "settlement")),
            "volume": rows.column("volume"),
            "open_interest": rows.column("open_interest"),
            "vendor_forward": price(column_or_nothing(rows, "forward_price")),
            "vendor_iv": pc.if_else(solved, rows.column("iv"), nothing),
            **{f"vendor_{name}": pc.if_else(solved, rows.column(name), nothing) for name in _GREEKS},
        }
