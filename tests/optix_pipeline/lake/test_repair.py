"""What an audit finds is mended with the very bytes that were lost, or named as lost."""

import datetime as dt
import gzip
import shutil
from pathlib import Path

import pytest

from assets.raw_quotes import harvest_row
from optix_pipeline.lake.repair import steps
from resources.raw_store import HarvestRecord

DAY, NEXT = "2025-09-25", "2025-09-26"


def test_damaged_layers_of_every_kind_come_back_byte_for_byte_from_raw_alone(care):
    before = care.bytes()
    gone = [
        p
        for asset in ("rates", "underlying_prices", "adjusted_quotes", "superseded_quotes", "option_chain")
        for p in care.lake.list(f"demo_stock/{asset}/{DAY}")
        if p.endswith(".parquet")
    ]
    gone += care.lake.list(f"demo_stock/validated_quotes/{NEXT}")
    month = "demo_stock/chain_month/2025-09-01/chain.parquet"
    actions = "demo_stock/corporate_actions/2025-10-01/all.parquet"
    for path in gone:
        care.lake.delete(path)
    care.damage(month)
    care.damage(actions)
    assert len(care.audit().faults) >= 7
    done = care.repair()
    assert done.left == []
    assert done.notes == []
    assert care.bytes() == before
    assert all("rebuilt from raw" in line for line in done.mended)


def test_nothing_is_done_to_an_intact_lake(care):
    before = care.bytes()
    done = care.repair()
    assert (done.mended, done.notes, done.left) == ([], [], [])
    assert care.bytes() == before


def test_a_payload_comes_back_where_the_source_still_has_the_same_bytes(care):
    before = care.bytes()
    paths = {p["path"] for p in care.lake.read_json(record_path(care, "raw_quotes", DAY))["parts"]}
    paths |= {p["path"] for p in care.lake.read_json(record_path(care, "rates", NEXT))["parts"]}
    paths |= {p["path"] for p in care.lake.read_json(record_path(care, "corporate_actions", "all"))["parts"]}
    for path in paths:
        care.cut(path)
    assert {f.path for f in care.audit().faults} == paths
    done = care.repair()
    assert done.left == []
    assert care.bytes() == before
    assert all("the same bytes" in line for line in done.mended)


def record_path(care, dataset: str, key: str) -> str:
    return care.lake.list(f"demo_stock/{dataset}/_records/{key}")[0]


def test_a_payload_that_the_source_no_longer_has_is_named_as_lost_and_its_layers_stay(
    care, tmp_path, monkeypatch
):
    from dataclasses import replace

    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "demo_stock").mkdir(parents=True)
    path = next(
        p["path"]
        for p in care.lake.read_json(record_path(care, "raw_quotes", DAY))["parts"]
        if p["kind"] == "quotes"
    )
    care.cut(path)
    layer = next(p for p in care.lake.list(f"demo_stock/option_chain/{DAY}") if p.endswith(".parquet"))
    before = care.lake.read_bytes(layer)
    moved = replace(care, source=replace(care.source, files=elsewhere))
    done = moved.repair()
    assert [f.path for f in done.left] == [path]
    assert "lost" in done.left[0].what
    assert care.lake.read_bytes(layer) == before


@pytest.mark.parametrize("how", ["changed", "gone"])
def test_a_file_that_changed_at_the_source_is_told_from_one_that_is_gone(care, tmp_path, how):
    """The day's prices are still there: the source has something for the day, and yet not this file."""
    from dataclasses import replace

    source = shutil.copytree(care.source.files, tmp_path / "source")
    part = next(
        p for p in care.lake.read_json(record_path(care, "raw_quotes", DAY))["parts"] if p["kind"] == "quotes"
    )
    (file,) = source.rglob(Path(part["name"]).name)
    file.unlink() if how == "gone" else file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()), 1))
    care.cut(part["path"])
    (left,) = replace(care, source=replace(care.source, files=source)).repair().left
    said = f"has other bytes for {DAY}" if how == "changed" else f"no longer has {part['name']} for {DAY}"
    assert f"lost: the source {said}" in left.what


def test_a_layer_whose_payload_is_lost_too_is_left_with_the_reason(care, tmp_path):
    from dataclasses import replace

    (tmp_path / "elsewhere" / "demo_stock").mkdir(parents=True)
    payload = next(
        p["path"]
        for p in care.lake.read_json(record_path(care, "raw_quotes", DAY))["parts"]
        if p["kind"] == "quotes"
    )
    layer = next(p for p in care.lake.list(f"demo_stock/validated_quotes/{DAY}") if p.endswith(".parquet"))
    care.cut(payload)
    care.damage(layer)
    done = replace(care, source=replace(care.source, files=tmp_path / "elsewhere")).repair()
    assert {f.path for f in done.left} == {payload, layer}
    assert done.mended == []
    (fault,) = (f for f in done.left if f.path == layer)
    assert "has sha256" in fault.what, "what is wrong with the layer"
    assert payload in fault.what, "and why it cannot be rebuilt"


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_a_record_comes_back_from_the_database(care, how):
    path = record_path(care, "raw_quotes", DAY)
    before = care.bytes()
    record = HarvestRecord.from_json(care.lake.read_json(path))
    row = harvest_row(record)
    assert isinstance(row["received_at"], dt.datetime)
    care.rows["demo_stock", "raw_quotes", DAY, 1] = row
    care.lake.delete(path) if how == "gone" else care.lake.write_bytes(path, b"{}")
    done = care.repair()
    assert done.left == []
    assert care.bytes() == before


def test_a_record_without_a_copy_is_lost_and_named(care):
    path = record_path(care, "raw_quotes", DAY)
    care.lake.delete(path)
    done = care.repair()
    assert [f.path for f in done.left] == [path]
    assert "lost: the database has no copy" in done.left[0].what


def test_a_rates_record_that_is_lost_never_becomes_an_empty_one(care):
    """In replay a missing record would stand for a source that has nothing."""
    path = record_path(care, "rates", DAY)
    care.lake.delete(path)
    layer = next(p for p in care.lake.list(f"demo_stock/rates/{DAY}") if p.endswith(".parquet"))
    care.damage(layer)
    done = care.repair()
    assert {f.path for f in done.left} == {path, layer}
    assert care.lake.list(f"demo_stock/rates/_records/{DAY}") == []


def test_rebuilding_goes_in_the_order_of_the_chain_and_takes_neighbouring_days_together(care):
    sessions = care.source.sessions
    wanted = {
        "chain_month": {"2025-09-01"},
        "option_chain": {sessions[1], sessions[2]},
        "quarantined_quotes": {sessions[1], sessions[2], sessions[4]},
        "corporate_actions": {"2025-10-01"},
    }
    found = [
        (assets, first, last) for assets, first, last, _ in steps(care.source.universe, sessions, wanted)
    ]
    both = ("validated_quotes", "quarantined_quotes")
    assert found == [
        (("corporate_actions",), "2025-10-01", "2025-10-01"),
        ((*both, "option_chain"), sessions[1], sessions[2]),
        (both, sessions[4], sessions[4]),
        (("chain_month",), "2025-09-01", "2025-09-01"),
    ]
