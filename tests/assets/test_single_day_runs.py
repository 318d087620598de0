"""One day at a time: blocking, restated days, content versions, and layers that are asked too early."""

import gzip
from collections import Counter

import dagster as dg
import pytest

from assets.validated_quotes import CHECK
from resources.raw_store import RawStore

DAY, NEXT = "2025-08-12", "2025-08-13"


@pytest.fixture
def fresh(build_house, own_files):
    """A house of its own whose corporate actions are there; the files may be changed."""
    built = build_house(files=own_files)
    assert built.run(["corporate_actions"], "2025-08-01").success
    return built


def versions(house, day: str) -> dict[str, str]:
    return {asset: house.version(asset, day) for asset in house.daily}


def test_an_unusable_day_blocks_what_is_downstream_of_it_in_a_run_of_its_own(fresh) -> None:
    fresh.run(["raw_quotes"], "2025-08-19")
    result = fresh.run(fresh.daily, "2025-08-20")
    assert not result.success
    done = {e.asset_key.path[-1] for e in result.get_asset_materialization_events()}
    assert done == {"raw_quotes", "underlying_prices", "rates", "validated_quotes", "quarantined_quotes"}
    (evaluation,) = fresh.evaluations("validated_quotes", CHECK).values()
    assert not evaluation.passed and evaluation.severity is dg.AssetCheckSeverity.ERROR
    assert "belongs to session 2025-08-19" in evaluation.metadata["kept_out"].value["ACME"]


def test_a_good_day_alone_passes_and_reaches_the_chain(fresh) -> None:
    assert fresh.run(fresh.daily, DAY).success
    (evaluation,) = fresh.evaluations("validated_quotes", CHECK).values()
    assert evaluation.passed and evaluation.metadata["rows"].value == fresh.status("option_chain", DAY).rows


def test_the_same_again_has_the_same_versions_and_a_restated_day_has_others(fresh, own_files) -> None:
    assert fresh.run(fresh.daily, DAY).success
    first = versions(fresh, DAY)
    assert fresh.run(fresh.daily, DAY).success
    assert versions(fresh, DAY) == first
    assert not fresh.materialization("raw_quotes", DAY).metadata["new"].value
    path = own_files / "demo_stock/chains/ACME" / f"{DAY}.csv.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    path.write_bytes(gzip.compress("\n".join([*lines[:-1], ""]).encode()))
    assert fresh.run(fresh.daily, DAY).success
    after = versions(fresh, DAY)
    assert {asset for asset in first if first[asset] != after[asset]} == {
        "raw_quotes", "validated_quotes", "adjusted_quotes", "option_chain"}  # fmt: skip
    assert fresh.materialization("raw_quotes", DAY).metadata["version"].value == 2
    assert len(RawStore(fresh.lake, "demo_stock", "raw_quotes").versions(DAY)) == 2


def test_a_layer_that_is_asked_before_its_upstream_says_what_to_run(fresh) -> None:
    result = fresh.run(["option_chain"], NEXT)
    assert not result.success
    errors = [e.step_failure_data.error for e in result.all_events if e.is_step_failure]
    assert any("adjusted_quotes has no partition 2025-08-13; materialize it first" in str(e) for e in errors)


def test_the_check_of_the_newest_session_fails_when_it_did_not_come(fresh, own_files) -> None:
    assert fresh.run(fresh.daily, DAY).success
    (evaluation,) = fresh.evaluations("raw_quotes", "latest_session_present").values()
    assert not evaluation.passed and evaluation.severity is dg.AssetCheckSeverity.WARN
    assert evaluation.metadata["latest_expected"].value == "2025-10-10"
    assert evaluation.metadata["latest_present"].value == DAY


def test_a_month_takes_the_days_that_are_there_and_names_the_others(fresh) -> None:
    assert fresh.run(fresh.daily, DAY, NEXT).success
    assert fresh.run(["chain_month"], "2025-08-01").success
    metadata = fresh.materialization("chain_month", "2025-08-01").metadata
    assert metadata["days"].value == 2
    missing = metadata["not_materialized"].value
    assert len(missing) == 18 and missing[0] == "2025-08-04" and DAY not in missing
    rows = sum(fresh.status("option_chain", day).rows for day in (DAY, NEXT))
    assert metadata["dagster/row_count"].value == rows
    result = fresh.run(["chain_month"], "2025-09-01")
    errors = [e.step_failure_data.error for e in result.all_events if e.is_step_failure]
    assert "no day of the month has an option_chain" in str(errors[0])


def test_a_universe_without_rates_has_no_such_asset_and_prices_without_a_curve(build_house) -> None:
    house = build_house(change={"rates": None})
    graph = house.definitions.resolve_asset_graph()
    assert not graph.has(dg.AssetKey(["demo_stock", "rates"]))
    assert house.run(["corporate_actions"], "2025-08-01").success
    assert house.run(house.daily, DAY).success
    path = house.status("option_chain", DAY).underlyings["ACME"].path
    table = house.lake.read_table(path)
    # options that cost what exercise pays have no volatility
    statuses = Counter(table["iv_status"].to_pylist())
    assert statuses["ok"] + statuses["below_intrinsic"] > table.num_rows * 0.9
    assert statuses["below_intrinsic"] < table.num_rows * 0.15
    assert "spot_carry" not in table["forward_method"].unique().to_pylist()
