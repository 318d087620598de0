"""``optix lake``: what the lake holds, whether it is intact, its repair and its archive."""

import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import Any

from optix_pipeline.cli.data_option import use_data_folder
from optix_pipeline.cli.output import print_json, print_table
from optix_pipeline.cli.progress import progress_bars
from optix_pipeline.cli.session_range import parse_range


def current_lake() -> Any:
    """The lake that OPTIX_LAKE_URI names."""
    from resources.home import lake_uri
    from resources.lake.opening import open_lake

    return open_lake(lake_uri())


def show_lake(universe: str | None, *, as_json: bool) -> None:
    """Layers, partitions, files and bytes."""
    from optix_pipeline.lake.inventory import layers, sorted_files

    lake = current_lake()
    found = layers(sorted_files(lake, universe).items())
    if as_json:
        print_json({"lake": lake.uri, "layers": [asdict(layer) for layer in found]})
        return
    print_table(
        f"{lake.uri}: {sum(x.files for x in found):,} files, {_megabytes(sum(x.size for x in found))} MB",
        ("owner", "layer", "partitions", "first", "last", "files", "MB"),
        [
            (x.owner, _layer_name(x.asset, x.raw), x.partitions, x.first, x.last, x.files, _megabytes(x.size))
            for x in found
        ],
    )


def verify_lake(universe: str | None, *, as_json: bool) -> None:
    """Every digest, read again; exit code 1 when something is wrong."""
    from optix_pipeline.lake.audit import audit

    lake = current_lake()
    with progress_bars(quiet=as_json) as report:
        found = audit(lake, universe, report)
    if as_json:
        print_json(
            {
                "lake": lake.uri,
                "verified_files": found.verified_files,
                "verified_bytes": found.verified_bytes,
                "faults": [_document(f) for f in found.faults],
                "unrecorded": found.unrecorded,
            }
        )
    else:
        for fault in found.faults:
            print(fault)
        print(
            f"{lake.uri}: {found.verified_files:,} files verified ({_megabytes(found.verified_bytes)} MB), "
            f"{len(found.faults)} wrong, {len(found.unrecorded)} that no record vouches for"
        )
        if found.faults:
            print("mend what can be mended: optix lake repair")
    if found.faults:
        raise SystemExit(1)


def repair_lake(universe: str | None, *, data: Path | None, as_json: bool) -> None:
    """Mend what an audit finds; exit code 1 when something is left."""
    use_data_folder(data)
    from optix_pipeline.catalog import load_catalog
    from optix_pipeline.lake.audit import audit
    from optix_pipeline.lake.repair import Repair, repair

    lake, catalog = current_lake(), load_catalog()
    with progress_bars(quiet=as_json) as report:
        found = audit(lake, universe, report)
        done = Repair()
        if found.faults:
            from optix_pipeline.definitions import default_resources
            from optix_pipeline.lake.rebuilding import raw_only_rebuild
            from optix_pipeline.partitions import universe_partitions
            from optix_pipeline.session import open_session
            from resources.database.resource import DatabaseResource

            session = open_session()
            sources = default_resources()["sources"]
            done = repair(
                lake,
                found,
                catalog.universes,
                lambda spec: list(universe_partitions(spec).daily.get_partition_keys()),
                fetch=lambda name, dataset, key: sources.fetch_again(catalog.universe(name), dataset, key),
                stored_row=session.database.harvest,
                rebuild=raw_only_rebuild(catalog, lake, session.instance, DatabaseResource(), report),
                universe=universe,
                progress=report,
            )
    if as_json:
        print_json({"mended": done.mended, "notes": done.notes, "left": [_document(f) for f in done.left]})
    else:
        for line in (*done.mended, *done.notes, *(f"NOT MENDED {fault}" for fault in done.left)):
            print(line)
        print(f"{lake.uri}: {len(found.faults)} faults found, {len(done.left)} left")
    if done.left:
        raise SystemExit(1)


def archive_lake(
    universe: str | None,
    *,
    policy: Path | None,
    keep_days: int | None,
    to: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Copy old partitions to another lake, and remove here what the policy lets go; exit 1 if any is refused."""
    from optix_pipeline.lake.archive import Outcome, carry_out, plan
    from optix_pipeline.lake.policy import read_policy, short_policy
    from resources.lake.opening import open_lake

    if (policy is None) == (keep_days is None):
        raise ValueError("optix lake archive takes either --policy FILE or --keep-days N with --to URI")
    if policy is not None and to is not None:
        raise ValueError("--to goes with --keep-days; a policy names its archive itself")
    if keep_days is not None and to is None:
        raise ValueError("--keep-days needs --to: the archive, a folder or s3://bucket/prefix")
    rules = read_policy(policy) if policy is not None else short_policy(str(to), int(keep_days or 0))
    lake, archive = current_lake(), open_lake(rules.archive)
    moves = plan(lake, rules, dt.datetime.now(dt.UTC).date(), universe, policy)
    outcome = Outcome()
    if not dry_run:
        with progress_bars(quiet=as_json) as report:
            outcome = carry_out(lake, archive, moves, report)
    if as_json:
        print_json(
            {
                "archive": archive.uri,
                "dry_run": dry_run,
                "partitions": [
                    {
                        "universe": m.universe,
                        "layer": _layer_name(m.asset, m.raw),
                        "key": m.key,
                        "copy": [f.path for f in m.files],
                        "delete": list(m.delete),
                    }
                    for m in moves
                ],
                "done": asdict(outcome),
            }
        )
    elif dry_run:
        _print_plan(archive.uri, moves)
    else:
        for line in outcome.refused:
            print(f"NOT ARCHIVED {line}")
        print(
            f"{outcome.copied} partitions ({_megabytes(outcome.copied_bytes)} MB) copied to {archive.uri} and read "
            f"back; {outcome.deleted} files ({_megabytes(outcome.deleted_bytes)} MB) deleted here"
        )
    if outcome.refused:
        raise SystemExit(1)


def restore_lake(universe: str, first: str | None, last: str | None, *, as_json: bool) -> None:
    """Bring archived partitions back."""
    from optix_pipeline.lake.archive import restore

    start, end = parse_range(first, last)
    brought = list(restore(current_lake(), universe, start, end))
    if as_json:
        print_json({"universe": universe, "restored": dict(brought)})
        return
    print(f"{universe}: {sum(n for _, n in brought)} files of {len(brought)} partitions brought back")


def _print_plan(archive: str, moves: list[Any]) -> None:
    rows: dict[tuple[str, str], list[Any]] = {}
    for m in moves:
        rows.setdefault((m.universe, _layer_name(m.asset, m.raw)), []).append(m)
    print_table(
        f"Dry run, nothing is changed. To {archive}:",
        ("universe", "layer", "partitions", "first", "last", "copied MB", "deleted here"),
        [
            (u, layer, len(ms), ms[0].key, ms[-1].key, _megabytes(sum(m.size for m in ms)),
             f"{sum(len(m.delete) for m in ms)} files")
            for (u, layer), ms in rows.items()
        ],
    )  # fmt: skip
    for m in moves:
        for path in m.delete:
            print(f"would delete {path}")


def _layer_name(asset: str, raw: bool) -> str:
    return f"{asset} (raw)" if raw else asset or "–"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f}"


def _document(fault: Any) -> dict[str, str]:
    return {"damage": fault.damage.value, "path": fault.path, "what": fault.what}
