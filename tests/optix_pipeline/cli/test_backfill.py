"""``optix backfill`` as far as it goes without a process: what is planned, said and refused."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from resources.generator.demo_markets import DEMO_COIN
from resources.generator.market import build_market
from resources.generator.writer import UniverseWriter

FIRST, LAST = dt.date(2025, 12, 1), dt.date(2025, 12, 4)


@pytest.fixture
def universe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``universe(mode)``: four days of the generated coin, their vendor files there or not."""

    def make(mode: str = "historical", files: bool = True) -> None:
        import optix_pipeline

        folder = tmp_path / "universes"
        folder.mkdir()
        if files:
            writer = UniverseWriter(build_market(replace(DEMO_COIN, end=LAST)), folder / "files", FIRST)
            writer.write(lambda done, total: None)
        shipped = Path(optix_pipeline.__file__).parent / "universes" / "demo_coin.yaml"
        spec: dict[str, Any] = yaml.safe_load(shipped.read_text())
        spec |= {"name": "few_days", "start": FIRST, "end": LAST}
        spec["provider"] |= {"mode": mode, "path": str(folder / "files")}
        (folder / "few_days.yaml").write_text(yaml.safe_dump(spec))
        monkeypatch.setenv("OPTIX_UNIVERSES", str(folder))

    return make


def test_the_past_of_a_source_of_snapshots_is_refused_with_the_way_out(universe, refused) -> None:
    universe("snapshot_only")
    line = refused("backfill", "few_days")
    assert "few_days: its source shows only the market of now" in line
    assert "4 sessions from 2025-12-01 to 2025-12-04 cannot be harvested any more" in line
    assert "optix harvest few_days" in line


def test_a_source_that_is_not_there_is_one_line_before_anything_runs(universe, refused) -> None:
    universe(files=False)
    line = refused("backfill", "few_days")
    assert "files does not exist; check provider.path" in line


@pytest.mark.parametrize("option", [("--workers", "0"), ("--chunk", "0"), ("--chunk", "many")])
def test_counts_that_cannot_be_used_are_usage_errors(optix, option) -> None:
    answer = optix("backfill", "demo_coin", *option)
    assert answer.code == 2 and option[0] in answer.err


def test_a_lake_with_a_broken_status_names_the_file(universe, refused, home, monkeypatch, tmp_path) -> None:
    universe()
    lake = tmp_path / "lake"
    status = lake / "few_days" / "option_chain" / "2025-12-02" / "_status.json"
    status.parent.mkdir(parents=True)
    status.write_text('{"half":')
    monkeypatch.setenv("OPTIX_LAKE_URI", str(lake))
    assert f"{status} is no JSON file" in refused("backfill", "few_days")
