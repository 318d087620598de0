"""The same lake on a folder, on S3 (moto's server) and on a real object store, so that every test holds for all.

The real one is the store that ``OPTIX_TEST_S3_ENDPOINT``, ``OPTIX_TEST_S3_ACCESS_KEY`` and
``OPTIX_TEST_S3_SECRET_KEY`` name, or a Ceph gateway of our own where its programs are installed.
"""

import importlib.util
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from resources.lake import Lake, open_lake

HERE = Path(__file__).parent


def load(path: Path) -> ModuleType:
    """A module of the tests that is no test; they are no package."""
    name = f"optix_test_{path.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@dataclass(frozen=True)
class ObjectStore:
    """Where an S3 store listens and who may use it."""

    name: str
    endpoint: str
    access_key: str = "optix-access"
    secret_key: str = "optix-secret-that-nobody-may-see"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": "us-east-1",
        }

    def client(self):
        import boto3
        from botocore.config import Config

        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
            config=Config(request_checksum_calculation="when_required"),
        )


def use(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the environment name this store and nothing else."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def moto() -> Iterator[ObjectStore]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield ObjectStore("moto", f"http://{host}:{port}")
    server.stop()


@pytest.fixture(scope="session")
def ceph(request: pytest.FixtureRequest) -> Iterator[ObjectStore]:
    endpoint = os.environ.get("OPTIX_TEST_S3_ENDPOINT")
    if endpoint:
        keys = (os.environ[f"OPTIX_TEST_S3_{name}_KEY"] for name in ("ACCESS", "SECRET"))
        yield ObjectStore("named by OPTIX_TEST_S3_ENDPOINT", endpoint, *keys)
        return
    module = request.getfixturevalue("gateway_module")
    # a folder of our own: pytest's are too deep for the daemons' Unix sockets
    folder = Path(tempfile.mkdtemp(prefix="ceph-"))
    gateway = module.CephGateway(folder)
    try:
        gateway.start()
        yield ObjectStore("Ceph", gateway.endpoint, gateway.access_key, gateway.secret_key)
    finally:
        gateway.stop()
        shutil.rmtree(folder, ignore_errors=True)


def new_bucket(store: ObjectStore) -> str:
    bucket = f"lake-{uuid.uuid4().hex}"
    store.client().create_bucket(Bucket=bucket)
    return bucket


@pytest.fixture(params=["moto", "ceph"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """An S3 store, named by the environment."""
    found: ObjectStore = request.getfixturevalue(request.param)
    use(found, monkeypatch)
    return found


@pytest.fixture
def s3_lake(store: ObjectStore) -> Lake:
    return open_lake(f"s3://{new_bucket(store)}/some/prefix")


@pytest.fixture(params=["folder", "moto", "ceph"])
def lake(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    if request.param == "folder":
        return open_lake(str(tmp_path / "lake"))
    found: ObjectStore = request.getfixturevalue(request.param)
    use(found, monkeypatch)
    return open_lake(f"s3://{new_bucket(found)}/some/prefix")


@pytest.fixture
def faulty(moto: ObjectStore, monkeypatch: pytest.MonkeyPatch):
    """A proxy in front of moto, an empty lake behind it that is impatient, and the bucket's name."""
    from urllib.parse import urlsplit

    from resources.lake.s3 import S3Lake
    from resources.lake.s3_connection import S3Patience

    module = load(HERE / "faulty_proxy.py")
    address = urlsplit(moto.endpoint)
    with module.FaultyProxy(address.hostname, address.port) as proxy:
        use(ObjectStore("proxy", proxy.endpoint, moto.access_key, moto.secret_key), monkeypatch)
        patience = S3Patience(request_seconds=1.0, retries=3, retry_seconds=20.0, first_pause_seconds=0.01)
        proxy.fault = lambda *arguments, **named: proxy.faults.append(module.Fault(*arguments, **named))
        proxy.lake = S3Lake(new_bucket(moto), "p", patience)
        yield proxy


@pytest.fixture(scope="session")
def object_store_tools() -> ModuleType:
    """This module's own ``ObjectStore``, ``use`` and ``new_bucket``, for tests that start a store themselves."""
    return sys.modules[__name__]
