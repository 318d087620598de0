"""Severities and limits as a universe sets them, and the guide's table of every check."""

from pathlib import Path

import pytest

from optix_pipeline.yaml_specs import SpecError, load_spec
from resources.data_quality.catalogue import ACTIONS, CATALOGUE
from resources.data_quality.check_definition import CheckDefinition
from resources.data_quality.checks import checks
from resources.universe import QualitySpec, UniverseSpec

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "guide" / "universes.md"


def limit_cell(check: CheckDefinition) -> str:
    if check.threshold is not None:
        return f"`{check.threshold}`"
    return "" if check.limit is None else f"{check.limit:g}"


def guide_rows() -> list[str]:
    """The table as the guide must have it."""
    return [
        f"| {c.name} | {c.level} | {c.severity}{' (fixed)' if c.fixed else ''} | {limit_cell(c)} | {c.catches} |"
        for c in CATALOGUE.values()
    ]


def test_the_guide_lists_every_check_as_it_is():
    lines = GUIDE.read_text(encoding="utf-8").splitlines()
    start = lines.index("| check | level | severity | limit | catches |")
    assert lines[start + 2 : start + 2 + len(CATALOGUE)] == guide_rows()
    assert not lines[start + 2 + len(CATALOGUE)].startswith("|")
    assert all(action in GUIDE.read_text(encoding="utf-8") for action in ACTIONS.values())


def settings(**checks_set):
    return QualitySpec.model_validate({"checks": checks_set})


def test_a_severity_that_a_universe_sets_is_the_suites():
    by_name = {
        c.name: c
        for c in checks(settings(row_ratio={"severity": "critical"}, staleness={"severity": "info"}))
    }
    assert (by_name["row_ratio"].severity, by_name["staleness"].severity) == ("critical", "info")
    assert "row_ratio" not in {c.name for c in checks(settings(row_ratio={"severity": "off"}))}


def test_a_limit_that_a_universe_sets_is_the_checks():
    assert {c.name: c.limit for c in checks(settings(duplicate_keys={"limit": 7}))}["duplicate_keys"] == 7.0


def test_every_check_of_a_session_or_snapshot_has_a_rule():
    judged = {c.name for c in checks(QualitySpec())}
    # the last is judged from the verdicts on the snapshots
    assert judged - {"crossed"} == {c.name for c in CATALOGUE.values() if c.level != "row"} - {
        "usable_snapshots"
    }


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        ("    no_such: {severity: off}", 12, "no check is named 'no_such'; there are"),
        ("    crossed: {severity: fatal}", 12, "Input should be 'critical', 'warning', 'info' or 'off'"),
        ("    crossed: {}", 11, "crossed: give a severity, a limit, or both"),
        ("    missing_key: {severity: info}", 11, "missing_key: its severity is critical always"),
        ("    row_count: {limit: 10}", 11, "row_count: its limit is quality.min_rows; set that instead"),
        ("    present: {limit: 10}", 11, "present: the check has no limit to set"),
        ("    duplicate_keys: {limit: -1}", 12, "greater than or equal to 0"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_file_and_line(tmp_path, lines, line, message):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\n"
        "description: a test\n"
        "provider: {format: cboe_csv, path: x}\n"
        "calendar: XNYS\n"
        "timezone: America/New_York\n"
        "start: 2026-01-02\n"
        "quote_currency: USD\n"
        "settlement_currency: USD\n"
        "underlyings: [{symbol: A, kind: stock, roots: [{root: A, style: A, settlement_time: PM, "
        "settlement_type: physical, multiplier: 100}]}]\n"
        "quality:\n"
        "  checks:\n"
        f"{lines}\n"
    )
    with pytest.raises(SpecError) as caught:
        load_spec(path, UniverseSpec)
    # a rule over the whole of ``quality`` is told at its line
    assert f"mine.yaml:{line if line == 12 else 10}: quality" in str(caught.value)
    assert message in str(caught.value)
