"""How the tests are shared among processes (``pytest -n 2 --dist loadgroup``): a folder stays together."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one folder share what their conftest builds once, from a generated market to a whole demo."""
    for item in items:
        folder = item.path.parent.relative_to(HERE).as_posix()
        item.add_marker(pytest.mark.xdist_group(folder))
