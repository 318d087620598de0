"""How the tests are shared among processes, and the server that stands for every network service."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With ``pytest -n 2 --dist loadgroup`` a folder stays together: its tests share what their conftest builds
    once, from a generated market to a whole demo."""
    for item in items:
        folder = item.path.parent.relative_to(HERE).as_posix()
        item.add_marker(pytest.mark.xdist_group(folder))


@pytest.fixture(scope="session")
def replay_module() -> ModuleType:
    """``Reply``, ``FakeClock`` and the rest of ``replay_server.py``."""
    name = "optix_test_replay_server"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HERE / "replay_server.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses look their module up
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture
def replay(replay_module: ModuleType) -> Iterator:
    """A server that answers as its script says."""
    server = replay_module.ReplayServer()
    yield server
    server.close()
