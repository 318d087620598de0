"""``optix demo``: the whole chain end to end, from vendor files to tear sheets."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optix_pipeline.cli.data_option import use_data_folder
from optix_pipeline.cli.output import percent, print_json, print_table
from optix_pipeline.cli.progress import progress_bars
from optix_pipeline.session import Session, open_session, quiet_environment
from resources.home import generated_folder, optix_home

if TYPE_CHECKING:
    from optix_pipeline.catalog import Catalog
    from optix_pipeline.runner import Progress

GENERATED = ("demo_index", "demo_stock", "demo_coin")


def run_demo(*, data: Path | None, full: bool, workers: int | None, as_json: bool) -> None:
    """Generate the demo universes, ingest the universes that are traded, run every study, compare, say where it is.

    ``workers`` processes share the work; None takes as many as there are cores.
    """
    started = time.monotonic()
    use_data_folder(data)
    quiet_environment()
    from optix_pipeline.catalog import load_catalog
    from resources.generator.demo import generate_demo

    load_catalog()  # what is wrong with a YAML file shows before anything runs
    with progress_bars(quiet=as_json) as report, ThreadPoolExecutor(1) as beside:
        if not as_json:
            print(f"OPTIX demo: everything it makes goes to {optix_home()}")
        # the server's processes start on another core while the generator computes on this one
        opening = beside.submit(open_session)
        generate_demo(
            generated_folder(),
            full=full,
            progress=lambda name, done, total: report(f"{name}: vendor files generated", done, total),
        )
        # generated universes start where their files start
        catalog = traded(load_catalog())
        report("database", 0, 1)
        session = opening.result()
        report("database", 1, 1)
        _run_everything(catalog, session, workers, report)
    studies = [study_summary(session.database, name) for name in catalog.studies]
    summary = {
        "seconds": round(time.monotonic() - started, 1),
        "home": str(optix_home()),
        "studies": studies,
        "quality": session.database.quality_summary(),
        "tables": session.database.table_counts(),
    }
    if as_json:
        print_json(summary)
        return
    print_summary(summary)


def traded(catalog: "Catalog") -> "Catalog":
    """The catalog without the universes that no study trades: samples of a format are no part of the demo."""
    used = {study.universe for study in catalog.studies.values()}
    return replace(catalog, universes={n: u for n, u in catalog.universes.items() if n in used})


def _run_everything(catalog: "Catalog", session: Session, workers: int | None, report: "Progress") -> None:
    """Every universe that is traded and every study, then the comparison over all studies."""
    from optix_pipeline.definitions import build_definitions
    from optix_pipeline.runner import Runner
    from optix_pipeline.work_plan import plan
    from optix_pipeline.workers import run_tasks, usable_cores

    tags = {"optix/command": "demo"}
    runner = Runner(build_definitions(catalog=catalog), session.instance, catalog, report, tags)
    workers = workers or usable_cores()
    run_tasks(plan(catalog, workers), runner, workers=workers, tags=tags)
    runner.compare()


def study_summary(database: Any, study: str) -> dict[str, Any]:
    """The newest run of a study with its metrics and the place of its tear sheet."""
    from resources.home import tear_sheet_file

    row = database.runs(study=study)[0]
    return {
        "study": study,
        "run_id": str(row["id"]),
        "digest": row["result_digest"],
        "flags": row["flags"],
        "metrics": database.metrics(row["id"]),
        "tear_sheet": str(tear_sheet_file(study)),
    }


def print_summary(summary: dict[str, Any]) -> None:
    """The tables that end a demo."""
    print()
    print_metrics(summary["studies"])
    blocked = [q for q in summary["quality"] if q["status"] != "ok"]
    print_table(
        "Kept out of every layer (optix quality show UNIVERSE tells all reasons)",
        ("universe", "session", "underlying", "status", "why"),
        [(q["universe"], q["trade_date"], q["underlying"], q["status"], main_reason(q)) for q in blocked],
    )
    counts = {t: n for t, n in summary["tables"].items() if n}
    print(
        f"Postgres holds {sum(counts.values()):,} rows: " + ", ".join(f"{t} {n:,}" for t, n in counts.items())
    )
    print("\nTear sheets (open them in a browser):")
    for study in summary["studies"]:
        print(f"  {study['tear_sheet']}")
    print(f"\nThe whole chain took {summary['seconds']:.0f} s. Go on with:")
    print("  optix dev                 the Dagster UI on http://127.0.0.1:3000: lineage, partitions, checks")
    print("  optix lineage STUDY       walk a run back to its harvested files")
    print("  optix reproduce STUDY     rebuild a run from its raw payloads and compare digests")


def main_reason(verdict: dict[str, Any]) -> str:
    """The most telling of a session's reasons, without the words that its row says already."""
    reasons = [
        r.removeprefix(f"{verdict['underlying']} {verdict['trade_date']}: ") for r in verdict["reasons"]
    ]
    # where the payload itself says which session it is of, the other findings follow from that
    reasons.sort(key=lambda r: "belongs to session" not in r)
    more = f" (+{len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"{reasons[0]}{more}" if reasons else ""


def print_metrics(studies: list[dict[str, Any]]) -> None:
    """One row per study: the full period, and the Sharpe ratio of the stitched out-of-sample record."""
    rows = []
    for s in studies:
        full, oos = s["metrics"].get("full", {}), s["metrics"].get("out_of_sample", {})
        rows.append(
            (
                s["study"],
                percent(full.get("total_return")),
                percent(full.get("annual_volatility")),
                _ratio(full.get("sharpe_ratio")),
                _ratio(oos.get("sharpe_ratio")),
                percent(full.get("max_drawdown")),
                int(full.get("trade_count") or 0),
                percent(full.get("win_rate")),
                s["run_id"][:8],
                ", ".join(s["flags"] or []),
            )
        )
    header = ("study", "return", "volatility", "Sharpe", "oos", "drawdown", "trades", "won", "run", "flags")
    print_table("Metrics by study (oos: Sharpe of the walk-forward's out-of-sample record)", header, rows)


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
