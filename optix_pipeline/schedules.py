"""Schedules: after midnight of the exchange's time zone, Tuesday to Saturday; every day for 24/7 venues."""

from typing import Any

import dagster as dg

from assets.harvest_tick import around_the_clock_tick, exchange_tick
from optix_pipeline.catalog import Catalog
from optix_pipeline.jobs import exchange_timezone, live_universes


def build_schedules(catalog: Catalog, jobs: list[Any]) -> list[dg.ScheduleDefinition]:
    """``nightly`` for exchange universes and ``nightly_around_the_clock`` for 24/7 ones; both run the nightly job."""
    nightly = next(j for j in jobs if j.name == "nightly")

    def request(
        context: dg.ScheduleEvaluationContext, around_the_clock: bool
    ) -> dg.RunRequest | dg.SkipReason:
        names = [u.name for u in live_universes(catalog, around_the_clock=around_the_clock)]
        if not names:
            return dg.SkipReason("no live universe on this calendar: every universe has an end date")
        day = context.scheduled_execution_time.date().isoformat()
        return dg.RunRequest(
            run_key=f"{'24-7' if around_the_clock else 'exchange'}-{day}",
            run_config={"ops": {"ingest_then_study": {"config": {"universes": names}}}},
        )

    exchange, around = exchange_tick(exchange_timezone(catalog)), around_the_clock_tick()

    @dg.schedule(
        name="nightly",
        job=nightly,
        cron_schedule=exchange.cron,
        execution_timezone=exchange.timezone,
        description="The session that ended at midnight in the exchange's time zone.",
    )
    def nightly_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return request(context, around_the_clock=False)

    @dg.schedule(
        name="nightly_around_the_clock",
        job=nightly,
        cron_schedule=around.cron,
        execution_timezone=around.timezone,
        description="Closes the day of the 24/7 universes.",
    )
    def nightly_around_the_clock(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return request(context, around_the_clock=True)

    return [nightly_schedule, nightly_around_the_clock]
