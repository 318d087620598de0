"""Harvest records and data-quality results: mirrored, replaced, never doubled."""

import datetime as dt

import pytest

from resources.database.errors import RunRecordError
from resources.database.resource import DatabaseResource

DAY = dt.date(2026, 7, 23)


def harvest(key="2026-07-23", sequence=1, digest="d" * 64, **other):
    return {
        "universe": "cboe",
        "dataset": "raw_quotes",
        "key": key,
        "sequence": sequence,
        "digest": digest,
        "received_at": dt.datetime(2026, 7, 24, 5, tzinfo=dt.UTC),
        "parts": [{"name": "SPY.json.gz", "sha256": "1" * 64}],
        **other,
    }


def quality(check="present", passed=True, **other):
    return {
        "universe": "cboe",
        "asset": "validated_quotes",
        "trade_date": DAY,
        "underlying": "SPY",
        "check": check,
        "severity": "critical",
        "passed": passed,
        "observed": True,
        "limit": "true",
        "message": "" if passed else f"{check} failed",
        **other,
    }


def rows(database, table):
    import sqlalchemy as sa

    with database.engine.connect() as connection:
        return [
            dict(r)
            for r in connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY key, sequence")).mappings()
        ]


def test_harvests_written_twice_are_there_once(database):
    database.write_harvests([harvest(), harvest(sequence=2, digest="e" * 64), harvest(key="2026-07")])
    first = rows(database, "harvests")
    assert database.write_harvests([harvest(), harvest(sequence=2, digest="e" * 64)]) == 2
    assert rows(database, "harvests") == first
    assert [(r["key"], r["sequence"], r["trade_date"]) for r in first] == [
        ("2026-07", 1, None),
        ("2026-07-23", 1, DAY),
        ("2026-07-23", 2, DAY),
    ]


def test_a_lake_begun_anew_overrules_the_mirror(database):
    database.write_harvests([harvest()])
    database.write_harvests([harvest(digest="f" * 64)])
    assert [r["digest"] for r in rows(database, "harvests")] == ["f" * 64]


def test_no_rows_are_no_work(database):
    assert database.write_harvests([]) == 0
    assert database.write_quality([]) == 0


def test_results_of_a_session_are_replaced_as_a_whole_and_those_of_others_stay(database):
    database.write_quality([quality("present"), quality("old_check"), quality(underlying="SPX")])
    database.write_quality([quality("present", passed=False), quality("new_check")])
    found = {(r["underlying"], r["check"]): r["passed"] for r in database.quality("cboe")}
    assert found == {("SPX", "present"): True, ("SPY", "new_check"): True, ("SPY", "present"): False}


def test_results_written_twice_are_there_once(database):
    batch = [
        quality("present"),
        quality("rows", observed=412.0, limit="at least 50"),
        quality("session", observed=None),
    ]
    database.write_quality(batch)
    first = database.quality()
    database.write_quality(batch)
    assert database.quality() == first
    by_check = {r["check"]: (r["observed"], r["observed_value"]) for r in first}
    assert by_check == {"present": ("True", None), "rows": ("412.0", 412.0), "session": (None, None)}


def test_snapshots_of_one_session_are_kept_apart(database):
    database.write_quality([quality(snapshot_id=0), quality(snapshot_id=1, passed=False)])
    assert [(r["snapshot_id"], r["passed"]) for r in database.quality()] == [(0, True), (1, False)]


def test_the_summary_says_per_session_and_underlying_what_was_kept_out_and_why(database):
    next_day = DAY + dt.timedelta(days=1)
    database.write_quality(
        [
            quality("present"),
            quality("repeated_quotes", passed=False),
            quality("wide", passed=False, severity="warning"),
            quality("present", underlying="SPX", passed=False),
            quality("present", underlying="MOD"),
            quality("wide", underlying="MOD", passed=False, severity="warning"),
            quality("present", trade_date=next_day, universe="btc", underlying="BTC"),
        ]
    )
    assert database.quality_summary("cboe") == [
        {
            "universe": "cboe",
            "trade_date": DAY,
            "underlying": underlying,
            "status": status,
            "reasons": reasons,
            "warnings": warnings,
        }
        for underlying, status, reasons, warnings in (
            ("MOD", "ok", [], ["wide failed"]),
            ("SPX", "absent", ["present failed"], []),
            ("SPY", "blocked", ["repeated_quotes failed"], ["wide failed"]),
        )
    ]
    assert len(database.quality_summary()) == 4


def test_a_snapshot_that_fails_is_a_warning_while_others_are_usable(database):
    def judged(underlying, usable):
        return [
            quality("present", underlying=underlying),
            quality("row_count", underlying=underlying, snapshot_id=1, passed=False),
            quality("usable_snapshots", underlying=underlying, passed=usable),
        ]

    database.write_quality([*judged("SPY", True), *judged("MOD", False)])
    found = {q["underlying"]: (q["status"], q["reasons"], q["warnings"]) for q in database.quality_summary()}
    assert found == {
        "SPY": ("ok", [], ["row_count failed"]),
        "MOD": ("blocked", ["row_count failed", "usable_snapshots failed"], []),
    }


def test_what_a_session_of_several_snapshots_fails_as_a_whole_blocks_it(database):
    database.write_quality(
        [
            quality("usable_snapshots"),
            quality("repeated_quotes", passed=False),
            quality("vendor_iv_unsolved", severity="info", passed=False),
        ]
    )
    verdict = database.quality_summary()[0]
    assert (verdict["status"], verdict["reasons"], verdict["warnings"]) == (
        "blocked",
        ["repeated_quotes failed"],
        [],
    )


def test_results_are_filtered_by_range_underlying_and_failure(database):
    later = DAY + dt.timedelta(days=4)
    database.write_quality([quality(), quality("rows", passed=False), quality(trade_date=later)])
    assert len(database.quality("cboe", start=later)) == 1
    assert len(database.quality("cboe", end=DAY)) == 2
    assert [r["check"] for r in database.quality(failed_only=True)] == ["rows"]
    assert database.quality(underlying="MOD") == []


def test_a_row_without_a_required_field_is_refused_and_nothing_is_written(database):
    broken = quality()
    del broken["severity"]
    with pytest.raises(RunRecordError, match="lacks severity"):
        database.write_quality([quality("rows"), broken])
    assert database.quality() == []


def test_the_resource_writes_to_the_named_database_and_a_disabled_one_nowhere(
    database, database_url, make_run
):
    resource = DatabaseResource(url=database_url)
    resource.write_harvests([harvest()])
    resource.write_quality([quality()])
    resource.write_run(make_run(1))
    counts = database.table_counts()
    assert (counts["harvests"], counts["data_quality_results"], counts["backtests"]) == (1, 1, 1)
    resource.open().close()
    disabled = DatabaseResource(url=database_url, enabled=False)
    disabled.write_harvests([harvest(key="2026-08-01")])
    disabled.write_quality([quality("other")])
    disabled.write_run(make_run(1, seed=9))
    assert database.table_counts() == counts
    with pytest.raises(RuntimeError, match="disabled"):
        disabled.open()
