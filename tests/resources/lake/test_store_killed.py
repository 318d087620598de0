"""A real object store (Ceph) killed in the middle of a long sequence of writes and started again."""

import hashlib
import shutil
import tempfile
import threading
from pathlib import Path

import pytest

from resources.lake import LakeError
from resources.lake.s3 import S3Lake
from resources.lake.s3_connection import S3Patience

FILES = 240


def content(i: int) -> bytes:
    return hashlib.sha256(str(i).encode()).digest() * 4000


@pytest.fixture
def gateway(gateway_module):
    """A store of this test's own: nobody else's may be killed."""
    folder = Path(tempfile.mkdtemp(prefix="ceph-"))
    found = gateway_module.CephGateway(folder)
    try:
        found.start()
        yield found
    finally:
        found.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def bucket(gateway, monkeypatch, object_store_tools) -> str:
    store = object_store_tools.ObjectStore("Ceph", gateway.endpoint, gateway.access_key, gateway.secret_key)
    object_store_tools.use(store, monkeypatch)
    return object_store_tools.new_bucket(store)


def test_kill_9_of_the_store_while_files_are_written_ends_with_a_complete_verified_lake(gateway, bucket):
    patience = S3Patience(retries=60, retry_seconds=170.0)
    lake = S3Lake(bucket, "patient", patience)
    enough = threading.Event()
    acknowledged: dict[int, str] = {}
    before_the_kill: dict[int, str] = {}
    failures: list[BaseException] = []

    def write_all() -> None:
        try:
            for i, written in enumerate(
                lake.overlapped(lambda i: lake.write_bytes(f"f/{i:03d}", content(i)), range(FILES))
            ):
                acknowledged[i] = written.sha256
                if i == FILES // 4:
                    enough.set()
        except BaseException as error:
            failures.append(error)
            enough.set()

    writer = threading.Thread(target=write_all)
    writer.start()
    assert enough.wait(60)
    gateway.kill()
    before_the_kill.update(acknowledged)
    assert FILES // 4 <= len(before_the_kill) < FILES, "the kill came in the middle"
    # an impatient client meanwhile gets an error that names its file
    with pytest.raises(LakeError, match=f"s3://{bucket}/impatient/a cannot be written: .*2 times tried"):
        S3Lake(bucket, "impatient", S3Patience(retries=1, first_pause_seconds=0.01)).write_bytes("a", b"x")
    gateway.start()
    again = S3Lake(bucket, "patient", patience)
    for i, digest in before_the_kill.items():
        again.read_bytes(f"f/{i:03d}", sha256=digest)
    writer.join(120)
    assert failures == []
    assert again.list() == [f"f/{i:03d}" for i in range(FILES)]
    for i, data in enumerate(again.read_many(again.list())):
        assert data == content(i)
    assert S3Lake(bucket, "impatient", patience).list() == []
