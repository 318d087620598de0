"""The vendors' samples through the assets: usable sessions, parity forwards, nothing blocked."""

from pathlib import Path

import dagster as dg
import pytest

from assets.day_status import read_status
from optix_pipeline.catalog import Catalog
from optix_pipeline.definitions import build_definitions
from optix_pipeline.runner import Runner
from optix_pipeline.yaml_specs import load_spec
from resources.database.resource import DatabaseResource
from resources.lake.resource import LakeResource
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

pytestmark = pytest.mark.real_data
EXAMPLES = Path(__file__).parents[2] / "examples" / "universes"
NAMES = ("ivolatility_spx_2011", "ivolatility_aapl_2014", "paperbroker_2017")


@pytest.fixture(scope="module")
def samples(real_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    universes = {name: load_spec(EXAMPLES / f"{name}.yaml", UniverseSpec) for name in NAMES}
    catalog = Catalog(universes, {}, {})
    lake = LakeResource(uri=str(folder / "lake"))
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral() as instance:
        patch.setenv("OPTIX_HOME", str(folder / "home"))
        definitions = build_definitions(
            catalog=catalog,
            resource_overrides={
                "lake": lake,
                "database": DatabaseResource(enabled=False),
                "sources": SourcesResource(data_folder=str(real_data), generated_folder=str(folder / "none")),
            },
        )
        runner = Runner(definitions, instance, catalog)
        for universe in universes.values():
            runner.ingest(universe)
        yield lambda name, asset, day: read_status(lake.open(), universes[name], asset, day), folder / "lake"


@pytest.mark.parametrize(
    ("name", "day", "rows"),
    [
        ("ivolatility_spx_2011", "2011-01-03", {"SPX": 1936}),
        ("ivolatility_spx_2011", "2011-01-07", {"SPX": 2006}),
        ("ivolatility_aapl_2014", "2014-08-07", {"AAPL": 1822}),
        ("paperbroker_2017", "2017-01-27", {"AAL": 878, "GOOG": 2304}),
    ],
)
def test_a_sample_becomes_a_chain(samples, name, day, rows):
    status, _ = samples
    found = status(name, "option_chain", day).underlyings
    validated = status(name, "validated_quotes", day).underlyings
    assert {symbol: u.status for symbol, u in found.items()} == dict.fromkeys(rows, "ok")
    assert {symbol: u.rows + u.quarantined for symbol, u in validated.items()} == rows


def test_the_forward_of_the_chain_is_that_of_parity_in_the_facts(samples, facts):
    import pyarrow.parquet as pq

    _, lake = samples
    for fact in facts["ivolatility_spx_2011"]["values"]:
        chain = pq.read_table(
            lake / "ivolatility_spx_2011" / "option_chain" / fact["date"] / "SPX.parquet"
        ).to_pylist()
        mine = [r for r in chain if r["expiry"].isoformat() == fact["expiry"] and r["root"] == "SPX"]
        (forward,) = {row["forward"] for row in mine}
        assert forward == pytest.approx(fact["forward_parity"], rel=5e-4)
