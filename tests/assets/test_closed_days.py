"""A payload of a closed day is compared with the sessions before it, and told even where nothing is like it."""

import datetime as dt

import pyarrow.compute as pc
import pytest

from assets.closed_days import check_result, closed_days, quality_rows
from assets.underlying_prices import universe_calendar
from resources.harvest import OFF_CALENDAR_QUOTES
from resources.providers.protocol import ParsedDay, ParsedUnderlying
from resources.raw_store import RawPart, RawStore
from resources.schemas import QUARANTINE_SCHEMA, UNDERLYING_SCHEMA
from tests.assets.test_bad_input import good_rows, make_market

THU, GOOD_FRIDAY = dt.date(2024, 3, 28), dt.date(2024, 3, 29)
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def part_of(day: dt.date) -> RawPart:
    return RawPart.whole("quotes", None, "chain.txt", "here", day.isoformat().encode())


class NoDates:
    """A format whose payload does not say which day it is of: each part names the chain that it holds."""

    def __init__(self, provider, moved: float = 0.0):
        self.provider, self.moved = provider, moved

    def parse(self, day, parts) -> ParsedDay:
        real = dt.date.fromisoformat(parts[0].payload.decode())
        found = self.provider.parse(real, self.provider.fetch(real)).underlyings
        out = {}
        for name, u in found.items():
            quotes = u.quotes
            if day == GOOD_FRIDAY:
                at = quotes.schema.get_field_index("ask")
                quotes = quotes.set_column(at, quotes.schema.field(at), pc.add(quotes.column(at), self.moved))
            out[name] = ParsedUnderlying(name, quotes, None, QUARANTINE_SCHEMA.empty_table())
        return ParsedDay(day, out, UNDERLYING_SCHEMA.empty_table())


@pytest.fixture
def judge(tmp_path):
    from resources.providers.registry import make_provider

    market = make_market(tmp_path)
    assert len(good_rows("SPY", THU)) > 30

    def run(payload_of: dt.date | None, moved: float = 0.0):
        provider = NoDates(make_provider(market.universe, market.folder), moved)
        sessions = RawStore(market.lake, market.universe.name, "raw_quotes")
        for day in (THU, dt.date(2024, 3, 27)):
            sessions.put(day.isoformat(), [part_of(day)], received_at=NOW)
        off = RawStore(market.lake, market.universe.name, OFF_CALENDAR_QUOTES)
        records = []
        if payload_of is not None:
            records = [off.put(GOOD_FRIDAY.isoformat(), [part_of(payload_of)], received_at=NOW)]
        calendar = universe_calendar(market.universe, GOOD_FRIDAY)
        return market.universe, closed_days(market.universe, market.lake, provider, records, off, calendar)

    return run


def test_the_session_that_a_closed_day_repeats_is_named(judge):
    universe, found = judge(THU)
    assert {(c.underlying, c.repeats, c.share) for c in found} == {("MOD", THU, 1.0), ("SPY", THU, 1.0)}
    result = check_result(universe, found)
    assert not result.passed
    assert (
        "SPY 2024-03-29: 80 rows of a day without a session; they repeat 2024-03-28 (100%"
        in result.description
    )
    assert [r["details"]["repeats"] for r in quality_rows(universe, found)] == ["2024-03-28", "2024-03-28"]


def test_an_older_session_is_found_too(judge):
    assert {c.repeats for c in judge(dt.date(2024, 3, 27))[1]} == {dt.date(2024, 3, 27)}


def test_a_closed_day_like_no_session_is_told_as_such(judge):
    universe, found = judge(THU, moved=0.5)
    assert {c.share for c in found} == {0.0}
    assert "look where it is from" in check_result(universe, found).description


def test_a_calendar_that_is_kept_passes(judge):
    universe, found = judge(None)
    assert check_result(universe, found).passed and quality_rows(universe, found) == []
