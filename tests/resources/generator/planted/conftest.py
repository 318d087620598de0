"""Small generated sets, one per kind of market, made once."""

import csv
import gzip
from pathlib import Path

import pytest

from resources.generator.planted.market_file import MarketFile
from resources.generator.planted.set_writer import WrittenSet, write_set

SPLIT = {
    "effective_date": "2024-09-19",
    "new_shares": 4,
    "old_shares": 1,
    "announced": "2024-08-20",
}
BASE = {
    "seed": 5,
    "start": "2024-09-03",
    "end": "2025-03-31",
    "jumps": [{"date": "2024-11-05", "log_size": -0.08}],
}
MARKETS = {
    "index": {"contracts": 200, **BASE},
    "stock": {"contracts": 200, "split": SPLIT, **BASE},
    "coin": {"contracts": 100, "snapshots": 8, **BASE, "end": "2024-12-10"},
}


def make_market(kind: str, **changes) -> MarketFile:
    return MarketFile.model_validate({"name": f"made_{kind}", "kind": kind, **MARKETS[kind], **changes})


def defects_that_fit(kind: str) -> dict[str, int]:
    """Every kind of defect, fewer quotes of each than by default: the sets are small."""
    from resources.generator.planted.defect_catalogue import kinds_of

    file = make_market(kind, defects="none")
    return {k.name: 3 if k.level == "row" else 1 for k in kinds_of(file.layout, file.snapshots)}


@pytest.fixture(scope="session", params=MARKETS)
def spoiled(request, tmp_path_factory) -> tuple[MarketFile, WrittenSet]:
    """A set with every kind of defect that its files can hold."""
    file = make_market(request.param, defects=defects_that_fit(request.param))
    return file, write_set(file, tmp_path_factory.mktemp("spoiled") / file.kind)


def read_csv(path: Path) -> list[dict[str, str]]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(data.decode().splitlines()))


@pytest.fixture(scope="session")
def market():
    """``market(kind, **changes)``: the description of a small market."""
    return make_market


@pytest.fixture(scope="session")
def csv_rows():
    """Rows of a csv file, packed or not."""
    return read_csv


@pytest.fixture(scope="session")
def asked():
    """Counts by kind of the spoiled set of a kind of market."""
    return defects_that_fit
