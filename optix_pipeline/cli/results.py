"""``optix results`` and ``optix lineage``."""

from typing import Any

from optix_pipeline.cli.output import percent, print_json, print_table
from optix_pipeline.session import quiet_environment


def current_database() -> Any:
    """OPTIX's database, which must be at the newest revision."""
    quiet_environment()
    from resources.database.database import open_database

    database = open_database()
    database.require_current()
    return database


def show_results(study: str | None, *, as_json: bool) -> None:
    """Runs and their metrics, newest first."""
    database = current_database()
    rows = database.runs(study=study)
    if not rows:
        what = f"study {study} has" if study else "there are"
        raise LookupError(f"{what} no stored runs; run: optix run {study or 'STUDY'}")
    documents = [{**row, "metrics": database.metrics(row["id"])} for row in rows]
    if as_json:
        print_json(documents)
        return
    table = []
    for d in documents:
        full, oos = d["metrics"].get("full", {}), d["metrics"].get("out_of_sample", {})
        table.append(
            (
                str(d["id"])[:8],
                d["study"],
                f"{d['completed_at']:%Y-%m-%d %H:%M}" if d["completed_at"] else "–",
                percent(full.get("total_return")),
                full.get("sharpe_ratio"),
                oos.get("sharpe_ratio"),
                percent(full.get("max_drawdown")),
                full.get("trade_count"),
                percent(full.get("quote_coverage")),
                ", ".join(d["flags"] or []),
            )
        )
    header = ("run", "study", "completed", "return", "Sharpe", "Sharpe out of sample", "max drawdown", "trades",
              "coverage", "flags")  # fmt: skip
    print_table("runs", header, table)


def find_run(database: Any, name: str) -> dict[str, Any]:
    """The run with this id or unique beginning of it, or the newest of the study with this name."""
    rows: list[dict[str, Any]] = database.runs(study=name)
    if rows:
        return rows[0]
    found: dict[str, Any] = database.run(name)
    return found


def show_lineage(run_id: str, *, as_json: bool) -> None:
    """From a run to its compacted months, the harvest records behind them, and the files that were received."""
    from resources.home import lake_uri
    from resources.lake.opening import open_lake

    database = current_database()
    run = find_run(database, run_id)
    inputs = database.run_inputs(run["id"])
    lake = open_lake(lake_uri())
    records = []
    for row in inputs:
        if row["kind"] != "raw":
            continue
        record = lake.read_json(row["path"])
        records.append(
            {"path": row["path"], "digest": row["sha256"], "key": record["key"], "parts": record["parts"]}
        )
    layers = [r for r in inputs if r["kind"] == "layer"]
    if as_json:
        print_json({"run": run, "layers": layers, "harvests": records})
        return
    print(f"run {run['id']} of {run['study']}")
    print(f"  result {run['result_digest']}\n  study  {run['study_digest']}\n  code   {run['code_digest']}")
    print(f"  inputs {run['inputs_digest']}, seed {run['seed']}")
    print_table(
        "read by the engine", ("file in the lake", "sha256"), [(r["path"], r["sha256"][:16]) for r in layers]
    )
    rows = [
        (r["key"], part["source"], part["sha256"][:16])
        for r in sorted(records, key=lambda r: (r["key"], r["path"]))
        for part in r["parts"]
    ]
    print_table(f"harvested ({len(records)} records)", ("session", "received from", "sha256"), rows)
