"""``optix``: the command line. Commands live in modules of their own and are imported when they run."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from optix_pipeline.cli.actions_commands import actions
from optix_pipeline.cli.quality_commands import quality

app = typer.Typer(
    name="optix",
    help="Harvest, validate, adjust, enrich and backtest option quotes, with lineage down to the harvested byte.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="OPTIX's own tables in Postgres.", no_args_is_help=True)
app.add_typer(db, name="db")
app.add_typer(quality, name="quality")
app.add_typer(actions, name="actions")
lake = typer.Typer(
    help="The lake: what it holds, whether it is intact, repair, archive.", no_args_is_help=True
)
app.add_typer(lake, name="lake")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
DataFolder = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Folder of real market data; adds the universes of examples/ (OPTIX_REAL_DATA)."
    ),
]
First = Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First session.")]
Last = Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="Last session.")]

Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes that share the work.", show_default="one a core")
]


@app.command()
def demo(
    data: DataFolder = None,
    full: Annotated[bool, typer.Option("--full", help="Three years of every generated universe.")] = False,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Run the whole chain end to end: harvest, backtests, metrics in Postgres, tear sheets."""
    from optix_pipeline.cli.demo import run_demo

    run_demo(data=data, full=full, workers=workers, as_json=json)


@app.command()
def dev(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Dagster UI on 127.0.0.1.")] = 3000,
    documents_port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            help="Port of Data Docs and tear sheets on 127.0.0.1, for the links in the UI; the next.",
        ),
    ] = None,
    data: DataFolder = None,
) -> None:
    """Dagster UI, daemon and embedded Postgres in one process tree; Ctrl-C stops it all."""
    from optix_pipeline.cli.dev import run_dev

    run_dev(port=port, documents_port=documents_port, data=data)


@app.command()
def harvest(
    universe: Annotated[str, typer.Argument(help="Name of the universe.")],
    first: First = None,
    last: Last = None,
    data: DataFolder = None,
    json: Json = False,
) -> None:
    """Harvest a universe's sessions and build every layer up to the compacted months."""
    from optix_pipeline.cli.ingest import run_harvest

    run_harvest(universe, first, last, data=data, as_json=json)


@app.command()
def backfill(
    universe: Annotated[str, typer.Argument(help="Name of the universe.")],
    first: First = None,
    last: Last = None,
    workers: Workers = None,
    chunk: Annotated[
        int,
        typer.Option(min=1, metavar="SESSIONS", help="Most sessions of one run; a month is never split."),
    ] = 62,
    force: Annotated[bool, typer.Option("--force", help="Also rebuild what is complete.")] = False,
    data: DataFolder = None,
    json: Json = False,
) -> None:
    """Build a long history in bounded runs; stopped or killed, the same command goes on where it was."""
    from optix_pipeline.cli.backfill import run_backfill

    run_backfill(universe, first, last, workers=workers, chunk=chunk, force=force, data=data, as_json=json)


@app.command()
def run(
    study: Annotated[str, typer.Argument(help="Name of the study.")],
    data: DataFolder = None,
    json: Json = False,
) -> None:
    """Run every asset of one study: backtest, walk-forward, Monte Carlo, metrics, tear sheet."""
    from optix_pipeline.cli.ingest import run_one_study

    run_one_study(study, data=data, as_json=json)


@app.command()
def freshness(data: DataFolder = None, json: Json = False) -> None:
    """Each universe's newest session against the newest that should be there; ends with 1 if one is late."""
    from optix_pipeline.cli.freshness import show_freshness

    show_freshness(data=data, as_json=json)


@app.command()
def generate(
    folder: Annotated[
        Path | None, typer.Argument(help="New folder for the set; with --score one that holds a set.")
    ] = None,
    spec: Annotated[Path | None, typer.Option(help="YAML file that describes the market.")] = None,
    market: Annotated[str | None, typer.Option(help="A standard market: index, stock or coin.")] = None,
    first: First = None,
    last: Last = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Another seed than the market's.")] = None,
    contracts: Annotated[int | None, typer.Option(help="Quotes a session, about.")] = None,
    defects: Annotated[
        str | None, typer.Option(metavar="all|none|KIND=COUNT,...", help="What to plant; all by default.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Three years of the standard market.")] = False,
    score: Annotated[
        bool, typer.Option("--score", help="Score the quality suite: precision and recall by kind of defect.")
    ] = False,
    seeds: Annotated[
        int, typer.Option(min=1, max=20, help="Seeds of each market, for --score without a folder.")
    ] = 1,
    json: Json = False,
) -> None:
    """Generate a market with planted defects, corporate actions and known profit; or score the checks on it."""
    from optix_pipeline.cli.generate import generate_or_score

    generate_or_score(
        folder,
        spec=spec,
        market=market,
        first=first,
        last=last,
        seed=seed,
        contracts=contracts,
        defects=defects,
        full=full,
        score=score,
        seeds=seeds,
        as_json=json,
    )


@app.command()
def results(
    study: Annotated[str | None, typer.Argument(help="Only this study.")] = None, json: Json = False
) -> None:
    """Runs and their metrics, newest first."""
    from optix_pipeline.cli.results import show_results

    show_results(study, as_json=json)


@app.command()
def lineage(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="Run id, a unique beginning of it, or a study.")
    ],
    json: Json = False,
) -> None:
    """Walk a run back to its harvested files."""
    from optix_pipeline.cli.results import show_lineage

    show_lineage(run_id, as_json=json)


@app.command()
def reproduce(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="Run id, a unique beginning of it, or a study.")
    ],
    data: DataFolder = None,
    json: Json = False,
) -> None:
    """Rebuild a run from its raw payloads in an empty scratch lake and compare digests."""
    from optix_pipeline.cli.reproduce import run_reproduce

    run_reproduce(run_id, data=data, as_json=json)


@app.command()
def doctor(data: DataFolder = None, json: Json = False) -> None:
    """Check Python, database, lake, data, studies and free disk; say how to fix each."""
    from optix_pipeline.cli.doctor import run_doctor

    run_doctor(data=data, as_json=json)


@db.command()
def upgrade(json: Json = False) -> None:
    """Bring the tables to the newest revision."""
    from optix_pipeline.cli.db import run_upgrade

    run_upgrade(as_json=json)


@db.command()
def status(json: Json = False) -> None:
    """Revision and row counts."""
    from optix_pipeline.cli.db import show_status

    show_status(as_json=json)


OneUniverse = Annotated[str | None, typer.Argument(metavar="[UNIVERSE]", help="Only this universe.")]


@lake.command("list")
def lake_list(universe: OneUniverse = None, json: Json = False) -> None:
    """Layers with their partitions, files and bytes."""
    from optix_pipeline.cli.lake import show_lake

    show_lake(universe, as_json=json)


@lake.command("verify")
def lake_verify(universe: OneUniverse = None, json: Json = False) -> None:
    """Read every file again and compare it with the digest that its record states."""
    from optix_pipeline.cli.lake import verify_lake

    verify_lake(universe, as_json=json)


@lake.command("repair")
def lake_repair(universe: OneUniverse = None, data: DataFolder = None, json: Json = False) -> None:
    """Rebuild damaged layers from raw; fetch damaged payloads again where the source has the same bytes."""
    from optix_pipeline.cli.lake import repair_lake

    repair_lake(universe, data=data, as_json=json)


@lake.command("archive")
def lake_archive(
    universe: OneUniverse = None,
    policy: Annotated[Path | None, typer.Option(help="YAML file with the rule of each layer.")] = None,
    keep_days: Annotated[
        int | None, typer.Option(min=0, help="Without a policy: days that stay in the lake.")
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="URI", help="With --keep-days: the archive.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen, change nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Copy old partitions to another bucket, region or folder; delete here only what was read back from there."""
    from optix_pipeline.cli.lake import archive_lake

    archive_lake(universe, policy=policy, keep_days=keep_days, to=to, dry_run=dry_run, as_json=json)


@lake.command("restore")
def lake_restore(
    universe: Annotated[str, typer.Argument(help="Name of the universe.")],
    first: First = None,
    last: Last = None,
    json: Json = False,
) -> None:
    """Bring archived partitions back into the lake, each file compared with its receipt."""
    from optix_pipeline.cli.lake import restore_lake

    restore_lake(universe, first, last, as_json=json)


def main() -> None:
    """Run a command; what is wrong with the input is one line on stderr, never a traceback."""
    from optix_pipeline.cli.errors import expected_errors

    try:
        app()
    except (KeyError, IndexError):
        raise  # a mistake of ours, not of the input: show where
    except expected_errors() as error:
        print(f"optix: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except SystemExit as end:
        if end.code == 130:  # typer's word for Ctrl-C, said without a word
            print(f"optix: {getattr(end, 'sentence', 'stopped')}", file=sys.stderr)
        raise


if __name__ == "__main__":
    main()
