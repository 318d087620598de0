"""Deribit over the network: snapshots, resumption, refusals."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from resources.harvest import SnapshotOnlyError, harvest_day
from resources.lake import open_lake
from resources.network.errors import NetworkError
from resources.providers.deribit_rest import DeribitRestProvider
from resources.providers.protocol import ProviderError
from resources.providers.registry import make_provider
from resources.raw_store import RawStore
from resources.universe import UniverseSpec
from tests.resources.providers.deribit_service import API, DAY, NOW, Deribit, coin_universe


@pytest.fixture
def clock(replay_module):
    return replay_module.FakeClock(NOW)


@pytest.fixture
def deribit(replay, replay_module, clock, tmp_path, monkeypatch):
    monkeypatch.setenv("OPTIX_HOME", str(tmp_path / "home"))
    return Deribit(replay, replay_module.Reply, clock)


@pytest.fixture
def make(replay, clock):
    def build(**given: Any) -> DeribitRestProvider:
        provider = make_provider(coin_universe(replay.url, **given), Path())
        assert isinstance(provider, DeribitRestProvider)
        provider.source.clock = clock
        return provider

    return build


@pytest.fixture
def store(tmp_path) -> RawStore:
    return RawStore(open_lake(str(tmp_path / "lake")), "btc_live", "raw_quotes")


def harvest(provider: DeribitRestProvider, store: RawStore, clock: Any, day: dt.date = DAY):
    now = dt.datetime.fromtimestamp(clock.now(), dt.UTC)
    return harvest_day(provider.universe, provider, store, day, received_at=now)


def spooled(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "home" / "spool").rglob("*") if path.is_file()]


def test_a_snapshot_is_kept_as_received_and_parsed_in_coin(deribit, make, store, clock, replay, tmp_path):
    provider = make()
    record = harvest(provider, store, clock)
    assert sorted(part.name for part in record.parts) == [
        "20260317T183000000Z/book_summary_by_currency-BTC.json",
        "20260317T183000000Z/delivery_prices-btc_usd.json",
        "20260317T183000000Z/index_price-btc_usd.json",
        "20260317T183000000Z/instruments-BTC.json",
    ]
    assert all(part.source.startswith(replay.url) for part in record.parts)
    day = provider.parse(DAY, store.load(record))
    assert day.problems == ()
    quotes = day.underlyings["BTC"].quotes.to_pylist()
    assert [(q["symbol"], q["bid"], q["vendor_iv"], q["spot"], q["quote_currency"]) for q in quotes] == [
        ("BTC-27MAR26-74000-C", 0.031, 0.53, 74602.46, "BTC"),
        ("BTC-27MAR26-74000-P", 0.031, 0.53, 74602.46, "BTC"),
    ]
    [price] = day.underlying_prices.to_pylist()
    assert (price["close"], price["settlement_price"], price["currency"]) == (74602.46, 74321.04, "USD")
    assert spooled(tmp_path) == []  # it is in the raw store


def test_order_books_bring_sizes_and_greeks_and_supersede_the_summary(deribit, make, clock):
    provider = make(order_books=True)
    day = provider.parse(DAY, provider.fetch(DAY))
    quotes = day.underlyings["BTC"].quotes.to_pylist()
    assert [(q["symbol"], q["bid"], q["bid_size"], q["ask"], q["vendor_delta"]) for q in quotes] == [
        (name, 0.0305, 2.0, None, 0.54) for name in deribit.names
    ]


def test_an_interrupted_snapshot_asks_only_for_what_is_missing(deribit, make, store, clock, replay, tmp_path):
    deribit.names = [f"BTC-27MAR26-{strike}-C" for strike in range(70000, 76000, 1000)]
    honest = deribit.get_order_book
    broken: Any = {"left": 3}

    def failing(query):
        broken["left"] -= 1
        return honest(query) if broken["left"] >= 0 else deribit.reply({"oh": "no"}, status=500)

    replay.answer(f"{API}/get_order_book", failing)
    with pytest.raises(NetworkError, match="what arrived before is kept"):
        harvest(make(order_books=True), store, clock)
    assert store.latest(DAY.isoformat()) is None
    assert len(spooled(tmp_path)) == 2 * (4 + 3)
    asked = len(replay.asked)
    replay.answer(f"{API}/get_order_book", honest)
    clock.sleep(60)
    record = harvest(make(order_books=True), store, clock)
    assert [a.path for a in replay.asked[asked:]] == [f"{API}/get_order_book"] * 3
    assert len(record.parts) == 10
    assert spooled(tmp_path) == []


def test_what_an_interrupted_snapshot_received_is_kept_after_its_time(deribit, make, store, clock, replay):
    honest = deribit.get_index_price
    replay.answer(f"{API}/get_index_price", lambda query: deribit.reply({}, status=502))
    with pytest.raises(NetworkError):
        harvest(make(), store, clock)
    replay.answer(f"{API}/get_index_price", honest)
    clock.sleep(20 * 60)
    provider = make()
    record = harvest(provider, store, clock)
    names = sorted({part.name.split("/")[0] for part in record.parts})
    assert (len(names), names[0]) == (2, "20260317T183000000Z")
    day = provider.parse(DAY, store.load(record))
    spots = {q["snapshot_id"]: q["spot"] for q in day.underlyings["BTC"].quotes.to_pylist()}
    # without an index price the nearest forward stands in
    assert spots == {0: 74655.5, 1: 74602.46}


def test_snapshots_of_a_day_stand_side_by_side(deribit, make, store, clock):
    first = harvest(make(), store, clock)
    clock.sleep(3600)
    deribit.index = 75000.0
    second = harvest(make(), store, clock)
    assert (first.sequence, second.sequence, len(first.parts), len(second.parts)) == (1, 2, 4, 8)
    parsed = make().parse(DAY, store.load(second)).underlyings["BTC"]
    found = {(q["snapshot_id"], q["spot"], q["ts"]) for q in parsed.quotes.to_pylist()}
    at = dt.datetime(2026, 3, 17, 18, 30, tzinfo=dt.UTC)
    assert found == {(0, 74602.46, at), (1, 75000.0, at + dt.timedelta(hours=1))}
    assert dict(parsed.snapshot_payload_ts_us) == {
        0: int(NOW * 1e6),
        1: int((NOW + 3600) * 1e6),
    }


def test_a_past_day_is_refused_without_asking(deribit, make, store, clock, replay):
    with pytest.raises(SnapshotOnlyError):
        harvest(make(), store, clock, DAY - dt.timedelta(days=1))
    assert make().fetch(DAY - dt.timedelta(days=1)) == []
    assert replay.asked == []


def test_what_arrived_before_midnight_is_kept_when_the_day_is_closed(deribit, make, store, clock, replay):
    replay.answer(f"{API}/get_index_price", lambda query: deribit.reply({}, status=502))
    with pytest.raises(NetworkError):
        harvest(make(), store, clock)
    asked = len(replay.asked)
    clock.sleep(86_400)
    provider = make()
    record = harvest(provider, store, clock)
    assert len(replay.asked) == asked  # closing a day asks for nothing
    assert provider.parse(DAY, store.load(record)).underlyings["BTC"].quotes.num_rows == 2
    assert harvest(make(), store, clock).digest == record.digest


def test_too_many_requests_are_waited_out(deribit, make, clock, replay):
    error = {"code": 10028, "message": "too_many_requests", "data": {"reason": "per_currency", "wait": 3}}
    refused = deribit.reply({"jsonrpc": "2.0", "error": error}, status=400)
    honest, first = deribit.get_index_price, [refused]
    replay.answer(f"{API}/get_index_price", lambda query: first.pop() if first else honest(query))
    provider = make()
    assert len(provider.fetch(DAY)) == 4
    assert any(3 <= wait < 3.01 for wait in clock.slept)


def test_any_other_error_answer_ends_the_harvest(deribit, make, replay):
    error = {"code": -32602, "message": "Invalid params", "data": {"param": "currency"}}
    replay.on(f"{API}/get_instruments", deribit.reply({"jsonrpc": "2.0", "error": error}, status=400))
    with pytest.raises(NetworkError, match=r"get_instruments.*error -32602: Invalid params.*currency"):
        make().fetch(DAY)
    assert replay.count(f"{API}/get_instruments") == 1


@pytest.mark.parametrize(
    "body", [b'{"jsonrpc": "2.0", "resu', b"[1]", b'{"jsonrpc": "2.0"}', b'{"result": NaN}']
)
def test_what_is_no_answer_is_asked_for_again(deribit, make, replay, body):
    honest, first = deribit.get_instruments, [deribit.reply(body)]
    replay.answer(f"{API}/get_instruments", lambda query: first.pop() if first else honest(query))
    assert len(make().fetch(DAY)) == 4
    assert replay.count(f"{API}/get_instruments") == 2


def test_the_test_network_is_never_taken_for_the_market(deribit, make):
    deribit.testnet = True
    provider = make()
    parsed = provider.parse(DAY, provider.fetch(DAY))
    assert "test network" in (parsed.underlyings["BTC"].problem or "")
    assert parsed.underlyings["BTC"].quotes.num_rows == 0
    meant = make(environment="testnet")
    assert meant.parse(DAY, provider.fetch(DAY)).underlyings["BTC"].quotes.num_rows == 2


def test_the_environment_is_one_setting():
    def address(environment: str) -> str:
        spec = coin_universe().model_dump()
        spec["provider"]["settings"] = {"environment": environment}
        return make_provider(UniverseSpec.model_validate(spec), Path()).settings.address

    assert address("mainnet") == "https://www.deribit.com/api/v2"
    assert address("testnet") == "https://test.deribit.com/api/v2"


def test_linear_options_are_a_universe_of_their_own_currency(deribit, make, replay):
    deribit.names = ["BTC_USDC-27MAR26-74000-C", "ETH_USDC-27MAR26-3000-C", "BTC_USDC-27MAR26-0d5-P"]
    provider = make(root="BTC_USDC", quote="USDC")
    day = provider.parse(DAY, provider.fetch(DAY))
    quotes = day.underlyings["BTC"].quotes.to_pylist()
    assert [(q["symbol"], q["root"], q["strike"], q["quote_currency"]) for q in quotes] == [
        ("BTC_USDC-27MAR26-74000-C", "BTC_USDC", 74000.0, "USDC"),
        ("BTC_USDC-27MAR26-0d5-P", "BTC_USDC", 0.5, "USDC"),
    ]
    assert day.underlying_prices.column("currency").to_pylist() == ["USDC"]
    asked = {(a.path.rsplit("/", 1)[1], *a.query.values()) for a in replay.asked}
    assert ("get_index_price", "btc_usdc") in asked
    assert not provider.universe.coin_settled  # priced in a currency, not as a fraction of the coin


def test_roots_in_two_currencies_are_refused():
    spec = coin_universe().model_dump()
    roots = spec["underlyings"][0]["roots"]
    spec["underlyings"][0]["roots"] = [*roots, {**roots[0], "root": "BTC_USDC"}]
    with pytest.raises(ProviderError, match="several quote currencies"):
        make_provider(UniverseSpec.model_validate(spec), Path())


def test_official_prices_of_the_past_come_in_pages(deribit, make, store, clock, replay):
    first = dt.date(2022, 1, 1)
    days = [first + dt.timedelta(days=n) for n in range(1500)]
    deribit.official = [{"date": d.isoformat(), "delivery_price": 40000.5 + n} for n, d in enumerate(days)]
    provider = make(mode="historical")
    assert provider.available_days() == days
    assert replay.count(f"{API}/get_delivery_prices") == 2
    parts = provider.fetch(days[1200])
    [price] = provider.parse(days[1200], parts).underlying_prices.to_pylist()
    assert price["settlement_price"] == 41200.5
    assert price["ts"] == dt.datetime.combine(days[1200], dt.time(8), dt.UTC)
    assert provider.fetch(days[-1] + dt.timedelta(days=9)) == []


def test_a_list_that_has_grown_changes_nothing_for_a_day(deribit, make, store, clock):
    provider = make(mode="historical")
    before = harvest(provider, store, clock)
    deribit.official = [{"date": "2026-03-18", "delivery_price": 1.0}, *deribit.official]
    clock.sleep(86_400)
    again = harvest(make(mode="historical"), store, clock)
    assert (again.digest, again.new) == (before.digest, False)
