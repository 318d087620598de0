"""A hundred partitions of 1 MB into and out of S3: pyarrow as it comes, boto3 with threads, and the lake, in turn.

The server is the one that ``OPTIX_TEST_S3_ENDPOINT`` names (``python tests/ceph/gateway.py`` starts a real one), else
moto in a process of its own, which answers slowly and measures little but itself. Ours does more than the peers: each
write is compared with what the store says it holds, each read with the digest that it was written with.
"""

import hashlib
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import numpy as np

from benchmarks.measure import ROOT, Figure

FILES, SIZE = 100, 1 << 20
REPEATS = 5
THREADS = 16
_MOTO = (
    "import sys\nfrom moto.server import ThreadedMotoServer\n"
    "s = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)\ns.start()\n"
    "print(s.get_host_and_port()[1], flush=True)\nsys.stdin.read()\ns.stop()\n"
)


@contextmanager
def server() -> Iterator[tuple[str, str, str, str]]:
    """Name, endpoint, access key and secret key of the store to measure on."""
    named = os.environ.get("OPTIX_TEST_S3_ENDPOINT")
    if named:
        yield (
            "the store of OPTIX_TEST_S3_ENDPOINT",
            named,
            os.environ["OPTIX_TEST_S3_ACCESS_KEY"],
            os.environ["OPTIX_TEST_S3_SECRET_KEY"],
        )
        return
    child = subprocess.Popen(
        [sys.executable, "-c", _MOTO],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        yield "moto, no real store", f"http://127.0.0.1:{child.stdout.readline().strip()}", "key", "secret"
    finally:
        child.stdin.close()
        child.wait(30)


def run(work: Path) -> list[Figure]:
    """Puts and gets of the same bytes under the same names, in turn; each must end with the same digests."""
    # pyarrow and boto3 send checksums that stores other than Amazon's refuse, unless they are told not to
    plain = {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required", "AWS_REGION": "us-east-1"}
    with server() as (name, endpoint, access, secret):
        mine = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret}
        with mock.patch.dict(os.environ, {**plain, **mine}):
            return _measured(name, endpoint, access, secret)


def _measured(name: str, endpoint: str, access: str, secret: str) -> list[Figure]:
    client = _boto3_client(endpoint, access, secret)
    bucket = f"benchmark-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=bucket)
    rng = np.random.default_rng(3)
    files = {f"f/{i:03d}": rng.bytes(SIZE) for i in range(FILES)}
    peers = {
        "pyarrow": _pyarrow(bucket, files, endpoint, access, secret),
        "boto3": _boto3(bucket, files, client),
        "ours": _lake(bucket, files),
    }
    seconds: dict[tuple[str, str], list[float]] = {}
    try:
        for repeat in range(REPEATS + 1):
            for kind in (0, 1):
                for peer, works in peers.items():
                    start = time.perf_counter()
                    found = works[kind]()
                    took = time.perf_counter() - start
                    if repeat:  # the first is not counted
                        seconds.setdefault((peer, "get" if kind else "put"), []).append(took)
                    if kind:
                        _require_same(peer, found, files)
    finally:
        for folder in ("pyarrow", "boto3", "ours"):
            for path in files:
                client.delete_object(Bucket=bucket, Key=f"{folder}/{path}")
        client.delete_bucket(Bucket=bucket)
    rate = {key: FILES * SIZE / 1e6 / median(values) for key, values in seconds.items()}
    rows = []
    for verb, goal in (("put", 2.5), ("get", 4.0)):
        ours = rate["ours", verb]
        checked = "ETag compared" if verb == "put" else "digest compared"
        rows.append(
            Figure(
                f"S3 {verb}, {FILES} partitions of {SIZE / 1e6:.2f} MB",
                f"{ours:.0f} MB/s",
                "",
                f"{checked}; on {name}, client on the same machine; medians of {REPEATS}",
            )
        )
        for peer, wanted, note in (
            ("pyarrow", f">= {goal:g} x", "as it comes, one after the other"),
            ("boto3", "", f"{THREADS} threads"),
        ):
            rows.append(
                Figure(
                    f"  against {peer}",
                    f"{ours / rate[peer, verb]:.1f} x as fast",
                    wanted,
                    f"{rate[peer, verb]:.0f} MB/s, {note}",
                )
            )
    return rows


def _require_same(peer: str, found: Any, files: dict[str, bytes]) -> None:
    for (path, sent), got in zip(files.items(), found, strict=True):
        if hashlib.sha256(got).digest() != hashlib.sha256(sent).digest():
            raise RuntimeError(f"{peer} read other bytes from {path} than it wrote")


Works = tuple[Callable[[], Any], Callable[[], Any]]


def _pyarrow(bucket: str, files: dict[str, bytes], endpoint: str, access: str, secret: str) -> Works:
    from pyarrow.fs import S3FileSystem

    address = urlsplit(endpoint)
    system = S3FileSystem(
        access_key=access,
        secret_key=secret,
        endpoint_override=address.netloc,
        scheme=address.scheme,
        region="us-east-1",
    )

    def put() -> None:
        for path, data in files.items():
            with system.open_output_stream(f"{bucket}/pyarrow/{path}") as stream:
                stream.write(data)

    def get() -> list[bytes]:
        found = []
        for path in files:
            with system.open_input_stream(f"{bucket}/pyarrow/{path}") as stream:
                found.append(stream.read())
        return found

    return put, get


def _boto3_client(endpoint: str, access: str, secret: str) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        config=Config(max_pool_connections=THREADS),
    )


def _boto3(bucket: str, files: dict[str, bytes], client: Any) -> Works:
    def put() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(
                pool.map(
                    lambda path: client.put_object(Bucket=bucket, Key=f"boto3/{path}", Body=files[path]),
                    files,
                )
            )

    def get() -> list[bytes]:
        with ThreadPoolExecutor(THREADS) as pool:
            return list(
                pool.map(
                    lambda path: client.get_object(Bucket=bucket, Key=f"boto3/{path}")["Body"].read(), files
                )
            )

    return put, get


def _lake(bucket: str, files: dict[str, bytes]) -> Works:
    from resources.lake.opening import open_lake

    lake = open_lake(f"s3://{bucket}/ours")
    return lambda: lake.write_many(files.items()), lambda: list(lake.read_many(files))
