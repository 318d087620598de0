"""Damages a case's files in many ways and looks for what an adapter must never do.

It must not raise, hang or take memory without bound, and whatever it accepts must keep the contract::

    python -m resources.providers.fuzz --files 10000 my_format.py
"""

import argparse
import random
import resource as process_limits
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from resources.providers.contract import ContractCase, load_case
from resources.providers.contract_rules import ContractViolation, require_contract
from resources.providers.mutations import damaged
from resources.providers.registry import make_provider
from resources.raw_store import RawPart

#: A small damaged file that takes longer is a hang.
SECONDS_PER_FILE = 10


class HangError(Exception):
    """A file was not parsed in time."""


@dataclass(frozen=True)
class FuzzResult:
    """What became of the damaged files of one case.

    Attributes
    ----------
    refused
        Files that a problem names, or after whose damage the day has no quotes.
    accepted
        Files of which some rows were accepted, all of them within the contract.
    failures
        Seed and what went wrong, for each file that broke a rule.
    slowest_seconds, peak_memory_mb
        Of one file; of the process.
    """

    format_name: str
    files: int
    refused: int
    accepted: int
    failures: tuple[tuple[int, str], ...]
    slowest_seconds: float
    peak_memory_mb: float


def fuzz_case(case: ContractCase, files: int, first_seed: int = 0) -> FuzzResult:
    """Parse ``files`` damaged copies of the case's payloads, one seed each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        case.write(folder)
        parts = make_provider(case.universe, folder).fetch(case.trade_date)
    refused = accepted = 0
    slowest = 0.0
    failures: list[tuple[int, str]] = []
    for seed in range(first_seed, first_seed + files):
        given, name = _damaged_parts(parts, seed)
        start = time.perf_counter()
        try:
            with _deadline(SECONDS_PER_FILE):
                day = make_provider(case.universe, Path("/nowhere")).parse(case.trade_date, given)
                require_contract(case.universe, case.trade_date, day)
            named = any(name in problem for problem in day.problems)
            if not named and any(u.quotes.num_rows for u in day.underlyings.values()):
                accepted += 1
            else:
                refused += 1
        except ContractViolation as violation:
            failures.append((seed, str(violation)))
        except Exception as error:  # whatever an adapter raises is what is looked for
            failures.append((seed, f"raised {type(error).__name__}: {error}"))
        slowest = max(slowest, time.perf_counter() - start)
    peak_mb = process_limits.getrusage(process_limits.RUSAGE_SELF).ru_maxrss / 1024
    return FuzzResult(case.format_name, files, refused, accepted, tuple(failures), slowest, peak_mb)


def _damaged_parts(parts: Sequence[RawPart], seed: int) -> tuple[list[RawPart], str]:
    """The parts with one of them damaged, and its name."""
    rng = random.Random(seed)
    at = rng.randrange(len(parts))
    given = list(parts)
    given[at] = replace(given[at], payload=damaged(given[at].payload, rng), slice_digest=f"{seed:064x}")
    return given, given[at].name


@contextmanager
def _deadline(seconds: int) -> Iterator[None]:
    def stop(signum: int, frame: FrameType | None) -> None:
        raise HangError(f"not parsed in {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main(arguments: Sequence[str]) -> int:
    """Fuzz the cases of these files and print a line each; 1 where a rule broke."""
    parser = argparse.ArgumentParser(prog="python -m resources.providers.fuzz", description=__doc__)
    parser.add_argument("cases", nargs="+", type=Path, help="Python files that define CASE")
    parser.add_argument("--files", type=int, default=10_000, help="damaged files per case")
    parser.add_argument("--seed", type=int, default=0, help="the first file's seed")
    given = parser.parse_args(arguments)
    broken = False
    for path in given.cases:
        found = fuzz_case(load_case(path), given.files, given.seed)
        broken |= bool(found.failures)
        print(
            f"{found.format_name}: {found.files} damaged files, {found.refused} refused, {found.accepted} accepted "
            f"within the contract, {len(found.failures)} failures; slowest {found.slowest_seconds:.2f} s, "
            f"peak {found.peak_memory_mb:.0f} MB"
        )
        for seed, text in found.failures[:10]:
            print(f"  seed {seed}: {text[:300]}")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
