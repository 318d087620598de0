"""Runs: what is written comes back, twice is once, and half of one never shows."""

import dataclasses
import datetime as dt
import uuid
from decimal import Decimal

import numpy as np
import pytest
import sqlalchemy as sa

from resources.database.errors import RunRecordError, UnknownRunError
from resources.database.run_id import run_id, trade_id


def everything(database):
    """Every row of every table but the surrogate key and the row's own birth."""
    found = {}
    with database.engine.connect() as connection:
        for name in database.table_counts():
            rows = connection.execute(
                sa.text(f"SELECT to_jsonb(t) - 'created_at' FROM \"{name}\" t")
            ).scalars()
            skipped = {"id"} if name == "equity_curve" else set()
            found[name] = sorted(
                str(sorted((k, v) for k, v in row.items() if k not in skipped)) for row in rows
            )
    return found


def scalar(database, query, **values):
    with database.engine.connect() as connection:
        return connection.execute(sa.text(query), values).scalar_one()


def test_the_run_id_is_fixed_and_depends_on_each_part():
    # a golden value: any change renames every stored run
    assert run_id("a" * 64, "b" * 64, "c" * 64, 7) == uuid.UUID("dd595369-cf50-55da-9a4f-201fce7a4058")
    different = {
        run_id("a", "b", "c", 1),
        run_id("b", "a", "c", 1),
        run_id("a", "b", "d", 1),
        run_id("a", "b", "c", 2),
        run_id("ab", "b", "c", 1),
    }
    assert len(different) == 5
    with pytest.raises(ValueError, match="inputs_digest"):
        run_id("a", "", "c", 1)


def test_writing_a_run_twice_leaves_equal_rows(database, make_run):
    database.write_run(make_run(4))
    first, counts = everything(database), database.table_counts()
    database.write_run(make_run(4))
    assert everything(database) == first
    assert database.table_counts() == counts
    assert counts == {
        "backtests": 1,
        "data_quality_results": 0,
        "equity_curve": 4,
        "events": 4,
        "fills": 4,
        "freshness": 0,
        "harvests": 0,
        "metrics": 5,
        "monte_carlo_summaries": 1,
        "orders": 4,
        "quality_releases": 0,
        "rejections": 4,
        "run_inputs": 2,
        "trade_legs": 4,
        "trades": 4,
        "walk_forward_windows": 1,
    }


def test_writing_a_run_again_with_fewer_rows_leaves_none_of_the_old_and_no_other_run_is_touched(
    database, make_run
):
    other = make_run(3, seed=2, study="other")
    database.write_run(other)
    database.write_run(make_run(5))
    database.write_run(
        make_run(2, windows=(), monte_carlo=(), inputs=(), metrics={"full": {"total_return": 1.0}})
    )
    counts = database.table_counts()
    assert (counts["trades"], counts["fills"], counts["equity_curve"]) == (5, 5, 5)
    assert (counts["walk_forward_windows"], counts["run_inputs"], counts["metrics"]) == (1, 2, 6)
    assert len(database.metrics(other.id)["full"]) == 3


def test_an_undefined_number_is_null_and_an_infinite_one_is_refused_before_anything_is_written(
    database, make_run
):
    run = make_run(3)
    database.write_run(run)
    assert database.metrics(run.id) == {
        "full": {"sharpe_ratio": 1.5, "sortino_ratio": None, "total_return": 0.25},
        "out_of_sample": {"sharpe_ratio": None},
        "window:2026-03": {"sharpe_ratio": 0.5},
    }
    assert scalar(database, "SELECT count(*) FROM equity_curve WHERE cash IS NULL") == 1
    assert scalar(database, "SELECT count(*) FROM trades WHERE pnl = 'NaN'") == 0
    before = everything(database)
    tables = {name: dict(columns) for name, columns in run.tables.items()}
    tables["fills"]["price"] = np.array([1.0, np.inf, 2.0])
    with pytest.raises(RunRecordError, match=r"fills\.price is infinite in row 1"):
        database.write_run(dataclasses.replace(run, tables=tables))
    with pytest.raises(RunRecordError, match="profit_factor of full is infinite"):
        database.write_run(dataclasses.replace(run, metrics={"full": {"profit_factor": float("inf")}}))
    assert everything(database) == before


def test_a_write_that_postgres_refuses_leaves_what_was_there(database, make_run):
    run = make_run(3)
    database.write_run(run)
    before = everything(database)
    tables = {name: dict(columns) for name, columns in run.tables.items()}
    tables["equity"]["ts_us"] = np.zeros(3, dtype=np.int64)  # the same instant three times
    with pytest.raises(Exception, match="uq_equity_curve_backtest_id_timestamp"):
        database.write_run(dataclasses.replace(run, tables=tables, study="changed"))
    assert everything(database) == before


def test_values_come_back_as_they_went_in(database, make_run):
    run = make_run(3)
    database.write_run(run)
    with database.engine.connect() as connection:
        trade = (
            connection.execute(sa.text("SELECT * FROM trades ORDER BY package_id LIMIT 1")).mappings().one()
        )
        legs = connection.execute(sa.text("SELECT * FROM trade_legs ORDER BY package_id")).mappings().all()
        point = (
            connection.execute(sa.text("SELECT * FROM equity_curve ORDER BY timestamp LIMIT 1"))
            .mappings()
            .one()
        )
    source = run.tables["trades"]
    assert trade["id"] == trade_id(run.id, 1)
    assert trade["pnl"] == Decimal(repr(float(source["pnl"][0])))
    assert trade["entry_date"] == dt.datetime.fromtimestamp(source["entry_us"][0] / 1e6, dt.UTC)
    assert (trade["symbol"], trade["currency"]) == ("underlying0", "USD")
    assert legs[0]["right"] == "S" and legs[0]["expiry"] is None, "shares do not expire"
    assert legs[1]["expiry"] == dt.date(1970, 1, 1) + dt.timedelta(days=19_701)
    assert point["trade_date"] == dt.date(1970, 1, 1) + dt.timedelta(days=19_700)
    assert point["halted"] is True
    window = database.windows(run.id)[0]
    assert window["parameters"] == {"short_delta": 0.16, "width": 25}
    assert (window["trial_count"], window["out_of_sample"]) == (2, None)
    assert database.monte_carlo(run.id)[0]["upper"] == 2.2
    assert [(i["kind"], i["key"]) for i in database.run_inputs(run.id)] == [
        ("layer", "2026-03"),
        ("raw", "2026-03-02"),
    ]


def test_money_keeps_ten_decimals(database, make_run):
    run = make_run(1)
    tables = {name: dict(columns) for name, columns in run.tables.items()}
    tables["fills"]["fee"] = np.array([0.00030000004])
    database.write_run(dataclasses.replace(run, tables=tables))
    assert scalar(database, "SELECT fee FROM fills") == Decimal("0.0003000000")
    tables["fills"]["fee"] = np.array([0.0003000001])
    database.write_run(dataclasses.replace(run, tables=tables))
    assert scalar(database, "SELECT fee FROM fills") == Decimal("0.0003000001")


def test_texts_that_copy_could_stumble_over_survive(database, make_run):
    run = make_run(1)
    tables = {name: dict(columns) for name, columns in run.tables.items()}
    odd = "tab\t newline\n backslash\\ \\N quote' é €"
    tables["events"]["note"] = np.array([odd], dtype=object)
    database.write_run(dataclasses.replace(run, tables=tables))
    assert scalar(database, "SELECT note FROM events") == odd
    tables["events"]["note"] = np.array(["a\x00b"], dtype=object)
    with pytest.raises(RunRecordError, match=r"events\.note holds a NUL"):
        database.write_run(dataclasses.replace(run, tables=tables))


def test_runs_are_listed_latest_first_and_found_by_a_unique_beginning(database, make_run):
    early = make_run(0, seed=1)
    late = make_run(0, seed=2, completed_at=early.completed_at + dt.timedelta(hours=1))
    other = make_run(0, seed=3, study="other")
    for run in (early, late, other):
        database.write_run(run)
    assert [r["id"] for r in database.runs("index_iron_condor")] == [late.id, early.id]
    assert len(database.runs()) == 3
    assert database.run(str(late.id)[:18].upper())["id"] == late.id
    assert database.run(other.id)["study"] == "other"
    with pytest.raises(UnknownRunError, match="begins with 0000"):
        database.run("00000000-0000")
    with pytest.raises(UnknownRunError, match="is no run id"):
        database.run("index_iron_condor")


def test_an_ambiguous_beginning_names_the_candidates(database, make_run):
    ids = [uuid.UUID(f"abcdef00-0000-4000-8000-00000000000{n}") for n in (1, 2)]
    for one in ids:
        database.write_run(make_run(0, id=one))
    with pytest.raises(UnknownRunError, match=f"{ids[0]}, {ids[1]}"):
        database.run("abcdef")


def test_performance_metrics_shows_the_customers_columns_of_the_whole_run(database, make_run):
    run = make_run(0)
    database.write_run(run)
    with database.engine.connect() as connection:
        row = connection.execute(sa.text("SELECT * FROM performance_metrics")).mappings().one()
    assert (row["backtest_id"], row["total_return"], row["sharpe_ratio"]) == (run.id, 0.25, 1.5)
    assert row["sortino_ratio"] is None and row["max_drawdown"] is None


@pytest.mark.parametrize(
    ("replaced", "says"),
    [
        ({"completed_at": dt.datetime(2026, 1, 1)}, "no time zone"),
        ({"metrics": {"windows": {}}}, "is no metrics scope"),
        ({"tables": {}}, "RESULT_TABLES differ"),
        ({"config": {"path": object()}}, "no JSON form"),
    ],
)
def test_a_record_that_cannot_be_stored_is_refused_with_the_reason(database, make_run, replaced, says):
    with pytest.raises(RunRecordError, match=says):
        database.write_run(make_run(1, **replaced))


def test_a_table_with_a_missing_column_is_refused(make_run):
    run = make_run(1)
    tables = {name: dict(columns) for name, columns in run.tables.items()}
    del tables["fills"]["price"]
    with pytest.raises(RunRecordError, match=r"table fills .* price"):
        dataclasses.replace(run, tables=tables)


def test_deleting_a_run_takes_its_rows_along(database, make_run):
    run = make_run(3)
    database.write_run(run)
    with database.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM backtests"))
    assert sum(database.table_counts().values()) == 0
