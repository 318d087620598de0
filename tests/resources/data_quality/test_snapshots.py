"""Sessions of several snapshots: a bad one is kept out by itself, the session only where none is left."""

import datetime as dt

import pyarrow as pa
import pytest

from resources.data_quality.profile import last_snapshot, profile_snapshots
from resources.data_quality.row_rules import apply_row_rules
from resources.data_quality.suite import run_suite
from resources.providers.quarantine import rejected_table
from resources.providers.typed_csv import RejectedRow

TUE, WED = dt.date(2026, 7, 21), dt.date(2026, 7, 22)
NEW_YORK = "America/New_York"
OPEN = dt.datetime(2026, 7, 22, 13, 30, tzinfo=dt.UTC)


@pytest.fixture
def session(chain):
    """``session([1.0, 1.1])`` -> a day of one snapshot per level of prices, an hour apart."""

    def make(levels, **by_snapshot):
        tables = []
        for n, level in enumerate(levels):
            ts = OPEN + dt.timedelta(hours=n)
            fields = {
                "snapshot_id": n,
                "ts": ts,
                "known_at": ts,
                "spot": 100.0 + level,
                **by_snapshot.get(f"s{n}", {}),
            }
            tables.append(chain(WED, level, **fields))
        return pa.concat_tables(tables).unify_dictionaries().combine_chunks()

    return make


@pytest.fixture
def judge(spec, nyse):
    def run(quotes, **options):
        profiles = profile_snapshots(
            trade_date=WED,
            underlying="SPY",
            spec=spec,
            calendar=nyse,
            timezone=NEW_YORK,
            quotes=quotes,
            verdict=apply_row_rules(quotes, WED, spec),
            **options,
        )
        outcome = run_suite(profiles, spec)
        return outcome.verdicts[WED, "SPY"], outcome.results

    return run


def failures(results):
    return [(r.check, r.snapshot_id) for r in results if not r.passed]


def test_a_sound_day_of_snapshots_goes_on_as_a_whole(session, judge, us):
    payloads = {n: us(WED, f"{10 + n}:00") for n in range(6)}
    verdict, results = judge(session([1.0, 1.1, 1.2, 1.3, 1.4, 1.5]), snapshot_payload_ts_us=payloads)
    assert (verdict.status, verdict.warnings, verdict.kept_out) == ("ok", (), {})
    assert failures(results) == []
    by_check = {r.check: r for r in results}
    # what six snapshots pass is one row, not six
    assert len(by_check) == len(results)
    assert by_check["row_count"].details == {"snapshots_passed": 6}
    assert by_check["usable_snapshots"].observed == 6.0


def test_a_snapshot_that_repeats_the_one_before_is_kept_out_and_no_other(session, judge):
    verdict, results = judge(session([1.0, 1.1, 1.1, 1.2]))
    assert verdict.status == "ok"
    assert verdict.kept_out == {
        2: ("SPY 2026-07-22 snapshot 2: 100% of 100 contracts, and spot, equal the snapshot before",)
    }
    assert verdict.warnings == (
        "SPY 2026-07-22: 1 of 4 snapshots kept out (2): 100% of 100 contracts, and spot, equal the snapshot before",
    )
    assert failures(results) == [("repeated_snapshot", 2)]


def test_quotes_that_stand_still_under_a_moving_spot_are_no_duplicate(session, judge):
    assert judge(session([1.0, 1.1, 1.1], s2={"spot": 150.0}))[0].kept_out == {}


def test_a_snapshot_with_too_few_sound_rows_is_kept_out_by_itself(session, judge):
    verdict, results = judge(session([1.0, 1.1, 1.2], s1={"ask": 0.01}))
    assert verdict.status == "ok" and list(verdict.kept_out) == [1]
    assert {check for check, n in failures(results) if n == 1} >= {"row_count", "quarantined_fraction"}


def test_a_payload_of_another_session_costs_its_own_snapshot(session, judge, us):
    payloads = {0: us(WED, "09:10"), 1: us(WED, "10:00"), 2: us(WED, "11:00")}
    verdict, _ = judge(session([1.0, 1.1, 1.2]), snapshot_payload_ts_us=payloads)
    assert verdict.status == "ok"
    assert verdict.kept_out[0] == (
        "SPY 2026-07-22 snapshot 0: the payload (2026-07-22 09:10 New York) belongs to session 2026-07-21",
    )


def test_the_session_is_blocked_where_no_snapshot_is_left(session, judge):
    bad = {"ask": 0.01}
    verdict, results = judge(session([1.0, 1.1], s0=bad, s1=bad))
    assert verdict.status == "blocked"
    assert verdict.reasons[0] == "SPY 2026-07-22: none of its 2 snapshots is usable"
    assert "2 of 2 snapshots kept out (0, 1)" in verdict.reasons[1]
    assert ("usable_snapshots", None) in failures(results)


def test_a_day_whose_last_snapshot_repeats_the_session_before_is_blocked_as_a_whole(session, judge, chain):
    verdict, _ = judge(session([1.0, 1.1, 1.2]), previous=chain(TUE, 1.2))
    assert verdict.status == "blocked"
    assert "equal the session before" in verdict.reasons[0]


def test_the_first_snapshot_may_repeat_the_last_of_the_session_before_without_costing_the_day(
    session, judge, chain
):
    verdict, _ = judge(session([1.0, 1.1, 1.2]), previous=chain(TUE, 1.0, spot=101.0))
    assert verdict.status == "ok" and list(verdict.kept_out) == [0]


def test_the_reference_of_the_next_session_is_the_last_snapshot(session):
    last = last_snapshot(session([1.0, 1.1, 1.2]))
    assert (last.num_rows, last.column("snapshot_id").unique().to_pylist()) == (100, [2])


def test_one_snapshot_is_judged_as_ever(session, judge):
    verdict, results = judge(session([1.0]))
    assert verdict.status == "ok"
    assert "usable_snapshots" not in {r.check for r in results}


def test_every_result_has_a_place_of_its_own_although_rows_were_rejected(judge, session):
    """Results are stored by check and snapshot: what the session says of its untyped rows must not come twice."""
    quotes = session([1.0, 1.1, 1.2])
    rejected = rejected_table(
        [RejectedRow(("untyped",), "a line")],
        underlying="SPY",
        trade_date=WED,
        source="test",
        harvest_id="h",
    )
    verdict, results = judge(quotes, rejected=rejected)
    places = [(r.check, r.snapshot_id) for r in results]
    assert len(set(places)) == len(places) and ("quarantined_fraction", None) in places
    assert verdict.status == "ok"
