"""``optix lake`` on the demo's home: what is damaged is found, and comes back byte for byte."""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.end_to_end


def first(lake: dict[str, str], universe: str, asset: str, ending: str) -> str:
    return next(p for p in lake if p.startswith(f"{universe}/{asset}/") and p.endswith(ending))


def test_verify_finds_damage_of_every_kind_and_repair_brings_the_very_bytes_back(
    demo_home, run_optix, lake_of
):
    home = demo_home.home
    intact = run_optix(home, "lake", "verify")
    assert intact.returncode == 0, intact.stdout + intact.stderr
    assert ", 0 wrong," in intact.stdout
    lake = demo_home.lake
    damaged = {
        "layer": first(lake, "demo_index", "option_chain", ".parquet"),
        "month": first(lake, "demo_stock", "chain_month", "chain.parquet"),
        "status": first(lake, "demo_coin", "validated_quotes", "_status.json"),
        "payload": first(lake, "demo_stock", "raw_quotes/_blobs", ".gz"),
        "record": first(lake, "demo_index", "raw_quotes/_records", ".json"),
    }
    for path in damaged.values():
        file = home / "lake" / path
        file.write_bytes(file.read_bytes()[:-7])
    (home / "lake" / damaged["record"]).unlink()

    found = run_optix(home, "lake", "verify", "--json")
    assert found.returncode == 1
    faults = json.loads(found.stdout)["faults"]
    assert {f["path"] for f in faults} == set(damaged.values())
    told = run_optix(home, "lake", "verify").stdout
    for path in damaged.values():
        assert sum(line.startswith(f"{path}: ") for line in told.splitlines()) == 1

    mended = run_optix(home, "lake", "repair")
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert f"{len(faults)} faults found, 0 left" in mended.stdout
    assert lake_of(home) == lake
    assert run_optix(home, "lake", "verify").returncode == 0


def test_a_dry_run_of_the_archive_lists_what_would_go_and_changes_nothing(
    demo_home, run_optix, lake_of, tmp_path: Path
):
    target = tmp_path / "archive"
    arguments = ("lake", "archive", "demo_coin", "--keep-days", "30", "--to", str(target))
    outcome = run_optix(demo_home.home, *arguments, "--dry-run", "--json")
    assert outcome.returncode == 0, outcome.stderr
    document = json.loads(outcome.stdout)
    assert document["dry_run"]
    assert document["done"]["copied"] == 0
    gone = {path for p in document["partitions"] for path in p["delete"]}
    assert len(gone) > 100
    assert not any("/raw_quotes/" in path or "/chain_month/" in path for path in gone)
    assert gone <= set(demo_home.lake)
    assert lake_of(demo_home.home) == demo_home.lake
    assert not target.exists()
