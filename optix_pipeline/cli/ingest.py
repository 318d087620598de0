"""``optix harvest`` and ``optix run``."""

from pathlib import Path
from typing import Any

from optix_pipeline.cli.data_option import use_data_folder
from optix_pipeline.cli.errors import Stopped
from optix_pipeline.cli.output import print_json
from optix_pipeline.cli.progress import progress_bars
from optix_pipeline.cli.quality import check_document, print_verdicts, warnings_of_kept
from optix_pipeline.cli.session_range import parse_range, within
from optix_pipeline.session import Session, open_session

#: warnings that a harvest prints; a file with a systematic fault has some in every session
_WARNINGS = 15


def make_runner(catalog: Any, report: Any, command: str) -> tuple[Session, Any]:
    """This process's session, and the runner of a command's runs."""
    session = open_session()
    from optix_pipeline.definitions import build_definitions
    from optix_pipeline.runner import Runner

    definitions = build_definitions(catalog=catalog)
    return session, Runner(definitions, session.instance, catalog, report, {"optix/command": command})


def run_harvest(
    universe: str, first: str | None, last: str | None, *, data: Path | None, as_json: bool
) -> None:
    """Harvest and build the layers of a range of sessions; exit code 1 where not one of them is usable."""
    use_data_folder(data)
    start, end = parse_range(first, last)
    from optix_pipeline.catalog import load_catalog
    from optix_pipeline.failures import NothingUsableError
    from optix_pipeline.partitions import snapshot_session
    from optix_pipeline.runner import ingestion_steps
    from resources.home import lake_uri
    from resources.lake.opening import open_lake

    # what is wrong with the request shows before anything runs
    spec = load_catalog().universe(universe)
    if start is None and end is None and spec.provider.mode == "snapshot_only" and spec.end is None:
        start = end = snapshot_session(spec)
    open_lake(lake_uri())
    ingestion_steps(spec, start, end)
    nothing_usable = False
    try:
        with progress_bars(quiet=as_json) as report:
            ensure_generated(spec, report)
            catalog = load_catalog()
            session, runner = make_runner(catalog, report, "harvest")
            try:
                runs = runner.ingest(catalog.universe(universe), start, end)
            except NothingUsableError as error:
                # the verdicts say why, session by session
                nothing_usable, runs = True, error.runs
    except KeyboardInterrupt:
        raise Stopped(
            f"{universe}: stopped; what was finished stands, the same command does the rest"
        ) from None
    quality = [q for q in session.database.quality_summary(universe) if within(q["trade_date"], start, end)]
    failed = session.database.quality(universe, start=start, end=end, failed_only=True)
    if as_json:
        warnings = [check_document(row) for row in warnings_of_kept(quality, failed)]
        print_json({"universe": universe, "dagster_runs": runs, "quality": quality, "warnings": warnings})
    else:
        print_verdicts(universe, quality, failed, _WARNINGS)
    if nothing_usable:
        raise SystemExit(1)


def run_one_study(study: str, *, data: Path | None, as_json: bool) -> None:
    """Run one study on what has been ingested."""
    use_data_folder(data)
    from optix_pipeline.catalog import load_catalog
    from optix_pipeline.cli.demo import print_metrics, study_summary

    catalog = load_catalog()
    spec = catalog.study(study)
    check_ingested(spec, catalog)
    with progress_bars(quiet=as_json) as report:
        session, runner = make_runner(catalog, report, "run")
        runner.run_study(spec)
    summary = study_summary(session.database, study)
    if as_json:
        print_json(summary)
        return
    print_metrics([summary])
    print(f"tear sheet: {summary['tear_sheet']}")


def ensure_generated(universe: Any, report: Any) -> None:
    """Make the vendor files of a generated universe where none have been made yet; they take seconds."""
    from optix_pipeline.generated_history import generated_folder_of, generated_start
    from resources.generator.demo import generate_universe
    from resources.generator.demo_markets import DEMO_MARKETS
    from resources.home import generated_folder

    folder = generated_folder_of(universe, generated_folder())
    if folder is None or generated_start(universe, generated_folder()) is not None:
        return
    for market in DEMO_MARKETS:
        if market.name == folder.name:
            generate_universe(
                market,
                folder,
                progress=lambda name, done, total: report(f"{name}: vendor files generated", done, total),
            )


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
