"""How many rows a file holds, counted from its text alone: no adapter has a part in it."""

import csv
import datetime as dt
import gzip
import io
import json
import zipfile
from collections import Counter
from pathlib import Path

#: what a counted row is: a quote, a price of the underlying among quotes, or of an underlying that no universe has
QUOTE, PRICE, OTHER = "quote", "price", "other"
Rows = Counter[tuple[str, str]]

#: by the folder of a set, (column or position of the day, its format) in files of many days
_DAYS = {"ivolatility": ("date", "%m/%d/%Y"), "historicaloptiondata_tiingo": ("quotedate", "%Y-%m-%d")}


def count_rows(path: Path, roots: frozenset[str]) -> Rows:
    """Rows by (ISO day, kind); the day is "" in a file of one day, or of many that nothing sets apart.

    Parameters
    ----------
    roots
        Underlyings that some universe has, for files that hold others too.
    """
    if ".zip" in path.name:
        return _lean(path)
    payload = path.read_bytes()
    text = (gzip.decompress(payload) if path.suffix == ".gz" else payload).decode("utf-8-sig")
    if ".json" in path.name:
        return _risk_site(json.loads(text))
    if path.parent.name == "paperbroker_2017":
        return _paperbroker(text)
    lines = text.splitlines()
    if "universes" in path.parts:  # the underlying's own line has no expiry
        return Counter(("", PRICE if line.startswith(",") else QUOTE) for line in lines[1:] if line)
    if path.parent.name in _DAYS:
        column, written = _DAYS[path.parent.name]
        rows = csv.DictReader(io.StringIO(text), skipinitialspace=True)
        return Counter(
            (
                dt.datetime.strptime(row[column], written).date().isoformat(),
                QUOTE if (row.get("symbol") or row.get("underlying")) in roots else OTHER,
            )
            for row in rows
        )
    return Counter({("", QUOTE): sum(1 for line in lines[1:] if line.strip())})


def _lean(path: Path) -> Rows:
    """Lines of every member; a minute's file is of one day, in others each line begins with its day."""
    found: Rows = Counter()
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            for line in archive.read(member).decode().splitlines():
                day = "" if "minute" in path.parts else f"{line[:4]}-{line[4:6]}-{line[6:8]}"
                found[day, QUOTE] += 1
    return found


def _risk_site(document: object) -> Rows:
    """A call and a put of each line, or the names of an index file."""
    if isinstance(document, dict) and "contracts" in document:
        return Counter({("", QUOTE): 2 * len(document["contracts"])})
    names = (
        document if isinstance(document, list) else next(v for v in document.values() if isinstance(v, list))
    )
    return Counter({("", PRICE): len(names)})


def _paperbroker(text: str) -> Rows:
    """Symbol, day, bid, ask without a header; a symbol without digits is the stock."""
    found: Rows = Counter()
    for line in text.splitlines():
        symbol, day = line.split("\t")[:2]
        found[day, QUOTE if any(c.isdigit() for c in symbol) else PRICE] += 1
    return found
