"""The table of failed checks in the check's metadata: the gravest first, each with where and why."""

import datetime as dt

from assets.check_summary import objections
from resources.data_quality.suite import ExpectationResult


def failed(check: str, severity: str, day: int, message: str = "", passed: bool = False) -> ExpectationResult:
    return ExpectationResult(
        dt.date(2026, 7, day), "SPY", None, check, severity, passed, 1.0, "0", message or f"{check} says no"
    )


def test_nothing_failed_needs_no_table() -> None:
    assert objections([failed("crossed", "critical", 1, passed=True)]) is None


def test_checks_are_in_order_of_severity_and_of_how_often_they_failed() -> None:
    results = [failed("locked", "info", 1)]
    results += [failed("crossed", "warning", day) for day in range(1, 8)]
    results += [failed("present", "critical", 2, "a | stroke\r\nand a line"), failed("parity", "warning", 1)]
    lines = objections(results).value.splitlines()
    assert lines[0] == "| check | severity | where | the first says |"
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| present", "| crossed", "| parity", "| locked"]
    assert lines[2] == r"| present | critical | SPY 2026-07-02 | a \| stroke and a line |"
    assert "SPY on 7 sessions: 2026-07-01, 2026-07-02" in lines[3] and "2026-07-05, …" in lines[3]


def test_a_long_list_is_cut_and_says_so() -> None:
    lines = objections([failed(f"check_{n:02d}", "warning", 1) for n in range(23)]).value.splitlines()
    assert len(lines) == 2 + 20 + 1
    assert lines[-1].startswith("| and 3 more |")
