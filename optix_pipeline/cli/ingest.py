"""``optix harvest`` and ``optix run``."""

import datetime as dt
from pathlib import Path
from typing import Any

from optix_pipeline.cli.data_option import use_data_folder
from optix_pipeline.cli.output import print_json, print_table
from optix_pipeline.cli.progress import progress_bars
from optix_pipeline.session import Session, open_session


def parse_day(text: str | None, option: str) -> dt.date | None:
    """A date option.

    Raises
    ------
    ValueError
        If it is no ISO date.
    """
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{option} {text}: not a date; write YYYY-MM-DD") from None


def _runner(report: Any, command: str) -> tuple[Session, Any, Any]:
    from optix_pipeline.catalog import load_catalog

    catalog = load_catalog()
    session = open_session()
    from optix_pipeline.definitions import build_definitions
    from optix_pipeline.runner import Runner

    definitions = build_definitions(catalog=catalog)
    return (
        session,
        catalog,
        Runner(definitions, session.instance, catalog, report, {"optix/command": command}),
    )


def run_harvest(
    universe: str, first: str | None, last: str | None, *, data: Path | None, as_json: bool
) -> None:
    """Harvest and build the layers of a range of sessions."""
    use_data_folder(data)
    start, end = parse_day(first, "--from"), parse_day(last, "--to")
    if start and end and end < start:
        raise ValueError(f"--to {end} is before --from {start}")
    with progress_bars(quiet=as_json) as report:
        session, catalog, runner = _runner(report, "harvest")
        spec = catalog.universe(universe)
        runs = runner.ingest(spec, start, end)
    quality = [
        q
        for q in session.database.quality_summary(universe)
        if (start is None or q["trade_date"] >= start) and (end is None or q["trade_date"] <= end)
    ]
    if as_json:
        print_json({"universe": universe, "dagster_runs": runs, "quality": quality})
        return
    kept = sum(q["status"] == "ok" for q in quality)
    print(f"{universe}: {kept} of {len(quality)} (session, underlying) pairs are usable")
    print_table(
        "kept out",
        ("session", "underlying", "status", "why"),
        [
            (q["trade_date"], q["underlying"], q["status"], "; ".join(q["reasons"]))
            for q in quality
            if q["status"] != "ok"
        ],
    )


def run_one_study(study: str, *, data: Path | None, as_json: bool) -> None:
    """Run one study on what has been ingested."""
    use_data_folder(data)
    from optix_pipeline.cli.demo import print_metrics, study_summary

    with progress_bars(quiet=as_json) as report:
        session, catalog, runner = _runner(report, "run")
        spec = catalog.study(study)
        check_ingested(spec, catalog)
        runner.run_study(spec)
    summary = study_summary(session.database, study)
    if as_json:
        print_json(summary)
        return
    print_metrics([summary])
    print(f"tear sheet: {summary['tear_sheet']}")


def check_ingested(study: Any, catalog: Any) -> None:
    """A study on a universe without data fails before anything runs.

    Raises
    ------
    LookupError
        Naming the months that are missing and the command that makes them.
    """
    from assets.chain_history import months_between
    from assets.chain_month import read_month_status
    from assets.day_status import MissingLayerError
    from resources.home import lake_uri
    from resources.lake.opening import open_lake

    universe = catalog.universe(study.universe)
    lake = open_lake(lake_uri())
    missing = []
    for month in months_between(study.period.start, study.period.end):
        try:
            read_month_status(universe, lake, month)
        except MissingLayerError:
            missing.append(f"{month:%Y-%m}")
    if missing:
        raise LookupError(
            f"study {study.name}: universe {universe.name} has no data for {', '.join(missing)}; "
            f"run: optix harvest {universe.name}"
        )
