"""The live example universes are complete, and nobody harvests them without asking for it."""

from pathlib import Path

import pytest

from optix_pipeline.catalog import load_catalog
from optix_pipeline.partitions import closed_sessions, snapshot_session, universe_partitions
from optix_pipeline.yaml_specs import load_spec
from resources.providers.registry import check_provider, make_provider
from resources.reference.registry import check_actions, make_actions
from resources.universe import UniverseSpec

LIVE = Path(__file__).parents[2] / "examples" / "universes" / "live"
NAMES = ["deribit_btc_live", "polygon_spy_flat_files", "polygon_spy_live"]


@pytest.mark.parametrize("name", NAMES)
def test_a_live_example_can_be_used_as_it_is(name):
    universe = load_spec(LIVE / f"{name}.yaml", UniverseSpec)
    check_provider(universe)
    check_actions(universe)
    assert make_provider(universe, Path()).mode == universe.provider.mode
    assert (make_actions(universe, Path()) is None) == (universe.corporate_actions is None)


def test_live_universes_are_loaded_only_where_their_folder_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("OPTIX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPTIX_REAL_DATA", str(tmp_path))
    monkeypatch.delenv("OPTIX_UNIVERSES", raising=False)
    monkeypatch.delenv("OPTIX_STUDIES", raising=False)
    assert not set(NAMES) & set(load_catalog().universes)
    monkeypatch.setenv("OPTIX_UNIVERSES", str(LIVE))
    assert set(NAMES) <= set(load_catalog().universes)


def test_the_running_session_exists_for_what_shows_only_now_and_for_nothing_else():
    live = load_spec(LIVE / "deribit_btc_live.yaml", UniverseSpec)
    historical = live.model_copy(update={"provider": live.provider.model_copy(update={"mode": "historical"})})
    session = snapshot_session(live).isoformat()
    assert universe_partitions(live).daily.get_partition_keys()[-1] == session
    assert universe_partitions(historical).daily.get_partition_keys()[-1] < session
    assert closed_sessions(live)[-1] < session


def test_a_universe_that_has_not_begun_is_refused():
    live = load_spec(LIVE / "deribit_btc_live.yaml", UniverseSpec)
    later = live.model_copy(update={"start": snapshot_session(live).replace(year=2090)})
    with pytest.raises(ValueError, match="deribit_btc_live starts 2090"):
        snapshot_session(later)
