"""The demo set as a whole: complete, idempotent, repairable, the same bytes, the tail of the longer set."""

import hashlib
import json
from pathlib import Path

import pytest

from resources.generator import generate_demo
from resources.generator.demo import generate_universe
from resources.generator.demo_markets import DEMO_COIN, DEMO_STOCK


def digests(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != ".lock"
    }


@pytest.fixture(scope="module")
def coin(tmp_path_factory):
    folder = tmp_path_factory.mktemp("coin")
    generate_universe(DEMO_COIN, folder)
    return folder, digests(folder)


def test_summaries_state_what_stands_in_the_folders(demo_set):
    folder, summaries, _ = demo_set
    assert list(summaries) == ["demo_index", "demo_stock", "demo_coin"]
    for name, summary in summaries.items():
        days = list((folder / name).rglob("20*.csv.gz"))
        assert len(days) == summary.day_files
        assert not summary.reused and summary.quotes > 300 * summary.day_files
    # 502, 128 and 184 sessions, each less one missing day
    assert [s.day_files for s in summaries.values()] == [501, 127, 183]


def test_progress_counts_every_session_to_the_end(demo_set):
    _, _, calls = demo_set
    index = [c for c in calls if c[0] == "demo_index"]
    assert [c[1] for c in index] == list(range(1, 503)) and {c[2] for c in index} == {502}


def test_a_second_call_changes_nothing_and_says_so(demo_set):
    folder, _, _ = demo_set
    stamps = {p: p.stat().st_mtime_ns for p in folder.rglob("*.csv*")}
    again = generate_demo(folder)
    assert all(s.reused for s in again.values())
    assert stamps == {p: p.stat().st_mtime_ns for p in folder.rglob("*.csv*")}


def test_another_generation_gives_the_same_bytes(coin, demo_set):
    folder, _, _ = demo_set
    assert digests(folder / "demo_coin") == coin[1]


@pytest.mark.parametrize(
    "damage", ["missing", "short", "unreadable manifest", "no manifest", "other generator"]
)
def test_a_damaged_folder_is_made_whole(coin, damage):
    folder, expected = coin
    day = folder / "surfaces" / "2025-09-09.csv.gz"
    manifest = folder / "manifest.json"
    if damage == "missing":
        day.unlink()
    elif damage == "short":
        day.write_bytes(day.read_bytes()[:100])
    elif damage == "unreadable manifest":
        manifest.write_bytes(b"{")
    elif damage == "no manifest":
        manifest.unlink()
        (folder / "surfaces" / ".2025-09-09.csv.gz.part").write_bytes(b"half")
    else:
        stale = json.loads(manifest.read_text())
        stale["identity"]["generator"] = "older"
        manifest.write_text(json.dumps(stale))
    assert not generate_universe(DEMO_COIN, folder).reused
    assert digests(folder) == expected


def test_an_interrupted_generation_is_completed(coin, tmp_path):
    class Killed(BaseException):
        pass

    def stop(_name: str, done: int, _total: int) -> None:
        if done == 20:
            raise Killed

    with pytest.raises(Killed):
        generate_universe(DEMO_COIN, tmp_path, progress=stop)
    assert not (tmp_path / "manifest.json").exists()
    summary = generate_universe(DEMO_COIN, tmp_path)
    assert not summary.reused and digests(tmp_path) == coin[1]


def test_the_default_set_is_the_tail_of_the_full_one(demo_set, tmp_path):
    folder, _, _ = demo_set
    generate_universe(DEMO_STOCK, tmp_path, full=True)
    full, default = digests(tmp_path / "chains"), digests(folder / "demo_stock" / "chains")
    assert len(full) > 700
    assert all(full[name] == digest for name, digest in default.items())
    # back to the default: the older days are removed
    generate_universe(DEMO_STOCK, tmp_path)
    assert digests(tmp_path) == digests(folder / "demo_stock")
