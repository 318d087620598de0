"""``validated_quotes`` and ``quarantined_quotes``: one step, one Great Expectations run per range of days."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import dagster as dg

from assets import validation
from assets.check_summary import objections
from assets.day_status import DayStatus
from assets.layers import daily_asset, daily_result, kept_out, partition_days
from assets.missing_quotes import missing_quotes_picture
from assets.naming import layer_metadata, picture, universe_key
from assets.underlying_prices import universe_calendar
from assets.validation import LOOKBACK_SESSIONS, QUARANTINED, VALIDATED, validate_days
from resources.data_quality.data_docs import page_name
from resources.data_quality.suite import ExpectationResult
from resources.database.resource import DatabaseResource
from resources.home import data_docs_folder, document_url
from resources.lake.resource import LakeResource
from resources.schemas import QUARANTINE_SCHEMA, QUOTE_SCHEMA
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

CHECK = "session_quality"
#: days named in the sentence about a range; the metadata names all
_SHOWN_DAYS = 12


def quality_row(universe: UniverseSpec, result: ExpectationResult) -> dict[str, Any]:
    """One expectation's result as its row in Postgres."""
    return {
        "universe": universe.name,
        "asset": VALIDATED,
        "trade_date": result.trade_date,
        "underlying": result.underlying,
        "snapshot_id": result.snapshot_id,
        "check": result.check,
        "severity": result.severity,
        "passed": result.passed,
        "observed": result.observed,
        "limit": result.limit,
        "message": result.message,
        "details": dict(result.details),
    }


def sessions_picture(statuses: list[DayStatus]) -> dg.MarkdownMetadataValue | None:
    """Days by underlying: what was kept, kept out, or never came."""
    from engine.reports.figures import quality_figure

    if len(statuses) < 2:
        return None
    names = sorted(statuses[0].underlyings)
    png = quality_figure(
        days=[s.trade_date for s in statuses],
        underlyings=names,
        status=[[s.underlyings[n].status for s in statuses] for n in names],
        quarantined_share=[
            [
                s.underlyings[n].quarantined / max(s.underlyings[n].rows + s.underlyings[n].quarantined, 1)
                for s in statuses
            ]
            for n in names
        ],
    )
    return picture(png, "sessions kept, blocked and absent")


def _evaluation(
    universe: UniverseSpec, status: DayStatus, results: Sequence[ExpectationResult]
) -> dict[str, Any]:
    """What the check shows for one day."""
    warnings = {name: list(u.warnings) for name, u in sorted(status.underlyings.items()) if u.warnings}
    metadata: dict[str, Any] = {
        "rows": status.rows,
        "quarantined": sum(u.quarantined for u in status.underlyings.values()),
    }
    if found := kept_out(status):
        metadata["kept_out"] = found
    if warnings:
        metadata["warnings"] = warnings
    if table := objections(results):
        metadata["checks_that_failed"] = table
    return metadata | _data_docs(universe, status.trade_date, status.trade_date)


def _data_docs(universe: UniverseSpec, first: dt.date, last: dt.date) -> dict[str, Any]:
    """The page of a range, or the index where its days lie on several; they are on the machine that judged.

    The link opens while ``optix dev`` serves the pages; no browser follows one from the UI to a file.
    """
    folder = data_docs_folder(universe.name)
    page = folder / page_name(first, last)
    page = page if page.is_file() else folder / "index.html"
    return {
        "data_docs": dg.MetadataValue.url(document_url(page)),
        "data_docs_file": dg.MetadataValue.path(str(page)),
    }


def _verdict(status: DayStatus) -> str:
    """The day in one sentence: the column that the UI's execution history and the notifications show."""
    found = [f"{name} {why}" for name, why in kept_out(status).items()]
    return f"{status.trade_date}: {'. '.join(found) or 'everything kept'}"


def _run_verdict(failed: list[DayStatus], days: list[dt.date]) -> str:
    """A range of days in one sentence."""
    if not failed:
        return f"{days[0]} to {days[-1]}: all {len(days)} sessions kept"
    named = []
    for status in failed[:_SHOWN_DAYS]:
        unusable = [f"{n} {u.status}" for n, u in sorted(status.underlyings.items()) if u.status != "ok"]
        named.append(f"{status.trade_date} {', '.join(unusable)}")
    more = f" and {len(failed) - _SHOWN_DAYS} more" if len(failed) > _SHOWN_DAYS else ""
    return f"{len(failed)} of {len(days)} sessions with something kept out: {'; '.join(named)}{more}"


def build_validated_quotes(
    universe: UniverseSpec, daily: dg.TimeWindowPartitionsDefinition
) -> dg.AssetsDefinition:
    """The Dagster assets of one universe."""
    common = daily_asset(universe, VALIDATED, daily, validation)
    kept, bad = universe_key(universe, VALIDATED), universe_key(universe, QUARANTINED)
    # a session is compared with the payloads before it, so it depends on them
    deps: list[Any] = [
        dg.AssetDep(
            universe_key(universe, "raw_quotes"),
            partition_mapping=dg.TimeWindowPartitionMapping(start_offset=-LOOKBACK_SESSIONS),
        )
    ]
    if universe.corporate_actions is not None:
        # a split explains new strikes and another spot
        deps.append(universe_key(universe, "corporate_actions"))

    def spec(key: dg.AssetKey, schema: Any, description: str) -> dg.AssetSpec:
        return dg.AssetSpec(
            key,
            deps=deps,
            description=description,
            group_name=common["group_name"],
            partitions_def=daily,
            code_version=common["code_version"],
            owners=common["owners"],
            tags=common["tags"],
            metadata=layer_metadata(schema),
            kinds={"parquet", "greatexpectations"},
        )

    @dg.multi_asset(
        name=f"{universe.name}__validate",
        specs=[
            spec(
                kept,
                QUOTE_SCHEMA,
                "Canonical quotes of the sessions and underlyings that passed; a blocked one has an empty file and "
                "its reasons in the status.",
            ),
            spec(bad, QUARANTINE_SCHEMA, "Every row that was kept out, with every reason that applies."),
        ],
        check_specs=[
            dg.AssetCheckSpec(
                CHECK,
                asset=kept,
                blocking=True,
                description=(
                    "The universe's suite (docs/guide/universes.md) over the profile of each session and underlying: "
                    "readable, present, complete, of its own session, no repeat, units, staleness, no-arbitrage, "
                    "gaps and outliers. Blocks where nothing is usable; each failed check is named below, the "
                    "contracts in Data Docs."
                ),
            )
        ],
        partitions_def=daily,
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=False,
    )
    def validated_quotes(
        context: dg.AssetExecutionContext,
        lake: LakeResource,
        sources: SourcesResource,
        database: DatabaseResource,
    ):
        days = partition_days(context)

        failures: list[ExpectationResult] = []

        def store(results: list[ExpectationResult]) -> None:
            failures.extend(r for r in results if not r.passed)
            database.write_quality([quality_row(universe, r) for r in results])

        statuses, quarantined = validate_days(
            universe,
            lake.open(),
            sources.provider(universe),
            days,
            universe_calendar(universe, days[-1]),
            store,
            # a rebuild from raw payloads judges the same again; the pages of the first time stay
            None if sources.replay else data_docs_folder(universe.name),
        )
        pictures: dict[str, Any] = {}
        if sessions := sessions_picture(statuses):
            pictures["sessions"] = sessions
        if heatmap := missing_quotes_picture(lake.open(), statuses):
            pictures["missing_quotes"] = picture(heatmap, "share of contracts without a bid or an ask")
        yield daily_result(context, statuses, kept, **pictures)
        yield daily_result(context, quarantined, bad)
        failed = [s for s in statuses if any(u.status != "ok" for u in s.underlyings.values())]
        if len(days) > 1:
            # one aggregate evaluation per day, so that the UI shows each; the details are in Postgres
            by_day: dict[dt.date, list[ExpectationResult]] = {}
            for failure in failures:
                by_day.setdefault(failure.trade_date, []).append(failure)
            for status in statuses:
                context.log_event(_day_event(universe, kept, status, by_day.get(status.trade_date, [])))
        yield _run_result(universe, kept, statuses, failed, failures, days)

    return validated_quotes


def _day_event(
    universe: UniverseSpec, key: dg.AssetKey, status: DayStatus, failures: Sequence[ExpectationResult]
) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=CHECK,
        passed=all(u.status == "ok" for u in status.underlyings.values()),
        # a logged evaluation blocks nothing; ERROR marks the days that have nothing usable
        severity=dg.AssetCheckSeverity.WARN if status.usable else dg.AssetCheckSeverity.ERROR,
        metadata=_evaluation(universe, status, failures),
        description=_verdict(status),
        partition=status.trade_date.isoformat(),
    )


def _run_result(
    universe: UniverseSpec,
    key: dg.AssetKey,
    statuses: list[DayStatus],
    failed: list[DayStatus],
    failures: Sequence[ExpectationResult],
    days: list[dt.date],
) -> dg.AssetCheckResult:
    usable = any(s.usable for s in statuses)
    if len(days) == 1:
        metadata = _evaluation(universe, statuses[0], failures)
    else:
        metadata = {
            "sessions": len(days),
            "sessions_with_something_kept_out": [s.trade_date.isoformat() for s in failed],
        }
        if table := objections(failures):
            metadata["checks_that_failed"] = table
        metadata |= _data_docs(universe, days[0], days[-1])
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=CHECK,
        passed=not failed,
        # ERROR blocks what is downstream in this run: only when the run has nothing usable at all
        severity=dg.AssetCheckSeverity.WARN if usable else dg.AssetCheckSeverity.ERROR,
        metadata=metadata,
        description=_verdict(statuses[0]) if len(days) == 1 else _run_verdict(failed, days),
    )
