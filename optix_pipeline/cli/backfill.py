"""``optix backfill``: a long history in bounded runs, shared by worker processes, gone on with where it was stopped."""

import datetime as dt
import sys
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optix_pipeline.cli.data_option import use_data_folder
from optix_pipeline.cli.ingest import ensure_generated
from optix_pipeline.cli.output import print_json, print_table
from optix_pipeline.cli.progress import progress_bars
from optix_pipeline.cli.session_range import parse_range
from optix_pipeline.session import open_session, open_tables, quiet_environment
from resources.lake.layout import probe_path

if TYPE_CHECKING:
    from assets.session_survey import SessionState
    from optix_pipeline.backfill_plan import BackfillPlan
    from optix_pipeline.work_plan import Task
    from resources.lake.lake import Lake
    from resources.providers.protocol import Provider
    from resources.universe import UniverseSpec

_GO_ON = "the same command goes on with the rest"
#: failures that are told one by one; a mistake in a universe fails every chunk in the same words
_TOLD = 20


def run_backfill(
    name: str,
    first: str | None,
    last: str | None,
    *,
    workers: int | None,
    chunk: int,
    force: bool,
    data: Path | None,
    as_json: bool,
) -> None:
    """Build every session of a range that is not complete.

    Raises
    ------
    RunFailedError
        After the last chunk, if any failed: one line each. A failed chunk does not keep the others from running.
    LakeError
        As soon as the lake takes no more files.
    """
    use_data_folder(data)
    quiet_environment()
    start, end = parse_range(first, last)
    from optix_pipeline.catalog import load_catalog
    from optix_pipeline.failures import RunFailedError
    from optix_pipeline.freshness_board import look_and_keep
    from optix_pipeline.runner import range_sessions
    from resources.home import lake_uri
    from resources.lake.opening import open_lake

    # what is wrong with the request shows before anything runs
    range_sessions(load_catalog().universe(name), start, end)
    lake = open_lake(lake_uri())
    with progress_bars(quiet=as_json) as report:
        ensure_generated(load_catalog().universe(name), report)
    catalog = load_catalog()
    from optix_pipeline.workers import usable_cores

    universe = catalog.universe(name)
    backfill = _Backfill(universe, lake, range_sessions(universe, start, end), chunk)
    plan = backfill.plan(force)
    if not as_json:
        print(backfill.opening(plan))
    database = open_session().database if plan.chunks else open_tables()
    failures = backfill.work(plan, workers or usable_cores(), quiet=as_json)
    look_and_keep(catalog, universe, lake, database.write_freshness)
    summary = backfill.summary(plan, failures)
    if as_json:
        print_json(summary)
    else:
        _print_summary(summary)
    if failures:
        more = len(failures) - _TOLD
        told = [*failures[:_TOLD], *([f"and {more} more; optix dev shows every run"] if more > 0 else [])]
        raise RunFailedError("\n".join(told))


class _Backfill:
    """One universe's range of sessions, and the lake that they are built in."""

    def __init__(self, universe: "UniverseSpec", lake: "Lake", days: list[dt.date], chunk: int) -> None:
        from optix_pipeline.forced_rebuild import ForcedRebuild

        self.universe = universe
        self.days = days
        self._lake = lake
        self._chunk = chunk
        self._built: set[dt.date] = set()
        self._rebuild = ForcedRebuild(universe, lake)
        self._goes_on = bool(self._rebuild.left & set(days))

    def plan(self, force: bool) -> "BackfillPlan":
        """What there is to do; ``force`` takes what is complete too."""
        from optix_pipeline.backfill_plan import plan_backfill, require_source

        states = self._survey()
        require_source(self.universe, states, self._arrived)
        if force:
            self._goes_on = self._rebuild.ask(self.days)
        available: list[dt.date] = []
        ask = any(s.unfinished or s.received is False for s in states)
        # it also shows that the source can be used at all, before every chunk fails for the same reason
        if ask and self.universe.provider.mode == "historical":
            available = self._provider.available_days()
        return plan_backfill(states, available, self._rebuild.left, self._chunk)

    def opening(self, plan: "BackfillPlan") -> str:
        """What is done and what is left, in one sentence."""
        asked = f"{self.universe.name} from {self.days[0]} to {self.days[-1]}"
        if not plan.chunks:
            return f"{asked}: all {len(plan.days):,} sessions are complete; --force builds them again"
        if self._goes_on:
            asked += ", going on with a rebuild that was stopped"
        elif plan.complete:
            asked += ", going on"
        left = f"{len(plan.reasons):,} are left, in {len(plan.chunks):,} {_plural('chunk', len(plan.chunks))}"
        return f"{asked}: {plan.complete:,} of {len(plan.days):,} sessions are complete, {left}"

    def work(self, plan: "BackfillPlan", workers: int, *, quiet: bool) -> list[str]:
        """Build every chunk; returns what failed, a line each.

        Raises
        ------
        LakeError
            As soon as the lake takes no more files; what is under way is ended.
        """
        from optix_pipeline.backfill_plan import chunk_tasks
        from optix_pipeline.cli.backfill_progress import BackfillProgress, shown
        from optix_pipeline.workers import run_in_processes
        from resources.lake.errors import LakeError

        tasks = chunk_tasks(self.universe, plan)
        sessions = {task.name: chunk.sessions for task, chunk in zip(tasks, plan.chunks, strict=True)}
        progress = BackfillProgress(tasks)
        with shown(progress, quiet=quiet) as show:

            def moved(label: str, done: int, total: int) -> None:
                progress.step(label, done, total)
                show(None, "")

            def ended(task: "Task", failure: str) -> None:
                progress.task_ended(task, failure)
                if not failure:
                    # on record before it is said
                    self._built |= set(sessions[task.name])
                    self._rebuild.rebuilt(sessions[task.name])
                show(task, failure)
                if failure:
                    self._require_lake()

            tags = {"optix/command": "backfill", "optix/universe": self.universe.name}
            try:
                return run_in_processes(tasks, moved, workers=workers, tags=tags, ended=ended)
            except KeyboardInterrupt:
                print(f"{self.universe.name}: {progress.sentence()}; {_GO_ON}", file=sys.stderr)
                raise
            except LakeError as error:
                raise LakeError(
                    f"{self.universe.name}: stopped after {progress.sentence()}: {error}. {_GO_ON.capitalize()}"
                ) from error

    def summary(self, plan: "BackfillPlan", failures: list[str]) -> dict[str, Any]:
        """What stands in the lake now."""
        from optix_pipeline.backfill_plan import CAME_LATE, COMPARED_WITH, FORCED
        from resources.harvest import OFF_CALENDAR_QUOTES
        from resources.raw_store import RawStore

        states = self._survey()
        rebuild = self._rebuild.left
        left = {s.day: s.unfinished or FORCED for s in states if s.unfinished or s.day in rebuild}
        # the statuses do not tell whether these were built again, the chunks do
        again = {day: why for day, why in plan.reasons.items() if why in (CAME_LATE, COMPARED_WITH)}
        left |= {day: why for day, why in again.items() if day not in self._built and day not in left}
        built = [s for s in states if s.day not in left]
        first, last = self.days[0].isoformat(), self.days[-1].isoformat()
        off_calendar = RawStore(self._lake, self.universe.name, OFF_CALENDAR_QUOTES).keys()
        verdicts = Counter(s.verdict for s in built)
        return {
            "universe": self.universe.name,
            "first": first,
            "last": last,
            "sessions": {
                "asked": len(self.days),
                **{verdict: verdicts[verdict] for verdict in ("ok", "partly", "blocked", "absent")},
                "left": len(left),
                "off_calendar": sum(first <= day <= last for day in off_calendar),
            },
            "rows": sum(s.rows for s in built),
            "left": {day.isoformat(): why for day, why in left.items()},
            "failures": failures,
        }

    def _survey(self) -> "list[SessionState]":
        from assets.session_survey import survey_sessions

        return survey_sessions(self.universe, self._lake, self.days)

    @cached_property
    def _provider(self) -> "Provider":
        from optix_pipeline.definitions import default_resources

        found: Provider = default_resources()["sources"].provider(self.universe)
        return found

    def _arrived(self, day: dt.date) -> bool:
        from resources.providers.protocol import ResumableProvider

        return isinstance(self._provider, ResumableProvider) and bool(self._provider.pending(day))

    def _require_lake(self) -> None:
        """A chunk has failed: go on with the others only where the lake still takes files."""
        path = probe_path(self.universe.name)
        self._lake.write_bytes(path, b"")
        self._lake.delete(path)


def _print_summary(summary: dict[str, Any]) -> None:
    counts = summary["sessions"]
    print_table(
        f"{summary['universe']}, {counts['asked']:,} sessions from {summary['first']} to {summary['last']}",
        ("ok", "partly", "blocked", "absent", "left", "off-calendar", "rows"),
        [
            (
                *(f"{counts[c]:,}" for c in ("ok", "partly", "blocked", "absent", "left", "off_calendar")),
                f"{summary['rows']:,}",
            )
        ],
    )
    asked = f"{summary['universe']} --from {summary['first']} --to {summary['last']}"
    print(f"optix quality show {asked} tells why sessions were kept out")
    if summary["left"]:
        print(f"{counts['left']:,} {_plural('session', counts['left'])} left; {_GO_ON}")


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"
