"""Every reference file of the real data: rows in, accepted, in quarantine by reason."""

import datetime as dt
import json
from pathlib import Path

import pytest

from resources.reference.parsed import ParsedReference
from tests.resources.reference.real_files import G9, PRICES, RATES, SPLITS, actions, plain_rows, prices, rates

pytestmark = pytest.mark.real_data


def require_counts(parsed: ParsedReference, rows_in: int, reasons: dict[str, int]) -> None:
    assert parsed.rows_in == rows_in
    assert parsed.quarantined_by_reason() == reasons
    # in these files no row has two faults
    assert parsed.rows_accepted == rows_in - sum(reasons.values())


@pytest.mark.parametrize(("name", "file", "rows_in", "reasons"), RATES, ids=[Path(r[1]).name for r in RATES])
def test_rows_of_every_file_of_rates(data, name, file, rows_in, reasons):
    parsed = rates(data, name, file)
    assert len(plain_rows(data / file)) == rows_in
    require_counts(parsed, rows_in, reasons)
    assert set(parsed.table["source"].unique().to_pylist()) == {name}
    # nothing is known before its own day, nor later than a long weekend after it
    known = parsed.table["known_at"].to_pylist()
    days = parsed.table["observation_date"].to_pylist()
    assert all(0 <= (at.date() - day).days <= 3 for at, day in zip(known, days, strict=True))


@pytest.mark.parametrize(
    ("name", "file", "rows_in", "reasons"), PRICES, ids=[Path(r[1]).name for r in PRICES]
)
def test_rows_of_every_price_history(data, name, file, rows_in, reasons):
    parsed = prices(data, name, file)
    assert len(plain_rows(data / file)) == rows_in
    require_counts(parsed, rows_in, reasons)
    assert parsed.table.num_rows == parsed.rows_accepted
    known, ts = (parsed.table[column].to_pylist() for column in ("known_at", "ts"))
    assert {k - t for k, t in zip(known, ts, strict=True)} == {dt.timedelta(minutes=15)}


@pytest.mark.parametrize(("year", "rows_in", "reasons"), SPLITS)
def test_rows_of_every_year_of_the_splits_catalog(data, year, rows_in, reasons):
    file = f"{G9}/splits_catalog/{year}.json"
    assert len(json.loads((data / file).read_text())["splits"]) == rows_in
    require_counts(actions(data, "splits_catalog_json", file), rows_in, reasons)
