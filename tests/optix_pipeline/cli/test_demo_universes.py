"""The demo ingests what its studies trade, and no sample of a format."""

from pathlib import Path

from engine.backtest.study import StudySpec
from optix_pipeline.catalog import Catalog
from optix_pipeline.cli.demo import traded
from optix_pipeline.yaml_specs import load_spec
from resources.universe import UniverseSpec

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_universes_without_a_study_are_left_out():
    universes = [load_spec(path, UniverseSpec) for path in sorted((EXAMPLES / "universes").glob("*.yaml"))]
    studies = [load_spec(path, StudySpec) for path in sorted((EXAMPLES / "studies").glob("*.yaml"))]
    catalog = Catalog({u.name: u for u in universes}, {s.name: s for s in studies}, {})
    shown = traded(catalog)
    assert set(shown.universes) == {"btc_2021_06", "cboe_2026_07", "deribit_btc_2026"}
    assert shown.studies == catalog.studies and "ivolatility_spx_2011" in catalog.universes
