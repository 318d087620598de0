"""``optix quality release``, ``revoke`` and ``releases``: what was kept out is let through, on record."""

import datetime as dt
import getpass
from collections.abc import Sequence
from typing import Any

from optix_pipeline.cli.output import print_json, print_table
from optix_pipeline.cli.progress import progress_bars
from optix_pipeline.cli.results import current_database
from optix_pipeline.cli.session_range import parse_day


def make_release(
    universe: str,
    underlying: str,
    first: str,
    last: str | None,
    reasons: Sequence[str],
    fix: str,
    because: str,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Keep a release, write it to the audit, and build its sessions again.

    With ``dry_run`` only say what it would let through.
    """
    from resources.data_quality.releases import Release, ReleaseStore

    spec, lake = _universe_and_lake(universe)
    spec.underlying(underlying)
    start = parse_day(first, "--from")
    release = Release(
        universe=universe,
        underlying=underlying,
        first=start,
        last=parse_day(last, "--to") if last else start,
        reasons=tuple(reasons),
        fix=fix,
        because=because,
        released_by=getpass.getuser(),
        released_at=dt.datetime.now(dt.UTC),
    )
    expected = would_release(spec, lake, release)
    if dry_run:
        _show(universe, release, expected, as_json=as_json)
        if not as_json:
            print("nothing was changed; leave out --dry-run to release them")
        return
    if not any(entry["rows"] for entry in expected):
        raise LookupError(
            f"{universe} {underlying} has nothing between {release.first} and {release.last} that this release "
            "would let through; see: optix quality explain"
        )
    database = current_database()
    kept = ReleaseStore(lake, universe).add(release)
    database.write_releases([kept.row()])
    _rebuild(spec, kept.first, kept.last, as_json=as_json)
    _show(universe, kept, expected, as_json=as_json)


def take_back(universe: str, release_id: str, because: str, *, as_json: bool) -> None:
    """Revoke a release and build its sessions again without it."""
    from resources.data_quality.releases import ReleaseStore

    spec, lake = _universe_and_lake(universe)
    database = current_database()
    revoked = ReleaseStore(lake, universe).revoke(
        release_id, by=getpass.getuser(), at=dt.datetime.now(dt.UTC), because=because
    )
    database.write_releases([revoked.row()])
    _rebuild(spec, revoked.first, revoked.last, as_json=as_json)
    if as_json:
        print_json({"revoked": revoked.id})
        return
    print(f"{universe}: release {revoked.id} is revoked; its sessions were built again without it")


def show_releases(universe: str, *, as_json: bool) -> None:
    """Every release of a universe, those that were revoked too."""
    from resources.data_quality.releases import ReleaseStore

    _, lake = _universe_and_lake(universe)
    found = ReleaseStore(lake, universe).all()
    if as_json:
        print_json([release.row() for release in found])
        return
    if not found:
        print(f"{universe} has no releases")
        return
    print_table(
        f"{universe}: releases",
        ("id", "underlying", "from", "to", "reasons", "fix", "by", "at", "because"),
        [
            (
                *(r.id, r.underlying, r.first, r.last, ", ".join(r.reasons), r.fix, r.released_by),
                f"{r.released_at:%Y-%m-%d %H:%M}",
                r.because + (f" (revoked by {r.revoked_by}: {r.revoked_because})" if r.revoked_at else ""),
            )
            for r in found
        ],
    )


def would_release(spec: Any, lake: Any, release: Any) -> list[dict[str, Any]]:
    """By session, how many quarantined rows would pass: the payloads are parsed and judged again."""
    from pathlib import Path

    from assets.day_status import MissingLayerError, read_status
    from assets.release_preview import released_rows
    from assets.underlying_prices import universe_calendar
    from assets.validation import QUARANTINED
    from resources.providers.registry import make_provider

    # parsing what is stored needs no folder
    provider = make_provider(spec, Path())
    found = []
    sessions = universe_calendar(spec, release.last).sessions()
    for day in (d for d in sessions if release.first <= d <= release.last):
        try:
            held = read_status(lake, spec, QUARANTINED, day).underlyings.get(release.underlying)
        except MissingLayerError:
            continue
        if held is not None and held.rows:
            rows = released_rows(spec, lake, provider, day, release)
            found.append({"session": day, "quarantined": held.rows, "rows": rows})
    return found


def _show(universe: str, release: Any, expected: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json({"release": release.id, "sessions": expected})
        return
    print_table(
        f"{universe} {release.underlying}: release {release.id} ({', '.join(release.reasons)}, {release.fix})",
        ("session", "quarantined", "released"),
        [(e["session"], e["quarantined"], e["rows"]) for e in expected],
    )


def _universe_and_lake(universe: str) -> tuple[Any, Any]:
    from optix_pipeline.catalog import load_catalog
    from resources.home import lake_uri
    from resources.lake.opening import open_lake

    return load_catalog().universe(universe), open_lake(lake_uri())


def _rebuild(spec: Any, first: dt.date, last: dt.date, *, as_json: bool) -> None:
    from optix_pipeline.catalog import load_catalog
    from optix_pipeline.cli.ingest import make_runner

    with progress_bars(quiet=as_json) as report:
        _, runner = make_runner(load_catalog(), report, "quality release")
        runner.ingest(spec, first, last)
