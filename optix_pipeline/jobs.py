"""The jobs: ``ingest`` and ``nightly`` drive one run per partition definition, ``backtests`` is a plain asset job."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
from pydantic import Field

from assets.harvest_tick import HarvestTick, around_the_clock_tick, exchange_tick
from optix_pipeline.catalog import Catalog
from optix_pipeline.failures import RunFailedError
from resources.universe import UniverseSpec

DefinitionsBuilder = Callable[[], dg.Definitions]


class IngestConfig(dg.Config):
    """Which universes and days; empty lists and nulls mean: every live universe, the newest closed session."""

    universes: list[str] = Field(default_factory=list)
    first: str | None = None
    last: str | None = None


class NightlyConfig(IngestConfig):
    """As IngestConfig; ``studies`` empty: every study on the universes ingested."""

    studies: list[str] = Field(default_factory=list)


def live_universes(catalog: Catalog, *, around_the_clock: bool | None = None) -> list[UniverseSpec]:
    """Universes whose history goes on; ended ones are left out of nightly runs."""
    return [
        u
        for u in catalog.universes.values()
        if u.end is None and (around_the_clock is None or (u.calendar == "24/7") == around_the_clock)
    ]


def newest_session(universe: UniverseSpec) -> dt.date | None:
    """The newest session that is over."""
    from optix_pipeline.partitions import closed_sessions

    keys = closed_sessions(universe)
    return dt.date.fromisoformat(keys[-1]) if keys else None


def _chosen(catalog: Catalog, names: list[str]) -> list[UniverseSpec]:
    return [catalog.universe(n) for n in names] if names else live_universes(catalog)


def _range(universe: UniverseSpec, config: IngestConfig) -> tuple[dt.date | None, dt.date | None]:
    if config.first or config.last:
        return (
            dt.date.fromisoformat(config.first) if config.first else None,
            dt.date.fromisoformat(config.last) if config.last else None,
        )
    newest = newest_session(universe)
    return newest, newest


def _ingest_each(run: Any, universes: list[UniverseSpec], config: IngestConfig) -> tuple[set[str], list[str]]:
    """Ingest them one by one; one that fails does not keep the others from their night. Names and failures."""
    ingested, failures = set(), []
    for universe in universes:
        try:
            run.ingest(universe, *_range(universe, config))
            ingested.add(universe.name)
        except (RunFailedError, ValueError) as error:
            failures.append(str(error))
    return ingested, failures


def _raise(failures: list[str]) -> None:
    if failures:
        raise RunFailedError("\n".join(failures))


def build_jobs(catalog: Catalog, build: DefinitionsBuilder) -> list[Any]:
    """``nightly``, ``ingest`` and ``backtests``.

    A Dagster run holds assets of one partition definition only; universes have a calendar each and studies their
    own windows. So ``nightly`` and ``ingest`` are jobs of one op that makes those runs one after the other on
    the same instance, tagged with the run that made them.
    """

    def runner(context: dg.OpExecutionContext) -> Any:
        from optix_pipeline.runner import Runner

        def progress(label: str, done: int, total: int) -> None:
            if done in (0, total):
                context.log.info(f"{label}: {'started' if done == 0 else 'finished'}")

        tags = {"optix/started_by": context.job_name, "dagster/parent_run_id": context.run_id}
        return Runner(build(), context.instance, catalog, progress, tags)

    @dg.op
    def ingest_universes(context: dg.OpExecutionContext, config: IngestConfig) -> None:
        chosen = _chosen(catalog, config.universes)
        _, failures = _ingest_each(runner(context), chosen, config)
        _raise(failures)

    @dg.op
    def ingest_then_study(context: dg.OpExecutionContext, config: NightlyConfig) -> None:
        run = runner(context)
        chosen = _chosen(catalog, config.universes)
        ingested, failures = _ingest_each(run, chosen, config)
        studies = [catalog.study(s) for s in config.studies] or [
            s for u in chosen for s in catalog.studies_of(u.name)
        ]
        # a study on a universe that failed would silently run on the day before
        ready = [s for s in studies if s.universe not in {u.name for u in chosen} - ingested]
        if ready:
            try:
                run.run_studies(ready)
                run.compare()
            except RunFailedError as error:
                failures.append(str(error))
        _raise(failures)

    @dg.job(
        description="Harvest, validate, adjust and enrich the chosen universes and days, then compact the months."
    )
    def ingest() -> None:
        ingest_universes()

    @dg.job(description="Ingestion of every live universe, then every study on them.")
    def nightly() -> None:
        ingest_then_study()

    jobs: list[Any] = [nightly, ingest]
    if catalog.studies:
        unpartitioned = [
            dg.AssetKey([s.name, a])
            for s in catalog.studies.values()
            for a in (
                "backtest",
                "monte_carlo",
                "metrics",
                "tear_sheet",
                *(["walk_forward"] if s.walk_forward else []),
            )
        ]
        jobs.append(
            dg.define_asset_job(
                "backtests",
                selection=dg.AssetSelection.assets(*unpartitioned, dg.AssetKey(["strategy_comparison"])),
                description="Every study from its compacted chains to its tear sheet, and the comparison.",
            )
        )
    return jobs


def exchange_timezone(catalog: Catalog) -> str:
    """The time zone of the nightly schedule: that of the live exchange universes, New York without one."""
    zones = {u.timezone for u in live_universes(catalog, around_the_clock=False)} or {"America/New_York"}
    return min(zones, key=lambda z: ZoneInfo(z).utcoffset(dt.datetime(2024, 1, 1)) or dt.timedelta())


def harvest_tick(catalog: Catalog, universe: UniverseSpec) -> HarvestTick:
    """The tick of the schedule that harvests a universe."""
    if universe.calendar == "24/7":
        return around_the_clock_tick()
    return exchange_tick(exchange_timezone(catalog))
