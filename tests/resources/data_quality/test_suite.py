"""The suite's verdicts: each check on both sides of its limit, and no way to pass by accident."""

import datetime as dt
import os
import subprocess
import sys
from types import SimpleNamespace

import pandas as pd
import pytest

from resources.data_quality import gx_run
from resources.data_quality import suite as suite_module
from resources.data_quality.checks import checks
from resources.data_quality.profile_columns import absent_profile
from resources.data_quality.structure_checks import SENTENCES
from resources.data_quality.suite import DataQualityError, Verdict, run_suite
from resources.universe import QualitySpec

WED, THU = dt.date(2026, 7, 22), dt.date(2026, 7, 23)
SPEC = QualitySpec()
LENIENT = QualitySpec(require_trade_in_session=False)


def sound(day=THU, underlying="SPY", **fields):
    row = {
        **absent_profile(day, underlying),
        "absent": False,
        "snapshot_id": 0,
        "payload_session": day,
        "payload_local": f"{day} 18:40 New York",
        "payload_in_session": False,
        "rows": 1000,
        "rows_untyped": 0,
        "rows_clean": 1000,
        "rows_quoted": 990,
        "rows_quarantined": 0,
        "quarantined_fraction": 0.0,
        "expired": 0,
        "missing_worst_fraction": 0.0,
        "crossed": 0,
        "duplicate_keys": 0,
        "last_trade_max_date": day,
        "previous_rows": 1000,
        "row_ratio": 1.0,
        "common_contracts": 900,
        "equal_fraction": 0.01,
        "traded_contracts": 300,
        "traded_equal_fraction": 0.002,
    }
    unknown = fields.keys() - row.keys()
    assert not unknown, unknown
    return {**row, **fields}


NO_PAYLOAD_TIME = {"payload_session": None, "payload_local": None, "payload_in_session": None}

# check, what fails it, what is just right, the sentence of the failure
CRITICAL = [
    (
        "readable",
        {"problem": "SPY.csv.gz is truncated; harvest it again"},
        {"problem": None},
        "SPY.csv.gz is truncated; harvest it again",
    ),
    (
        "session",
        {"payload_session": WED, "payload_local": "2026-07-22 21:14 New York", "payload_in_session": None},
        NO_PAYLOAD_TIME,
        "the payload (2026-07-22 21:14 New York) belongs to session 2026-07-22",
    ),
    (
        "repeated_quotes",
        {"equal_fraction": 0.95, "common_contracts": 30},
        {"equal_fraction": 0.9499},
        "95% of 30 contracts equal the session before in bid, ask, sizes, last and volume (from 95% on it "
        "is a repeat)",
    ),
    (
        "repeated_trades",
        {"traded_equal_fraction": 1.0, "traded_contracts": 30},
        {"traded_equal_fraction": 1.0, "traded_contracts": 29},
        "100% of 30 traded contracts have the last price and volume of the session before (from 95% on it "
        "is a repeat)",
    ),
    (
        "last_trade",
        {"last_trade_max_date": WED},
        {"last_trade_max_date": THU},
        "the latest trade is of 2026-07-22, not of the session",
    ),
    (
        "last_trade",
        {"last_trade_max_date": None},
        {},
        "no row has a last trade; for a source without them, or a name that may not trade, set "
        "quality.require_trade_in_session: false",
    ),
    ("row_count", {"rows_clean": 49}, {"rows_clean": 50}, "49 clean rows of 1000, fewer than 50"),
    (
        "quoted_rows",
        {"rows_quoted": 49},
        {"rows_quoted": 50},
        "49 clean rows have a bid or an ask, fewer than 50",
    ),
    (
        "missing_fields",
        {"missing_worst_field": "spot", "missing_worst_fraction": 0.0501},
        {"missing_worst_field": "spot", "missing_worst_fraction": 0.05},
        "spot is missing in 5.01% of the rows, more than 5%",
    ),
    (
        "quarantined_fraction",
        {"quarantined_fraction": 0.25, "quarantined_by_rule": {"crossed": 50, "nan_value": 200}},
        {"quarantined_fraction": 0.2},
        "25% of the rows are quarantined, more than 20%: nan_value 200, crossed 50",
    ),
]
WARNING = [
    (
        "row_ratio",
        {"row_ratio": 0.49, "rows": 490},
        {"row_ratio": 0.5},
        "490 rows, 49% of the 1000 of the session before (less than 50%)",
    ),
    (
        "session_complete",
        {"payload_in_session": True, "payload_local": "2026-07-23 09:48 New York"},
        {},
        "the payload (2026-07-23 09:48 New York) is from within the session, not from its close",
    ),
    ("crossed", {"crossed": 1}, {}, "1 quote is crossed"),
    (
        "staleness",
        {"quote_age_median_seconds": 7200.0},
        {"quote_age_median_seconds": 3600.0},
        "half of the quotes are older than 120 minutes (limit 60)",
    ),
    ("duplicate_keys", {"duplicate_keys": 2}, {}, "2 rows repeat a contract of the same snapshot"),
    (
        "expired_contracts",
        {"expired": 334},
        {},
        "334 rows are of contracts that had stopped trading before the session",
    ),
    ("untyped_rows", {"rows_untyped": 3}, {}, "3 rows could not be typed, or had a root not valid that day"),
]


def only_verdict(row, spec=SPEC):
    result = run_suite([row], spec)
    assert list(result.verdicts) == [(THU, "SPY")]
    return result.verdicts[THU, "SPY"]


@pytest.mark.parametrize(("check", "broken", "sound_fields", "sentence"), CRITICAL)
def test_a_critical_check_blocks_beyond_its_limit_and_not_at_it(check, broken, sound_fields, sentence):
    result = run_suite([sound(**broken)], SPEC)
    assert result.verdicts[THU, "SPY"] == Verdict("blocked", (f"SPY 2026-07-23: {sentence}",), ())
    assert [r.check for r in result.results if not r.passed] == [check]
    assert only_verdict(sound(**sound_fields)) == Verdict("ok")


@pytest.mark.parametrize(("check", "broken", "sound_fields", "sentence"), WARNING)
def test_a_warning_is_told_but_does_not_block(check, broken, sound_fields, sentence):
    result = run_suite([sound(**broken)], SPEC)
    assert result.verdicts[THU, "SPY"] == Verdict("ok", (), (f"SPY 2026-07-23: {sentence}",))
    assert [(r.check, r.severity) for r in result.results if not r.passed] == [(check, "warning")]
    assert only_verdict(sound(**sound_fields)) == Verdict("ok")


def test_every_check_has_a_case():
    elsewhere = {"present", "repeated_snapshot", *SENTENCES}
    tested = {case[0] for case in CRITICAL} | {case[0] for case in WARNING} | elsewhere
    assert tested == {check.name for check in checks(SPEC)}


def test_no_payload_on_a_session_is_absent():
    verdict = only_verdict(absent_profile(THU, "SPY"))
    message = "SPY 2026-07-23: the calendar has a session, but no payload was delivered"
    assert verdict == Verdict("absent", (message,))


def test_sessions_without_a_profile_are_absent():
    friday = dt.date(2026, 7, 24)
    result = run_suite([sound(THU), sound(friday, "MOD")], SPEC, sessions=[THU, friday])
    assert {key: verdict.status for key, verdict in result.verdicts.items()} == {
        (THU, "SPY"): "ok",
        (THU, "MOD"): "absent",
        (friday, "SPY"): "absent",
        (friday, "MOD"): "ok",
    }


def test_only_the_underlying_that_fails_is_blocked():
    rows = [sound(day, name) for day in (WED, THU) for name in ("MOD", "SPX", "SPY")]
    rows[4] = sound(THU, "SPX", equal_fraction=1.0)
    verdicts = run_suite(rows, SPEC).verdicts
    assert [key for key, verdict in verdicts.items() if verdict.status != "ok"] == [(THU, "SPX")]


def test_names_that_may_not_trade_are_warned_of_but_not_blocked():
    verdict = only_verdict(sound(last_trade_max_date=WED), LENIENT)
    message = "SPY 2026-07-23: the latest trade is of 2026-07-22, not of the session"
    assert verdict == Verdict("ok", (), (message,))
    assert only_verdict(sound(last_trade_max_date=None), LENIENT) == Verdict("ok")


def test_every_reason_is_given():
    verdict = only_verdict(sound(payload_session=WED, equal_fraction=1.0, last_trade_max_date=WED, crossed=2))
    assert (len(verdict.reasons), len(verdict.warnings)) == (3, 1)


def test_results_carry_what_was_observed_and_the_limit():
    result = run_suite([sound(row_ratio=0.4, rows=400)], SPEC)
    by_check = {r.check: r for r in result.results}
    assert (by_check["row_ratio"].observed, by_check["row_ratio"].limit) == (0.4, "at least 0.5")
    assert (by_check["session"].observed, by_check["session"].limit) == ("2026-07-23", "the trade date")
    assert (by_check["present"].observed, by_check["present"].limit) == ("true", "true")
    assert (by_check["readable"].observed, by_check["readable"].limit) == (None, "none")
    assert by_check["row_count"].message == ""
    # what does not exist is not judged, and claims no pass
    assert "staleness" not in by_check


def test_a_verdict_does_not_depend_on_the_rest_of_the_range():
    rows = [sound(day, name, crossed=number) for number, day in enumerate((WED, THU)) for name in ("A", "B")]
    whole = run_suite(rows, SPEC).verdicts
    for row in rows:
        assert run_suite([row], SPEC).verdicts.items() <= whole.items()
    assert run_suite(rows[::-1], SPEC) == run_suite(rows, SPEC)


def test_an_empty_range_is_an_error_not_a_pass():
    with pytest.raises(DataQualityError, match="no profile rows"):
        run_suite([], SPEC)


def test_a_profile_that_lacks_a_column_is_an_error_not_a_pass():
    row = sound()
    del row["equal_fraction"]
    with pytest.raises(DataQualityError, match=r"SPY 2026-07-23 lacks \['equal_fraction'\]"):
        run_suite([row], SPEC)


def test_an_exception_inside_great_expectations_is_an_error_not_a_pass(monkeypatch):
    whole = suite_module.profile_frame

    def without_a_column(rows, suite) -> pd.DataFrame:
        return whole(rows, suite).drop(columns=["observed_row_count"])

    monkeypatch.setattr(suite_module, "profile_frame", without_a_column)
    with pytest.raises(DataQualityError, match=r"check row_count could not be judged: .*observed_row_count"):
        run_suite([sound()], SPEC)


@pytest.mark.parametrize(
    ("success", "answer"),
    [
        (False, {"element_count": 2, "unexpected_count": 1}),  # judged 2 of 3 rows
        (True, {"element_count": 3, "unexpected_count": 1}),  # passes with a failing row
        (False, {"element_count": 3, "unexpected_count": 0}),  # fails without one
        (False, {"element_count": 3, "unexpected_count": 2}),  # counts rows that break no rule
        (False, {"element_count": 3}),  # does not count
    ],
)
def test_an_answer_that_contradicts_itself_is_an_error_not_a_pass(success, answer):
    outcome = SimpleNamespace(exception_info={"raised_exception": False}, result=answer, success=success)
    (check,) = [c for c in checks(SPEC) if c.name == "row_count"]
    frame = pd.DataFrame({check.column: [49.0, 50.0, None]})
    with pytest.raises(DataQualityError, match="check row_count judged"):
        gx_run._failing(check, outcome, frame)
    sound_answer = SimpleNamespace(
        exception_info=None, result={"element_count": 3, "unexpected_count": 1}, success=False
    )
    assert gx_run._failing(check, sound_answer, frame) == {0}


def test_a_range_of_250_days_is_judged_in_one_silent_run(capfd, monkeypatch):
    days = [WED + dt.timedelta(days=n) for n in range(250)]
    rows = [sound(day, name) for day in days for name in ("MOD", "SPX", "SPY")]
    rows[100] = sound(rows[100]["trade_date"], rows[100]["underlying"], equal_fraction=1.0)
    runs = []
    judge = suite_module.validate

    def counted(frame, checks):
        runs.append(len(frame))
        return judge(frame, checks)

    monkeypatch.setattr(suite_module, "validate", counted)
    result = run_suite(rows, SPEC)
    blocked = [key for key, verdict in result.verdicts.items() if verdict.status == "blocked"]
    assert blocked == [(rows[100]["trade_date"], rows[100]["underlying"])]
    # a run of Great Expectations costs the same for one row and for all
    assert runs == [len(rows)]
    assert capfd.readouterr() == ("", "")


def test_importing_the_layer_does_not_import_great_expectations():
    code = (
        "import sys, resources.data_quality.suite, resources.data_quality.profile;"
        "sys.exit('great_expectations' in sys.modules or 'pandas' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
