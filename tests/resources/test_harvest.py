"""Harvesting a day: once, repeatable, and never a past day from a source that shows only now."""

import datetime as dt
from collections.abc import Sequence

import pytest

from resources.harvest import NoSessionError, SnapshotOnlyError, harvest_day, harvest_off_calendar
from resources.lake import open_lake
from resources.providers.protocol import ParsedDay, RawPart
from resources.raw_store import RawStore
from resources.universe import UniverseSpec

FRIDAY, SATURDAY, MONDAY = dt.date(2026, 7, 24), dt.date(2026, 7, 25), dt.date(2026, 7, 27)


class Source:
    """Has one payload for every day named."""

    def __init__(self, days: dict[dt.date, bytes], mode: str = "historical") -> None:
        self.days, self.mode, self.fetched = days, mode, 0

    def available_days(self) -> list[dt.date]:
        return sorted(self.days)

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        self.fetched += 1
        if trade_date not in self.days:
            return []
        return [RawPart.whole("quotes", "MOD", f"{trade_date}.csv", "/x", self.days[trade_date])]

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        raise AssertionError("harvesting does not parse")


def _at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text + "+00:00")


@pytest.fixture
def universe() -> UniverseSpec:
    root = {
        "root": "MOD",
        "style": "A",
        "settlement_time": "PM",
        "settlement_type": "physical",
        "multiplier": 100,
    }
    return UniverseSpec.model_validate(
        {
            "name": "us_names",
            "description": "test",
            "provider": {"format": "cboe_csv", "path": "x"},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2026-07-20",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [{"symbol": "MOD", "kind": "stock", "roots": [root]}],
        }
    )


@pytest.fixture
def store(tmp_path) -> RawStore:
    return RawStore(open_lake(str(tmp_path)), "us_names", "raw_quotes")


def test_the_same_day_twice_is_one_harvest(universe, store):
    source = Source({FRIDAY: b"x"})
    first = harvest_day(universe, source, store, FRIDAY, received_at=_at("2026-07-25 04:30"))
    again = harvest_day(universe, source, store, FRIDAY, received_at=_at("2026-07-26 04:30"))
    assert (first.new, again.new, again.sequence) == (True, False, 1)
    assert store.lake.list("us_names/raw_quotes/_records") == [first.path]


def test_a_day_without_anything_is_on_record(universe, store):
    record = harvest_day(universe, Source({}), store, FRIDAY, received_at=_at("2026-07-25 04:30"))
    assert (record.new, record.parts, record.key) == (True, (), "2026-07-24")
    assert store.require("2026-07-24").parts == ()


def test_a_day_that_is_no_session_is_refused_and_nothing_is_fetched(universe, store):
    source = Source({SATURDAY: b"x"})
    with pytest.raises(NoSessionError, match="2026-07-25 is no session of XNYS"):
        harvest_day(universe, source, store, SATURDAY, received_at=_at("2026-07-26 04:30"))
    assert source.fetched == 0 and store.lake.list() == []


def test_payloads_of_days_without_session_go_apart(universe, store):
    source = Source({FRIDAY: b"x", SATURDAY: b"x", dt.date(2026, 7, 19): b"before the universe"})
    off = RawStore(store.lake, "us_names", "off_calendar_quotes")
    records = harvest_off_calendar(universe, source, off, received_at=_at("2026-07-28 04:30"))
    assert [record.key for record in records] == ["2026-07-25"]
    assert off.keys() == ["2026-07-25"] and store.keys() == []
    later = harvest_off_calendar(universe, source, off, received_at=_at("2026-07-28 04:30"), start=MONDAY)
    assert later == []


@pytest.mark.parametrize(
    "now",
    [
        "2026-07-27 13:29",  # Monday, a minute before the open: Friday's market still stands
        "2026-07-25 12:00",
        "2026-07-24 13:30",
    ],
)
def test_a_snapshot_only_source_gives_the_current_session(universe, store, now):
    source = Source({FRIDAY: b"x"}, "snapshot_only")
    assert harvest_day(universe, source, store, FRIDAY, received_at=_at(now)).new


def test_a_past_day_of_a_snapshot_only_source_is_what_was_harvested_then(universe, store):
    source = Source({FRIDAY: b"then"}, "snapshot_only")
    kept = harvest_day(universe, source, store, FRIDAY, received_at=_at("2026-07-24 21:00"))
    source.days[FRIDAY] = b"now"
    closed = harvest_day(universe, source, store, FRIDAY, received_at=_at("2026-07-27 13:30"))
    assert (closed.digest, closed.new, source.fetched) == (kept.digest, False, 1)
    assert [part.payload for part in store.load(store.require("2026-07-24"))] == [b"then"]
    assert store.versions("2026-07-24") == [store.latest("2026-07-24")]
    assert kept.digest == store.latest("2026-07-24").digest


def test_a_past_day_of_which_no_snapshot_was_taken_is_refused(universe, store):
    source = Source({FRIDAY: b"now"}, "snapshot_only")
    with pytest.raises(
        SnapshotOnlyError, match=r"session 2026-07-27.*2026-07-24 cannot be harvested any more"
    ):
        harvest_day(universe, source, store, FRIDAY, received_at=_at("2026-07-27 13:30"))
    assert (source.fetched, store.latest("2026-07-24")) == (0, None)


def test_a_session_that_has_not_begun_is_refused(universe, store):
    source = Source({MONDAY: b"x"}, "snapshot_only")
    with pytest.raises(NoSessionError, match="has not begun"):
        harvest_day(universe, source, store, MONDAY, received_at=_at("2026-07-27 13:29"))
    with pytest.raises(ValueError, match="no time zone"):
        harvest_day(universe, source, store, MONDAY, received_at=dt.datetime(2026, 7, 27))
