"""How fast each vendor's format is parsed: the sample of its contract case, enlarged to about 4 MB.

A result that is not the sample's times the copies has no speed. Rows that are refused are left out: they are a
quarter of some samples, to show that they are found, and rare in the vendors' files.

Runs in a process of its own (``python -m benchmarks.parsing FOLDER``) and prints JSON: adapters keep what they have
parsed, and a later benchmark's children would count that as their memory.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks.enlarged import Size, opened
from benchmarks.measure import ROOT, Figure, answer, child_environment, median_seconds, started
from engine.instruments.terms import UnderlyingKind
from resources.providers.contract import ContractCase, load_case
from resources.providers.registry import make_provider
from resources.raw_store import RawPart

CASES = ROOT / "tests" / "resources" / "providers" / "contract_cases"
BYTES, REPEATS = 4_000_000, 5
#: formats with many lines of a contract a day: how many each line of the sample becomes, and what that means
LINES = {
    "lean_options": (97, "each bar again every four minutes"),
    "polygon_flat_files": (50, "each tick 50 times, a quote is the last of them"),
    "tardis_options_chain": (50, "each update 50 times, a quote is the last of them"),
}
#: of these, what comes once a day all the same
DAILY = ("openinterest", "day_aggs")


@dataclass(frozen=True)
class Rate:
    """What was measured of one format."""

    name: str
    megabytes: float
    quotes: int
    seconds: float
    note: str

    @property
    def speed(self) -> float:
        return self.megabytes / self.seconds


def run(work: Path) -> list[Figure]:
    """Every format, and before them the slowest and the fastest."""
    rates = [
        Rate(**found)
        for found in answer(started("parsing", [str(work / "parsing")], child_environment(work / "parsing")))
    ]
    slowest, fastest = (pick(rates, key=lambda rate: rate.speed) for pick in (min, max))
    return [
        Figure(
            f"parsing a day of 4 MB, {len(rates)} formats",
            f"{slowest.speed:.0f} to {fastest.speed:.0f} MB/s",
            "",
            f"slowest {slowest.name}, fastest {fastest.name}, in the middle {median(r.speed for r in rates):.0f} MB/s; "
            f"one process, median of {REPEATS}; bytes are those of the unpacked text",
        ),
        *(
            Figure(
                f"parsing {rate.name}",
                f"{rate.speed:.0f} MB/s",
                "",
                f"{rate.quotes / rate.seconds:,.0f} quotes/s; {rate.megabytes:.1f} MB, {rate.quotes:,} quotes"
                f"{rate.note and '; ' + rate.note}",
            )
            for rate in rates
        ),
    ]


class Sample:
    """The files of a contract case, in any size."""

    def __init__(self, name: str, case: ContractCase, folder: Path) -> None:
        folder.mkdir(parents=True)
        case.write(folder)
        self.name = name
        self.case = case
        self.provider = make_provider(case.universe, folder)
        is_coin = case.universe.underlyings[0].kind is UnderlyingKind.COIN
        self.parts = [opened(part, is_coin) for part in self.provider.fetch(case.trade_date)]
        #: position of a part, and of a unit in it, that is left out
        self.refused: set[tuple[int, int]] = set()

    def rate(self) -> Rate:
        """Parse it large.

        Raises
        ------
        RuntimeError
            If what is parsed is not the sample's quotes times the copies.
        """
        self._leave_out_refused()
        lines, note = LINES.get(self.name, (1, ""))
        small, small_bytes = self.made(Size(1, lines))
        _, double_bytes = self.made(Size(2, lines))
        copies = round(BYTES / (double_bytes - small_bytes))
        quotes, refused = (copies * rows for rows in self.rows(small))
        # each call parses other bytes, so that no adapter finds the whole of what it kept of the call before; names
        # of contracts come again, as from one session to the next
        made = [self.made(Size(copies, lines, first)) for first in range(REPEATS + 1)]
        payloads = iter([parts for parts, _ in made])

        def parse() -> None:
            found = self.rows(next(payloads))
            if found != (quotes, refused):
                raise RuntimeError(
                    f"{self.name}: {found[0]} quotes and {found[1]} refused rows of {copies} copies, not {quotes} and "
                    f"{refused}: a wrong result has no speed"
                )

        seconds = median_seconds(parse, REPEATS)
        counted = sorted({part.counted for part in self.parts if part.grows and part.counted})
        notes = [*([note] if note else []), *(f"bytes are {what}" for what in counted)]
        return Rate(self.name, made[0][1] / 1e6, quotes, seconds, "; ".join(notes))

    def _leave_out_refused(self) -> None:
        """Find the lines without which fewer rows are refused, and not fewer quotes parsed."""
        quotes, refused = self.rows(self.made(Size())[0])
        expected = sum(self.case.rows.values()), sum(self.case.rejected.values())
        if (quotes + refused, refused) != expected:
            raise RuntimeError(f"{self.name}: the sample, taken apart and put together, is another one")
        for unit in [(at, unit) for at, part in enumerate(self.parts) for unit in range(len(part.units))]:
            self.refused.add(unit)
            try:
                found = self.rows(self.made(Size())[0])
            except RuntimeError:  # a header, for example
                found = (0, 0)
            if found[0] >= quotes and found[1] < refused:
                quotes, refused = found
            else:
                self.refused.remove(unit)

    def made(self, size: Size) -> tuple[list[RawPart], int]:
        """The parts in a size, and how many bytes they have unpacked."""
        made = []
        for at, part in enumerate(self.parts):
            once = any(word in part.part.name for word in DAILY)
            without = {unit for where, unit in self.refused if where == at}
            made.append(part.made(Size(size.copies, 1 if once else size.lines, size.first), without))
        return [part for part, _ in made], sum(length for _, length in made)

    def rows(self, parts: list[RawPart]) -> tuple[int, int]:
        """How many quotes are parsed, and how many rows refused."""
        day = self.provider.parse(self.case.trade_date, parts)
        found = day.underlyings.values()
        problems = [*day.problems, *(parsed.problem for parsed in found if parsed.problem)]
        if problems:
            raise RuntimeError(f"{self.name}: {problems[0]}")
        return sum(u.quotes.num_rows for u in found), sum(u.rejected.num_rows for u in found)


if __name__ == "__main__":
    cases = sorted(CASES.glob("*.py"))
    measured = [Sample(case.stem, load_case(case), Path(sys.argv[1]) / case.stem).rate() for case in cases]
    print(json.dumps([asdict(rate) for rate in measured]))
