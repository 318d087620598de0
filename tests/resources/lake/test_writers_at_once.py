"""Many writers of one lake at once: whole files, one winner, nothing lost."""

import hashlib
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from resources.lake import LakeError, open_lake

WRITERS = 16


def version(i: int) -> bytes:
    """Content of which every part says whose it is."""
    return bytes([i]) * 300_000


@pytest.fixture
def at_once():
    """Runs 16 pieces of work that begin together."""
    barrier = threading.Barrier(WRITERS)

    def run(work):
        def begin(i):
            barrier.wait()
            return work(i)

        with ThreadPoolExecutor(WRITERS) as pool:
            return list(pool.map(begin, range(WRITERS)))

    return run


def test_writers_of_one_path_end_with_one_whole_version(lake, at_once):
    for _ in range(3):
        at_once(lambda i: lake.write_bytes("a/b", version(i)))
        found = lake.read_bytes("a/b")
        assert found == version(found[0])
        assert lake.list() == ["a/b"]


def test_a_reader_sees_whole_versions_only_while_writers_write(lake, at_once):
    lake.write_bytes("a", version(0))

    def work(i: int) -> bool:
        if i % 2:
            lake.write_bytes("a", version(i))
            return True
        found = lake.read_bytes("a")
        return found == version(found[0])

    assert all(at_once(work))


def test_a_conditional_write_has_one_winner_and_its_bytes_stay(lake, at_once):
    for n in range(3):
        path = f"new/{n}"
        won = at_once(lambda i, path=path: lake.write_new(path, version(i)))
        assert won.count(True) == 1
        assert lake.read_bytes(path) == version(won.index(True))
        assert not lake.write_new(path, b"later")
        assert lake.read_bytes(path) == version(won.index(True))


def test_a_conditional_write_under_a_file_as_folder_is_an_error_on_a_folder(tmp_path):
    lake = open_lake(str(tmp_path))
    lake.write_bytes("a", b"x")
    with pytest.raises(LakeError, match="/a/b cannot be written"):
        lake.write_new("a/b", b"y")
    (tmp_path / "folder").mkdir()
    with pytest.raises(LakeError, match="/folder cannot be written"):
        lake.write_new("folder", b"y")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "folder"], "no temporary file stays"


def test_processes_that_write_the_same_table_leave_the_same_bytes(lake):
    """Idempotent: whoever comes last changes nothing."""
    code = (
        "import sys, pyarrow as pa\nfrom resources.lake import open_lake\n"
        "lake = open_lake(sys.argv[1])\n"
        "for i in range(5):\n    print(lake.write_table(f't/{i}.parquet', pa.table({'x': [i] * 1000})).sha256)\n"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, lake.uri],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
            env=os.environ,
        )
        for _ in range(2)
    ]
    said = [child.communicate(timeout=120)[0].split() for child in children]
    assert [child.returncode for child in children] == [0, 0]
    found = [hashlib.sha256(data).hexdigest() for data in lake.read_many(lake.list())]
    assert said[0] == said[1] == found
    assert lake.read_table("t/4.parquet").equals(pa.table({"x": [4] * 1000}))


def test_what_was_written_is_listed_and_read_at_once_by_another_client(lake):
    other = open_lake(lake.uri)
    for i in range(20):
        lake.write_bytes(f"p/{i:02d}", bytes([i]))
        assert other.read_bytes(f"p/{i:02d}") == bytes([i])
        assert other.list("p") == [f"p/{n:02d}" for n in range(i + 1)]
    for i in range(20):
        lake.delete(f"p/{i:02d}")
        assert not other.exists(f"p/{i:02d}")
        assert len(other.list("p")) == 19 - i


def test_names_come_back_as_they_were_written(lake):
    names = ["a b/é", "x#y", "100%", "%41", "q?*~", "a+b=c&d", "[1]"]
    for name in names:
        lake.write_bytes(f"n/{name}", name.encode())
    assert lake.list("n") == sorted(f"n/{name}" for name in names)
    assert [lake.read_bytes(f"n/{name}").decode() for name in names] == names
    for name in names:
        lake.delete(f"n/{name}")
    assert lake.list() == []


def test_many_files_are_written_and_read_in_order(lake):
    files = [(f"m/{i}", bytes([i]) * (i + 1)) for i in range(40)]
    written = lake.write_many(files)
    assert [(w.path, w.size) for w in written] == [(path, len(data)) for path, data in files]
    assert list(lake.read_many(path for path, _ in files)) == [data for _, data in files]
    assert {(f.path, f.size) for f in lake.files()} == {(path, len(data)) for path, data in files}


def test_overlapping_work_keeps_its_order_and_stops_at_the_first_error(lake):
    begun = []

    def work(i: int) -> int:
        begun.append(i)
        if i == 20:
            raise LakeError("the twentieth")
        return i

    results = []
    with pytest.raises(LakeError, match="the twentieth"):
        for result in lake.overlapped(work, range(1000)):
            results.append(result)
    assert results == list(range(20))
    assert len(begun) <= 20 + 2 * lake.requests_at_once


def test_overlapping_work_holds_no_more_results_than_are_under_way(lake):
    taken = []

    def items():
        for i in range(200):
            taken.append(i)
            yield i

    stream = lake.overlapped(lambda i: i, items())
    assert [next(stream) for _ in range(10)] == list(range(10))
    assert len(taken) <= 10 + lake.requests_at_once
    stream.close()
