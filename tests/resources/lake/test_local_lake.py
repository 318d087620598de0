"""Atomic writes on a folder."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from resources.lake import LakeError, open_lake
from resources.lake.local import LocalLake


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path, monkeypatch):
    lake = open_lake(str(tmp_path))
    lake.write_bytes("a/b", b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LakeError, match=r"a/b cannot be written.*No space"):
        lake.write_bytes("a/b", b"new")
    monkeypatch.undo()
    assert lake.read_bytes("a/b") == b"old"
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b"]


def test_temporary_files_are_never_listed(tmp_path):
    lake = open_lake(str(tmp_path))
    lake.write_bytes("a/b", b"x")
    (tmp_path / "a" / ".c.123.tmp").write_bytes(b"half")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "d").write_bytes(b"x")
    assert lake.list() == ["a/b"]


def test_data_is_on_disk_before_the_name_is(tmp_path, monkeypatch):
    steps = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (steps.append("fsync"), fsync(fd))[1])
    monkeypatch.setattr(Path, "replace", lambda a, b: (steps.append("replace"), replace(a, b))[1])
    open_lake(str(tmp_path)).write_bytes("a", b"x")
    assert steps == ["fsync", "replace"]


def test_killed_in_the_middle_of_writing_no_reader_sees_half_a_file(tmp_path):
    code = (
        "import sys\nfrom resources.lake import open_lake\n"
        "lake = open_lake(sys.argv[1])\nn = 0\n"
        "while True:\n    lake.write_bytes('a/b', bytes([n % 251]) * 3_000_000)\n    n += 1\n"
        "    print(n, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    lake = open_lake(str(tmp_path))
    data = lake.read_bytes("a/b")
    assert len(data) == 3_000_000
    assert len(set(data)) == 1
    assert lake.list() == ["a/b"]


def test_a_folder_in_the_way_is_named(tmp_path):
    lake = open_lake(str(tmp_path))
    lake.write_bytes("a/b", b"x")
    with pytest.raises(LakeError, match="/a cannot be written"):
        lake.write_bytes("a", b"x")
    with pytest.raises(LakeError, match="/a cannot be read"):
        lake.read_bytes("a")


def test_addresses(tmp_path):
    assert isinstance(open_lake(f"file://{tmp_path}"), LocalLake)
    assert open_lake(f"file://{tmp_path}").uri == str(tmp_path)
    assert open_lake("s3://bucket/a/b/").uri == "s3://bucket/a/b"
    assert open_lake("s3://bucket").uri == "s3://bucket"
    for wrong in ("", "gs://bucket/x", "s3:///x", "file://host/x"):
        with pytest.raises(ValueError):
            open_lake(wrong)


def test_the_resource_opens_its_lake_once(tmp_path):
    from resources.lake.resource import LakeResource

    resource = LakeResource(uri=str(tmp_path))
    assert resource.open() is resource.open()
    assert resource.open().uri == str(tmp_path)
