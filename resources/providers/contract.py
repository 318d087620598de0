"""What every adapter must do, as one check that anybody can run on an adapter of his own.

A case is a small folder in the vendor's format with a few facts that a person has read out of it. The check
fetches and parses it in every way that has gone wrong in practice, and raises ``ContractViolation`` at the first
difference. ``tests/resources/providers/contract_cases`` holds the cases of the shipped formats. Run it on a case of
your own, a Python file that defines ``CASE``::

    python -m resources.providers.contract my_format.py
"""

import datetime as dt
import math
import os
import runpy
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from resources.data_quality.columns import bit_patterns
from resources.providers.contract_bad_input import check_bad_payloads
from resources.providers.contract_rules import ContractViolation, failure, require_contract
from resources.providers.file_adapter import QUOTES
from resources.providers.protocol import ParsedDay, Provider
from resources.providers.registry import make_provider
from resources.raw_store import RawPart
from resources.universe import UniverseSpec

#: A decimal volatility of an option that trades lies below this; percentages lie above it.
LARGEST_MEDIAN_VOLATILITY = 4.0
_LOCAL_ZONES = ("UTC", "Asia/Tokyo", "America/Los_Angeles")


@dataclass(frozen=True)
class Fact:
    """What a person reads in the vendor's file about one row.

    Attributes
    ----------
    symbol
        The canonical ``symbol``.
    values
        Canonical columns and their values: floats in the canonical unit, None for missing, dates, texts, and
        instants as ``datetime`` with a zone.
    snapshot_id
        Of which snapshot, where the day has several.
    """

    symbol: str
    values: Mapping[str, Any]
    snapshot_id: int = 0


@dataclass(frozen=True)
class ContractCase:
    """A day in a vendor's format, and what is true of it.

    Attributes
    ----------
    universe
        Spec whose ``provider.format`` is the one checked.
    write
        Writes the files into an empty folder.
    trade_date
        The session that they hold.
    rows
        By underlying: rows of quotes in the files (a row is one option; a line with a call and a put has two).
    facts
        Rows that a person has read. Together they must show a missing price, and each unit of the format.
    rejected
        By underlying: how many of ``rows`` cannot be typed or are not the universe's.
    undated
        The content does not say its day: only the file's name does, so another day's content cannot be told.
    """

    universe: UniverseSpec
    write: Callable[[Path], None]
    trade_date: dt.date
    rows: Mapping[str, int]
    facts: Sequence[Fact]
    rejected: Mapping[str, int] = field(default_factory=dict)
    undated: bool = False

    @property
    def format_name(self) -> str:
        return self.universe.provider.format


def check_contract(case: ContractCase) -> None:
    """Run every rule.

    Raises
    ------
    ContractViolation
        At the first rule that does not hold.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "source"
        folder.mkdir()
        case.write(folder)
        provider = make_provider(case.universe, folder)
        parts = _check_fetch(case, provider, folder)
        day = provider.parse(case.trade_date, parts)
        require_contract(case.universe, case.trade_date, day)
        _check_accounting(case, day)
        _check_units(case, day)
        _check_facts(case, day)
        _check_determinism(case, folder, parts, day)
        _check_prices(case, provider, parts, day)
        _check_other_day(case, provider, parts)
        check_bad_payloads(case.universe, case.trade_date, provider, parts)


def _check_fetch(case: ContractCase, provider: Provider, folder: Path) -> list[RawPart]:
    fail = failure(case.format_name)
    days = provider.available_days()
    if days != sorted(set(days)):
        raise fail("fetch", "available_days is not sorted and unique")
    if case.trade_date not in days:
        raise fail("fetch", f"available_days lacks {case.trade_date}; it has {days[:5]}")
    if provider.fetch(dt.date(1970, 1, 2)):
        raise fail("fetch", "a day that the source does not have gives parts")
    parts = provider.fetch(case.trade_date)
    if not any(part.kind == QUOTES for part in parts):
        raise fail("fetch", f"{case.trade_date} has no part of quotes")
    kept = {path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for part in parts:
        if part.payload not in kept:
            raise fail("fetch", f"{part.name} is not the bytes of any file of the source")
        if Path(part.name).is_absolute() or str(folder) in part.name:
            raise fail("fetch", f"{part.name} is not relative to the source")
    return parts


def _check_accounting(case: ContractCase, day: ParsedDay) -> None:
    fail = failure(case.format_name)
    if day.problems:
        raise fail("good input", f"problems in a good file: {day.problems}")
    if set(day.underlyings) != set(case.rows):
        raise fail("nothing lost", f"parsed {sorted(day.underlyings)}, the files hold {sorted(case.rows)}")
    for symbol, count in case.rows.items():
        parsed = day.underlyings[symbol]
        if parsed.problem:
            raise fail("good input", f"{symbol}: {parsed.problem}")
        found = parsed.quotes.num_rows, parsed.rejected.num_rows
        wanted = count - case.rejected.get(symbol, 0), case.rejected.get(symbol, 0)
        if found != wanted:
            raise fail(
                "nothing lost",
                f"{symbol}: {found[0]} quotes and {found[1]} rejected, not {wanted[0]} and {wanted[1]}",
            )


def _check_units(case: ContractCase, day: ParsedDay) -> None:
    """Of a good file only: whether columns were swapped in a damaged one is for the quality suite to find."""
    for symbol, parsed in day.underlyings.items():
        volatility = np.asarray(parsed.quotes.column("vendor_iv").drop_null())
        if len(volatility) and (median := float(np.median(volatility))) > LARGEST_MEDIAN_VOLATILITY:
            raise failure(case.format_name)(
                "units", f"{symbol}: vendor_iv has median {median:g}; it is a decimal, not a percentage"
            )


def _check_facts(case: ContractCase, day: ParsedDay) -> None:
    fail = failure(case.format_name)
    quotes = pa.concat_tables([u.quotes for u in day.underlyings.values()]).to_pylist()
    if not any(value is None for fact in case.facts for value in fact.values.values()):
        raise fail("case", "no fact shows a missing value")
    for fact in case.facts:
        rows = [q for q in quotes if q["symbol"] == fact.symbol and q["snapshot_id"] == fact.snapshot_id]
        if len(rows) != 1:
            raise fail("identity", f"{fact.symbol}: {len(rows)} rows in snapshot {fact.snapshot_id}")
        for name, wanted in fact.values.items():
            if not _agrees(rows[0][name], wanted):
                raise fail("value", f"{fact.symbol}: {name} is {rows[0][name]!r}, the file says {wanted!r}")


def _agrees(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, float | int) and not isinstance(wanted, bool) and isinstance(found, float | int):
        return math.isclose(found, wanted, rel_tol=1e-12, abs_tol=0.0)
    return bool(found == wanted)


def _check_determinism(case: ContractCase, folder: Path, parts: list[RawPart], day: ParsedDay) -> None:
    fail = failure(case.format_name)
    variants = {"again": parts, "in another order of the files": parts[::-1]}
    for label, given in variants.items():
        found = make_provider(case.universe, folder).parse(case.trade_date, given)
        if not _same_day(found, day):
            raise fail("determinism", f"parsed {label}, the result differs")
    elsewhere = [replace(part, source="/elsewhere/" + part.name) for part in parts]
    for zone in _LOCAL_ZONES:
        with _process_zone(zone):
            found = make_provider(case.universe, Path("/nowhere")).parse(case.trade_date, elsewhere)
        if not _same_day(found, day):
            raise fail(
                "determinism", f"parsed in the local time zone {zone} without the folder, the result differs"
            )


def _same_day(one: ParsedDay, other: ParsedDay) -> bool:
    def same(a: pa.Table, b: pa.Table) -> bool:
        return a.num_rows == b.num_rows and all(
            a.column(n).equals(b.column(n))
            if not pa.types.is_floating(a.schema.field(n).type)
            else bool((bit_patterns(a, n) == bit_patterns(b, n)).all())
            for n in a.column_names
        )

    return (
        set(one.underlyings) == set(other.underlyings)
        and one.problems == other.problems
        and same(one.underlying_prices, other.underlying_prices)
        and all(
            same(u.quotes, other.underlyings[s].quotes)
            and same(u.rejected, other.underlyings[s].rejected)
            and u.payload_ts_us == other.underlyings[s].payload_ts_us
            and u.snapshot_payload_ts_us == other.underlyings[s].snapshot_payload_ts_us
            and u.problem == other.underlyings[s].problem
            for s, u in one.underlyings.items()
        )
    )


def _check_prices(case: ContractCase, provider: Provider, parts: list[RawPart], day: ParsedDay) -> None:
    prices = provider.parse_prices(case.trade_date, parts)
    if not prices.table.equals(day.underlying_prices):
        raise failure(case.format_name)("prices", "parse_prices and parse give different underlying prices")


def _check_other_day(case: ContractCase, provider: Provider, parts: list[RawPart]) -> None:
    """A file under another day's name must not give that day quotes."""
    if case.undated:
        return
    fail = failure(case.format_name)
    for shift in (-1, 1, 7):
        other = case.trade_date + dt.timedelta(days=shift)
        day = provider.parse(other, parts)
        require_contract(case.universe, other, day)
        for symbol, parsed in day.underlyings.items():
            ts = parsed.quotes.column("ts")
            claims = parsed.payload_ts_us is not None
            if parsed.quotes.num_rows and not claims:
                raise fail(
                    "identity in time", f"{symbol}: {len(ts)} quotes of {case.trade_date} accepted as {other}"
                )


@contextmanager
def _process_zone(zone: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


def load_case(path: Path) -> ContractCase:
    """The ``CASE`` of a Python file.

    Raises
    ------
    ValueError
        If the file defines none.
    """
    namespace = runpy.run_path(str(path))
    case = namespace.get("CASE")
    if not isinstance(case, ContractCase):
        raise ValueError(f"{path} defines no CASE of type ContractCase")
    return case


def main(paths: Sequence[str]) -> int:
    """Check the cases of these files; 1 where one breaks the contract."""
    broken = 0
    for path in paths:
        try:
            check_contract(load_case(Path(path)))
            print(f"{path}: keeps the contract")
        except (ContractViolation, ValueError, OSError) as error:
            broken += 1
            print(f"{path}: {error}", file=sys.stderr)
    return min(broken, 1)


if __name__ == "__main__":
    # run as a module, this file exists twice; cases are made of the imported one
    from resources.providers import contract

    sys.exit(contract.main(sys.argv[1:]))
