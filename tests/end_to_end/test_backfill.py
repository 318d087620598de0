"""``optix backfill`` of two months in two chunks: killed, interrupted, with a chunk that fails, with a store that goes
away or is killed. The same command goes on each time, and ends with the lake that an undisturbed one leaves."""

import datetime as dt
import json
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import pytest
import yaml

from optix_pipeline.catalog import Catalog
from optix_pipeline.definitions import build_definitions
from optix_pipeline.runner import Runner
from optix_pipeline.yaml_specs import load_spec
from resources.database.resource import DatabaseResource
from resources.generator.demo_markets import DEMO_COIN
from resources.generator.market import build_market
from resources.generator.writer import UniverseWriter
from resources.lake.lake import Lake
from resources.lake.opening import open_lake
from resources.lake.resource import LakeResource
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

pytestmark = pytest.mark.end_to_end

UNIVERSE = "small_coin"
#: the second half of November is one chunk, the first half of December the other
FIRST, LAST, SESSIONS = dt.date(2025, 11, 17), dt.date(2025, 12, 14), 28
BACKFILL = ("backfill", UNIVERSE, "--chunk", "20", "--workers")


@pytest.fixture(scope="module")
def universes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the YAML of the universe; its vendor files stand beside it, one day of them cut off."""
    import optix_pipeline

    folder = tmp_path_factory.mktemp("universes")
    UniverseWriter(build_market(replace(DEMO_COIN, end=LAST)), folder / "files", FIRST).write(
        lambda done, total: None
    )
    surfaces = folder / "files" / "surfaces"
    (surfaces / "2025-12-05.csv.gz").unlink()
    broken = surfaces / "2025-11-20.csv.gz"
    broken.write_bytes(broken.read_bytes()[:500])
    shipped = Path(optix_pipeline.__file__).parent / "universes" / "demo_coin.yaml"
    spec = yaml.safe_load(shipped.read_text())
    spec |= {"name": UNIVERSE, "start": FIRST, "end": LAST}
    spec["provider"]["path"] = str(folder / "files")
    (folder / "small_coin.yaml").write_text(yaml.safe_dump(spec))
    return folder


def contents(lake: Lake) -> dict[str, Any]:
    """What the lake holds, without when and from where it was received."""
    found: dict[str, Any] = {}
    for path in lake.list():
        if "/_records/" in path:
            record = lake.read_json(path)
            record.pop("received_at")
            found[path] = record
        else:
            found[path] = lake.read_bytes(path)
    return found


def verified(lake: Lake) -> int:
    """Reads every table that a status tells of, with its digest; how many."""
    tables = 0
    for path in lake.list(UNIVERSE):
        if path.endswith("_status.json"):
            for entry in lake.read_json(path).get("underlyings", {}).values():
                assert lake.read_table(entry["path"], sha256=entry["sha256"]).num_rows == entry["rows"]
                tables += 1
    return tables


def rows(lake: Lake) -> int:
    """Of all option chains, by their statuses."""
    paths = [p for p in lake.list(f"{UNIVERSE}/option_chain") if p.endswith("_status.json")]
    return sum(u["rows"] for path in paths for u in lake.read_json(path)["underlyings"].values())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, universes: Path) -> dict[str, Any]:
    """What a lake holds into which all sessions were ingested at once, in this process, by nobody disturbed."""
    home = tmp_path_factory.mktemp("undisturbed")
    spec = load_spec(universes / "small_coin.yaml", UniverseSpec)
    catalog = Catalog({UNIVERSE: spec}, {}, {})
    overrides = {
        "lake": LakeResource(uri=str(home / "lake")),
        "sources": SourcesResource(generated_folder=str(home)),
        "database": DatabaseResource(enabled=False),
    }
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral() as instance:
        patch.setenv("OPTIX_HOME", str(home))
        definitions = build_definitions(catalog=catalog, resource_overrides=overrides)
        Runner(definitions, instance, catalog).ingest(spec)
    return contents(open_lake(str(home / "lake")))


@pytest.fixture(scope="module")
def stop_when(start_optix, universes: Path, wait_until_nothing_runs):
    """Start the backfill, send it a signal once ``reached()``; returns exit code, output and errors."""

    def run(
        home: Path, workers: int, number: signal.Signals, reached: Callable[[], bool]
    ) -> tuple[int, str, str]:
        process = start_optix(home, *BACKFILL, str(workers), OPTIX_UNIVERSES=str(universes))
        try:
            deadline = time.monotonic() + 240
            while not reached():
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline, "the moment never came"
                time.sleep(0.002)
            os.kill(process.pid, number)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
            process.communicate()
        wait_until_nothing_runs(home)
        return process.returncode, out, err

    return run


def test_killed_interrupted_and_failed_it_goes_on_and_ends_as_if_undisturbed(
    undisturbed, tmp_path: Path, run_optix, stop_when, universes: Path
) -> None:
    lake = tmp_path / "lake" / UNIVERSE

    def statuses(asset: str) -> int:
        return len(list(lake.glob(f"{asset}/*/_status.json")))

    code, out, _ = stop_when(tmp_path, 2, signal.SIGKILL, lambda: statuses("adjusted_quotes") >= 3)
    assert code == -signal.SIGKILL and "0 of 28 sessions are complete, 28 are left, in 2 chunks" in out
    assert statuses("option_chain") < SESSIONS

    code, _, err = stop_when(tmp_path, 1, signal.SIGINT, lambda: statuses("volatility_surface") >= 3)
    said, stopped = err.splitlines()
    assert code == 130 and stopped == "optix: stopped"
    assert re.match(r"small_coin: \d+ of \d+ days.*the same command goes on with the rest$", said), said
    complete = statuses("volatility_surface")
    assert 0 < complete < SESSIONS

    # a month that cannot be compacted: its chunk fails, the other one is built
    in_the_way = lake / "chain_month" / "2025-11-01" / "chain.parquet"
    in_the_way.mkdir(parents=True)
    failed = run_optix(tmp_path, *BACKFILL, "1", OPTIX_UNIVERSES=str(universes))
    assert failed.returncode == 1
    assert f"small_coin from {FIRST} to {LAST}, going on: " in failed.stdout
    (line,) = failed.stderr.splitlines()
    assert line.startswith("optix: small_coin: 1 month from 2025-11: small_coin__chain_month: ")
    assert "cannot be written" in line
    assert (lake / "chain_month" / "2025-12-01" / "_status.json").exists()

    in_the_way.rmdir()
    last = run_optix(tmp_path, *BACKFILL, "1", "--json", OPTIX_UNIVERSES=str(universes))
    assert last.returncode == 0, last.stderr
    answer = json.loads(last.stdout)
    assert answer["sessions"] == {
        "asked": SESSIONS, "ok": 26, "partly": 0, "blocked": 1, "absent": 1, "left": 0, "off_calendar": 0}  # fmt: skip
    assert (answer["left"], answer["failures"]) == ({}, [])
    whole = open_lake(str(tmp_path / "lake"))
    assert answer["rows"] == rows(whole) > 100 * SESSIONS
    found = contents(whole)
    assert found.keys() == undisturbed.keys()
    assert [path for path in found if found[path] != undisturbed[path]] == []


@pytest.fixture(params=["cut off", "killed"])
def store(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, load_helper: Callable[[Path], ModuleType]
) -> Iterator[Any]:
    """A bucket on an S3 store that goes away and comes back, named by the environment."""
    import boto3  # a session of its own: the default one keeps the credentials that it saw first

    stores = load_helper(Path(__file__).parent / "vanishing_store.py")
    gateway = request.getfixturevalue("gateway_module") if request.param == "killed" else None
    # a folder of our own: pytest's are too deep for the daemons' Unix sockets
    folder = Path(tempfile.mkdtemp(prefix="ceph-"))
    request.addfinalizer(lambda: shutil.rmtree(folder, ignore_errors=True))
    found = stores.CutOffMoto() if gateway is None else stores.KilledCeph(gateway, folder)
    monkeypatch.setenv("AWS_ENDPOINT_URL", found.direct)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", found.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", found.secret_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    try:
        boto3.session.Session().client("s3").create_bucket(Bucket="optix-backfill")
        yield found
    finally:
        found.stop()


def test_a_store_that_goes_away_stops_it_in_one_line_and_back_again_it_goes_on(
    undisturbed, tmp_path: Path, start_optix, run_optix, store: Any, universes: Path,
    wait_until_nothing_runs,
) -> None:  # fmt: skip
    command = (
        "backfill",
        UNIVERSE,
        "--from",
        "2025-11-29",
        "--to",
        "2025-12-02",
        "--workers",
        "1",
        "--chunk",
        "2",
    )
    uri = "s3://optix-backfill/lake"
    settings = {
        "OPTIX_LAKE_URI": uri,
        "OPTIX_UNIVERSES": str(universes),
        "AWS_ENDPOINT_URL": store.endpoint,
    }
    lake = open_lake(uri)
    process = start_optix(tmp_path, *command, **settings)
    try:
        deadline = time.monotonic() + 240
        # the newer chunk is complete, the older one under way
        while not any(
            p.endswith("2025-11-30/_status.json") for p in lake.list(f"{UNIVERSE}/validated_quotes")
        ):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "the moment never came"
            time.sleep(0.01)
        store.go_away()
        _, err = process.communicate(timeout=240)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 1
    (line,) = err.splitlines()
    assert line.startswith(f"optix: {UNIVERSE}: stopped after 2 of 4 days")
    assert uri in line and line.endswith("The same command goes on with the rest")
    wait_until_nothing_runs(tmp_path)

    store.come_back()
    last = run_optix(tmp_path, *command, **settings)
    assert last.returncode == 0, last.stderr
    assert "going on: 2 of 4 sessions are complete, 2 are left, in 1 chunk" in last.stdout
    assert verified(lake) == 4 * 7, "seven layers of four days"
    # what the layers of these days hold is what they hold after a backfill of all days on a folder
    found = contents(lake)
    days = ("2025-11-29", "2025-11-30", "2025-12-01", "2025-12-02")
    layers = {p for p in undisturbed if p.split("/")[2] in days and p.split("/")[1] != "chain_month"}
    assert len(layers) == 4 * 7 * 2, "a table and a status each"
    assert [p for p in sorted(layers) if found.get(p) != undisturbed[p]] == []
