"""The default demo set, generated once for all tests of the generator."""

from pathlib import Path

import pytest

from resources.generator import generate_demo


@pytest.fixture(scope="session")
def demo_set(tmp_path_factory: pytest.TempPathFactory):
    """(folder, summaries, progress calls) of one generation."""
    folder: Path = tmp_path_factory.mktemp("generated")
    calls: list[tuple[str, int, int]] = []
    summaries = generate_demo(folder, progress=lambda *call: calls.append(call))
    return folder, summaries, calls
