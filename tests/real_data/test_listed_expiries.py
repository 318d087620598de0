"""Every expiry in the samples is one that its root's rule lists, and every price stands on its class's grid."""

import csv
import datetime as dt
import gzip
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.calendars import TradingCalendar
from engine.instruments.expiry_rules import ExpiryKind, classify_expiry
from engine.instruments.listed_rules import US_STOCK
from engine.instruments.roots import known_root, known_roots
from engine.instruments.terms import UnderlyingKind
from engine.instruments.tick_sizes import TickClass, is_on_tick

pytestmark = pytest.mark.real_data

NYSE = TradingCalendar.for_code("XNYS", dt.date(2010, 1, 1), dt.date(2035, 1, 1))
ALWAYS = TradingCalendar.for_code("24/7", dt.date(2010, 1, 1), dt.date(2035, 1, 1))
OLD_BTC = "g04_optionsdx_btc_2021_06/btc_eod_*.txt.gz"
NEW_BTC = "g05_deribit_btc_daily_2026/surfaces/*.csv.gz"
OSI = re.compile(r"^\s*([A-Z]+)\s*(\d{6})[CP]\d{8}$")


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt") as file:
        yield from csv.DictReader(file, skipinitialspace=True)


def expiries_of_symbols(paths: list[Path], column: str) -> dict[str, set[dt.date]]:
    found: dict[str, set[dt.date]] = {}
    for path in paths:
        for row in rows_of(path):
            match = OSI.match(row[column])
            assert match, row[column]
            found.setdefault(match[1], set()).add(dt.datetime.strptime(match[2], "%y%m%d").date())
    assert found
    return found


def kinds(
    root: str, kind: UnderlyingKind, expiries: set[dt.date], seen_on: dt.date | None = None
) -> Counter[str]:
    counted: Counter[str] = Counter()
    for expiry in expiries:
        rule = known_root(root, kind, expiry).expiry_rule if known_roots(root, kind) else US_STOCK
        counted[classify_expiry(rule, expiry, NYSE, seen_on).kind.value] += 1
    return counted


def test_cboe_of_july_2026(real_data):
    chains = real_data / "g03_cboe_eod_2026_07" / "chains"
    found = expiries_of_symbols(sorted(chains.glob("*/*.csv.gz")), "option")
    seen = dt.date(2026, 7, 22)
    index, etf, stock = UnderlyingKind.INDEX, UnderlyingKind.ETF, UnderlyingKind.STOCK
    assert kinds("SPX", index, found["SPX"], seen) == {"monthly": 12, "leap": 8}
    assert kinds("SPXW", index, found["SPXW"], seen) == {
        "daily": 23, "weekly": 6, "monthly": 5, "eom": 4, "eoq": 4,
    }  # fmt: skip
    assert kinds("SPY", etf, found["SPY"], seen)["unknown"] == 0
    assert kinds("MOD", stock, found["MOD"], seen) == {"monthly": 7, "leap": 3}
    assert kinds("SPXC", stock, found["SPXC"], seen) == {"monthly": 4}


def test_cboe_of_august_2026(real_data):
    folder = real_data / "g08_cboe_intraday_2026_08" / "data"
    found = expiries_of_symbols(sorted(folder.glob("*.csv.gz")), "option")
    seen = dt.date(2026, 8, 18)
    assert kinds("VIX", UnderlyingKind.INDEX, found["VIX"], seen) == {"monthly": 9}
    assert kinds("VIXW", UnderlyingKind.INDEX, found["VIXW"], seen) == {"weekly": 4}
    aapl = kinds("AAPL", UnderlyingKind.STOCK, found["AAPL"], seen)
    assert aapl["unknown"] == 0 and aapl["daily"] == 5


def lean_members(folder: Path) -> Iterator[list[str]]:
    for path in sorted(folder.rglob("*.zip*")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                inner = [name]
                if name.endswith(".zip"):
                    inner = zipfile.ZipFile(io.BytesIO(archive.read(name))).namelist()
                yield from (member.removesuffix(".csv").split("_") for member in inner)


def test_lean_of_2014_has_saturdays_before_and_fridays_after_february_2015(real_data):
    members = lean_members(real_data / "g01_lean_aapl_split_2014" / "Data" / "option" / "usa" / "daily")
    expiries = {dt.datetime.strptime(cells[-1], "%Y%m%d").date() for cells in members}
    assert kinds("AAPL", UnderlyingKind.STOCK, expiries, dt.date(2014, 6, 6)) == {
        "monthly": 6, "weekly": 6, "leap": 1,
    }  # fmt: skip
    saturdays = {day for day in expiries if day.weekday() == 5}
    assert max(saturdays) == dt.date(2015, 1, 17) and len(saturdays) == 5


def test_lean_of_2021_and_2023(real_data):
    folder = real_data / "g02_lean_spx_minute_2021" / "Data" / "indexoption" / "usa" / "universes"
    expected = {"spx": {"monthly": 12}, "spxw": {"daily": 3, "weekly": 1, "eoq": 1}}
    for root, counts in expected.items():
        expiries = set()
        for path in sorted((folder / root).glob("*.csv")):
            first = (line.partition(",")[0] for line in path.read_text().splitlines())
            expiries |= {dt.datetime.strptime(cell, "%Y%m%d").date() for cell in first if cell.isdigit()}
        assert kinds(root.upper(), UnderlyingKind.INDEX, expiries) == counts


def test_ivolatility_of_2011_writes_the_last_friday_of_trading_for_the_saturday(real_data):
    path = real_data / "g10_vendor_formats" / "ivolatility" / "spx_sample_ivolatility.csv.gz"
    found: dict[str, set[dt.date]] = {}
    for row in rows_of(path):
        expiry = dt.datetime.strptime(row["option_expiration"], "%m/%d/%Y").date()
        found.setdefault(row["option_symbol"].split()[0], set()).add(expiry)
    index = UnderlyingKind.INDEX
    for day in found["SPX"]:
        classified = classify_expiry(known_root("SPX", index, day).expiry_rule, day, NYSE)
        assert (classified.kind, classified.expiry) == (ExpiryKind.MONTHLY, day + dt.timedelta(days=1))
    assert kinds("SPXW", index, found["SPXW"], dt.date(2011, 1, 3)) == {"weekly": 2}
    assert kinds("SPXPM", index, found["SPXPM"], dt.date(2011, 1, 3)) == {"eoq": 4}


@pytest.mark.parametrize(
    ("pattern", "column", "counts"),
    [
        (NEW_BTC, "expiry", {"daily": 68, "weekly": 11, "monthly": 4, "eoq": 5}),
        (OLD_BTC, "[EXPIRY_DATE]", {"daily": 27, "weekly": 6, "monthly": 2, "eoq": 5}),
    ],
)  # fmt: skip
def test_deribit_of_2021_and_2026(real_data, pattern, column, counts):
    expiries = {
        dt.date.fromisoformat(row[column][:10]) for path in real_data.glob(pattern) for row in rows_of(path)
    }
    rule = known_root("BTC", UnderlyingKind.COIN, dt.date(2026, 1, 1)).expiry_rule
    found = Counter(classify_expiry(rule, expiry, ALWAYS).kind.value for expiry in expiries)
    assert found == counts


def prices(paths: list[Path], columns: tuple[str, str], root_column: str | None) -> dict[str, np.ndarray]:
    found: dict[str, list[float]] = {}
    for path in paths:
        for row in rows_of(path):
            match = OSI.match(row[root_column]) if root_column else None
            mine = found.setdefault(match[1] if match else "", [])
            mine.extend(price for name in columns if (price := float(row[name] or 0)) > 0)
    assert found
    return {root: np.array(values) for root, values in found.items()}


def test_us_quotes_stand_on_the_grid_of_their_class(real_data):
    day = dt.date(2026, 8, 18)
    july = sorted((real_data / "g03_cboe_eod_2026_07" / "chains").glob("*/*.csv.gz"))
    august = sorted((real_data / "g08_cboe_intraday_2026_08" / "data").glob("*.csv.gz"))
    found = prices(july, ("bid", "ask"), "option") | prices(august, ("bid", "ask"), "option")
    standard = dict.fromkeys(("MOD", "SPXC"), TickClass.STANDARD)
    kinds_of = {"SPY": UnderlyingKind.ETF, "AAPL": UnderlyingKind.STOCK}
    for root, values in found.items():
        known = known_roots(root, kinds_of.get(root, UnderlyingKind.INDEX))
        tick_class = standard[root] if root in standard else known[-1].tick_class
        assert is_on_tick(tick_class, values, day).all(), root
    # a coarser class would not do
    assert not is_on_tick(TickClass.PENNY, found["SPY"], day).all()
    assert not is_on_tick(TickClass.PENNY, found["VIXW"], day).all()
    assert not is_on_tick(TickClass.STANDARD, found["AAPL"], day).all()


def test_deribit_quotes_stand_on_the_grid_of_their_year(real_data):
    old = prices(
        sorted(real_data.glob(OLD_BTC)),
        ("[BID_PRICE]", "[ASK_PRICE]"),
        None,
    )
    assert is_on_tick(TickClass.DERIBIT_COIN, old[""], dt.date(2021, 6, 1)).all()
    new = prices(sorted(real_data.glob(NEW_BTC)), ("bid", "ask"), None)[""]
    off = ~is_on_tick(TickClass.DERIBIT_COIN, new, dt.date(2026, 4, 1))
    # four of 134,179: between two steps above 0.005, where only combos may stand
    assert (len(new), int(off.sum())) == (134_179, 4)
