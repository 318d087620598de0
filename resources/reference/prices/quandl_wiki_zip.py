"""``quandl_wiki_zip``: the WIKI table of Quandl, one CSV file inside a zip archive.

Open, high, low, close and volume are as traded; the ``adj_`` columns know of later events and are left out.
``ex-dividend`` is the amount per share on the ex-date's row, ``split_ratio`` new shares per old one on the first
row on the new basis.
"""

import pyarrow as pa

from resources.providers.archive import archive_members
from resources.providers.payload_text import MAX_UNPACKED_BYTES, UnreadablePayloadError
from resources.providers.typed_csv import CsvLayout
from resources.reference.dated_csv import DatedRows, iso_date, read_dated_csv
from resources.reference.prices.bars_with_events import BarsWithEvents

NAME = "quandl_wiki_zip"
LIMIT_BYTES = MAX_UNPACKED_BYTES
_COLUMNS = {"open": "open", "high": "high", "low": "low", "close": "close", "volume": "volume"}
_EVENTS = ("ex-dividend", "split_ratio")
_ADJUSTED = ("adj_open", "adj_high", "adj_low", "adj_close", "adj_volume")
_LAYOUT = CsvLayout(
    {
        "ticker": pa.string(),
        "date": pa.string(),
        **dict.fromkeys((*_COLUMNS.values(), *_EVENTS, *_ADJUSTED), pa.float64()),
    },
    frozenset({"ticker", "date", "close", *_EVENTS}),
    frozenset(_ADJUSTED),
)


def read(payload: bytes, name: str) -> DatedRows:
    """The rows of one archive.

    Raises
    ------
    UnreadablePayloadError
        If the archive is unsafe or damaged, or holds anything but one file of this format.
    """
    members = archive_members(payload, name, limit_bytes=LIMIT_BYTES)
    if len(members) != 1 or not members[0].name.endswith(".csv"):
        found = ", ".join(member.name for member in members[:5]) or "nothing"
        raise UnreadablePayloadError(f"{name} holds {found}; a WIKI archive holds exactly one .csv file")
    member = members[0]
    return read_dated_csv(
        member.content,
        f"{name}/{member.name}",
        _LAYOUT,
        source=NAME,
        date_column="date",
        read_date=iso_date,
        symbol_column="ticker",
    )


WIKI = BarsWithEvents(NAME, _COLUMNS, *_EVENTS, read)
