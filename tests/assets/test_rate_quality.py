"""A rate file that cannot be read is told of where a person looks: a warning row of the session."""

import datetime as dt
from pathlib import Path

import pytest

import optix_pipeline
from assets.rates import quality_row, rate_days
from optix_pipeline.yaml_specs import load_spec
from resources.lake.opening import open_lake
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

DAY = dt.date(2025, 8, 13)


@pytest.fixture
def universe(tmp_path: Path) -> UniverseSpec:
    """The demo's stock with a folder of rates of its own."""
    shipped = load_spec(Path(optix_pipeline.__file__).parent / "universes" / "demo_stock.yaml", UniverseSpec)
    assert shipped.rates is not None
    return shipped.model_copy(
        update={"rates": shipped.rates.model_copy(update={"path": str(tmp_path / "rates")})}
    )


def judged(universe: UniverseSpec, tmp_path: Path) -> dict:
    sources = SourcesResource(generated_folder=str(tmp_path))
    (status,) = rate_days(universe, open_lake(str(tmp_path / "lake")), sources, [DAY])
    return quality_row(universe, status)


def test_a_file_that_cannot_be_read_is_a_warning_that_names_it(
    universe: UniverseSpec, tmp_path: Path
) -> None:
    folder = tmp_path / "rates"
    folder.mkdir()
    (folder / "DGS3MO.csv").write_text("observation_date,DGS3MO\n2025-08-11,4.3\n2025-08-12,4.31\n")
    assert judged(universe, tmp_path)["passed"]
    (folder / "DGS1.csv").write_text("")
    row = judged(universe, tmp_path)
    assert (row["passed"], row["severity"], row["check"], row["underlying"]) == (
        False,
        "warning",
        "rate_files",
        "USD",
    )
    assert "DGS1.csv is empty" in row["message"] and row["observed"] == 1


def test_a_session_without_a_curve_is_one_too(universe: UniverseSpec, tmp_path: Path) -> None:
    folder = tmp_path / "rates"
    folder.mkdir()
    (folder / "DGS3MO.csv").write_text("observation_date,DGS3MO\n2024-08-11,4.3\n")
    row = judged(universe, tmp_path)
    assert (row["passed"], row["observed"]) == (False, 0) and "no rate was observed" in row["message"]
