"""Runs assets in this process, in the order that the chain needs: what the command line and the nightly job share.

One Dagster run holds assets of one partition definition only, so an ingestion is three runs (events by month,
layers by day, compaction by month) and a study two (windows by month, then everything unpartitioned).
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import dagster as dg

from assets.naming import study_key, universe_key
from assets.study_assets import STUDY_ASSETS
from assets.universe_assets import DAILY_ASSETS, monthly_reference_assets
from engine.backtest.study import StudySpec
from optix_pipeline.catalog import Catalog
from optix_pipeline.failures import (
    NothingUsableError,
    RunFailedError,
    first_sentence,
    only_checks_failed,
    step_failures,
    was_interrupted,
)
from optix_pipeline.freshness_board import look_and_keep
from optix_pipeline.interrupted_runs import process_tags
from optix_pipeline.interrupts import interrupts_for_us_alone
from optix_pipeline.partitions import snapshot_session, universe_partitions, window_partitions
from resources.lake.errors import LakeError
from resources.universe import UniverseSpec

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"

#: called with (label, steps finished, steps in all)
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Step:
    """One Dagster run to make.

    ``despite_check`` are the assets to make all the same, in a run of their own, where the check blocks because
    nothing in the whole range is usable: their statuses then say so. ``days`` counts the sessions that a chunk's
    step builds.
    """

    label: str
    keys: tuple[dg.AssetKey, ...]
    partitions: tuple[str, str] | None = None
    despite_check: tuple[dg.AssetKey, ...] = ()
    days: int = 0


class Runner:
    """Makes runs of one set of definitions on one instance, one after the other."""

    def __init__(
        self,
        definitions: dg.Definitions,
        instance: dg.DagsterInstance,
        catalog: Catalog,
        progress: Progress | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        self._job = definitions.resolve_implicit_global_asset_job_def()
        self._resources = definitions.resources or {}
        self._instance = instance
        self.catalog = catalog
        self.progress = progress or (lambda label, done, total: None)
        self._tags = {**process_tags(), **(tags or {})}

    def ingest(
        self, universe: UniverseSpec, first: dt.date | None = None, last: dt.date | None = None
    ) -> list[str]:
        """All layers of the sessions from ``first`` to ``last`` (default: all that exist); returns the run ids.

        However it ends, unless it is stopped, the universe's row of the freshness board is brought up to date.
        """
        try:
            runs = self.make(ingestion_steps(universe, first, last))
        except RunFailedError:
            with suppress(LakeError):  # a lake that is away is what the failure tells of
                self._keep_freshness(universe)
            raise
        self._keep_freshness(universe)
        return runs

    def _keep_freshness(self, universe: UniverseSpec) -> None:
        lake, database = self._resources["lake"], self._resources["database"]
        look_and_keep(self.catalog, universe, lake.open(), database.write_freshness)

    def run_study(self, study: StudySpec) -> list[str]:
        """Every asset of one study; returns the run ids."""
        return self.make(study_steps(study, self.catalog.universe(study.universe)))

    def run_studies(self, studies: Iterable[StudySpec]) -> None:
        """Every one of these studies; one that fails does not keep the others from running.

        Raises
        ------
        RunFailedError
            After the last study, if any failed: one line each.
        """
        failures = []
        for study in studies:
            try:
                self.run_study(study)
            except RunFailedError as error:
                failures.append(str(error))
        if failures:
            raise RunFailedError("\n".join(failures))

    def compare(self) -> list[str]:
        """The comparison over all studies."""
        return self.make([Step("strategy comparison", (dg.AssetKey(["strategy_comparison"]),))])

    def make(self, steps: Sequence[Step]) -> list[str]:
        """These runs, one after the other; returns their ids."""
        ids = []
        for step in steps:
            try:
                ids.append(self._run(step))
            except NothingUsableError as error:
                if not step.despite_check:
                    error.runs = [*ids, *error.runs]
                    raise
                ids.append(self._run(Step(f"{step.label}, kept out", step.despite_check, step.partitions)))
        return ids

    def _run(self, step: Step) -> str:
        run_id = str(uuid.uuid4())
        tags = {**self._tags}
        partition_key = None
        if step.partitions is not None:
            start, end = step.partitions
            if start == end:
                partition_key = start
            else:
                tags |= {RANGE_START: start, RANGE_END: end}
        done = 0
        self.progress(step.label, 0, len(step.keys))

        def watch(entry: dg.EventLogEntry) -> None:
            nonlocal done
            event = entry.dagster_event
            if event is not None and event.event_type == dg.DagsterEventType.STEP_SUCCESS:
                done += 1
                self.progress(step.label, min(done, len(step.keys) - 1), len(step.keys))

        self._instance.add_event_listener(run_id, watch)
        with interrupts_for_us_alone():
            result = self._job.execute_in_process(
                run_id=run_id,
                instance=self._instance,
                asset_selection=list(step.keys),
                partition_key=partition_key,
                tags=tags,
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        if not result.success:
            if was_interrupted(result.all_events):
                raise KeyboardInterrupt  # Dagster keeps it as a failure of the run
            message = f"{step.label}: {_reasons(result)} (run {run_id[:8]}; optix dev shows its log)"
            if only_checks_failed(result.all_events):
                raise NothingUsableError(message, [run_id])
            raise RunFailedError(message)
        self.progress(step.label, len(step.keys), len(step.keys))
        return run_id


def _reasons(result: dg.ExecuteInProcessResult) -> str:
    """What each failed step raised, one line."""
    reasons = step_failures(result.all_events)
    if reasons:
        return "; ".join(reasons)
    for event in result.all_events:
        if event.event_type == dg.DagsterEventType.RUN_FAILURE:
            data = event.job_failure_data
            return first_sentence(data.error.message if data and data.error else event.message or "")
    return "the run failed without an error"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def ingestion_steps(
    universe: UniverseSpec, first: dt.date | None = None, last: dt.date | None = None
) -> list[Step]:
    """The runs of one ingestion.

    Raises
    ------
    ValueError
        If the range holds no session that exists yet.
    """
    partitions = universe_partitions(universe)
    days = [day.isoformat() for day in range_sessions(universe, first, last)]
    months = [k for k in partitions.monthly.get_partition_keys() if days[0][:7] <= k[:7] <= days[-1][:7]]
    # several parts of one history may be under way
    since = f" from {days[0]}" if (first or last) and len(days) > 1 else ""
    return [
        *_reference_steps(universe, months),
        Step(f"{universe.name}: {_counted(len(days), 'day')}{since}", _daily(universe), (days[0], days[-1])),
        Step(
            f"{universe.name}: {_counted(len(months), 'month')}{since}",
            (universe_key(universe, "chain_month"),),
            (months[0], months[-1]),
        ),
    ]


def range_sessions(universe: UniverseSpec, first: dt.date | None, last: dt.date | None) -> list[dt.date]:
    """The universe's sessions in a range: those that are over, and the running one of a source of snapshots.

    Raises
    ------
    ValueError
        If there is none.
    """
    if universe.provider.mode == "snapshot_only" and universe.end is None:
        # the calendar's next session exists as a partition, but nobody can know it yet
        session = snapshot_session(universe)
        last = session if last is None else min(last, session)
    days = [
        dt.date.fromisoformat(k)
        for k in universe_partitions(universe).daily.get_partition_keys()
        if (first is None or k >= first.isoformat()) and (last is None or k <= last.isoformat())
    ]
    if not days:
        raise ValueError(
            f"universe {universe.name} has no session from {first or universe.start} to {last or 'today'}; "
            f"it starts {universe.start}" + (f" and ends {universe.end}" if universe.end else "")
        )
    return days


def chunk_steps(
    universe: UniverseSpec,
    stretches: Sequence[Sequence[dt.date]],
    months: Sequence[Sequence[dt.date]],
) -> list[Step]:
    """The runs that build some sessions of a long history.

    Parameters
    ----------
    stretches
        The sessions, in unbroken runs of days.
    months
        First days of the months to compact, in unbroken runs too.
    """
    daily = _daily(universe)
    after_validation = ("adjusted_quotes", "superseded_quotes", "option_chain", "volatility_surface")
    kept_out = tuple(universe_key(universe, a) for a in after_validation)
    steps = _reference_steps(universe, [f"{month}" for run in months for month in run])
    for stretch in stretches:
        label = f"{universe.name}: {_counted(len(stretch), 'day')} from {stretch[0]}"
        steps.append(Step(label, daily, (f"{stretch[0]}", f"{stretch[-1]}"), kept_out, len(stretch)))
    for run in months:
        label = f"{universe.name}: {_counted(len(run), 'month')} from {run[0]:%Y-%m}"
        steps.append(Step(label, (universe_key(universe, "chain_month"),), (f"{run[0]}", f"{run[-1]}")))
    return steps


def _reference_steps(universe: UniverseSpec, months: Sequence[str]) -> list[Step]:
    reference = monthly_reference_assets(universe)
    if not reference:
        return []
    keys = tuple(universe_key(universe, asset) for asset in reference)
    what = ", ".join(asset.replace("_", " ") for asset in reference)
    return [Step(f"{universe.name}: {what} {m[:7]}", keys, (m, m)) for m in months]


def _daily(universe: UniverseSpec) -> tuple[dg.AssetKey, ...]:
    return tuple(
        universe_key(universe, a) for a in DAILY_ASSETS if a != "rates" or universe.rates is not None
    )


def study_steps(study: StudySpec, universe: UniverseSpec, without: Sequence[str] = ()) -> list[Step]:
    """The runs of one study, ``without`` some of its assets."""
    steps = []
    names = [
        a
        for a in STUDY_ASSETS
        if a not in without and (study.walk_forward is not None or a != "walk_forward")
    ]
    if study.walk_forward is not None:
        keys = window_partitions(study, universe).get_partition_keys()
        window = (study_key(study, "walk_forward_window"),)
        steps.append(
            Step(f"{study.name}: {_counted(len(keys), 'walk-forward window')}", window, (keys[0], keys[-1]))
        )
    steps.append(Step(f"{study.name}: backtest to tear sheet", tuple(study_key(study, a) for a in names)))
    return steps
