"""Whatever is wrong with a lake is found, named once, and nothing else is."""

import datetime as dt
import json

import pytest

from assets.universe_assets import DAILY_ASSETS, MONTHLY_REFERENCE_ASSETS
from optix_pipeline.lake.archive import carry_out, plan
from optix_pipeline.lake.faults import Damage
from optix_pipeline.lake.inventory import layers, sorted_files
from optix_pipeline.lake.policy import short_policy
from optix_pipeline.lake.statuses import PARTITION_OF, status_problem
from resources.lake import open_lake

DAY = "2025-09-25"
LAYERS = (
    "underlying_prices",
    "rates",
    "validated_quotes",
    "quarantined_quotes",
    "adjusted_quotes",
    "superseded_quotes",
    "option_chain",
    "volatility_surface",
)


def test_an_intact_lake_is_verified_to_the_last_file(care):
    found = care.audit()
    assert found.faults == []
    assert found.unrecorded == ()
    assert found.verified_files == len(care.lake.list())
    assert found.verified_bytes == sum(len(data) for data in care.bytes().values())


def test_the_list_has_every_layer_partition_and_byte(care):
    found = {(x.owner, x.asset, x.raw): x for x in layers(sorted_files(care.lake).items())}
    sessions = care.source.sessions
    for asset in LAYERS:
        layer = found["demo_stock", asset, False]
        assert (layer.partitions, layer.first, layer.last) == (len(sessions), sessions[0], sessions[-1])
    assert found["demo_stock", "chain_month", False].partitions == 2
    assert found["demo_stock", "raw_quotes", True].partitions == len(sessions)
    assert sum(x.files for x in found.values()) == len(care.lake.list())
    assert sum(x.size for x in found.values()) == sum(len(data) for data in care.bytes().values())


@pytest.mark.parametrize("asset", [*LAYERS, "chain_month", "corporate_actions"])
@pytest.mark.parametrize("how", ["damaged", "gone"])
def test_a_damaged_or_missing_layer_file_is_the_one_fault(care, asset, how):
    key = "2025-09-01" if asset in ("chain_month", "corporate_actions") else DAY
    path = next(p for p in care.lake.list(f"demo_stock/{asset}/{key}") if p.endswith(".parquet"))
    care.damage(path) if how == "damaged" else care.lake.delete(path)
    found = care.audit()
    assert [(f.path, f.damage) for f in found.faults] == [(path, Damage.LAYER)]
    assert found.faults[0].place.key == key
    if how == "gone":
        assert found.faults[0].what == "is missing"


def test_a_partition_without_its_status_is_found(care):
    folder = f"demo_stock/option_chain/{DAY}"
    care.lake.delete(f"{folder}/_status.json")
    assert [(f.path, f.damage) for f in care.audit().faults] == [(folder, Damage.LAYER)]


@pytest.mark.parametrize("asset", [*LAYERS, "chain_month", "corporate_actions"])
@pytest.mark.parametrize("content", [b'{"x": 1}', b"", b"[]", b'{"inputs": 1, "days": 5}'])
def test_a_status_that_is_none_is_the_one_fault_and_its_layer_is_rebuilt(care, asset, content):
    before = care.bytes()
    key = "2025-09-01" if asset in ("chain_month", "corporate_actions") else DAY
    path = f"demo_stock/{asset}/{key}/_status.json"
    care.lake.write_bytes(path, content)
    assert [(f.path, f.damage, f.place.key) for f in care.audit().faults] == [(path, Damage.LAYER, key)]
    if content == b'{"x": 1}':  # a rebuild takes a second, and the others are mended by the same one
        assert care.repair().left == []
        assert care.bytes() == before


def test_a_status_of_another_day_is_a_fault(care):
    path = f"demo_stock/option_chain/{DAY}/_status.json"
    care.lake.write_bytes(path, care.lake.read_bytes("demo_stock/option_chain/2025-09-26/_status.json"))
    assert (path, "holds the status of 2025-09-26") in [(f.path, f.what) for f in care.audit().faults]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"inputs": []}, "inputs has no fields"),
        ({"inputs": {"a": 1}}, "inputs.a is no text"),
        ({"trade_date": "2025-13-01"}, "month must be in 1..12"),
        ({"underlyings": {"A": {"reasons": [], "warnings": [], "status": "fine"}}}, "A has status 'fine'"),
        ({"underlyings": {"A": {"reasons": [], "warnings": []}}}, "status"),
        ({"underlyings": {"A": 3}}, "A has no fields"),
        (
            {"underlyings": {"A": {"reasons": [1], "warnings": [], "status": "ok"}}},
            "A has a path, digest, reason",
        ),
        ({"underlyings": {"A\nB": []}}, "(A B has no fields)"),
        (
            {"underlyings": {"A": {"status": "ok", "reasons": [], "warnings": [], "rows": "7"}}},
            "counts its rows",
        ),
    ],
)
def test_what_is_wrong_with_a_status_is_said(care, change, what):
    document = care.lake.read_json(f"demo_stock/option_chain/{DAY}/_status.json")
    assert status_problem("option_chain", DAY, document) == ""
    assert what in status_problem("option_chain", DAY, document | change)


def test_every_layer_that_has_a_status_is_judged():
    assert set(PARTITION_OF) == {*DAILY_ASSETS[1:], *MONTHLY_REFERENCE_ASSETS, "chain_month"}


@pytest.mark.parametrize("content", [b"{}", b'{"archive": "/x", "files": {"a": 1}}', b"", b"3"])
def test_a_receipt_that_is_none_is_named_and_left(care, content):
    path = f"demo_stock/_archived/option_chain/{DAY}.json"
    care.lake.write_bytes(path, content)
    assert [(f.path, f.damage) for f in care.audit().faults] == [(path, Damage.RECEIPT)]
    (left,) = care.repair().left
    assert "receipts are left as they are" in left.what
    assert care.lake.read_bytes(path) == content


def test_a_file_that_is_gone_from_the_archive_is_a_fault_of_its_receipt(care, tmp_path):
    archive = open_lake(str(tmp_path / "archive"))
    moves = plan(care.lake, short_policy(archive.uri, 13), dt.date(2025, 10, 10))
    carry_out(care.lake, archive, moves)
    assert care.audit().faults == []
    archive.delete(f"demo_stock/option_chain/{DAY}/ACME.parquet")
    (fault,) = care.audit().faults
    assert (fault.path, fault.damage) == (f"demo_stock/_archived/option_chain/{DAY}.json", Damage.RECEIPT)
    assert fault.what.endswith(f"the first is demo_stock/option_chain/{DAY}/ACME.parquet")


@pytest.mark.parametrize(
    ("asset", "user"),
    [
        ("option_chain", "volatility_surface"),
        ("underlying_prices", "chain_month"),
        ("adjusted_quotes", "option_chain"),
    ],
)
def test_a_partition_that_is_gone_altogether_is_missed_by_what_was_made_from_it(care, asset, user):
    for path in care.lake.list(f"demo_stock/{asset}/{DAY}"):
        care.lake.delete(path)
    (fault,) = care.audit().faults
    assert fault.path == f"demo_stock/{asset}/{DAY}/_status.json"
    assert f"is gone; {user}" in fault.what


@pytest.mark.parametrize("how", ["damaged", "gone"])
def test_a_payload_is_checked_against_its_record_and_named_with_its_days(care, how):
    record = care.lake.read_json(care.lake.list(f"demo_stock/raw_quotes/_records/{DAY}")[0])
    path = next(p["path"] for p in record["parts"] if p["kind"] == "quotes")
    care.cut(path) if how == "damaged" else care.lake.delete(path)
    (fault,) = care.audit().faults
    assert (fault.path, fault.damage) == (path, Damage.PAYLOAD)
    assert fault.keys == (DAY,)
    assert DAY in fault.what


def test_a_changed_record_is_found_by_the_digest_of_its_parts(care):
    path = care.lake.list(f"demo_stock/raw_quotes/_records/{DAY}")[0]
    document = care.lake.read_json(path)
    document["parts"][0]["slice_digest"] = "0" * 64
    care.lake.write_json(path, document)
    faults = care.audit().faults
    assert [(f.path, f.damage) for f in faults] == [(path, Damage.RECORD)]
    assert "it was changed" in faults[0].what


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"a": 1}'])
def test_a_record_that_is_none_is_named_not_raised(care, content):
    path = care.lake.list(f"demo_stock/raw_quotes/_records/{DAY}")[0]
    care.lake.write_bytes(path, content)
    assert [(f.path, f.damage) for f in care.audit().faults] == [(path, Damage.RECORD)]


def test_a_record_that_is_gone_is_missed_by_the_layers_made_from_it(care):
    path = care.lake.list(f"demo_stock/raw_quotes/_records/{DAY}")[0]
    care.lake.delete(path)
    faults = care.audit().faults
    assert [(f.path, f.damage) for f in faults] == [(path, Damage.RECORD)]


def test_a_study_whose_files_changed_is_found(care):
    care.lake.write_bytes("_studies/s/backtest/full/equity.parquet", b"other")
    files = {"equity": {"path": "_studies/s/backtest/full/equity.parquet", "sha256": "0" * 64, "rows": 1}}
    care.lake.write_json("_studies/s/backtest/full/record.json", {"files": files, "digest": "1"})
    body = {"intervals": [1, 2]}
    care.lake.write_bytes(
        "_studies/s/monte_carlo/record.json", json.dumps({**body, "digest": "not of this"}).encode()
    )
    care.lake.write_bytes("_studies/s/tear_sheet/index.html", b"<html>")
    found = care.audit()
    assert [(f.path, f.damage) for f in found.faults] == [
        ("_studies/s/backtest/full/equity.parquet", Damage.STUDY),
        ("_studies/s/monte_carlo/record.json", Damage.STUDY),
    ]
    assert found.unrecorded == ("_studies/s/tear_sheet/index.html",)


def test_a_universe_that_the_lake_does_not_hold_is_refused(care):
    with pytest.raises(LookupError, match="holds nothing of elsewhere; run: optix harvest elsewhere"):
        sorted_files(care.lake, "elsewhere")
