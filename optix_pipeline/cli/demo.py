"""``optix demo``: the whole chain end to end, from vendor files to tear sheets."""

import time
from pathlib import Path
from typing import Any

from optix_pipeline.cli.data_option import use_data_folder
from optix_pipeline.cli.output import percent, print_json, print_table
from optix_pipeline.cli.progress import progress_bars
from optix_pipeline.session import open_session, quiet_environment
from resources.home import generated_folder, optix_home

GENERATED = ("demo_index", "demo_stock", "demo_coin")


def run_demo(*, data: Path | None, full: bool, as_json: bool) -> None:
    """Generate the demo universes, ingest every universe, run every study, compare them, say where things are."""
    started = time.monotonic()
    use_data_folder(data)
    quiet_environment()
    from optix_pipeline.catalog import load_catalog
    from resources.generator.demo import generate_demo

    catalog = load_catalog()
    with progress_bars(quiet=as_json) as report:
        if not as_json:
            print(f"OPTIX demo: everything it makes goes to {optix_home()}")
        generate_demo(generated_folder(), full=full, progress=report)
        report("database", 0, 1)
        session = open_session()
        report("database", 1, 1)
        from optix_pipeline.definitions import build_definitions
        from optix_pipeline.runner import Runner

        runner = Runner(
            build_definitions(catalog=catalog), session.instance, catalog, report, {"optix/command": "demo"}
        )
        for universe in catalog.universes.values():
            runner.ingest(universe)
        for study in catalog.studies.values():
            runner.run_study(study)
        runner.compare()
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


def study_summary(database: Any, study: str) -> dict[str, Any]:
    """The newest run of a study with its metrics and the place of its tear sheet."""
    from assets.tear_sheet import local_copy

    row = database.runs(study=study)[0]
    return {
        "study": study,
        "run_id": str(row["id"]),
        "digest": row["result_digest"],
        "flags": row["flags"],
        "metrics": database.metrics(row["id"]),
        "tear_sheet": str(local_copy(study)),
    }


def print_summary(summary: dict[str, Any]) -> None:
    """The tables that end a demo."""
    print_metrics(summary["studies"])
    blocked = [q for q in summary["quality"] if q["status"] != "ok"]
    print_table(
        "kept out of every layer (the details: optix quality)",
        ("universe", "underlying", "session", "why"),
        [(q["universe"], q["underlying"], q["trade_date"], "; ".join(q["reasons"])) for q in blocked],
    )
    counts = summary["tables"]
    print(
        f"\nPostgres holds {sum(counts.values()):,} rows: "
        + ", ".join(f"{t} {n:,}" for t, n in counts.items())
    )
    print("\nTear sheets (open them in a browser):")
    for study in summary["studies"]:
        print(f"  {study['tear_sheet']}")
    print(f"\nThe whole chain took {summary['seconds']:.0f} s. Go on with:")
    print("  optix dev                 the Dagster UI: lineage, partitions, checks, on http://127.0.0.1:3000")
    print("  optix lineage STUDY       walk a run back to its harvested files")
    print("  optix reproduce STUDY     rebuild a run from its raw payloads and compare digests")


def print_metrics(studies: list[dict[str, Any]]) -> None:
    """One row per study."""
    rows = []
    for s in studies:
        full, oos = s["metrics"].get("full", {}), s["metrics"].get("out_of_sample", {})
        rows.append(
            (
                s["study"],
                percent(full.get("total_return")),
                percent(full.get("annual_return")),
                percent(full.get("annual_volatility")),
                full.get("sharpe_ratio"),
                oos.get("sharpe_ratio"),
                percent(full.get("max_drawdown")),
                full.get("trade_count"),
                percent(full.get("win_rate")),
                percent(full.get("quote_coverage")),
                s["run_id"][:8],
            )
        )
    header = ("study", "return", "a year", "volatility", "Sharpe", "Sharpe out of sample", "max drawdown",
              "trades", "won", "coverage", "run")  # fmt: skip
    print_table("metrics by study", header, rows)
