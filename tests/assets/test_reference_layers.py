"""Earnings dates and index histories: months of them, only where the universe names them, with their quarantine."""

import datetime as dt
import sqlite3
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest

from assets.harvest_tick import exchange_tick
from assets.universe_assets import build_universe_assets, monthly_reference_assets
from optix_pipeline.partitions import universe_partitions
from optix_pipeline.runner import ingestion_steps
from resources.universe import CorporateActionsSpec, EarningsSpec, IndexHistorySpec

AUGUST, SEPTEMBER = "2025-08-01", "2025-09-01"
EARNINGS = EarningsSpec(path="${generated}/earnings.db")
HISTORIES = (
    IndexHistorySpec(name="VIX", format="vix_daily_csv", path="${generated}/vix.csv"),
    IndexHistorySpec(name="bench", format="tiingo_daily_csv", path="${generated}/etf.csv", symbol="VOO"),
)


def write_vix(folder: Path, *rows: str) -> None:
    (folder / "vix.csv").write_text("\n".join(("DATE,OPEN,HIGH,LOW,CLOSE", *rows, "")))


def write_earnings(folder: Path, *rows: tuple[str, str]) -> None:
    path = folder / "earnings.db"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE earnings (Ticker TEXT, Earnings_Date TEXT)")
    connection.executemany("INSERT INTO earnings VALUES (?, ?)", rows)
    connection.commit()
    connection.close()


@pytest.fixture
def files(own_files: Path) -> Path:
    write_vix(
        own_files,
        *("2025-08-28,15,16,14,15", "2025-08-29,15,16,14,15", "2025-09-01,15,16,14,15"),
        *("2025-09-02,15,16,14,15", "2025-09-04,15,16,14,16", "soon,1,1,1,1"),
    )
    (own_files / "etf.csv").write_text(
        "symbol,date,close,high,low,open,volume,divCash,splitFactor\n"
        "VOO,2025-08-28,101,102,99,100,5000,0,1\nTLT,2025-08-28,90,91,89,90,100,0,1\n"
    )
    write_earnings(
        own_files, ("ACME", "2025-08-06"), ("ACME", "2025-05-07"), ("OTHER", "2025-08-06"), ("ACME", "?")
    )
    return own_files


@pytest.fixture
def named(build_house, files):
    return build_house(files=files, change={"earnings": EARNINGS, "index_histories": HISTORIES})


def rows(house, asset: str, month: str, name: str) -> list[dict]:
    return pq.read_table(house.folder / f"demo_stock/{asset}/{month}/{name}.parquet").to_pylist()


def test_a_month_holds_its_own_dates_and_says_what_it_could_not_use(named):
    assert named.run(["earnings_dates"], AUGUST).success
    (row,) = rows(named, "earnings_dates", AUGUST, "all")
    assert (row["underlying"], row["earnings_date"], row["timing"]) == (
        "ACME",
        dt.date(2025, 8, 6),
        "unknown",
    )
    assert row["known_at"] == dt.datetime(2025, 8, 7, 4, tzinfo=dt.UTC)
    (aside,) = rows(named, "earnings_dates", AUGUST, "_quarantined")
    assert (aside["symbol"], aside["day"], aside["reasons"]) == ("ACME", None, ["untyped:Earnings_Date"])
    status = named.lake.read_json(f"demo_stock/earnings_dates/{AUGUST}/_status.json")
    assert (status["rows"], status["quarantined"]) == (1, 1)
    assert next(iter(status["inputs"])).startswith("demo_stock/earnings_dates/_records/all/")


def test_each_history_has_its_file_and_gaps_are_told(named):
    for month in (AUGUST, SEPTEMBER):
        assert named.run(["index_history"], month).success
    assert [r["trade_date"].day for r in rows(named, "index_history", SEPTEMBER, "VIX")] == [2, 4]
    assert [(r["name"], r["close"]) for r in rows(named, "index_history", AUGUST, "bench")] == [
        ("bench", 101.0)
    ]
    assert rows(named, "index_history", SEPTEMBER, "bench") == []
    # Labor Day is in quarantine with its reason, the row without a date in every month
    reasons = [r["reasons"] for r in rows(named, "index_history", SEPTEMBER, "_quarantined")]
    assert sorted(reasons) == [["not_a_session"], ["untyped:DATE"]]
    metadata = named.materialization("index_history", SEPTEMBER).metadata
    assert metadata["dagster/row_count"].value == 2
    table = metadata["histories"].value
    assert "| VIX | 2 | 2025-09-03 | vix.csv | 6 | not_a_session 1, untyped:DATE 1 |" in table
    assert "| bench | 0 | none | etf.csv | 2 | none |" in table


def test_a_new_row_changes_the_version_of_its_month_alone(named, files):
    months = (AUGUST, SEPTEMBER)

    def versions() -> list[str]:
        for month in months:
            assert named.run(["index_history", "earnings_dates"], month).success
        return [named.version(asset, m) for m in months for asset in ("index_history", "earnings_dates")]

    before = versions()
    with (files / "vix.csv").open("a") as file:
        file.write("2025-09-05,15,16,14,15\n")
    write_earnings(files, ("ACME", "2025-08-06"), ("ACME", "2025-05-07"), ("ACME", "2025-09-10"))
    after = versions()
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, False, False]


def test_a_file_that_cannot_be_read_fails_its_own_asset_with_its_name(named, files):
    (files / "earnings.db").write_bytes(b"not a database")
    result = named.run(["earnings_dates", "index_history"], AUGUST)
    assert not result.success
    (failure,) = [e for e in result.all_node_events if e.is_step_failure]
    assert "earnings.db is no SQLite database" in str(failure.event_specific_data.error.cause.message)
    assert rows(named, "index_history", AUGUST, "VIX") != []


def test_a_universe_without_them_has_no_empty_assets(build_house):
    universe = build_house().universe
    partitions = universe_partitions(universe)

    def names(spec) -> set[str]:
        built = build_universe_assets(
            spec, partitions.daily, partitions.monthly, exchange_tick(spec.timezone)
        )
        return {key.path[-1] for definition in built for key in definition.keys}

    bare = universe.model_copy(update={"corporate_actions": None, "rates": None})
    new = {"earnings_dates", "index_history"}
    assert new & names(universe) == set() == {"corporate_actions", "rates", *new} & names(bare)
    assert new <= names(universe.model_copy(update={"earnings": EARNINGS, "index_histories": HISTORIES}))
    assert monthly_reference_assets(bare) == []


def test_an_ingestion_makes_every_reference_layer_before_the_days(named):
    steps = ingestion_steps(named.universe)
    wanted = tuple(
        dg.AssetKey(["demo_stock", a]) for a in ("corporate_actions", "earnings_dates", "index_history")
    )
    assert [(s.keys, s.partitions) for s in steps[:3]] == [
        (wanted, (m, m)) for m in (AUGUST, SEPTEMBER, "2025-10-01")
    ]
    assert not any(set(wanted) & set(s.keys) for s in steps[3:])


def test_the_quarantine_of_a_split_catalogue_stands_beside_its_month(build_house, own_files):
    folder = own_files / "splits"
    folder.mkdir()
    entry = '{"symbol": "%s", "name": "x", "date": "2025-08-%s", "ratioNew": 4, "ratioOld": 1, "notes": "%s"}'
    entries = [
        entry % ("ACME", "08", "Split-adjusted trading began Aug 11, 2025."),
        entry % ("OTHER", "20", ""),
    ]
    (folder / "2025.json").write_text(
        f'{{"year": 2025, "updated": "2025-12-01", "splits": [{", ".join(entries)}]}}'
    )
    spec = CorporateActionsSpec(format="splits_catalog_json", path="${generated}/splits")
    house = build_house(files=own_files, change={"corporate_actions": spec})
    for month in (AUGUST, SEPTEMBER):
        assert house.run(["corporate_actions"], month).success
        (split,) = rows(house, "corporate_actions", month, "all")
        assert split["effective_date"] == dt.date(2025, 8, 11)
    aside = [(r["symbol"], r["reasons"]) for r in rows(house, "corporate_actions", AUGUST, "_quarantined")]
    assert aside == [("OTHER", ["date_uncertain"])]
    assert rows(house, "corporate_actions", SEPTEMBER, "_quarantined") == []
