"""A day of several snapshots through validation: a bad snapshot lies in quarantine, the others go on."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from assets.day_status import DayStatus
from assets.underlying_prices import universe_calendar
from assets.validation import validate_days
from resources.data_quality.suite import ExpectationResult
from resources.lake import open_lake
from resources.lake.lake import Lake
from resources.providers.protocol import ParsedDay
from resources.providers.registry import make_provider
from resources.raw_store import RawStore
from resources.universe import UniverseSpec
from tests.assets.test_bad_input import ROWS, SESSIONS, make_market

#: what each snapshot does to the offers of the one before it
MOVED = {"first": 0.0, "moved": 0.5, "repeated": 0.0, "crossed": -2.1}


class Snapshots:
    """The CBOE adapter's day as snapshots an hour apart; each is the one before with its offers moved."""

    def __init__(self, inner, moves):
        self.inner, self.moves, self.mode = inner, moves, inner.mode

    def parse(self, day: dt.date, parts) -> ParsedDay:
        parsed = self.inner.parse(day, parts)
        return replace(parsed, underlyings={n: self._several(u) for n, u in parsed.underlyings.items()})

    def _several(self, received):
        tables, times = [], {}
        end = received.quotes.column("ts")[0].as_py()
        moved = 0.0
        for n, move in enumerate(self.moves):
            moved += MOVED[move]
            ts = end - dt.timedelta(hours=len(self.moves) - 1 - n)
            times[n] = int(ts.timestamp() * 1e6)
            q = received.quotes
            late = q.column("known_at")[0].as_py() - end
            put = {
                "snapshot_id": pa.array([n] * q.num_rows, pa.int32()),
                "ts": pa.array([ts] * q.num_rows, q.schema.field("ts").type),
                "known_at": pa.array([ts + late] * q.num_rows, q.schema.field("known_at").type),
                "ask": pc.add(q.column("ask"), moved),
            }
            for name, column in put.items():
                q = q.set_column(q.schema.get_field_index(name), q.schema.field(name), column)
            tables.append(q)
        return replace(
            received,
            quotes=pa.concat_tables(tables).unify_dictionaries(),
            payload_ts_us=times[len(self.moves) - 1],
            snapshot_payload_ts_us=times,
        )


Judged = tuple[Lake, UniverseSpec, dict[dt.date, DayStatus], list[ExpectationResult]]


def judge(folder: Path, moves: tuple[str, ...], days: list[dt.date]) -> Judged:
    market = make_market(folder)
    lake, results = open_lake(str(folder / "own")), []
    provider = make_provider(market.universe, market.folder)
    store = RawStore(lake, market.universe.name, "raw_quotes")
    for day in days:
        store.put(day.isoformat(), provider.fetch(day), received_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    several = Snapshots(provider, moves)
    statuses, _ = validate_days(
        market.universe, lake, several, days, universe_calendar(market.universe, days[-1]), results.extend
    )
    return lake, market.universe, {s.trade_date: s for s in statuses}, results


def test_a_repeated_and_a_crossed_snapshot_are_quarantined_and_the_rest_of_the_day_goes_on(tmp_path):
    day = SESSIONS[0]
    lake, universe, statuses, results = judge(
        tmp_path, ("first", "moved", "repeated", "moved", "crossed"), [day]
    )
    spy = statuses[day].underlyings["SPY"]
    assert (spy.status, spy.reasons) == ("ok", ())
    clean = lake.read_table(spy.path)
    assert sorted(clean.column("snapshot_id").unique().to_pylist()) == [0, 1, 3]
    bad = lake.read_table(f"{universe.name}/quarantined_quotes/{day}/SPY.parquet")
    by_snapshot = {
        n: {r for row in bad.filter(pc.equal(bad["snapshot_id"], n))["reasons"].to_pylist() for r in row}
        for n in (2, 4)
    }
    assert by_snapshot[4] == {"crossed"}
    assert [r.startswith("snapshot kept out: SPY 2024-03-04 snapshot 2: 100%") for r in by_snapshot[2]] == [
        True
    ]
    assert clean.num_rows + bad.num_rows == 5 * ROWS  # nothing is lost
    assert sum("1 of 5 snapshots kept out" in w for w in spy.warnings) == 2, spy.warnings
    assert {r.snapshot_id for r in results if r.severity == "critical" and not r.passed} == {2, 4}


def test_a_range_and_single_days_decide_alike(tmp_path):
    days = SESSIONS[:3]
    moves = ("first", "moved", "repeated")
    whole = judge(tmp_path / "range", moves, days)[2]
    for n, day in enumerate(days):
        # a day is judged against the payloads before it, which a nightly run has harvested before
        alone = judge(tmp_path / f"night{n}", moves, days[: n + 1])[2][day]
        assert alone.to_json()["underlyings"] == whole[day].to_json()["underlyings"]


def test_a_day_whose_every_snapshot_is_bad_is_blocked_with_nothing_lost(tmp_path):
    day = SESSIONS[0]
    lake, universe, statuses, _ = judge(tmp_path, ("crossed", "crossed"), [day])
    spy = statuses[day].underlyings["SPY"]
    assert (spy.status, spy.rows) == ("blocked", 0)
    assert spy.reasons[0] == "SPY 2024-03-04: none of its 2 snapshots is usable"
    assert lake.read_table(f"{universe.name}/quarantined_quotes/{day}/SPY.parquet").num_rows == 2 * ROWS


@pytest.mark.parametrize("name", ["SPY", "MOD"])
def test_a_sound_day_of_snapshots_is_kept_whole(tmp_path, name):
    day = SESSIONS[0]
    _, _, statuses, _ = judge(tmp_path, ("first", "moved", "moved"), [day])
    assert (statuses[day].underlyings[name].status, statuses[day].underlyings[name].rows) == ("ok", 3 * ROWS)
