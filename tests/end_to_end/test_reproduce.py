"""Every study of the demo is rebuilt from its raw payloads to the same digests, and a changed byte is found."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.end_to_end

#: the longest first, so that two at a time end together
STUDIES = ("index_iron_condor", "stock_covered_call", "stock_cash_secured_put", "coin_short_strangle")


@pytest.fixture(scope="module")
def reproductions(demo_home, run_optix):
    """``optix reproduce STUDY --json`` of every study, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        outcomes = pool.map(
            lambda s: run_optix(demo_home.home, "reproduce", s, "--json", timeout=900), STUDIES
        )
        return dict(zip(STUDIES, outcomes, strict=True))


def test_these_are_all_the_studies_of_the_demo(demo_home):
    assert sorted(demo_home.studies) == sorted(STUDIES)


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_is_rebuilt_from_its_raw_payloads_with_the_same_digests(demo_home, reproductions, study):
    outcome = reproductions[study]
    assert outcome.returncode == 0, outcome.stderr[-2000:]
    found = json.loads(outcome.stdout)
    shown = next(s for s in demo_home.summary["studies"] if s["study"] == study)
    assert found["run_id"] == shown["run_id"]
    assert found["same"] is True
    assert found["rebuilt"] == found["stored"]
    assert found["rebuilt"]["backtest"] == shown["digest"]
    assert {"monte_carlo", "walk_forward"} < set(found["rebuilt"])
    assert any(name.startswith("walk_forward_window ") for name in found["rebuilt"])
    assert found["largest_difference"] == {}
    assert found["records"] > 100 and found["payload_bytes"] > 1_000_000


def test_a_rebuild_leaves_no_trace_in_the_lake_it_reads(demo_home, reproductions, lake_of):
    assert all(o.returncode == 0 for o in reproductions.values())
    assert lake_of(demo_home.home) == demo_home.lake


@contextmanager
def one_byte_changed(path: Path):
    """One byte in the middle of the file (of a record: of a digest that it states), put back afterwards."""
    stored = path.read_bytes()
    stated = stored.find(b'"slice_digest": "') + len(b'"slice_digest": "')
    position = stated if path.suffix == ".json" else len(stored) // 2
    path.write_bytes(stored[:position] + bytes([stored[position] ^ 0x01]) + stored[position + 1 :])
    try:
        yield
    finally:
        path.write_bytes(stored)


@contextmanager
def deleted(path: Path):
    """The file away, put back afterwards."""
    stored = path.read_bytes()
    path.unlink()
    try:
        yield
    finally:
        path.write_bytes(stored)


@pytest.fixture(scope="module")
def stored_files(demo_home, run_optix):
    """Lake paths of one file of each kind behind the covered call."""
    answer = run_optix(demo_home.home, "lineage", "stock_covered_call", "--json")
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    blobs = {
        (record["path"].split("/")[1], part["kind"]): part["path"]
        for record in document["harvests"]
        for part in record["parts"]
    }
    layers = [row["path"] for row in document["layers"]]
    return {
        "raw payload of the quotes": blobs["raw_quotes", "quotes"],
        "raw payload of the underlying": blobs["raw_quotes", "underlying_prices"],
        "raw payload of the rates": blobs["rates", "rates"],
        "harvest record": document["harvests"][3]["path"],
        "chain_month": next(p for p in layers if p.endswith("chain.parquet")),
        "prices beside chain_month": next(p for p in layers if p.endswith("underlying_prices.parquet")),
        "corporate actions": next(p for p in layers if "/corporate_actions/" in p),
        "equity of the backtest": "_studies/stock_covered_call/backtest/full/equity.parquet",
    }


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        ("raw payload of the quotes", one_byte_changed),
        ("raw payload of the quotes", deleted),
        ("raw payload of the underlying", one_byte_changed),
        ("raw payload of the rates", one_byte_changed),
        ("harvest record", one_byte_changed),
        ("chain_month", one_byte_changed),
        ("chain_month", deleted),
        ("prices beside chain_month", one_byte_changed),
        ("corporate actions", one_byte_changed),
        ("equity of the backtest", one_byte_changed),
    ],
)
def test_a_stored_file_that_was_changed_fails_the_rebuild_and_is_named(
    demo_home, run_optix, stored_files, kind, damage
):
    path = stored_files[kind]
    with damage(demo_home.home / "lake" / path):
        outcome = run_optix(demo_home.home, "reproduce", "stock_covered_call")
    assert outcome.returncode == 1
    assert "Traceback" not in outcome.stderr
    (line,) = outcome.stderr.splitlines()
    assert path in line
    assert "same" not in outcome.stdout
