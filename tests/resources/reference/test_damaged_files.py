"""Damaged copies of a file of every format: refused by name, or every row of it accepted or set aside."""

import json
import math
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from resources.providers.mutations import damaged
from resources.providers.payload_text import UnreadablePayloadError
from resources.reference.corporate_actions.event_rules import InvalidActionsError
from resources.reference.parsed import ParsedReference
from resources.reference.registry import ACTION_FORMATS, EARNINGS_FORMATS, PRICE_FORMATS
from tests.resources.reference.formats import ACTIONS, PRICES, SAMPLES, catalog, split, zipped

COPIES = 150
ACTIONS_CSV = (
    "underlying,effective_date,kind,new_shares,old_shares,cash_amount,currency,known_at,source\n"
    "MOD,2026-08-03,split,4,1,0,USD,2026-07-01T20:00:00Z,filing\n"
    "SPY,2026-09-18,cash_dividend,1,1,1.83,USD,2026-09-01T16:00:00-04:00,\n"
)
FACTORS = (
    "20200205,0.9868820,0.25,325.21\n20200507,0.9892237,0.25,303.74\n20200806,0.9919015,0.25,455.61\n"
    "20200828,0.9936900,0.25,499.23\n20201105,0.9936900,1,119.03\n20501231,1,1,0\n"
)
POLYGON = json.dumps(
    {
        "status": "OK",
        "request_id": "r1",
        "results": [
            {"ticker": "AAPL", "execution_date": "2020-08-31", "split_from": 1, "split_to": 4},
            {"ticker": "AAPL", "ex_dividend_date": "2026-05-11", "cash_amount": 0.26, "currency": "USD",
             "declaration_date": "2026-04-30"},
            {"ticker": "AAPL", "ex_dividend_date": "2026-05-11", "cash_amount": 1.5, "declaration_date": None},
        ],
    }
).encode()  # fmt: skip
Reader = Callable[[bytes, str], ParsedReference]


def earnings(folder: Path) -> bytes:
    path = folder / "earnings.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE earnings (Ticker TEXT, Earnings_Date TEXT)")
    rows = [(f"T{i % 7}", f"2025-{1 + i % 12:02d}-15") for i in range(400)]
    connection.executemany("INSERT INTO earnings VALUES (?, ?)", rows)
    connection.commit()
    connection.close()
    return path.read_bytes()


def require_whole(parsed: ParsedReference) -> None:
    """Nothing dropped, nothing half read: finite numbers, instants that exist."""
    assert parsed.rows_in == parsed.rows_accepted + parsed.rejected.num_rows >= 0
    assert all(parsed.rejected["reasons"].to_pylist())
    for column, kind in zip(parsed.table.columns, parsed.table.schema.types, strict=True):
        values = column.to_pylist()
        if pa.types.is_floating(kind):
            assert all(value is None or math.isfinite(value) for value in values)


def fuzz(payload: bytes, file: str, read: Reader) -> tuple[int, int]:
    refused = read_through = 0
    require_whole(read(payload, file))
    for seed in range(COPIES):
        copy = damaged(payload, random.Random(seed))
        try:
            parsed = read(copy, file)
        except (UnreadablePayloadError, InvalidActionsError) as error:
            assert file in str(error), f"seed {seed}"
            refused += 1
        else:
            require_whole(parsed)
            read_through += 1
    return refused, read_through


@pytest.mark.parametrize("sample", SAMPLES[:9], ids=[s.name for s in SAMPLES[:9]])
def test_text_files(sample):
    assert min(fuzz(sample.text.encode(), sample.file, sample.read)) > 10


@pytest.mark.parametrize("formats, context", [(PRICE_FORMATS, PRICES), (ACTION_FORMATS, ACTIONS)])
def test_archives(formats, context):
    payload = zipped({"wiki.csv": next(s for s in SAMPLES if s.name == "quandl_wiki_zip").text.encode()})
    read = formats["quandl_wiki_zip"].parse
    assert min(fuzz(payload, "wiki.zip", lambda p, f: read(p, f, context))) > 10


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("splits_catalog_json", catalog(split(), split("TSLA", "2020-08-31"))),
        ("actions_csv", ACTIONS_CSV.encode()),
        ("lean_factor_files", FACTORS.encode()),
        ("polygon_actions", POLYGON),
    ],
)
def test_files_of_events(name, payload):
    read = ACTION_FORMATS[name].parse
    assert min(fuzz(payload, "events", lambda p, f: read(p, f, ACTIONS))) > 5


def test_databases(tmp_path):
    assert min(fuzz(earnings(tmp_path), "earnings.db", EARNINGS_FORMATS["earnings_sqlite"])) > 5
