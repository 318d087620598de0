"""``optix quality``: the commands and their options; the work is in modules that they import."""

from typing import Annotated

import typer

quality = typer.Typer(
    help="What was kept out and why; let it through by a rule, on record.", no_args_is_help=True
)

Universe = Annotated[str, typer.Argument(help="Name of the universe.")]
Session = Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="The session.")]
Underlying = Annotated[str | None, typer.Option("--underlying", help="Only this underlying.")]
First = Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First session.")]
Last = Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="Last session.")]
Because = Annotated[str, typer.Option("--because", help="Why, for those who read it later.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]


@quality.command()
def show(universe: Universe, first: First = None, last: Last = None, json: Json = False) -> None:
    """Sessions that were kept out and why, and the checks that failed on the others."""
    from optix_pipeline.cli.quality import show_quality

    show_quality(universe, first, last, as_json=json)


@quality.command()
def explain(universe: Universe, session: Session, underlying: Underlying = None, json: Json = False) -> None:
    """Every check of one session with what it saw, and the reasons of its quarantined rows."""
    from optix_pipeline.cli.quality_explain import explain_session

    explain_session(universe, session, underlying, as_json=json)


@quality.command()
def rows(
    universe: Universe,
    session: Session,
    underlying: Underlying = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Only rows with this reason.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows to print.")] = 40,
    json: Json = False,
) -> None:
    """Quarantined rows of one session, as they were received, with every reason."""
    from optix_pipeline.cli.quality_explain import list_rows

    list_rows(universe, session, underlying, reason, limit, as_json=json)


@quality.command()
def release(
    universe: Universe,
    underlying: Annotated[str, typer.Option("--underlying", help="Whose quotes.")],
    first: Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help="First session.")],
    reason: Annotated[list[str], typer.Option("--reason", help="Answered; may be given several times.")],
    because: Because,
    last: Annotated[
        str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="Last session.", show_default="the first")
    ] = None,
    fix: Annotated[
        str, typer.Option("--fix", help="accept, swap_bid_ask, null:COLUMNS or scale:COLUMNS=FACTOR.")
    ] = "accept",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would let through.")] = False,
    json: Json = False,
) -> None:
    """Let quarantined quotes through, mended by a rule, and build their sessions again."""
    from optix_pipeline.cli.quality_release import make_release

    make_release(universe, underlying, first, last, reason, fix, because, dry_run=dry_run, as_json=json)


@quality.command()
def revoke(
    universe: Universe,
    release_id: Annotated[str, typer.Argument(metavar="RELEASE", help="Id, or its unique beginning.")],
    because: Because,
    json: Json = False,
) -> None:
    """Take a release back and build its sessions again without it."""
    from optix_pipeline.cli.quality_release import take_back

    take_back(universe, release_id, because, as_json=json)


@quality.command()
def releases(universe: Universe, json: Json = False) -> None:
    """Every release of a universe, revoked ones too: who, when, why."""
    from optix_pipeline.cli.quality_release import show_releases

    show_releases(universe, as_json=json)
