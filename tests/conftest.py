"""How the tests are shared among processes, and the server that stands for every network service."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

# the first example of a test may compile a loop; how long tests take is no property of theirs
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

HERE = Path(__file__).parent


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """With ``pytest -n 2`` tests stay together that share what a fixture builds once (``work_unit``).

    pytest-xdist's own ``--dist loadgroup`` would do it by marks, but pytest 9.2 ignores those without a word
    (pytest-xdist issue 1386).
    """
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class InWorkUnits(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return work_unit(nodeid.partition("::")[0])

    return InWorkUnits(config, log)


_OF_ONE_DEMO = ("test_demo.py", "test_lake_care.py", "test_reproduce.py", "test_workers.py")


def work_unit(path: str) -> str:
    """The tests of a folder share a generated market, a lake or a database, and so run in one process.

    The long ones that start whole processes share within their file only, but for those that look at one demo.
    """
    folder, _, file = path.rpartition("/")
    if "end_to_end" not in folder:
        return folder
    return "demo" if file in _OF_ONE_DEMO else path


def load(path: Path) -> ModuleType:
    """A module of the tests that is no test; they are no package."""
    name = f"optix_test_{path.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses look their module up
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def load_helper() -> Callable[[Path], ModuleType]:
    """``load``: conftest files cannot be imported."""
    return load


@pytest.fixture(scope="session")
def replay_module() -> ModuleType:
    """``Reply``, ``FakeClock`` and the rest of ``replay_server.py``."""
    return load(HERE / "replay_server.py")


@pytest.fixture(scope="session")
def gateway_module() -> ModuleType:
    """``ceph/gateway.py``; skips where a Ceph cannot be started."""
    module = load(HERE / "ceph" / "gateway.py")
    missing = module.missing_programs()
    if missing:
        pytest.skip(f"no real object store: {', '.join(missing)} not installed (Debian: {module.PACKAGES})")
    return module


@pytest.fixture
def replay(replay_module: ModuleType) -> Iterator:
    """A server that answers as its script says."""
    server = replay_module.ReplayServer()
    yield server
    server.close()
