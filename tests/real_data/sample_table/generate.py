"""From the folder of real data to the page."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from optix_pipeline.yaml_specs import load_spec
from resources.universe import UniverseSpec
from tests.real_data.sample_table.accounting import accounts
from tests.real_data.sample_table.ingestion import Ingested, ingest
from tests.real_data.sample_table.page import page
from tests.real_data.sample_table.reference import reference_rows

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "real-data.md"
FOLDERS = (ROOT / "examples" / "universes", ROOT / "tests" / "real_data" / "universes")


def real_universes() -> list[UniverseSpec]:
    """Those that read files of the real data, by name."""
    paths: Iterable[Path] = (path for folder in FOLDERS for path in folder.glob("*.yaml"))
    found = [load_spec(path, UniverseSpec) for path in paths]
    return sorted((u for u in found if u.provider.path.startswith("${data}/")), key=lambda u: u.name)


def ingest_all(data: Path, scratch: Path) -> list[Ingested]:
    """Every universe that reads real files."""
    return [ingest(universe, data, scratch) for universe in real_universes()]


def text_of(data: Path, ingested: Sequence[Ingested]) -> str:
    """The page, from files alone: the same bytes whenever and wherever it is made."""
    return page(data, ingested, accounts(data, ingested), reference_rows(data))
