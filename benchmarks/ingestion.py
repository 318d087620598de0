"""A year of daily index chains through every daily asset in one Dagster run on the embedded Postgres.

Runs in a process of its own (``python -m benchmarks.ingestion HOME``) and prints JSON; the lake that it leaves is what
the backtest benchmark reads.
"""

import datetime as dt
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure, answer, child_environment, started

YEAR = 2025
UNIVERSE = "demo_index"


def run(work: Path) -> list[Figure]:
    """The year's total, and where it went."""
    home = work / "ingestion"
    found = answer(started("ingestion", [str(home)], child_environment(home)))
    total, daily = found["seconds"], found["daily_seconds"]
    rows = [
        Figure(
            f"a year of index chains, {found['days']} days, {found['rows']:,} quotes",
            f"{daily:.1f} s",
            "< 90 s",
            f"one run of {len(found['steps'])} daily steps; with the months {total:.1f} s; "
            f"processor time {found['processor_seconds']:.1f} s in this process",
        )
    ]
    steps = sorted(found["steps"].items(), key=lambda s: -s[1])
    rows += [Figure(f"  of it {name}", f"{s:.1f} s", "", f"{s / daily:.0%}") for name, s in steps]
    rest = daily - sum(found["steps"].values())
    rows.append(
        Figure("  of it before, between and after the steps", f"{rest:.1f} s", "", f"{rest / daily:.0%}")
    )
    rows.append(
        Figure(
            "  writing Dagster's events, within all of the above",
            f"{found['event_seconds']:.1f} s",
            "",
            f"{found['events']:,} events, {1000 * found['event_seconds'] / found['events']:.1f} ms each",
        )
    )
    return rows


def measure(home: Path) -> dict[str, Any]:
    """Generate the files (not counted), ingest the year, take the time apart."""
    os.environ["OPTIX_HOME"] = str(home)
    from benchmarks.event_clock import EventClock, step_seconds
    from optix_pipeline.catalog import load_catalog
    from optix_pipeline.definitions import build_definitions
    from optix_pipeline.runner import Runner, ingestion_steps
    from optix_pipeline.session import open_session
    from resources.generator.demo import generate_universe
    from resources.generator.demo_markets import DEMO_MARKETS
    from resources.home import generated_folder

    market = next(m for m in DEMO_MARKETS if m.name == UNIVERSE)
    generate_universe(market, generated_folder() / UNIVERSE)
    catalog = load_catalog()
    universe = catalog.universe(UNIVERSE)
    session = open_session()
    runner = Runner(build_definitions(catalog=catalog), session.instance, catalog)
    clock = EventClock(session.instance)
    steps = ingestion_steps(universe, dt.date(YEAR, 1, 1), dt.date(YEAR, 12, 31))
    started, processor = time.perf_counter(), time.process_time()
    seconds: dict[str, float] = {}
    runs: dict[str, list[str]] = {}
    for step in steps:
        begin = time.perf_counter()
        runs[step.label] = runner.make([step])
        seconds[step.label] = time.perf_counter() - begin
    label = max(seconds, key=lambda name: seconds[name])
    return {
        "seconds": time.perf_counter() - started,
        "processor_seconds": time.process_time() - processor,
        "daily_seconds": seconds[label],
        "steps": step_seconds(session.instance, runs[label]),
        "event_seconds": clock.seconds,
        "events": clock.events,
        "days": len({q["trade_date"] for q in session.database.quality_summary(UNIVERSE)}),
        "rows": quotes_in_lake(home),
    }


def quotes_in_lake(home: Path) -> int:
    """Rows of the year's compacted chains."""
    import pyarrow.parquet as pq

    files = (home / "lake" / UNIVERSE / "chain_month").rglob("chain*.parquet")
    return sum(pq.ParquetFile(path).metadata.num_rows for path in files)


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
