"""``earnings_sqlite``: dates of 8-K filings with item 2.02 (results) in a SQLite file, one table ``earnings``.

The table has two text columns, ``Ticker`` and ``Earnings_Date``. Nothing says whether results came before the
open or after the close, so a date counts as known at the end of its day.

The file comes from elsewhere and SQLite runs what a schema says: the database is opened from its bytes in memory,
as data only. Its schema must be exactly that table (no view, trigger, virtual table, generated column), and an
authorizer refuses every action but reading it.
"""

import contextlib
import datetime as dt
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator

import numpy as np

from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.quote_table import instants
from resources.reference.dated_csv import REPEATED_ROW, iso_date, table_of
from resources.reference.parsed import ParsedReference, RejectedEntry, parsed_reference
from resources.reference.publication import end_of_day_us
from resources.schemas import EARNINGS_SCHEMA

NAME = "earnings_sqlite"
#: neither before the open nor after the close is known
UNKNOWN_TIMING = "unknown"
_MAGIC = b"SQLite format 3\x00"
_TABLE = "earnings"
_COLUMNS = (("Ticker", "TEXT"), ("Earnings_Date", "TEXT"))
_MAX_TICKER = 32
#: a century of results of every listed company is far below it
_MAX_BYTES = 1 << 28
#: instructions of SQLite's machine between two looks at the budget, and how many such looks a file may take
_STEP, _MAX_STEPS = 100_000, 20_000


def parse(payload: bytes, name: str) -> ParsedReference:
    """The dates of one file, by ticker.

    Raises
    ------
    UnreadablePayloadError
        If the file is no such database.
    """
    if not payload.startswith(_MAGIC):
        raise UnreadablePayloadError(f"{name} is no SQLite database; fetch it again from the source")
    if len(payload) > _MAX_BYTES:
        raise UnreadablePayloadError(f"{name} has more than {_MAX_BYTES >> 20} MB; it is not what it says")
    try:
        with _opened(payload) as connection:
            _require_schema(connection, name)
            _only_reading(connection)
            rows = connection.execute(
                'SELECT typeof("Ticker"), "Ticker", typeof("Earnings_Date"), "Earnings_Date" FROM main.earnings'
            ).fetchall()
    except sqlite3.Error as error:
        raise UnreadablePayloadError(
            f"{name} is a damaged SQLite database, or one in use ({error}); fetch it again from the source"
        ) from error
    return _result(rows, name)


@contextlib.contextmanager
def _opened(payload: bytes) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        # TEXT that is no UTF-8 comes as bytes and is set aside with its row
        connection.text_factory = _text
        connection.deserialize(payload)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA query_only = ON")
        steps = iter(range(_MAX_STEPS))
        connection.set_progress_handler(lambda: next(steps, None) is None, _STEP)
        yield connection


def _text(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _require_schema(connection: sqlite3.Connection, name: str) -> None:
    """The one table and nothing else, as the file says it and as SQLite understands it."""
    objects = connection.execute("SELECT type, name, rootpage FROM main.sqlite_master").fetchall()
    tables = [(kind, found) for kind, found, rootpage in objects if rootpage or kind != "table"]
    if tables != [("table", _TABLE)] or len(objects) != 1:
        listed = ", ".join(f"{kind} {found}" for kind, found, _ in objects[:8]) or "nothing"
        raise UnreadablePayloadError(f"{name} holds {listed}; this format holds exactly one table, {_TABLE}")
    columns = connection.execute(f"PRAGMA main.table_xinfo({_TABLE})").fetchall()
    found = tuple((column, str(kind).upper()) for _, column, kind, _, _, _, hidden in columns if not hidden)
    if found != _COLUMNS or len(columns) != len(_COLUMNS):
        raise UnreadablePayloadError(
            f"{name}: its table {_TABLE} has the columns {[column[1] for column in columns]}; this format has "
            f"exactly {', '.join(f'{column} {kind}' for column, kind in _COLUMNS)}"
        )


def _only_reading(connection: sqlite3.Connection) -> None:
    def allow(
        action: int, first: str | None, second: str | None, database: str | None, by: str | None
    ) -> int:
        reading = action == sqlite3.SQLITE_READ and first == _TABLE and database == "main"
        typing = action == sqlite3.SQLITE_FUNCTION and second == "typeof"
        wanted = by is None and (action == sqlite3.SQLITE_SELECT or reading or typing)
        return sqlite3.SQLITE_OK if wanted else sqlite3.SQLITE_DENY

    connection.set_authorizer(allow)


def _result(rows: list[tuple[str, object, str, object]], name: str) -> ParsedReference:
    seen: Counter[tuple[str, dt.date]] = Counter()
    rejected = []
    for ticker_kind, ticker, date_kind, date in rows:
        symbol = ticker.strip() if ticker_kind == "text" and isinstance(ticker, str) else ""
        day = _day(date) if date_kind == "text" else None
        reasons = []
        if not 0 < len(symbol) <= _MAX_TICKER:
            reasons.append("untyped:Ticker")
        if day is None:
            reasons.append("untyped:Earnings_Date")
        if not reasons and day is not None:
            seen[(symbol, day)] += 1
            if seen[(symbol, day)] > 1:
                reasons.append(REPEATED_ROW)
        if reasons:
            raw = json.dumps([_shown(ticker), _shown(date)], ensure_ascii=False)
            rejected.append(RejectedEntry(tuple(sorted(reasons)), raw, symbol[:_MAX_TICKER] or None, day))
    events = sorted(seen)
    known = np.array([end_of_day_us(day) for _, day in events], dtype=np.int64)
    table = table_of(
        EARNINGS_SCHEMA,
        {
            "underlying": [symbol for symbol, _ in events],
            "earnings_date": [day for _, day in events],
            "timing": [UNKNOWN_TIMING] * len(events),
            "known_at": instants(known),
            "source": [NAME] * len(events),
        },
    )
    return parsed_reference(NAME, name, len(rows), table, rejected)


def _day(value: object) -> dt.date | None:
    try:
        return iso_date(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _shown(value: object) -> object:
    """A cell as JSON can say it, not longer than a person reads."""
    return value if value is None or isinstance(value, int | float) else str(value)[:200]
