"""``historicaloptiondata_csv``: HistoricalOptionData.com's end-of-day options files, levels 1 (Bare Bones) to 3
(https://historicaloptiondata.com/content/historical-options-data-file-structures-0 and /data-structure-greeks).

Layout: any number of files (``files`` in the settings, by default ``*options*.csv[.gz|.zip]``), each with the whole
market of a day, or what somebody has cut out of it. Column names have changed over the years (``DataDate`` was
``quotedate``); every published spelling is known. Stock and IV statistics files are passed over.

The vendor's conventions: closing quotes; dates as MM/DD/YYYY with ``16:00`` behind the data date in newer files, or
as YYYY-MM-DD; 0 for no bid, ask, last or volatility; volatility as a decimal; theta per year and vega per 1.00 of
volatility (Black-Scholes), made canonical here: per calendar day and per vol point. ``ts`` is when quotes of the
root stop; the vendor's nominal 16:00 is no reading of a clock.
"""

from collections.abc import Mapping
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from resources.providers.file_pattern import FoundFile
from resources.providers.osi_rows import OsiRowsAdapter, column_or_nothing
from resources.providers.quote_table import price
from resources.providers.row_files import FilesSettings
from resources.providers.typed_csv import CsvLayout, TypedRows
from resources.providers.vendor_dates import ISO, US

_F = pa.float64()
_GREEKS = ("delta", "gamma", "theta", "vega")
_LAYOUT = CsvLayout(
    columns={
        **dict.fromkeys(("underlying", "optionsymbol", "type", "expiration", "quotedate"), pa.string()),
        **dict.fromkeys(("underlying_last", "strike", "last", "bid", "ask", "volume", "openinterest"), _F),
        **dict.fromkeys(("impliedvol", *_GREEKS), _F),
    },
    required=frozenset({"underlying", "optionsymbol", "type", "expiration", "quotedate", "strike"}),
    optional=frozenset({"impliedvol", *_GREEKS}),
    others_allowed=True,
)
_PER_DAY, _PER_POINT = 1 / 365, 1 / 100


class HistoricalOptionDataSettings(FilesSettings):
    """What a universe may set."""

    files: str = Field(default="*options*.csv")


class HistoricalOptionDataCsvProvider(OsiRowsAdapter):
    """Chains from a folder of HistoricalOptionData's options files."""

    format_name = "historicaloptiondata_csv"
    settings_model = HistoricalOptionDataSettings
    day_column = "quotedate"
    symbol_column = "underlying"
    osi_column = "optionsymbol"
    expiry_column = "expiration"
    right_column = "type"
    right_texts = ("call", "put")
    spot_column = "underlying_last"
    layout = _LAYOUT
    date_formats = (US, ISO, "%m/%d/%Y %H:%M")
    aliases: ClassVar[Mapping[str, str]] = {
        "underlyingsymbol": "underlying",
        "underlyingprice": "underlying_last",
        "optionroot": "optionsymbol",
        "optiontype": "type",
        "datadate": "quotedate",
        "iv": "impliedvol",
        "ivmean": "impliedvol",
        **{name: name for name in _LAYOUT.columns},
    }

    def member_wanted(self, name: str) -> bool:
        lower = name.lower()
        return ".csv" in lower and "options" in lower.replace("optionstat", "")

    def _files(self) -> list[FoundFile]:
        return [
            file
            for file in super()._files()
            if ".zip" in file.path.suffix or self.member_wanted(file.path.name)
        ]

    def values(self, rows: TypedRows) -> dict[str, pa.Array]:
        scales = {"delta": 1.0, "gamma": 1.0, "theta": _PER_DAY, "vega": _PER_POINT}
        return {
            "bid": price(rows.column("bid")),
            "ask": price(rows.column("ask")),
            "last": price(rows.column("last")),
            "volume": rows.column("volume"),
            "open_interest": rows.column("openinterest"),
            "vendor_iv": price(column_or_nothing(rows, "impliedvol")),
            **{
                f"vendor_{name}": pc.multiply(column_or_nothing(rows, name), scale)
                for name, scale in scales.items()
            },
        }
