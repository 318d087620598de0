"""What the tests on Lean's own sample files share."""

import collections
import datetime as dt
import io
import zipfile
from pathlib import Path

import pyarrow as pa

AAPL_DATA, SPX_DATA = "g01_lean_aapl_split_2014/Data", "g02_lean_spx_minute_2021/Data"
FRIDAY, MONDAY = dt.date(2014, 6, 6), dt.date(2014, 6, 9)


def quotes(day, symbol: str) -> pa.Table:
    assert day.underlyings[symbol].problem is None
    return day.underlyings[symbol].quotes


def lines_in(path: Path) -> int:
    """Lines of every member, counted without the adapter."""
    with zipfile.ZipFile(path) as archive:
        return sum(
            1 for name in archive.namelist() for line in io.BytesIO(archive.read(name)) if line.strip()
        )


def reason_counts(rejected: pa.Table) -> dict[str, int]:
    return dict(collections.Counter(r for reasons in rejected["reasons"].to_pylist() for r in reasons))
