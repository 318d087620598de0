"""A file that holds the next session's market (a look-ahead) is blocked, and costs the next session nothing."""

import datetime as dt
import gzip
import shutil
from pathlib import Path

import pytest

EARLY, REAL, LAST = "2025-08-13", "2025-08-14", dt.date(2025, 8, 15)


@pytest.fixture(scope="module")
def house(market_files: Path, tmp_path_factory: pytest.TempPathFactory, build_house):
    """The chain of Thursday stands under Wednesday's name too, and Wednesday's line says Thursday's time."""
    files = tmp_path_factory.mktemp("early") / "files"
    shutil.copytree(market_files, files)
    (universe,) = files.iterdir()
    chains = universe / "chains" / "ACME"
    thursday = gzip.decompress((chains / f"{REAL}.csv.gz").read_bytes())
    assert thursday.count(f"\n{REAL},".encode()) > 100
    named = thursday.replace(f"\n{REAL},".encode(), f"\n{EARLY},".encode())
    (chains / f"{EARLY}.csv.gz").write_bytes(gzip.compress(named))
    table = universe / "underlying.csv"
    lines = table.read_text().splitlines(keepends=True)
    (theirs,) = [line for line in lines if line.startswith(f"{REAL},")]
    table.write_text(
        "".join(
            f"{EARLY}{theirs.removeprefix(REAL)}" if line.startswith(f"{EARLY},") else line for line in lines
        )
    )
    found = build_house(files)
    found.runner().ingest(found.universe, dt.date(2025, 8, 11), LAST)
    return found


def test_the_early_file_is_blocked_by_its_own_time(house) -> None:
    status = house.status("validated_quotes", EARLY).underlyings["ACME"]
    assert (status.status, status.rows) == ("blocked", 0)
    assert any(f"belongs to session {REAL}" in reason for reason in status.reasons)


def test_the_session_that_it_is_of_is_no_repeat_of_it(house) -> None:
    status = house.status("validated_quotes", REAL).underlyings["ACME"]
    assert (status.status, status.reasons) == ("ok", ())
    assert status.rows > 100


def test_the_day_after_is_compared_with_it_as_ever(house) -> None:
    assert house.status("validated_quotes", f"{LAST}").underlyings["ACME"].status == "ok"
