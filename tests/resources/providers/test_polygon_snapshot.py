"""Polygon over the network: pages, keys, resumption, bars."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from resources.harvest import harvest_day
from resources.lake import open_lake
from resources.network.errors import NetworkError, RepeatedPageError
from resources.providers.polygon_snapshot import PolygonSnapshotProvider
from resources.providers.registry import make_provider
from resources.raw_store import RawStore
from resources.universe import UniverseSpec

#: 2026-07-22T20:10:00Z, ten minutes after the close
NOW = 1784751000.0
DAY = dt.date(2026, 7, 22)
KEY = "top-secret-key-4711"
CHAIN = "/v3/snapshot/options/SPY"


def spy_universe(url: str = "", mode: str = "snapshot_only", **settings: Any) -> UniverseSpec:
    network = settings.pop("network", {"attempts": 2, "backoff_seconds": 0.001})
    return UniverseSpec.model_validate(
        {
            "name": "spy_live",
            "description": "test",
            "provider": {
                "format": "polygon_snapshot",
                "mode": mode,
                "settings": {"base_url": url, "network": network, "api_key_variable": "TEST_KEY", **settings},
            },
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2026-07-20",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [
                {
                    "symbol": "SPY",
                    "kind": "etf",
                    "roots": [
                        {
                            "root": "SPY",
                            "style": "A",
                            "settlement_time": "PM",
                            "settlement_type": "physical",
                            "multiplier": 100,
                        }
                    ],
                }
            ],
        }
    )


def contract_row(strike: int, at: float) -> dict[str, Any]:
    return {
        "details": {"ticker": f"O:SPY260821C{strike * 1000:08d}", "strike_price": strike},
        "last_quote": {"bid": 1.0, "ask": 1.1, "last_updated": int(at * 1e9)},
        "underlying_asset": {"ticker": "SPY", "price": 640.25},
    }


class Polygon:
    """Scripts a replay server as the service."""

    def __init__(self, replay: Any, reply: Any, clock: Any) -> None:
        self.replay, self.reply, self.clock = replay, reply, clock
        self.pages = [[600, 610], [620, 630], [640]]
        self.faults: dict[int, Any] = {}
        replay.answer(CHAIN, self.chain)
        self.bars = {DAY: 640.5}

    def chain(self, query: dict[str, str]) -> Any:
        assert "apiKey" not in query
        number = int(query.get("cursor", "1"))
        if number in self.faults:
            return self.faults.pop(number)
        rows = [contract_row(strike, self.clock.now() - 600) for strike in self.pages[number - 1]]
        body = {"status": "OK", "request_id": f"r{len(self.replay.asked)}", "results": rows}
        if number < len(self.pages):
            body["next_url"] = f"{self.replay.url}{CHAIN}?cursor={number + 1}"
        return self.reply(body)

    def serve_bars(self, first: str, last: str) -> None:
        def answer(query: dict[str, str]) -> Any:
            assert query["adjusted"] == "false"
            rows = [
                {
                    "t": int(dt.datetime.combine(day, dt.time(4), dt.UTC).timestamp() * 1000),
                    "o": close - 1,
                    "h": close + 1,
                    "l": close - 2,
                    "c": close,
                    "v": 1e6,
                }
                for day, close in sorted(self.bars.items())
            ]
            return self.reply({"status": "OK", "ticker": "SPY", "queryCount": len(rows), "results": rows})

        self.replay.answer(f"/v2/aggs/ticker/SPY/range/1/day/{first}/{last}", answer)


@pytest.fixture
def clock(replay_module):
    return replay_module.FakeClock(NOW)


@pytest.fixture
def polygon(replay, replay_module, clock, tmp_path, monkeypatch):
    monkeypatch.setenv("OPTIX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TEST_KEY", KEY)
    service = Polygon(replay, replay_module.Reply, clock)
    service.serve_bars("2026-07-22", "2026-07-22")
    return service


@pytest.fixture
def make(replay, clock):
    def build(**given: Any) -> PolygonSnapshotProvider:
        provider = make_provider(spy_universe(replay.url, **given), Path())
        assert isinstance(provider, PolygonSnapshotProvider)
        provider.source.clock = clock
        return provider

    return build


@pytest.fixture
def store(tmp_path) -> RawStore:
    return RawStore(open_lake(str(tmp_path / "lake")), "spy_live", "raw_quotes")


def harvest(provider, store, clock):
    now = dt.datetime.fromtimestamp(clock.now(), dt.UTC)
    return harvest_day(provider.universe, provider, store, DAY, received_at=now)


def test_all_pages_of_a_chain_are_one_snapshot(polygon, make, store, clock, replay):
    provider = make()
    record = harvest(provider, store, clock)
    assert [part.name for part in record.parts] == [
        "20260722T200000000Z/SPY-chain-001.json",
        "20260722T200000000Z/SPY-chain-002.json",
        "20260722T200000000Z/SPY-chain-003.json",
        "20260722T200000000Z/SPY-bars-001.json",
    ]
    parsed = provider.parse(DAY, store.load(record))
    quotes = parsed.underlyings["SPY"].quotes
    assert quotes.column("strike").to_pylist() == [600.0, 610.0, 620.0, 630.0, 640.0]
    assert set(quotes.column("ts").to_pylist()) == {dt.datetime(2026, 7, 22, 20, tzinfo=dt.UTC)}
    [price] = parsed.underlying_prices.to_pylist()
    assert (price["open"], price["close"], price["volume"]) == (639.5, 640.5, 1e6)
    assert {asked.headers["authorization"] for asked in replay.asked} == {f"Bearer {KEY}"}


def test_the_key_is_in_no_file_and_no_record(polygon, make, store, clock, tmp_path):
    polygon.faults[3] = polygon.reply({"status": "ERROR", "error": f"key {KEY} over its limit"}, status=500)
    polygon.faults[2] = polygon.reply({"status": "ERROR", "error": f"unknown key {KEY}"}, status=401)
    with pytest.raises(NetworkError, match="the key in TEST_KEY is wrong, or its plan") as raised:
        harvest(make(), store, clock)
    assert KEY not in str(raised.value)
    harvest(make(), store, clock)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files and not any(KEY.encode() in path.read_bytes() for path in files)


def test_an_interrupted_chain_goes_on_at_its_page(polygon, make, store, clock, replay):
    polygon.faults[3] = polygon.reply({}, status=400)
    with pytest.raises(NetworkError):
        harvest(make(), store, clock)
    asked = len(replay.asked)
    record = harvest(make(), store, clock)
    assert [a.query.get("cursor") for a in replay.asked[asked:]] == ["3"]
    assert len(record.parts) == 4


def test_a_page_that_repeats_is_named(polygon, make, store, clock):
    polygon.pages[2] = polygon.pages[0]
    with pytest.raises(RepeatedPageError, match=r"cursor=3: page 3 holds the rows of page 1 again"):
        harvest(make(), store, clock)
    polygon.pages[2] = [640]
    assert len(harvest(make(), store, clock).parts) == 4


def test_a_rate_limit_is_waited_out(polygon, make, store, clock):
    polygon.faults[2] = polygon.reply({"status": "ERROR"}, status=429, headers={"Retry-After": "12"})
    harvest(make(), store, clock)
    assert any(12 <= wait < 12.01 for wait in clock.slept)


def test_a_missing_key_stops_before_any_request(polygon, make, monkeypatch, replay):
    monkeypatch.delenv("TEST_KEY")
    with pytest.raises(NetworkError, match="spy_live: the environment variable TEST_KEY is not set"):
        make().fetch(DAY)
    assert replay.asked == []


def test_parsing_what_is_stored_needs_no_key(polygon, make, monkeypatch):
    parts = make().fetch(DAY)
    monkeypatch.delenv("TEST_KEY")
    assert make().parse(DAY, parts).underlyings["SPY"].quotes.num_rows == 5


def test_an_answer_that_is_no_ok_ends_the_harvest(polygon, make):
    polygon.faults[1] = polygon.reply({"status": "NOT_AUTHORIZED", "message": "upgrade your plan"})
    with pytest.raises(NetworkError, match="status NOT_AUTHORIZED: upgrade your plan"):
        make().fetch(DAY)


def test_bars_of_the_past_come_day_by_day(polygon, make, store, clock, replay):
    polygon.bars = {dt.date(2026, 7, 20): 630.0, dt.date(2026, 7, 21): 635.0}
    polygon.serve_bars("2026-07-20", "2026-07-22")
    provider = make(mode="historical")
    assert provider.available_days() == [dt.date(2026, 7, 20), dt.date(2026, 7, 21)]
    day = provider.parse(dt.date(2026, 7, 21), provider.fetch(dt.date(2026, 7, 21)))
    [price] = day.underlying_prices.to_pylist()
    assert (price["close"], day.underlyings) == (635.0, {})
    assert price["ts"] == dt.datetime(2026, 7, 21, 20, tzinfo=dt.UTC)
    assert provider.fetch(dt.date(2026, 7, 22)) == []
    assert len(replay.asked) == 1


def test_rows_without_any_time_cannot_be_dated(tmp_path):
    row = contract_row(600, NOW)
    del row["last_quote"]["last_updated"]
    (tmp_path / "x.json").write_text(json.dumps([row]))
    spec = spy_universe("https://example.com").model_dump()
    spec["provider"] |= {"path": str(tmp_path), "mode": "historical", "settings": {"source": "files"}}
    provider = make_provider(UniverseSpec.model_validate(spec), tmp_path)
    assert provider.available_days() == []
    from resources.raw_store import RawPart

    part = RawPart.whole("quotes", None, "x.json", "x", (tmp_path / "x.json").read_bytes())
    parsed = provider.parse(DAY, [part]).underlyings["SPY"]
    assert "has no time in any row" in (parsed.problem or "")
