"""Late or not: calendar, tick, half days, weekends, clocks put forward, and what the lake holds."""

import datetime as dt
from pathlib import Path

import dagster as dg
import pytest
import yaml

from assets.day_status import DayStatus, Status, UnderlyingStatus, write_status
from assets.freshness import Freshness, freshness, latest_session_result, universe_freshness
from assets.harvest_tick import around_the_clock_tick, exchange_tick
from resources.lake.lake import Lake
from resources.lake.opening import open_lake
from resources.raw_store import RawPart, RawStore
from resources.universe import UniverseSpec

TICK = exchange_tick("America/New_York")
NEW_YORK = dt.timezone(dt.timedelta(hours=-5))  # in winter


def shipped(name: str, **changes: object) -> UniverseSpec:
    import optix_pipeline

    path = Path(optix_pipeline.__file__).parent / "universes" / f"{name}.yaml"
    spec = UniverseSpec.model_validate(yaml.safe_load(path.read_text()))
    return spec.model_copy(update={"end": None, **changes})


def stock(known_after_minutes: float = 0, **changes: object) -> UniverseSpec:
    spec = shipped("demo_stock", **changes)
    provider = spec.provider.model_copy(update={"known_after_minutes": known_after_minutes})
    return spec.model_copy(update={"provider": provider})


def day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def seen(universe: UniverseSpec, now: str, present: str | None, usable: str | None = None) -> Freshness:
    return freshness(universe, TICK, at(now), day(present), day(usable or present))


@pytest.mark.parametrize(
    ("now", "present", "expected", "behind", "late", "status"),
    [
        # Tuesday night: before the tick Monday is expected, from the tick on Tuesday
        ("2025-12-10 00:29", "2025-12-08", "2025-12-08", 0, 0, "current"),
        ("2025-12-10 00:30", "2025-12-08", "2025-12-09", 1, 0, "due"),
        ("2025-12-10 01:29", "2025-12-08", "2025-12-09", 1, 0, "due"),
        ("2025-12-10 01:30", "2025-12-08", "2025-12-09", 1, 1, "late"),
        ("2025-12-10 00:31", "2025-12-09", "2025-12-09", 0, 0, "current"),
        ("2025-12-09 17:00", "2025-12-09", "2025-12-08", 0, 0, "current"),
        # Friday's session stays the newest all weekend and through Monday
        ("2025-12-13 12:00", "2025-12-12", "2025-12-12", 0, 0, "current"),
        ("2025-12-15 23:00", "2025-12-12", "2025-12-12", 0, 0, "current"),
        ("2025-12-16 12:00", "2025-12-12", "2025-12-15", 1, 1, "late"),
        # two nights missed: the one before is late while last night's is only due
        ("2025-12-11 00:45", "2025-12-08", "2025-12-10", 2, 1, "late"),
        # Thanksgiving is no session, the half day after it is
        ("2025-11-28 12:00", "2025-11-26", "2025-11-26", 0, 0, "current"),
        ("2025-11-29 00:29", "2025-11-26", "2025-11-26", 0, 0, "current"),
        ("2025-11-29 12:00", "2025-11-26", "2025-11-28", 1, 1, "late"),
        ("2025-12-10 12:00", None, "2025-12-09", 113, 113, "late"),
    ],
)
def test_sessions_are_expected_from_the_tick_after_them(
    now: str, present: str | None, expected: str, behind: int, late: int, status: str
) -> None:
    found = seen(stock(), now, present)
    assert (found.expected, found.behind, found.late, found.status) == (day(expected), behind, late, status)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        # Saturday 00:30 is 05:30 UTC in winter; Tuesday's, after the clocks went forward, 04:30
        ("2026-03-07T05:29+00:00", "2026-03-05"),
        ("2026-03-07T05:30+00:00", "2026-03-06"),
        ("2026-03-10T04:29+00:00", "2026-03-06"),
        ("2026-03-10T04:30+00:00", "2026-03-09"),
        # and back
        ("2026-10-31T04:30+00:00", "2026-10-30"),
        ("2026-11-03T05:29+00:00", "2026-10-30"),
        ("2026-11-03T05:30+00:00", "2026-11-02"),
    ],
)
def test_the_tick_follows_the_clock_of_the_exchange(now: str, expected: str) -> None:
    found = freshness(stock(), TICK, dt.datetime.fromisoformat(now), None, None)
    assert found.expected == day(expected)


def test_quotes_that_are_known_late_are_expected_from_a_later_tick() -> None:
    """Ten hours after the close: on a half day (13:00) that is before the tick, on others (16:00) after it."""
    slow = stock(known_after_minutes=600)
    assert seen(slow, "2025-11-29 00:30", "2025-11-26").expected == day("2025-11-28")
    assert seen(slow, "2025-12-10 00:30", "2025-12-08").expected == day("2025-12-08")
    assert seen(slow, "2025-12-11 00:30", "2025-12-08").expected == day("2025-12-09")
    assert seen(slow, "2025-12-11 00:30", "2025-12-08").due_at == at("2025-12-11 00:30")


def test_around_the_clock_every_day_is_expected_from_a_quarter_past_midnight() -> None:
    coin, tick = shipped("demo_coin"), around_the_clock_tick()
    for now, expected in (
        ("2025-12-14T00:14+00:00", "2025-12-12"),
        ("2025-12-14T00:15+00:00", "2025-12-13"),
        ("2025-12-15T00:15+00:00", "2025-12-14"),  # a Sunday
    ):
        found = freshness(coin, tick, dt.datetime.fromisoformat(now), day("2025-12-12"), None)
        assert found.expected == day(expected), now


def test_a_universe_behind_a_western_exchange_waits_for_its_tick() -> None:
    """One schedule serves all exchanges: Berlin's session is over six hours before New York's tick."""
    berlin = stock(timezone="Europe/Berlin", calendar="XETR")
    assert seen(berlin, "2025-12-10 00:29", "2025-12-08").status == "current"
    assert seen(berlin, "2025-12-10 00:30", "2025-12-08").status == "due"


def test_an_ended_universe_is_closed_whatever_it_holds() -> None:
    ended = stock(end=dt.date(2025, 12, 5))
    assert (seen(ended, "2026-05-05 12:00", "2025-12-05").status, seen(ended, "2026-05-05 12:00", None).status) == (
        "closed",
        "closed",
    )  # fmt: skip
    found = seen(ended, "2026-05-05 12:00", "2025-12-03")
    assert (found.expected, found.behind) == (day("2025-12-05"), 2)


def test_before_its_first_session_is_over_a_universe_waits() -> None:
    new = stock(start=dt.date(2025, 12, 10))
    for now in ("2025-11-01 12:00", "2025-12-10 12:00", "2025-12-11 00:29"):
        found = seen(new, now, None)
        assert (found.status, found.expected, found.behind) == ("waiting", None, 0), now
    assert seen(new, "2025-12-11 00:30", None).status == "due"


def test_a_session_that_came_and_cannot_be_used_is_not_called_current() -> None:
    assert seen(stock(), "2025-12-10 12:00", "2025-12-09", "2025-12-08").status == "unusable"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path))


def received(lake: Lake, universe: UniverseSpec, text: str, payload: bytes | None) -> None:
    parts = [] if payload is None else [RawPart.whole("quotes", "ACME", f"{text}.csv", "here", payload)]
    RawStore(lake, universe.name, "raw_quotes").put(text, parts, received_at=dt.datetime.now(dt.UTC))


def judged(lake: Lake, universe: UniverseSpec, text: str, status: Status) -> None:
    found = DayStatus(dt.date.fromisoformat(text), {"ACME": UnderlyingStatus(status)})
    write_status(lake, universe, "validated_quotes", found)


def test_the_lake_says_what_came_and_what_can_be_used(lake: Lake) -> None:
    universe, now = stock(), at("2025-12-10 12:00")
    assert universe_freshness(universe, TICK, lake, now).present is None
    for text in ("2025-12-03", "2025-12-04", "2025-12-05"):
        received(lake, universe, text, text.encode())
    received(lake, universe, "2025-12-08", None)  # the source had nothing
    prices = RawPart.whole("underlying_prices", "ACME", "prices.csv", "here", b"prices alone")
    RawStore(lake, universe.name, "raw_quotes").put("2025-12-09", [prices], received_at=now)
    judged(lake, universe, "2025-12-03", "ok")
    judged(lake, universe, "2025-12-04", "blocked")
    judged(lake, universe, "2025-12-08", "absent")  # 2025-12-05 is not validated yet
    found = universe_freshness(universe, TICK, lake, now)
    assert (found.present, found.usable) == (day("2025-12-05"), day("2025-12-03"))
    assert (found.expected, found.behind, found.late, found.status) == (day("2025-12-09"), 2, 2, "late")


@pytest.mark.parametrize(
    ("present", "passed", "severity"),
    [
        ("2025-12-09", True, dg.AssetCheckSeverity.WARN),
        ("2025-12-08", False, dg.AssetCheckSeverity.WARN),
        ("2025-12-05", False, dg.AssetCheckSeverity.WARN),
        ("2025-12-04", False, dg.AssetCheckSeverity.ERROR),
    ],
)
def test_the_check_warns_of_a_slow_source_and_fails_where_several_sessions_are_missing(
    lake: Lake, present: str, passed: bool, severity: dg.AssetCheckSeverity
) -> None:
    universe = stock()
    received(lake, universe, present, b"payload")
    result = latest_session_result(universe, TICK, lake, at("2025-12-10 00:31"))
    assert (result.passed, result.severity) == (passed, severity)
    assert f"expected 2025-12-09, newest present {present}" in (result.description or "")


def test_the_check_of_an_ended_universe_only_warns(lake: Lake) -> None:
    universe = stock(end=dt.date(2025, 12, 9))
    received(lake, universe, "2025-08-04", b"payload")
    result = latest_session_result(universe, TICK, lake, at("2026-05-05 12:00"))
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
