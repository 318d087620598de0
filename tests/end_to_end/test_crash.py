"""``kill -9`` in the middle of an ingestion, then the same command again: complete, equal, nothing twice."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from resources.lake import open_lake
from resources.lake.errors import LakeError

pytestmark = pytest.mark.end_to_end

UNIVERSE = "demo_stock"
HARVEST = ("harvest", UNIVERSE, "--from", "2025-07-01", "--to", "2025-08-29", "--json")
SESSIONS = 43
#: what stands in the lake when the process is killed: files of that kind, and how many there will be
MOMENTS = {
    "harvesting": ("raw_quotes/_records/*/*.json", 15, SESSIONS),
    "validating": ("validated_quotes/*/_status.json", 10, SESSIONS),
    "between the files of a layer": ("adjusted_quotes/*/*", 31, 2 * SESSIONS),
    "compacting": ("chain_month/*/*", 1, 6),
}
RUN_STATUSES = """
import json
from optix_pipeline.session import open_session
print(json.dumps([run.status.value for run in open_session().instance.get_runs()]))
"""


@pytest.fixture(scope="module")
def kill_when(start_optix, wait_until_nothing_runs):
    """Start the harvest and kill it once ``reached()``; it must not have ended by itself."""

    def run(home: Path, reached: Callable[[], bool]) -> None:
        process = start_optix(home, *HARVEST)
        try:
            deadline = time.monotonic() + 240
            while not reached():
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline, "the moment never came"
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
        finally:
            process.kill()
            process.communicate()
        assert process.returncode == -signal.SIGKILL
        wait_until_nothing_runs(home)

    return run


def contents(home: Path) -> dict[str, object]:
    """What the lake holds, without when and from where it was received."""
    lake = open_lake(str(home / "lake"))
    found: dict[str, object] = {}
    for path in lake.list():
        if "/_records/" in path:
            record = lake.read_json(path)
            record.pop("received_at")
            for part in record["parts"]:
                part.pop("source")
            found[path] = record
        else:
            found[path] = lake.read_bytes(path)
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, run_optix) -> Path:
    """A home whose harvest nobody disturbed."""
    home = tmp_path_factory.mktemp("undisturbed")
    outcome = run_optix(home, *HARVEST)
    assert outcome.returncode == 0, outcome.stderr[-2000:]
    assert json.loads(outcome.stdout)["quality"]
    return home


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory, undisturbed) -> Path:
    """A home with the same vendor files and nothing else yet."""
    home = tmp_path_factory.mktemp("disturbed")
    shutil.copytree(undisturbed / "generated", home / "generated")
    return home


@pytest.fixture(scope="module")
def same_answers(run_optix):
    """Both homes answer the same about harvests, quality and rows."""

    def check(home: Path, other: Path) -> None:
        for command in (("db", "status", "--json"), ("quality", "show", UNIVERSE, "--json")):
            here, there = run_optix(home, *command), run_optix(other, *command)
            assert here.returncode == there.returncode == 0, here.stderr + there.stderr
            assert json.loads(here.stdout) == json.loads(there.stdout)

    return check


def test_killed_at_every_stage_and_run_again_it_ends_as_if_undisturbed(
    undisturbed, disturbed, kill_when, run_optix, same_answers
):
    lake = disturbed / "lake" / UNIVERSE
    for moment, (pattern, enough, complete) in MOMENTS.items():
        kill_when(disturbed, lambda pattern=pattern, enough=enough: len(list(lake.glob(pattern))) >= enough)
        assert len(list(lake.glob(pattern))) < complete, (
            f"{moment}: the stage was over, nothing was interrupted"
        )
        # what a process leaves that is killed while it writes a file
        half = next(lake.glob(pattern))
        (half.parent / f".{half.name}.0123456789ab.tmp").write_bytes(
            half.read_bytes()[: half.stat().st_size // 2]
        )
    outcome = run_optix(disturbed, *HARVEST)
    assert outcome.returncode == 0, outcome.stderr[-2000:]
    found, wanted = contents(disturbed), contents(undisturbed)
    assert found.keys() == wanted.keys()
    assert [path for path in wanted if found[path] != wanted[path]] == []
    assert len([p for p in found if "/raw_quotes/_records/" in p]) == SESSIONS
    same_answers(disturbed, undisturbed)


def test_a_killed_run_is_on_record_as_failed_and_none_as_running(disturbed, run_optix):
    from collections import Counter

    environment = run_environment(disturbed)
    answer = subprocess.run(
        [sys.executable, "-c", RUN_STATUSES], env=environment, cwd=disturbed, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    counted = Counter(json.loads(answer.stdout))
    assert counted["FAILURE"] == len(MOMENTS)
    assert set(counted) == {"FAILURE", "SUCCESS"}


def run_environment(home: Path) -> dict[str, str]:
    import os

    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPTIX_", "DAGSTER_"))}
    return {**kept, "OPTIX_HOME": str(home)}


def test_killed_while_restated_files_replace_old_ones_no_mixture_is_read(
    undisturbed, disturbed, kill_when, run_optix, same_answers, layer="option_chain"
):
    """The vendor restates every day; the rebuild over the complete lake is killed in the middle of a layer."""
    for home in (undisturbed, disturbed):
        if not (home / "lake" / UNIVERSE / "chain_month").exists():
            assert run_optix(home, *HARVEST).returncode == 0
        restate(home)
    lake = disturbed / "lake" / UNIVERSE
    old = {path: path.stat().st_mtime_ns for path in (lake / layer).glob("*/*.parquet")}
    kill_when(disturbed, lambda: sum(path.stat().st_mtime_ns != old[path] for path in old) >= 5)
    replaced = {path.parent.name for path in old if path.stat().st_mtime_ns != old[path]}
    assert len(replaced) < SESSIONS
    whole, refused = read_layer(disturbed, layer)
    assert len(whole) + len(refused) == SESSIONS
    assert {path.split("/")[2] for path in refused} <= replaced, "only days that were being written"
    for home in (undisturbed, disturbed):
        outcome = run_optix(home, *HARVEST)
        assert outcome.returncode == 0, outcome.stderr[-2000:]
    assert read_layer(disturbed, layer)[1] == []
    found, wanted = contents(disturbed), contents(undisturbed)
    assert [path for path in wanted if found.get(path) != wanted[path]] == []
    assert found.keys() == wanted.keys()
    same_answers(disturbed, undisturbed)


def restate(home: Path) -> None:
    """Every chain of the range loses its last five lines."""
    import gzip

    for path in (home / "generated" / UNIVERSE / "chains" / "ACME").glob("2025-0[78]-*.csv.gz"):
        try:
            lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
        except EOFError:  # one of the planted defects
            continue
        path.write_bytes(gzip.compress(b"".join(lines[:-5]), mtime=0))


def read_layer(home: Path, layer: str) -> tuple[list[str], list[str]]:
    """The days of a layer that read whole, and those whose file is not the one that the status tells of."""
    lake = open_lake(str(home / "lake"))
    whole, refused = [], []
    for path in lake.list(f"{UNIVERSE}/{layer}"):
        if not path.endswith("_status.json"):
            continue
        for entry in lake.read_json(path)["underlyings"].values():
            try:
                rows = lake.read_table(entry["path"], sha256=entry["sha256"]).num_rows
            except LakeError as error:
                assert "interrupted; materialize its asset again" in str(error)
                refused.append(path)
            else:
                assert rows == entry["rows"]
                whole.append(path)
    return whole, refused
