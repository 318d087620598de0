"""The chain on an S3 lake is the chain on a folder: same rows, same digests."""

import datetime as dt
from pathlib import Path

import pytest
import yaml

from assets import (
    adjustment,
    chain_month,
    option_chain,
    rates,
    underlying_prices,
    validation,
    volatility_surface,
)
from engine.calendars import TradingCalendar
from resources.generator.demo import generate_universe
from resources.generator.demo_markets import DEMO_STOCK
from resources.lake.lake import Lake
from resources.lake.opening import open_lake
from resources.raw_store import RawStore
from resources.sources import SourcesResource
from resources.universe import UniverseSpec

DAYS = 4


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    generate_universe(DEMO_STOCK, folder / "demo_stock")
    return folder


@pytest.fixture(scope="module")
def universe() -> UniverseSpec:
    import optix_pipeline

    path = Path(optix_pipeline.__file__).parent / "universes" / "demo_stock.yaml"
    spec = UniverseSpec.model_validate(yaml.safe_load(path.read_text()))
    return spec.model_copy(update={"corporate_actions": None})


@pytest.fixture(scope="module")
def bucket():
    import os

    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "optix-test",
        "AWS_SECRET_ACCESS_KEY": "optix-test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    boto3.client("s3").create_bucket(Bucket="optix-lake")
    yield "s3://optix-lake/chain"
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})
    server.stop()


def _ingest(universe: UniverseSpec, lake: Lake, generated: Path) -> dict[str, object]:
    """Every layer of the first sessions; returns the month's status."""
    sources = SourcesResource(generated_folder=str(generated))
    calendar = TradingCalendar.for_code(
        universe.calendar, universe.start, universe.start + dt.timedelta(days=30)
    )
    days = calendar.sessions()[:DAYS]
    sources.harvest(universe, RawStore(lake, universe.name, "raw_quotes"), days)
    provider = sources.provider(universe)
    underlying_prices.price_days(universe, lake, provider, days, calendar)
    rates.rate_days(universe, lake, sources, days)
    validation.validate_days(universe, lake, provider, days, calendar, lambda results: None)
    adjustment.adjust_days(universe, lake, lambda: provider, days)
    option_chain.enrich_days(universe, lake, days)
    volatility_surface.fit_days(universe, lake, days)
    return chain_month.compact_month(universe, lake, universe.start.replace(day=1), days)


def test_the_layers_on_s3_are_those_of_a_folder(tmp_path, generated, universe, bucket):
    on_s3, in_folder = open_lake(bucket), open_lake(str(tmp_path / "lake"))
    there, here = _ingest(universe, on_s3, generated), _ingest(universe, in_folder, generated)
    assert there == here
    assert there["chain"]["rows"] > 500 * DAYS
    # the same objects under the same names; only the harvest records tell when they were received
    assert on_s3.list() == in_folder.list()
    for path in in_folder.list():
        if "/_records/" not in path:
            assert on_s3.read_bytes(path) == in_folder.read_bytes(path), path


def test_a_second_ingestion_on_s3_changes_nothing(generated, universe, bucket):
    lake = open_lake(bucket.replace("chain", "twice"))
    first = _ingest(universe, lake, generated)
    before = {path: lake.read_bytes(path) for path in lake.list()}
    assert _ingest(universe, lake, generated) == first
    assert {path: lake.read_bytes(path) for path in lake.list()} == before
