"""What OptionsDX's text files have in common (https://www.optionsdx.com/product-data-fields/).

Layout: ``<underlying>_eod_<yyyymm>.txt[.gz|.zip]``, a month a file, or whatever ``files`` in the settings names. The
header is bracketed (``[QUOTE_DATE]``) and cells have leading blanks. A day is the slice of its ``QUOTE_DATE``. Clock
columns are US Eastern, ``QUOTE_UNIXTIME`` is true UTC seconds.
"""

from zoneinfo import ZoneInfo

from resources.providers.row_files import RowFileAdapter
from resources.providers.vendor_dates import ISO

VENDOR_ZONE = ZoneInfo("America/New_York")


class OptionsDxAdapter(RowFileAdapter):
    """Base of the adapters for OptionsDX's files."""

    default_files = "{underlying}_eod_{yyyymm}.txt"
    day_column = "QUOTE_DATE"
    date_formats = (ISO,)

    def plain_body(self, body: bytes) -> bytes:
        return body.replace(b", ", b",")
