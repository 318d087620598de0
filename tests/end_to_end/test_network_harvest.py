"""``optix harvest`` of a source that shows only the market of now, over HTTP on this machine: a snapshot of the running
session through every layer, after an interruption, and nothing asked for twice."""

import json
import time

import pytest

pytestmark = pytest.mark.end_to_end

UNIVERSE = """
name: btc_live
description: Options as the service shows them now.
provider:
  format: deribit_rest
  mode: snapshot_only
  settings:
    base_url: {url}/api/v2
    network: {{attempts: 1}}
calendar: "24/7"
timezone: UTC
start: 2026-01-01
quote_currency: BTC
settlement_currency: BTC
underlyings:
  - symbol: BTC
    kind: coin
    roots: [{{root: BTC, style: E, settlement_time: 08UTC, settlement_type: cash, multiplier: 1}}]
quality: {{min_rows: 20, require_trade_in_session: false}}
"""
API = "/api/v2/public"
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
FORWARD = 74_000.0


def contracts() -> list[str]:
    """Forty options that expire in about a month, whenever that is."""
    at = time.gmtime(time.time() + 30 * 86_400)
    stamp = f"{at.tm_mday}{MONTHS[at.tm_mon - 1]}{at.tm_year % 100:02d}"
    return [f"BTC-{stamp}-{strike}-{right}" for strike in range(64_000, 84_000, 1000) for right in "CP"]


def summary(name: str) -> dict[str, object]:
    strike, right = float(name.split("-")[2]), name[-1]
    intrinsic = max(FORWARD - strike if right == "C" else strike - FORWARD, 0.0)
    mark = (intrinsic + 4000.0 * 2.0 ** (-abs(FORWARD - strike) / 6000.0)) / FORWARD
    return {
        "instrument_name": name,
        "quote_currency": "BTC",
        "creation_timestamp": int(time.time() * 1000),
        "bid_price": round(mark * 0.99, 4),
        "ask_price": round(mark * 1.01, 4),
        "mark_price": mark,
        "mark_iv": 50.0,
        "underlying_price": FORWARD,
        "open_interest": 10.0,
        "volume": 1.0,
    }


@pytest.fixture
def service(replay, replay_module):
    """The replay server as Deribit."""

    def serve(method, result):
        replay.answer(
            f"{API}/{method}", lambda query: replay_module.Reply({"jsonrpc": "2.0", "result": result()})
        )

    serve("get_instruments", list)
    serve("get_book_summary_by_currency", lambda: [summary(name) for name in contracts()])
    serve("get_index_price", lambda: {"index_price": 73_990.5, "estimated_delivery_price": 73_990.5})
    serve("get_delivery_prices", lambda: {"data": [], "records_total": 0})
    return replay


def test_a_snapshot_goes_through_every_layer_and_nothing_is_asked_twice(
    service, replay_module, run_optix, tmp_path
):
    home, universes = tmp_path / "home", tmp_path / "universes"
    home.mkdir()
    universes.mkdir()
    (universes / "btc_live.yaml").write_text(UNIVERSE.format(url=service.url))

    def harvest():
        return run_optix(home, "harvest", "btc_live", "--json", OPTIX_UNIVERSES=str(universes))

    honest = service.scripts[f"{API}/get_index_price"]
    service.on(f"{API}/get_index_price", replay_module.Reply({}, status=503))
    broken = harvest()
    assert broken.returncode == 1
    assert "get_index_price" in broken.stderr and "HTTP 503" in broken.stderr
    assert "Traceback" not in broken.stderr
    assert not list((home / "lake").rglob("_records/*/*.json"))
    service.scripts[f"{API}/get_index_price"] = honest

    first = harvest()
    assert first.returncode == 0, first.stderr[-2000:]
    assert [q["status"] for q in json.loads(first.stdout)["quality"]] == ["ok"]
    # what had arrived before the interruption was not asked for again
    asked = [a.path.rsplit("/", 1)[1] for a in service.asked]
    assert asked.count("get_book_summary_by_currency") == 1
    [record] = (home / "lake/btc_live/raw_quotes/_records").rglob("*.json")
    parts = json.loads(record.read_text())["parts"]
    assert {part["kind"] for part in parts} == {"quotes", "index_price", "instruments"}
    assert not [path for path in (home / "spool").rglob("*") if path.is_file()]
    [chain] = (home / "lake/btc_live/option_chain").glob("*/BTC.parquet")
    import pyarrow.parquet as pq

    table = pq.read_table(chain)
    assert table.num_rows == 40
    assert set(table.column("spot").to_pylist()) == {73_990.5}
    assert all(0.1 < iv < 2.0 for iv in table.column("iv").to_pylist())
