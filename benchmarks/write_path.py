"""Ten years of generated chains through the write path on two cores: validated, adjusted, written, Dagster left out.

The history is generated and harvested first, which is not counted. Then two processes (``python -m
benchmarks.write_path work FOLDER PART``) take half of the sessions each, as ``optix backfill`` shares them out. Parsing
is timed within, and stated beside the rest: it has a rate of its own.

What no code of ours could save is measured in the same run: pyarrow encoding the same two tables of a session, and the
disk taking their bytes.
"""

import datetime as dt
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure, answer, child_environment, started

SESSIONS, CONTRACTS, WORKERS = 2_520, 4_000, 2
#: sessions of one Dagster run of a backfill, and those that show what Dagster's events cost
PER_RUN, WITH_DAGSTER = 250, 120
#: of one process
_PATIENCE_SECONDS = 1800
FIRST, LAST = dt.date(2014, 1, 2), dt.date(2024, 1, 9)


def run(work: Path) -> list[Figure]:
    """Generate, harvest, then time."""
    folder = work / "write_path"
    environment = child_environment(folder / "home", OPTIX_UNIVERSES=str(folder / "set" / "universes"))
    folder.mkdir(parents=True, exist_ok=True)
    prepared = answer(started("write_path", ["prepare", str(folder)], environment), _PATIENCE_SECONDS)
    workers = [
        started("write_path", ["work", str(folder), str(part)], environment) for part in range(WORKERS)
    ]
    while not all((folder / f"ready{part}").exists() for part in range(WORKERS)):
        if any(worker.poll() is not None for worker in workers):
            break  # it failed; its message is read below
        time.sleep(0.01)
    (folder / "go").touch()
    parts = [answer(worker, _PATIENCE_SECONDS) for worker in workers]
    dagster = answer(started("write_path", ["dagster", str(folder)], environment), _PATIENCE_SECONDS)
    return figures(prepared, parts, dagster)


def figures(prepared: dict[str, Any], parts: list[dict[str, Any]], dagster: dict[str, Any]) -> list[Figure]:
    """What was measured, in words."""
    rows, days = sum(p["rows"] for p in parts), sum(p["days"] for p in parts)
    slowest = max(p["validate"] + p["adjust"] for p in parts)
    processor = sum(p["processor"] for p in parts)
    least = max(p["floor"] for p in parts)
    longest = max(p["parse"] for p in parts)
    first, last = (sum(p["quarters"][q] for p in parts) for q in (0, -1))
    events = dagster["event_seconds"] / dagster["days"]
    return [
        Figure(
            f"validate, adjust, write: {days:,} sessions, {rows:,} quotes, {WORKERS} processes",
            f"{rows / slowest:,.0f} rows/s",
            ">= 1,000,000",
            f"{slowest:.1f} s; processor {1000 * processor / days:.1f} ms a session of {rows // days:,} quotes; "
            "without defects; parsing not counted",
        ),
        Figure(
            "  of it pyarrow's encoding, hashing and the disk",
            f"{rows / least:,.0f} rows/s",
            "",
            f"the same two Parquet files of a session and nothing else: {least / slowest:.0%} of the time, processor "
            f"{1000 * sum(p['floor_processor'] for p in parts) / days:.1f} ms a session",
        ),
        Figure("  validated_quotes", f"{rows / max(p['validate'] for p in parts):,.0f} rows/s", "", ""),
        Figure("  adjusted_quotes", f"{rows / max(p['adjust'] for p in parts):,.0f} rows/s", "", ""),
        Figure(
            "  with parsing",
            f"{rows / max(p['parse'] + p['validate'] + p['adjust'] for p in parts):,.0f} rows/s",
            "",
            f"parsing {prepared['megabytes'] / longest:.0f} MB/s of text in {WORKERS} processes",
        ),
        Figure(
            "  last quarter of the sessions against the first",
            f"{last / first:.2f} x the time",
            "about 1",
            "cost is linear in days",
        ),
        Figure(
            "  memory of one process, at most",
            f"{max(p['megabytes'] for p in parts):.0f} MB",
            "< 1,000 MB",
            f"{PER_RUN} sessions a call",
        ),
        Figure(
            "  Dagster's events for the two steps, beside it",
            f"{1000 * events:.1f} ms a session",
            "",
            f"{dagster['events'] / dagster['days']:.1f} events a session, written to Postgres; one run of "
            f"{dagster['days']} sessions took {dagster['seconds']:.1f} s",
        ),
        Figure(
            "  generating the history",
            f"{prepared['quotes'] / prepared['generate_seconds']:,.0f} quotes/s",
            "",
            f"{prepared['quotes']:,} quotes as vendor files, one process",
        ),
    ]


def universe_of(folder: Path) -> Any:
    """The generated universe, as its own file describes it."""
    from optix_pipeline.catalog import load_catalog

    return load_catalog().universe(next((folder / "set" / "universes").glob("*.yaml")).stem)


def sources() -> Any:
    from resources.home import generated_folder
    from resources.sources import SourcesResource

    return SourcesResource(generated_folder=str(generated_folder()))


def prepare(folder: Path) -> dict[str, Any]:
    """Generate the history and put its payloads and its corporate actions into the lake."""
    from assets.corporate_actions import build_month
    from resources.generator.planted.market_file import MarketFile
    from resources.generator.planted.set_writer import write_set
    from resources.lake import open_lake
    from resources.raw_store import RawStore

    file = MarketFile(
        name="ten_years", kind="index", start=FIRST, end=LAST, contracts=CONTRACTS, defects="none", seed=5
    )
    written = write_set(file, folder / "set")
    universe, source = universe_of(folder), sources()
    lake = open_lake(str(folder / "lake"))
    days = source.provider(universe).available_days()[:SESSIONS]
    source.harvest(universe, RawStore(lake, universe.name, "raw_quotes"), days)
    store = RawStore(lake, universe.name, "corporate_actions")
    record, actions = source.harvest_actions(universe, store)
    parsed = actions.parse(store.load(record))
    for month in sorted({day.replace(day=1) for day in days}):
        build_month(universe, lake, parsed, month, {record.path: record.digest})
    raw = RawStore(lake, universe.name, "raw_quotes")
    records = [raw.require(day.isoformat()) for day in days]
    return {
        "quotes": written.quotes,
        "generate_seconds": written.seconds,
        "megabytes": sum(part.size for record in records for part in record.parts) / 1e6,
    }


class TimedProvider:
    """The universe's provider; adds up the seconds that parsing takes."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider
        self.seconds = self.processor = 0.0

    def parse(self, *arguments: Any) -> Any:
        start, processor = time.perf_counter(), time.process_time()
        found = self._provider.parse(*arguments)
        self.seconds += time.perf_counter() - start
        self.processor += time.process_time() - processor
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)


def work(folder: Path, part: int) -> dict[str, Any]:
    """One process's half of the sessions, in runs of ``PER_RUN``."""
    from assets.adjustment import adjust_days
    from assets.underlying_prices import universe_calendar
    from assets.validation import validate_days
    from resources.lake import open_lake
    from resources.lake.layout import partition_path

    universe = universe_of(folder)
    provider = TimedProvider(sources().provider(universe))
    lake = open_lake(str(folder / "lake"))
    every = provider.available_days()[:SESSIONS]
    days = every[len(every) * part // WORKERS : len(every) * (part + 1) // WORKERS]
    results: list[int] = []

    def validate(some: list[dt.date]) -> int:
        calendar = universe_calendar(universe, some[-1])
        statuses, _ = validate_days(
            universe, lake, provider, some, calendar, lambda found: results.append(len(found))
        )
        return sum(status.rows for status in statuses)

    validate(days[:5])  # imports are not counted
    adjust_days(universe, lake, lambda: provider, days[:5])
    provider.seconds = provider.processor = 0.0
    (folder / f"ready{part}").touch()
    while not (folder / "go").exists():
        time.sleep(0.005)
    found = {"days": len(days), "rows": 0, "validate": 0.0, "adjust": 0.0}
    quarters = [0.0] * 4
    begin = time.process_time()
    for start in range(0, len(days), PER_RUN):
        some = days[start : start + PER_RUN]
        at, parsed = time.perf_counter(), provider.seconds
        found["rows"] += validate(some)
        middle = time.perf_counter()
        adjust_days(universe, lake, lambda: provider, some)
        end = time.perf_counter()
        own = middle - at - (provider.seconds - parsed)
        found["validate"] += own
        found["adjust"] += end - middle
        for offset in range(len(some)):
            quarters[4 * (start + offset) // len(days)] += (own + end - middle) / len(some)
    processor = time.process_time() - begin - provider.processor
    if not results or found["rows"] == 0:
        raise RuntimeError("nothing was judged, so no time counts")
    # the floor is measured while both do the same again
    (folder / f"done{part}").touch()
    patience = time.monotonic() + 600
    while not all((folder / f"done{other}").exists() for other in range(WORKERS)):
        if time.monotonic() > patience:
            raise TimeoutError("the other process has not finished its sessions within ten minutes")
        time.sleep(0.005)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    paths = [
        (
            partition_path(universe.name, "validated_quotes", day.isoformat(), name),
            partition_path(universe.name, "adjusted_quotes", day.isoformat(), name),
        )
        for day in days[-60:]
        for name in (universe.underlyings[0].symbol,)
    ]
    return {
        **found,
        "parse": provider.seconds,
        "processor": processor,
        "quarters": quarters,
        "megabytes": megabytes,
        **{name: value * len(days) / len(paths) for name, value in floor(lake, paths).items()},
    }


def floor(lake: Any, paths: list[tuple[str, str]]) -> dict[str, float]:
    """Wall and processor seconds in which pyarrow encodes these files again, and the lake takes them."""
    tables = [[lake.read_table(path) for path in pair] for pair in paths]
    start, processor = time.perf_counter(), time.process_time()
    for pair, names in zip(tables, paths, strict=True):
        for table, name in zip(pair, names, strict=True):
            lake.write_table(f"floor/{name}", table)
    return {"floor": time.perf_counter() - start, "floor_processor": time.process_time() - processor}


def with_dagster(folder: Path) -> dict[str, Any]:
    """The two steps as one Dagster run on the embedded Postgres, and what their events cost."""
    os.environ["OPTIX_LAKE_URI"] = str(folder / "lake")
    from assets.naming import universe_key
    from benchmarks.event_clock import EventClock
    from optix_pipeline.catalog import load_catalog
    from optix_pipeline.definitions import build_definitions
    from optix_pipeline.runner import Runner, Step
    from optix_pipeline.session import open_session

    universe, catalog = universe_of(folder), load_catalog()
    days = sources().provider(universe).available_days()[:WITH_DAGSTER]
    session = open_session()
    runner = Runner(build_definitions(catalog=catalog), session.instance, catalog)
    clock = EventClock(session.instance)
    layers = ("validated_quotes", "quarantined_quotes", "adjusted_quotes", "superseded_quotes")
    keys = tuple(universe_key(universe, layer) for layer in layers)
    start = time.perf_counter()
    runner.make([Step("validate and adjust", keys, (f"{days[0]}", f"{days[-1]}"))])
    return {
        "days": len(days),
        "seconds": time.perf_counter() - start,
        "events": clock.events,
        "event_seconds": clock.seconds,
    }


if __name__ == "__main__":
    command, place = sys.argv[1], Path(sys.argv[2])
    if command == "prepare":
        print(json.dumps(prepare(place)))
    elif command == "dagster":
        print(json.dumps(with_dagster(place)))
    else:
        print(json.dumps(work(place, int(sys.argv[3]))))
