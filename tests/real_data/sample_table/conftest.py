"""Every real universe, judged once for the page and for the traps."""

from pathlib import Path

import pytest

from tests.real_data.sample_table.generate import ingest_all
from tests.real_data.sample_table.ingestion import Ingested


@pytest.fixture(scope="session")
def ingested_samples(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ingested]:
    """By the universe's name."""
    found = ingest_all(real_data, tmp_path_factory.mktemp("samples"))
    return {one.universe.name: one for one in found}
