"""``optix results`` and ``optix lineage``."""

from typing import Any

from optix_pipeline.cli.output import percent, print_json, print_table
from optix_pipeline.session import quiet_environment

#: columns of a terminal that shows every column of the table of runs
WIDE = 118


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
    print_runs(documents)


def print_runs(documents: list[dict[str, Any]]) -> None:
    """One row per run; a narrow terminal gets fewer columns, and the flags below the table."""
    from rich.console import Console

    console = Console()
    narrow = console.is_terminal and console.width < WIDE
    table = []
    for d in documents:
        full, oos = d["metrics"].get("full", {}), d["metrics"].get("out_of_sample", {})
        row = {
            "run": str(d["id"])[:8],
            "study": d["study"],
            "completed": f"{d['completed_at']:%Y-%m-%d %H:%M}" if d["completed_at"] else "–",
            "return": percent(full.get("total_return")),
            "Sharpe": _ratio(full.get("sharpe_ratio")),
            "oos": _ratio(oos.get("sharpe_ratio")),
            "drawdown": percent(full.get("max_drawdown")),
            "trades": int(full.get("trade_count") or 0),
            "coverage": percent(full.get("quote_coverage")),
        }
        table.append({k: v for k, v in row.items() if not (narrow and k in ("completed", "oos", "coverage"))})
    title = "Runs, newest first" + ("" if narrow else " (oos: Sharpe of the out-of-sample record)")
    print_table(title, tuple(table[0]), [tuple(row.values()) for row in table])
    for d in documents:
        if d["flags"]:
            print(f"{str(d['id'])[:8]} is flagged: {', '.join(d['flags'])}")


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


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
    print(f"  inputs {run['inputs_digest']}\n  seed   {run['seed']}")
    print_table(
        "Read by the engine", ("file in the lake", "sha256"), [(r["path"], r["sha256"][:12]) for r in layers]
    )
    print_harvests(records)


def print_harvests(records: list[dict[str, Any]]) -> None:
    """Every file that was received, once, with the sessions that it served."""
    sessions: dict[tuple[str, str], list[str]] = {}
    for record in sorted(records, key=lambda r: (r["key"], r["path"])):
        for part in record["parts"]:
            sessions.setdefault((part["source"], part["sha256"]), []).append(record["key"])
    folder = _common_folder([source for source, _ in sessions])
    rows = [
        (_span(keys), source.removeprefix(folder).lstrip("/"), sha256[:12])
        for (source, sha256), keys in sorted(sessions.items(), key=lambda item: (item[1][0], item[0]))
    ]
    print_table(
        f"Harvested: {len(records)} records of {len(rows)} files", ("session", "file", "sha256"), rows
    )
    print(f"received from {folder}")


def _common_folder(sources: list[str]) -> str:
    """The folder that all paths or addresses share."""
    shared = []
    for names in zip(*(source.split("/")[:-1] for source in sources), strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return "/".join(shared)


def _span(keys: list[str]) -> str:
    return keys[0] if len(keys) == 1 else f"{keys[0]} to {keys[-1]}"
