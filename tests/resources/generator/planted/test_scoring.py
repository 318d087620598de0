"""Joining truth and findings: what counts as found, what as a false alarm."""

import datetime as dt

import pytest

from resources.generator.planted.decoys import Decoy
from resources.generator.planted.planting import Planted
from resources.generator.planted.scoring import Flag, Found, score

DAYS = [dt.date(2025, 3, d) for d in (3, 4, 5)]


def row(kind="crossed", contract="GNX1", day=DAYS[0], line=""):
    return Planted(day, "GNX", "", contract, kind, "done", line)


def found(*flags, grades=None):
    return Found(DAYS, flags, grades or {})


def test_a_row_is_found_by_its_own_check_on_its_own_contract_only():
    planted = [row()]
    assert score(planted, [], found(Flag(DAYS[0], "crossed", "", "GNX1"))).kinds["crossed"].recall == 1.0
    for flag in (
        Flag(DAYS[0], "crossed", "", "GNX2"),
        Flag(DAYS[1], "crossed", "", "GNX1"),
        Flag(DAYS[0], "zero_quote", "", "GNX1"),
        Flag(DAYS[0], "crossed"),
    ):
        result = score(planted, [], found(flag))
        assert result.kinds["crossed"].recall == 0.0 and result.missed == planted and not result.good


def test_a_row_that_could_not_be_typed_is_known_by_its_text():
    planted = [row("missing_strike", line="a,b,,c")]
    assert score(planted, [], found(Flag(DAYS[0], "untyped:strike", line="a,b,,c"))).good
    assert not score(planted, [], found(Flag(DAYS[0], "untyped:strike", line="a,b,,d"))).good


def test_a_grade_counts_for_the_kinds_that_are_graded():
    planted = [row("locked")]
    assert score(planted, [], found(grades={(DAYS[0], "GNX1"): {"locked"}})).good
    assert not score(planted, [], found(grades={(DAYS[0], "GNX1"): {"wide"}})).good


def test_an_unexplained_flag_is_a_false_alarm_of_the_kinds_that_its_check_serves():
    alarm = Flag(DAYS[1], "crossed", "", "GNX9")
    result = score(
        [row(), row("locked", "GNX2")],
        [],
        found(Flag(DAYS[0], "crossed", "", "GNX1"), alarm, grades={(DAYS[0], "GNX2"): {"locked"}}),
    )
    assert result.false_alarms == [alarm]
    assert result.kinds["crossed"].precision == 0.5 and result.kinds["locked"].precision == 1.0
    assert not result.good


def test_a_false_alarm_of_a_check_that_serves_no_kind_fails_the_score_too():
    result = score([row()], [], found(Flag(DAYS[0], "crossed", "", "GNX1"), Flag(DAYS[2], "brand_new_check")))
    assert all(k.good for k in result.kinds.values()) and not result.good


@pytest.mark.parametrize(
    ("check", "day", "explained"),
    [
        ("session", 0, True),
        ("last_trade", 0, True),
        ("volatility_jumps", 1, True),
        ("repeated_quotes", 1, False),
        ("repeated_quotes", 2, False),
        ("session", 1, False),
        ("crossed", 0, False),
        ("usable_snapshots", 0, True),
        ("usable_snapshots", 1, False),
    ],
)
def test_a_spoiled_session_explains_its_consequences_and_no_more(check, day, explained):
    late = Planted(DAYS[0], "GNX", "", "", "late_file", "done")
    flags = [Flag(DAYS[0], "session"), Flag(DAYS[day], check)]
    alarms = score([late], [], found(*flags)).false_alarms
    assert alarms == ([] if explained else [Flag(DAYS[day], check)])


def test_a_decoy_that_is_flagged_is_named():
    decoy = Decoy(DAYS[1], "GNX", "", "half_day", "closes early")
    wing = Decoy(DAYS[1], "GNX", "GNX5", "wide_wing", "wide")
    alarm = Flag(DAYS[1], "row_ratio")
    result = score([row()], [decoy, wing], found(Flag(DAYS[0], "crossed", "", "GNX1"), alarm))
    assert result.flagged_decoys == [(decoy, alarm)] and result.decoys == {"half_day": 1, "wide_wing": 1}


def test_scores_of_sets_add_up():
    total = score([row()], [], found(Flag(DAYS[0], "crossed", "", "GNX1")))
    total.add(score([row(), row(contract="GNX3")], [], found(Flag(DAYS[0], "crossed", "", "GNX3"))))
    kind = total.kinds["crossed"]
    assert (kind.planted, kind.found, kind.recall) == (3, 2, pytest.approx(2 / 3))
