"""The freshness board: every universe by what its lake holds, kept in Postgres for whoever watches."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from assets.freshness import Freshness, universe_freshness
from optix_pipeline.catalog import Catalog
from optix_pipeline.jobs import harvest_tick
from resources.lake.lake import Lake
from resources.universe import UniverseSpec

Writer = Callable[[Iterable[Mapping[str, Any]]], object]


def look(
    catalog: Catalog, universes: Iterable[UniverseSpec], lake: Lake, now: dt.datetime
) -> list[Freshness]:
    """Where these universes stand at an instant, by name."""
    return [
        universe_freshness(universe, harvest_tick(catalog, universe), lake, now)
        for universe in sorted(universes, key=lambda u: u.name)
    ]


def keep(write: Writer, board: Iterable[Freshness], now: dt.datetime) -> None:
    """Upsert the board; ``write`` is ``write_freshness`` of the database or of its resource."""
    write([{**asdict(found), "checked_at": now} for found in board])


def look_and_keep(catalog: Catalog, universe: UniverseSpec, lake: Lake, write: Writer) -> None:
    """Bring one universe's row up to date."""
    now = dt.datetime.now(dt.UTC)
    keep(write, look(catalog, [universe], lake, now), now)
