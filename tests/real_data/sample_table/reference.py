"""The reference files: rows in, accepted, quarantined by reason, through the formats of ``resources.reference``."""

from dataclasses import dataclass
from pathlib import Path

from resources.reference.parsed import ParsedReference
from resources.reference.registry import EARNINGS_FORMATS
from tests.resources.reference.real_files import G9, PRICES, RATES, SPLITS, TIINGO, actions, prices, rates

LEAN_FACTORS = "g01_lean_aapl_split_2014/Data/equity/usa/factor_files"
EARNINGS = f"{G9}/earnings/earnings.db"
#: files of prices that also give splits and dividends
_EVENTS = [
    ("quandl_wiki_zip", f"{G9}/quandl_samples/QUANDL_ARCHIVE.zip"),
    ("tiingo_daily_csv", f"{TIINGO}/ivy_5assets_data.csv.gz"),
    ("tiingo_daily_csv", f"{TIINGO}/test_data_stocks.csv.gz"),
    ("lean_factor_files", f"{LEAN_FACTORS}/aapl.csv"),
    ("lean_factor_files", f"{LEAN_FACTORS}/spy.csv"),
]


@dataclass(frozen=True)
class ReferenceRow:
    """One file read as one kind of reference data."""

    name: str
    kind: str
    format: str
    parsed: ParsedReference


def reference_rows(data: Path) -> list[ReferenceRow]:
    """Every reference file, in order of its name."""
    found = [ReferenceRow(file, "rates", name, rates(data, name, file)) for name, file, *_ in RATES]
    found += [ReferenceRow(file, "prices", name, prices(data, name, file)) for name, file, *_ in PRICES]
    splits = [("splits_catalog_json", f"{G9}/splits_catalog/{year}.json") for year, *_ in SPLITS]
    for name, file in (*_EVENTS, *splits):
        found.append(ReferenceRow(file, "corporate actions", name, actions(data, name, file)))
    (name,) = EARNINGS_FORMATS
    parsed = EARNINGS_FORMATS[name]((data / EARNINGS).read_bytes(), Path(EARNINGS).name)
    return sorted(
        [*found, ReferenceRow(EARNINGS, "earnings", name, parsed)], key=lambda row: (row.name, row.kind)
    )
