"""The daily layers as a range run leaves them: metadata, files, checks, and what is kept out."""

import hashlib

import dagster as dg
import pyarrow.parquet as pq
import pytest

from assets.option_chain import CHECK as SOLVED
from assets.validated_quotes import CHECK
from resources.raw_store import RawStore
from resources.schemas import (
    ADJUSTED_SCHEMA,
    CHAIN_SCHEMA,
    QUARANTINE_SCHEMA,
    QUOTE_SCHEMA,
    SUPERSEDED_SCHEMA,
    SURFACE_SCHEMA,
)

DAY = "2025-08-12"
SCHEMAS = {
    "validated_quotes": QUOTE_SCHEMA,
    "quarantined_quotes": QUARANTINE_SCHEMA,
    "adjusted_quotes": ADJUSTED_SCHEMA,
    "superseded_quotes": SUPERSEDED_SCHEMA,
    "option_chain": CHAIN_SCHEMA,
    "volatility_surface": SURFACE_SCHEMA,
}
KEPT_OUT = {
    "2025-08-20": ("blocked", "belongs to session 2025-08-19"),
    "2025-09-03": ("absent", "no payload was delivered"),
    "2025-09-04": ("blocked", "2025-09-04.csv.gz"),
}


@pytest.mark.parametrize("asset", SCHEMAS)
def test_each_partition_names_its_rows_its_folder_and_the_digest_of_its_file(house, asset) -> None:
    metadata = house.materialization(asset, DAY).metadata
    path = f"{metadata['path'].value}/ACME.parquet"
    stored = (house.folder / path).read_bytes()
    assert metadata["sha256"].value == {"ACME": hashlib.sha256(stored).hexdigest()}
    table = pq.read_table(house.folder / path)
    assert metadata["dagster/row_count"].value == table.num_rows
    assert table.schema.names == SCHEMAS[asset].names
    of_quotes = asset not in ("quarantined_quotes", "superseded_quotes", "volatility_surface")
    assert (table.num_rows > 300) == of_quotes


@pytest.mark.parametrize("asset", SCHEMAS)
def test_the_ui_is_told_each_column_with_its_type(house, asset) -> None:
    node = house.definitions.resolve_asset_graph().get(dg.AssetKey(["demo_stock", asset]))
    columns = node.metadata["dagster/column_schema"].columns
    assert [c.name for c in columns] == SCHEMAS[asset].names
    types = {c.name: c.type for c in columns}
    number = "year_fraction" if asset == "volatility_surface" else "strike"
    assert (types[number], types["root"], types["trade_date"]) == ("double", "string", "date32[day]")
    assert node.group_name == "demo_stock" and node.owners == ["team:optix"] and node.description


def test_a_range_run_logs_one_evaluation_a_day_and_goes_on_without_the_bad_days(house) -> None:
    found = house.evaluations("validated_quotes", CHECK)
    by_day = {day: e for day, e in found.items() if day is not None}
    node = house.definitions.resolve_asset_graph().get(dg.AssetKey(["demo_stock", "validated_quotes"]))
    assert sorted(by_day) == sorted(node.partitions_def.get_partition_keys())
    assert {day for day, e in by_day.items() if not e.passed} == set(KEPT_OUT)
    for day, (status, reason) in KEPT_OUT.items():
        shown = by_day[day].metadata["kept_out"].value["ACME"]
        assert shown.startswith(f"{status}: ") and reason in shown
        assert by_day[day].severity is dg.AssetCheckSeverity.ERROR
    # the run as a whole had usable days, so nothing downstream was stopped
    assert found[None].severity is dg.AssetCheckSeverity.WARN and not found[None].passed
    assert found[None].metadata["sessions_with_something_kept_out"].value == sorted(KEPT_OUT)


@pytest.mark.parametrize("day", KEPT_OUT)
def test_no_layer_after_validation_has_a_row_of_a_day_that_was_kept_out(house, day) -> None:
    for asset in ("validated_quotes", "adjusted_quotes", "option_chain", "volatility_surface"):
        status = house.status(asset, day).underlyings["ACME"]
        assert (status.status, status.rows) == (KEPT_OUT[day][0], 0)
        metadata = house.materialization(asset, day).metadata
        assert metadata["dagster/row_count"].value == 0
        assert metadata["kept_out"].value["ACME"].startswith(KEPT_OUT[day][0])
    month = pq.read_table(house.folder / f"demo_stock/chain_month/{day[:8]}01/chain.parquet")
    assert day not in {d.isoformat() for d in month["trade_date"].unique().to_pylist()}


def test_the_rows_of_a_repeated_session_are_in_quarantine_with_the_verdict(house) -> None:
    table = pq.read_table(house.folder / "demo_stock/quarantined_quotes/2025-08-20/ACME.parquet")
    assert table.num_rows > 300
    assert all("session blocked" in r for r in (row[0] for row in table["reasons"].to_pylist()))


def test_the_details_of_every_day_are_in_postgres(house) -> None:
    rows = house.database.open().quality(universe="demo_stock")
    failed = {str(r["trade_date"]) for r in rows if not r["passed"] and r["severity"] == "critical"}
    assert failed == set(KEPT_OUT)
    assert {"present", "session", "row_count", "repeated_quotes"} <= {r["check"] for r in rows}


def test_the_pictures_are_where_a_person_would_look(house) -> None:
    last = "2025-10-10"
    assert "data:image/png;base64," in house.materialization("option_chain", last).metadata["smile"].value
    surface = house.materialization("volatility_surface", last).metadata["surface"].value
    assert surface.startswith("![volatility surface of ACME on 2025-10-10](data:image/png;base64,")
    heatmap = house.materialization("validated_quotes", last).metadata["sessions"].value
    assert heatmap.startswith("![sessions kept, blocked and absent](data:image/png;base64,")


def test_nearly_every_two_sided_quote_of_the_range_has_an_implied_volatility(house) -> None:
    (evaluation,) = house.evaluations("option_chain", SOLVED).values()
    # an American option in the money trades at or below what a European one is worth: those have none
    assert evaluation.passed and 0.9 < evaluation.metadata["solved_share"].value < 1


def test_the_newest_session_is_present_and_harvests_are_on_record(house) -> None:
    (evaluation,) = house.evaluations("raw_quotes", "latest_session_present").values()
    assert evaluation.passed and evaluation.metadata["latest_present"].value == "2025-10-10"
    metadata = house.materialization("raw_quotes", DAY).metadata
    assert f"chains/ACME/{DAY}.csv.gz" in metadata["received_from"].value
    gap = house.materialization("raw_quotes", "2025-09-03").metadata["received_from"].value
    # the prices of that day came, its chain did not
    assert "chains/ACME/2025-09-03.csv.gz" not in gap
    counts = house.database.open().table_counts()
    assert counts["harvests"] == 50


def test_a_payload_of_a_day_without_session_goes_to_its_own_store(house) -> None:
    assert RawStore(house.lake, "demo_stock", "off_calendar_quotes").keys() == ["2025-08-16"]
    assert "2025-08-16" not in set(RawStore(house.lake, "demo_stock", "raw_quotes").keys())
    listed = house.materialization("raw_quotes", "2025-10-10").metadata["off_calendar_days"].value
    assert listed == ["2025-08-16"]


def test_a_payload_of_a_closed_day_names_the_session_that_it_repeats(house) -> None:
    evaluation = house.evaluations("raw_quotes", "closed_day_present")[None]
    assert not evaluation.passed and evaluation.severity is dg.AssetCheckSeverity.WARN
    assert "ACME 2025-08-16: " in evaluation.description
    # the vendor's file says itself which session it is of
    assert "holds session 2025-08-15" in evaluation.description
    rows = [q for q in house.database.open().quality("demo_stock") if q["check"] == "closed_day_present"]
    assert [(q["trade_date"].isoformat(), q["asset"], q["details"]) for q in rows] == [
        ("2025-08-16", "raw_quotes", {"repeats": None})
    ]
    # it is no session, so it is none of those that were judged
    judged = {q["trade_date"].isoformat() for q in house.database.open().quality_summary("demo_stock")}
    assert "2025-08-16" not in judged


def test_prices_stand_without_the_repeated_session_but_with_the_one_whose_chain_is_missing(house) -> None:
    assert house.status("underlying_prices", "2025-08-20").underlyings["ACME"].status == "blocked"
    assert house.status("underlying_prices", DAY).underlyings["ACME"].rows == 1
