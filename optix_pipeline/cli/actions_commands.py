"""``optix actions``: the commands and their options; the work is in modules that they import."""

from pathlib import Path
from typing import Annotated

import typer

actions = typer.Typer(
    help="Corporate actions: what is recorded, what happened to a contract, new records.",
    no_args_is_help=True,
)

Universe = Annotated[str, typer.Argument(help="Name of the universe.")]
Underlying = Annotated[str | None, typer.Option("--underlying", help="Only this underlying.")]
First = Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First effective date.")]
Last = Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="Last effective date.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
DataFolder = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Folder of real market data; adds the universes of examples/ (OPTIX_REAL_DATA)."
    ),
]


@actions.command("list")
def list_(
    universe: Universe,
    underlying: Underlying = None,
    first: First = None,
    last: Last = None,
    data: DataFolder = None,
    json: Json = False,
) -> None:
    """Every event with what it does to option contracts, and those whose memo is missing."""
    from optix_pipeline.cli.actions_list import list_actions

    list_actions(universe, underlying, first, last, data=data, as_json=json)


@actions.command()
def explain(
    universe: Universe,
    contract: Annotated[
        str, typer.Argument(help="OSI symbol (AAPL140613C00090710), or the contract_id of a row in the lake.")
    ],
    on: Annotated[
        str | None,
        typer.Option(
            "--on", metavar="YYYY-MM-DD", help="Session on which it is listed so.", show_default="the last"
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="YYYY-MM-DD", help="Tell the events up to this day.", show_default="its expiry"
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Also each event that changed nothing.")] = False,
    data: DataFolder = None,
    json: Json = False,
) -> None:
    """What happened to a contract and why, step by step."""
    from optix_pipeline.cli.actions_explain import explain_contract

    explain_contract(universe, contract, on, until, every=every, data=data, as_json=json)


@actions.command("import")
def import_(
    universe: Universe,
    file: Annotated[Path, typer.Argument(help="File of one of the formats of corporate actions.")],
    format_: Annotated[str, typer.Option("--format", help="Its format (docs/guide/universes.md).")],
    to: Annotated[
        Path, typer.Option("--to", help="The memos_yaml file that takes the new events; made if absent.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be added, write nothing.")
    ] = False,
    data: DataFolder = None,
    json: Json = False,
) -> None:
    """Check a file of events and add those of the universe's underlyings to a file of records."""
    from optix_pipeline.cli.actions_import import import_actions

    import_actions(universe, file, format_, to, dry_run=dry_run, data=data, as_json=json)


@actions.command()
def draft(
    universe: Universe,
    underlying: Annotated[str, typer.Argument(help="Whose event.")],
    date: Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="Its effective date.")],
    root: Annotated[
        str | None,
        typer.Option("--root", help="Only this root, an adjusted one perhaps.", show_default="every root"),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option("--method", help="Where kind and date leave several: strike_and_deliverable, ..."),
    ] = None,
    data: DataFolder = None,
) -> None:
    """Print the memo that an event needs, by the clearing house's methods, to check and record."""
    from optix_pipeline.cli.actions_draft import draft_memos

    draft_memos(universe, underlying, date, root, method, data=data)
