"""``optix freshness``: the newest session of every universe against the newest that should be there."""

import datetime as dt
from pathlib import Path
from typing import Any

from optix_pipeline.cli.data_option import use_data_folder
from optix_pipeline.cli.output import print_json, print_table
from optix_pipeline.session import open_tables

#: how the table says a status
_SAID = {"unusable": "newest session unusable", "waiting": "no session yet"}


def show_freshness(*, data: Path | None, as_json: bool) -> None:
    """Look at the lake, show the board, keep it in Postgres.

    Raises
    ------
    SystemExit
        With 1 if an open universe is late.
    """
    use_data_folder(data)
    from optix_pipeline import freshness_board
    from optix_pipeline.catalog import load_catalog
    from resources.home import lake_uri
    from resources.lake.opening import open_lake

    catalog = load_catalog()
    now = dt.datetime.now(dt.UTC)
    board = freshness_board.look(catalog, catalog.universes.values(), open_lake(lake_uri()), now)
    if as_json:
        print_json([_document(found) for found in board])
    else:
        print_table(
            f"Newest sessions at {now:%Y-%m-%d %H:%M} UTC",
            ("universe", "expected", "present", "usable", "behind", "status"),
            [
                (
                    found.universe,
                    found.expected,
                    found.present,
                    found.usable,
                    found.behind,
                    _SAID.get(found.status, found.status),
                )
                for found in board
            ],
        )
    # shown first: a database that cannot be written must not hide that a universe is late
    freshness_board.keep(open_tables().write_freshness, board, now)
    late = [found for found in board if found.status == "late"]
    if late and not as_json:
        for found in late:
            since = (
                found.present + dt.timedelta(days=1)
                if found.present
                else catalog.universe(found.universe).start
            )
            print(f"{found.universe} is late; run: optix backfill {found.universe} --from {since}")
    if late:
        raise SystemExit(1)


def _document(found: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(found)
