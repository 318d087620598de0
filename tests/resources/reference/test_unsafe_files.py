"""Archives and databases come from elsewhere: nothing in them runs, leaves its place or fills the memory."""

import sqlite3
from pathlib import Path

import pytest

from resources.providers.payload_text import UnreadablePayloadError
from resources.reference.earnings import earnings_sqlite
from resources.reference.prices import quandl_wiki_zip
from resources.reference.registry import ACTION_FORMATS, PRICE_FORMATS
from tests.resources.reference.formats import ACTIONS, PRICES, SAMPLES, zipped

GOOD = next(s for s in SAMPLES if s.name == "quandl_wiki_zip").text.encode()
ROWS = [("AAPL", "2025-10-30"), ("MSFT", "2025-10-29")]
TABLE = "CREATE TABLE earnings (Ticker TEXT, Earnings_Date TEXT)"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"../wiki.csv": GOOD}, "leaves the archive"),
        ({"/etc/wiki.csv": GOOD}, "leaves the archive"),
        ({"a.csv": GOOD, "b.csv": GOOD}, "exactly one"),
        ({"wiki.txt": GOOD}, "exactly one"),
        ({"wiki.zip": zipped({"wiki.csv": GOOD})}, "exactly one"),
        ({}, "holds nothing|no zip archive"),
        ({"wiki.csv": GOOD + b"\n" * (2 << 20)}, "zip bomb"),
    ],
    ids=["traversal", "absolute", "two members", "no csv", "nested", "empty", "bomb"],
)
def test_an_archive_that_is_none_of_the_format_is_refused(members, message, monkeypatch):
    monkeypatch.setattr(quandl_wiki_zip, "LIMIT_BYTES", 1 << 20)
    payload = zipped(members)
    for read, context in (
        (PRICE_FORMATS["quandl_wiki_zip"].parse, PRICES),
        (ACTION_FORMATS["quandl_wiki_zip"].parse, ACTIONS),
    ):
        with pytest.raises(UnreadablePayloadError, match=message) as caught:
            read(payload, "wiki.zip", context)
        assert "wiki.zip" in str(caught.value)


def database(path: Path, *statements: str, rows: list[tuple] | None = None, table: str = TABLE) -> bytes:
    connection = sqlite3.connect(path)
    connection.execute(table)
    connection.executemany("INSERT INTO earnings VALUES (?, ?)", ROWS if rows is None else rows)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path.read_bytes()


def test_a_plain_database_is_read_and_left_as_it_is(tmp_path):
    path = tmp_path / "earnings.db"
    payload = database(path)
    parsed = earnings_sqlite.parse(payload, "earnings.db")
    assert (parsed.rows_in, parsed.rejected.num_rows) == (2, 0)
    assert parsed.table["underlying"].to_pylist() == ["AAPL", "MSFT"]
    # Halloween's eve ends in New York when it is 04:00 UTC
    assert parsed.table["known_at"][0].as_py().isoformat() == "2025-10-31T04:00:00+00:00"
    assert path.read_bytes() == payload and [p.name for p in tmp_path.iterdir()] == ["earnings.db"]


@pytest.mark.parametrize(
    ("statements", "table", "message"),
    [
        (["CREATE VIEW v AS SELECT * FROM earnings"], TABLE, "view v"),
        (["CREATE TRIGGER t AFTER INSERT ON earnings BEGIN DELETE FROM earnings; END"], TABLE, "trigger t"),
        (["CREATE TABLE other (x)"], TABLE, "table other"),
        (["CREATE VIRTUAL TABLE f USING fts5(x)"], TABLE, "table f"),
        (["CREATE INDEX i ON earnings (Ticker)"], TABLE, "index i"),
        (["ALTER TABLE earnings RENAME TO results"], TABLE, "table results"),
        (["ALTER TABLE earnings RENAME COLUMN Ticker TO Symbol"], TABLE, "Symbol"),
        (["ALTER TABLE earnings ADD COLUMN Timing TEXT"], TABLE, "Timing"),
        ([], "CREATE TABLE earnings (Ticker BLOB, Earnings_Date TEXT)", "exactly Ticker TEXT"),
        (
            ["ALTER TABLE earnings ADD COLUMN g TEXT GENERATED ALWAYS AS (hex(Ticker)) VIRTUAL"],
            *(TABLE, "'g'"),
        ),
        (
            [
                "DROP TABLE earnings",
                "CREATE VIEW earnings AS SELECT 'A' AS Ticker, '2025-01-02' AS Earnings_Date",
            ],
            *(TABLE, "view earnings"),
        ),
    ],
)
def test_a_schema_of_anything_else_is_refused(tmp_path, statements, table, message):
    payload = database(tmp_path / "earnings.db", *statements, table=table)
    with pytest.raises(UnreadablePayloadError, match=message) as caught:
        earnings_sqlite.parse(payload, "earnings.db")
    assert "earnings.db" in str(caught.value)


def test_rows_of_wrong_types_are_set_aside(tmp_path):
    rows = [
        *ROWS, ("AAPL", "2025-10-30"), ("", "2025-10-30"), (None, "2025-10-30"), ("A" * 33, "2025-10-30"),
        ("AAPL", None), ("AAPL", "30/10/2025"), ("AAPL", "2025-02-30"), ("AAPL", b"2025-10-30"),
        (b"\xff", "2025-10-30"),
        ("AAPL", 20251030), ("x", "2025-10-30T00:00:00"),
    ]  # fmt: skip
    parsed = earnings_sqlite.parse(database(tmp_path / "earnings.db", rows=rows), "earnings.db")
    assert (parsed.rows_in, parsed.rows_accepted) == (13, 2)
    assert parsed.quarantined_by_reason() == {
        "repeated_row": 1,
        "untyped:Earnings_Date": 6,
        "untyped:Ticker": 4,
    }


@pytest.mark.parametrize(
    "spoil",
    [
        lambda b: b"",
        lambda b: b"not a database",
        lambda b: b[:100],
        lambda b: b[: len(b) // 2],
        lambda b: b[:100] + b"\xff" * (len(b) - 100),
        # the write-ahead mode needs a second file
        lambda b: b[:18] + b"\x02\x02" + b[20:],
    ],
    ids=["nothing", "text", "header only", "half", "garbage", "write-ahead"],
)
def test_a_damaged_database_is_refused(tmp_path, spoil):
    payload = spoil(database(tmp_path / "earnings.db"))
    with pytest.raises(UnreadablePayloadError, match=r"earnings\.db"):
        earnings_sqlite.parse(payload, "earnings.db")


def test_every_byte_of_a_database_may_be_wrong(tmp_path):
    payload = database(tmp_path / "earnings.db", rows=ROWS * 20)
    refused = 0
    for place in range(0, len(payload), 61):
        broken = payload[:place] + bytes([payload[place] ^ 0x5A]) + payload[place + 1 :]
        try:
            parsed = earnings_sqlite.parse(broken, "earnings.db")
        except UnreadablePayloadError:
            refused += 1
        else:
            assert parsed.rows_in == parsed.rows_accepted + parsed.rejected.num_rows
    assert refused > 3


def test_reading_is_the_only_thing_that_the_database_may_do(tmp_path):
    connection = sqlite3.connect(":memory:")
    connection.deserialize(database(tmp_path / "earnings.db"))
    earnings_sqlite._only_reading(connection)
    for statement in ("DELETE FROM earnings", "ATTACH 'x.db' AS x", "PRAGMA user_version",
                      "SELECT hex(Ticker) FROM earnings",
                      "SELECT * FROM sqlite_master", "CREATE TABLE t (x)", "SELECT load_extension('x')"):  # fmt: skip
        with pytest.raises(sqlite3.DatabaseError, match=r"not authorized|prohibited|no such function"):
            connection.execute(statement)
    connection.close()
