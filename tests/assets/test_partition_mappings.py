"""The days and months that lineage shows for a partition are those that it used."""

import dagster as dg
import pytest
from dagster import AssetKey


def parents(house, child: AssetKey, partition: str, parent: AssetKey) -> list[str]:
    graph = house.definitions.resolve_asset_graph()
    mapping = graph.get_partition_mapping(child, parent)
    wanted = graph.get(child).partitions_def.subset_with_partition_keys([partition])
    found = mapping.get_upstream_mapped_partitions_result_for_partitions(
        wanted, graph.get(child).partitions_def, graph.get(parent).partitions_def
    )
    return list(found.partitions_subset.get_partition_keys())


def key(*path: str) -> AssetKey:
    return AssetKey(list(path))


@pytest.mark.parametrize("upstream", ["chain_month", "corporate_actions"])
def test_a_window_uses_the_months_of_its_train_and_test_ranges(house, upstream) -> None:
    child = key("stock_covered_call", "walk_forward_window")
    months = parents(house, child, "2025-10-01", key("demo_stock", upstream))
    assert months == ["2025-09-01", "2025-10-01"]


def test_a_window_partition_exists_only_where_a_test_range_ends(house) -> None:
    node = house.definitions.resolve_asset_graph().get(key("stock_covered_call", "walk_forward_window"))
    assert list(node.partitions_def.get_partition_keys()) == ["2025-09-01", "2025-10-01"]


def test_a_validated_day_also_depends_on_the_three_sessions_before_it(house) -> None:
    days = parents(
        house, key("demo_stock", "validated_quotes"), "2025-09-03", key("demo_stock", "raw_quotes")
    )
    # the first of September is no session: sessions are counted, not days
    assert days == ["2025-08-28", "2025-08-29", "2025-09-02", "2025-09-03"]


def test_an_adjusted_day_also_depends_on_the_sessions_that_an_event_is_told_by(house) -> None:
    adjusted, raw = (key("demo_stock", asset) for asset in ("adjusted_quotes", "raw_quotes"))
    assert parents(house, adjusted, "2025-09-03", raw) == [
        "2025-08-28",
        "2025-08-29",
        "2025-09-02",
        "2025-09-03",
    ]


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        ("adjusted_quotes", "validated_quotes"),
        ("adjusted_quotes", "quarantined_quotes"),
        ("option_chain", "adjusted_quotes"),
        ("option_chain", "rates"),
    ],
)
def test_the_other_daily_layers_depend_on_their_own_day(house, child, parent) -> None:
    assert parents(house, key("demo_stock", child), "2025-09-02", key("demo_stock", parent)) == ["2025-09-02"]


def test_a_day_depends_on_the_month_of_events_that_it_lies_in_and_a_month_on_its_sessions(house) -> None:
    adjusted = key("demo_stock", "adjusted_quotes")
    assert parents(house, adjusted, "2025-09-30", key("demo_stock", "corporate_actions")) == ["2025-09-01"]
    days = parents(house, key("demo_stock", "chain_month"), "2025-08-01", key("demo_stock", "option_chain"))
    assert len(days) == 20 and (days[0], days[-1]) == ("2025-08-04", "2025-08-29")


def test_every_daily_asset_covers_a_range_in_one_run(house) -> None:
    graph = house.definitions.resolve_asset_graph()
    for asset in (*house.daily, "chain_month"):
        policy = graph.get(key("demo_stock", asset)).backfill_policy
        assert policy == dg.BackfillPolicy.single_run(), asset
