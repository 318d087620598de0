"""``python -m benchmarks [NAME ...] [--write]``: measure, print a table, and on request write docs/benchmarks.md."""

import argparse
import os
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from benchmarks.machine import description
from benchmarks.measure import ROOT, Figure

#: in this order; ``backtest`` reads what ``ingestion`` left
NAMES = (
    "startup",
    "ingestion",
    "demo",
    "backtest",
    "pricing.european",
    "pricing.option_chain",
    "pricing.lattice",
    "pricing.surface",
    "pricing.american",
    "monte_carlo",
    "quality",
    "parsing",
    "write_path",
    "adjusted_layer",
    "storage",
)
PAGE = ROOT / "docs" / "benchmarks.md"


def main() -> None:
    """Measure what was asked for, in an own temporary folder that is removed at the end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; default: all")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md (needs all)")
    asked = parser.parse_args()
    unknown = [n for n in asked.names if n not in NAMES]
    if unknown:
        parser.error(f"no benchmark is named {', '.join(unknown)}; there are {', '.join(NAMES)}")
    if asked.write and asked.names:
        parser.error("--write takes no names: the page holds one whole run")
    load = os.getloadavg()[0]
    started = time.monotonic()
    figures: list[Figure] = []
    # Postgres may run as another user, so the folder must be open to all
    with tempfile.TemporaryDirectory(prefix="optix-benchmarks-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        for name in asked.names or NAMES:
            print(f"{name} ...", file=sys.stderr, flush=True)
            figures += import_module(f"benchmarks.{name}").run(Path(folder))
    facts = [*description(load), f"all of it took {time.monotonic() - started:.0f} s"]
    print(table(figures))
    print("\n".join(f"- {fact}" for fact in facts))
    if asked.write:
        PAGE.write_text(page(figures, facts), encoding="utf-8")
        print(f"written to {PAGE.relative_to(ROOT)}", file=sys.stderr)


def table(figures: list[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| measured | figure | goal | note |", "|---|---|---|---|"]
    lines += [f"| {f.name.replace('  ', '· ', 1)} | {f.value} | {f.goal} | {f.note} |" for f in figures]
    return "\n".join(lines)


def page(figures: list[Figure], facts: list[str]) -> str:
    """docs/benchmarks.md."""
    about = "\n".join(f"- {fact}" for fact in facts)
    return (
        "# Benchmarks\n\nWritten by `.venv/bin/python -m benchmarks --write`: one run, on generated data, each peer "
        "measured in turn with ours on the same inputs, and its results compared with ours before its time counts. No "
        f"test asserts a time.\n\n{about}\n\n{table(figures)}\n"
    )


if __name__ == "__main__":
    main()
