"""Several chains of CBOE's delayed feed a day: which snapshot a row is of, and what keeps a file out."""

import datetime as dt
import gzip
import json
from pathlib import Path

import pytest

from resources.providers.contract import load_case
from resources.providers.registry import SettingsError, check_provider, make_provider

CASES = Path(__file__).parent / "contract_cases"
DAY = dt.date(2026, 7, 22)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{text}+00:00")


def with_settings(universe, **settings):
    return universe.model_copy(
        update={"provider": universe.provider.model_copy(update={"settings": settings})}
    )


def snapshots(parsed) -> list[tuple[int, dt.datetime, int]]:
    """(snapshot_id, ts, rows), in order."""
    groups = parsed.quotes.group_by(["snapshot_id", "ts"]).aggregate([("symbol", "count")]).to_pylist()
    return sorted((g["snapshot_id"], g["ts"], g["symbol_count"]) for g in groups)


class Json:
    """A folder with MOD's payloads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.case = load_case(CASES / "cboe_json.py")
        self.document = json.loads(self._good())

    def _good(self) -> str:
        self.case.write(self.path)
        files = sorted((self.path / "MOD").iterdir())
        text = files[0].read_text()
        for file in files:
            file.unlink()
        return text

    def put(self, name: str, timestamp: str | None, **data) -> Path:
        document = {**self.document, "timestamp": timestamp, "data": {**self.document["data"], **data}}
        path = self.path / "MOD" / name
        path.parent.mkdir(exist_ok=True)
        text = json.dumps(document).encode()
        path.write_bytes(gzip.compress(text, mtime=0) if name.endswith(".gz") else text)
        return path

    def parse(self, day: dt.date = DAY, **settings):
        provider = make_provider(with_settings(self.case.universe, **settings), self.path)
        return provider.parse(day, provider.fetch(day))


@pytest.fixture
def folder(tmp_path) -> Json:
    return Json(tmp_path)


def test_snapshots_are_numbered_by_the_time_of_their_market_not_by_name(folder):
    folder.put("2026-07-22_a2.json", "2026-07-22 15:30:01")
    folder.put("2026-07-22_a1.json.gz", "2026-07-22 18:30:01")
    parsed = folder.parse().underlyings["MOD"]
    assert snapshots(parsed) == [(0, utc("2026-07-22 15:15:01"), 2), (1, utc("2026-07-22 18:15:01"), 2)]
    us = [int(utc(t).timestamp() * 1e6) for t in ("2026-07-22 15:15:01", "2026-07-22 18:15:01")]
    assert parsed.snapshot_payload_ts_us == dict(enumerate(us))
    assert parsed.payload_ts_us == us[1]


def test_the_first_snapshot_after_the_close_shows_the_close_and_later_ones_keep_their_time(folder):
    folder.put("2026-07-22T20-20.json", "2026-07-22 20:20:00", current_price=102.5)
    folder.put("2026-07-22T22-00.json", "2026-07-22 22:00:00", current_price=103.5)
    day = folder.parse()
    parsed = day.underlyings["MOD"]
    # 20:05 is capped to the close; the other may not share its instant: (contract, ts) is a key
    assert snapshots(parsed) == [(0, utc("2026-07-22 20:00"), 2), (1, utc("2026-07-22 21:45"), 2)]
    # evening trades move current_price, not the market of the close
    assert set(parsed.quotes["spot"].to_pylist()) == {100.5}
    assert len(set(parsed.quotes["harvest_id"].to_pylist())) == 2
    (price,) = day.underlying_prices.to_pylist()
    assert (price["close"], price["ts"]) == (100.5, utc("2026-07-22 20:00"))


def test_a_feed_made_within_a_quarter_hour_of_the_close_is_still_from_within_the_session(folder):
    folder.put("2026-07-22T20-10.json", "2026-07-22 20:10:00")
    parsed = folder.parse().underlyings["MOD"]
    assert snapshots(parsed) == [(0, utc("2026-07-22 19:55"), 2)]
    assert set(parsed.quotes["spot"].to_pylist()) == {100.75}
    assert snapshots(folder.parse(feed_delay_minutes=0).underlyings["MOD"])[0][1] == utc("2026-07-22 20:00")


def test_one_payload_saved_twice_is_one_snapshot(folder):
    folder.put("2026-07-22T15-30.json", "2026-07-22 15:30:01")
    folder.put("2026-07-22T15-31.json.gz", "2026-07-22 15:30:01")
    assert len(snapshots(folder.parse().underlyings["MOD"])) == 1


def test_another_payload_of_the_same_time_is_set_aside_row_by_row(folder):
    folder.put("2026-07-22T15-30.json", "2026-07-22 15:30:01")
    folder.put("2026-07-22T15-32.json", "2026-07-22 15:30:01", volume=1001)
    parsed = folder.parse().underlyings["MOD"]
    assert snapshots(parsed) == [(0, utc("2026-07-22 15:15:01"), 2)]
    assert parsed.rejected["reasons"].to_pylist() == [["another_payload_of_that_time"]] * 2


def test_a_snapshot_from_before_the_open_is_set_aside_row_by_row(folder):
    # made at 09:40 New York, it shows the market of 09:25: that of the session before
    folder.put("2026-07-22T13-40.json", "2026-07-22 13:40:00")
    folder.put("2026-07-22T15-30.json", "2026-07-22 15:30:01")
    parsed = folder.parse().underlyings["MOD"]
    assert snapshots(parsed) == [(0, utc("2026-07-22 15:15:01"), 2)]
    assert parsed.rejected["reasons"].to_pylist() == [["other_day"]] * 2
    assert "MOD260821C00100000" in parsed.rejected["raw"][0].as_py()


def test_only_snapshots_of_another_session_are_a_problem(folder):
    folder.put("2026-07-22T13-40.json", "2026-07-22 13:40:00")
    problem = folder.parse().underlyings["MOD"].problem
    assert (
        "13-40.json shows the market of 2026-07-22 09:25 (America/New_York), of session 2026-07-21" in problem
    )
    folder.put("2026-07-22T13-41.json", "1999-07-22 13:40:00")
    assert "and 1 more files cannot be used" in folder.parse().underlyings["MOD"].problem


def test_an_unreadable_file_leaves_a_row_that_says_why_and_the_others_go_on(folder):
    folder.put("2026-07-22T15-30.json", "2026-07-22 15:30:01")
    folder.put("2026-07-22T16-30.json", "2026-07-22 16:30:01").write_bytes(b'{"timestamp": "2026-07')
    day = folder.parse()
    parsed = day.underlyings["MOD"]
    assert (parsed.problem, parsed.quotes.num_rows) == (None, 2)
    (row,) = parsed.rejected.to_pylist()
    assert row["reasons"] == ["unreadable_file"] and "16-30.json is no valid JSON" in row["raw"]
    assert day.problems == (row["raw"],)


def test_a_utc_stamp_of_after_midnight_belongs_to_the_evening_before(folder):
    folder.put("2026-07-23T00-30.json", "2026-07-23 00:29:50")
    provider = make_provider(folder.case.universe, folder.path)
    assert provider.available_days() == [DAY]
    assert snapshots(folder.parse().underlyings["MOD"])[0][1] == utc("2026-07-22 20:00")
    in_new_york = with_settings(folder.case.universe, file_timezone="America/New_York")
    assert make_provider(in_new_york, folder.path).available_days() == [dt.date(2026, 7, 23)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"timestamp": "18:47:30"}, "timestamp '18:47:30' is no date and time"),
        ({"timestamp": None}, "timestamp 'None' is no date and time"),
        ({"symbol": "SPXC"}, "holds 'SPXC', not MOD; put it into its own folder"),
        ({"close": "101"}, "data.close is '101', no number above 0"),
        ({"high": -3}, "data.high is '-3', no number above 0"),
        ({"options": []}, "has no list data.options"),
        ({"options": [{"option": "MOD260821C00100000"}]}, "no option has bid, bid_size, ask"),
    ],
)
def test_a_payload_that_cannot_be_used_says_why(folder, change, why):
    timestamp = change.pop("timestamp", "2026-07-22 15:30:01")
    folder.put("2026-07-22T15-30.json", timestamp, **change)
    assert why in folder.parse().underlyings["MOD"].problem


def test_an_index_is_named_in_three_ways(folder, tmp_path):
    universe = folder.case.universe
    spec = universe.underlyings[0].model_copy(update={"vendor_symbol": "_MOD"})
    universe = universe.model_copy(update={"underlyings": (spec,)})
    path = folder.put("2026-07-22T15-30.json", "2026-07-22 15:30:01", symbol="^MOD")
    path.rename(path.parent / "x").rename(tmp_path / "moved")
    (tmp_path / "_MOD").mkdir()
    (tmp_path / "moved").rename(tmp_path / "_MOD" / path.name)
    provider = make_provider(universe, tmp_path)
    parsed = provider.parse(DAY, provider.fetch(DAY)).underlyings["MOD"]
    assert (parsed.problem, parsed.quotes.num_rows) == (None, 2)


def test_rows_of_a_payload_are_set_aside_one_by_one(folder):
    good = folder.document["data"]["options"][0]
    folder.put(
        "2026-07-22T15-30.json",
        "2026-07-22 15:30:01",
        options=[
            good,
            {**good, "option": "MOD269921C00100000"},
            {**good, "option": "ABC260821C00100000"},
            {**good, "option": "MOD990821C00100000"},
            {**good, "bid": "1.9"},
            {**good, "last_trade_time": "yesterday"},
            7,
        ],
    )
    parsed = folder.parse().underlyings["MOD"]
    assert parsed.quotes.num_rows == 1
    assert sorted(reasons for (reasons,) in parsed.rejected["reasons"].to_pylist()) == [
        "expiry_out_of_range",
        "unknown_root",
        "untyped:bid",
        "untyped:last_trade_time",
        "untyped:option",
        "untyped:row",
    ]


def test_settings_are_checked_with_their_place_in_the_yaml(folder):
    for settings, rule in (
        ({"file_timezone": "Mars"}, "provider.settings.file_timezone: .*'Mars' is no time zone"),
        ({"feed_delay_minutes": -1}, "provider.settings.feed_delay_minutes: .*greater than or equal to 0"),
        ({"delay": 15}, "provider.settings.delay: unknown setting"),
    ):
        with pytest.raises(SettingsError, match=rule):
            check_provider(with_settings(folder.case.universe, **settings))


class TestCsv:
    """The name of a file tells its time; ``dte`` must agree with it."""

    @pytest.fixture
    def case(self):
        return load_case(CASES / "cboe_intraday_csv.py")

    @pytest.fixture
    def parse(self, case, tmp_path):
        def run(name: str, day: dt.date = dt.date(2026, 8, 18)):
            case.write(tmp_path)
            files = sorted((tmp_path / "data").iterdir())
            files[0].rename(tmp_path / "data" / name)
            files[1].unlink()
            provider = make_provider(case.universe, tmp_path)
            assert provider.available_days() == [day]
            return provider.parse(day, provider.fetch(day)).underlyings["VIX"]

        return run

    def test_a_renamed_file_is_noticed_by_its_days_to_expiry(self, parse):
        problem = parse("VIX_chain_20260819_142041.csv.gz", dt.date(2026, 8, 19)).problem
        assert "counts its days to expiry from another day" in problem and "dte 29" in problem

    def test_an_evening_in_new_york_may_be_tomorrow_on_the_collectors_wall(self, parse):
        parsed = parse("VIX_chain_20260818_013000.csv.gz", dt.date(2026, 8, 17))
        assert snapshots(parsed) == [(0, utc("2026-08-17 20:15"), 2)]

    def test_a_file_claims_no_time_so_none_is_reported(self, parse):
        parsed = parse("VIX_chain_20260818_142041.csv.gz")
        assert (parsed.payload_ts_us, parsed.snapshot_payload_ts_us) == (None, {})

    def test_names_of_another_form_are_not_of_this_format(self, case, tmp_path):
        (tmp_path / "data").mkdir()
        for name in (
            "VIX_chain_latest.csv",
            "VIX_chain_20260231_142041.csv",
            "VIXX_chain_20260818_142041.csv",
        ):
            (tmp_path / "data" / name).write_text("x")
        assert make_provider(case.universe, tmp_path).available_days() == []
