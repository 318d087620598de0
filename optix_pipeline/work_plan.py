"""What there is to do to ingest every universe and run every study, in tasks that processes can share."""

import datetime as dt
from dataclasses import dataclass
from itertools import groupby

from optix_pipeline.catalog import Catalog
from optix_pipeline.cli.errors import expected_errors
from optix_pipeline.partitions import universe_partitions
from optix_pipeline.runner import Runner, Step

#: a history shorter than this many sessions is not cut: its runs would cost more than they save
MIN_SESSIONS = 125


@dataclass(frozen=True)
class Task:
    """An ingestion of a range of sessions, the ``steps`` of a chunk of a backfill, or (``study`` named) one study; it
    waits for the tasks that ``after`` names."""

    name: str
    universe: str
    first: dt.date | None = None
    last: dt.date | None = None
    study: str | None = None
    after: frozenset[str] = frozenset()
    steps: tuple[Step, ...] = ()


def plan(catalog: Catalog, workers: int) -> list[Task]:
    """Every ingestion, the longest first, then every study after the ingestions of its universe.

    A long history is cut into one range per worker. A session's layers depend on the payloads before it, not on the
    range that it was built in, so the cuts change nothing; they fall between months, which are compacted whole.
    """
    ingestions: list[tuple[int, Task]] = []
    for universe in catalog.universes.values():
        days = universe_partitions(universe).daily.get_partition_keys()
        pieces = cut(days, max(1, min(workers, len(days) // MIN_SESSIONS)))
        for piece in pieces:
            first, last = dt.date.fromisoformat(piece[0]), dt.date.fromisoformat(piece[-1])
            name = f"{universe.name} {first} to {last}"
            # an uncut history is asked for whole, so that a universe without sessions is refused by its own words
            span = (first, last) if len(pieces) > 1 else (None, None)
            ingestions.append((len(piece), Task(name, universe.name, *span)))
        if not pieces:
            ingestions.append((0, Task(universe.name, universe.name)))
    ordered = [task for _, task in sorted(ingestions, key=lambda entry: (-entry[0], entry[1].name))]
    studies = [
        Task(
            s.name,
            s.universe,
            study=s.name,
            after=frozenset(t.name for t in ordered if t.universe == s.universe),
        )
        for s in catalog.studies.values()
    ]
    return ordered + studies


def cut(days: list[str], pieces: int) -> list[list[str]]:
    """ISO dates in at most so many runs of whole months, of about equal length."""
    found: list[list[str]] = []
    for _, month in groupby(days, key=lambda day: day[:7]):
        if not found or (len(found) < pieces and sum(map(len, found)) >= len(days) * len(found) / pieces):
            found.append([])
        found[-1] += month
    return found


def run_task(runner: Runner, task: Task) -> str:
    """Do it; what failed, a line each, empty where nothing did."""
    catalog = runner.catalog
    try:
        if task.steps:
            runner.make(task.steps)
        elif task.study is None:
            runner.ingest(catalog.universe(task.universe), task.first, task.last)
        else:
            runner.run_study(catalog.study(task.study))
    except (KeyError, IndexError):
        raise  # a mistake of ours, not of the input
    except expected_errors() as error:
        return str(error) or f"{task.name}: {type(error).__name__}"
    return ""
