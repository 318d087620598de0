"""Universes and small hand-written vendor files."""

import datetime as dt
import gzip
from pathlib import Path

import pytest

from resources.providers.registry import make_provider
from resources.universe import UniverseSpec

CBOE_HEADER = (
    "session_date,ticker,expiry,right,strike,option,bid,bid_size,ask,ask_size,last_trade_price,volume,"
    "open_interest,iv,delta,gamma,theta,vega,rho,theo,open,high,low,prev_day_close,change,percent_change,"
    "last_trade_time"
)
UNDERLYING_HEADER = (
    "session_date,ticker,fetched_at_utc,payload_timestamp,current_price,close,prev_day_close,open,high,low,"
    "volume,iv30,iv30_change,last_trade_time,seqno"
)


def _index_root(root: str, settlement_time: str) -> dict:
    return {
        "root": root,
        "style": "E",
        "settlement_time": settlement_time,
        "settlement_type": "cash",
        "multiplier": 100,
        "trading_close": "16:15",
    }


def _stock(symbol: str, close: str = "16:00", kind: str = "stock") -> dict:
    root = {
        "root": symbol,
        "style": "A",
        "settlement_time": "PM",
        "settlement_type": "physical",
        "multiplier": 100,
        "trading_close": close,
    }
    return {"symbol": symbol, "kind": kind, "roots": [root]}


@pytest.fixture
def cboe_universe() -> UniverseSpec:
    return UniverseSpec.model_validate(
        {
            "name": "cboe",
            "description": "test",
            "provider": {"format": "cboe_csv", "path": "x", "known_after_minutes": 15},
            "rates": {"path": "x"},
            "corporate_actions": {"format": "actions_csv", "path": "x"},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2026-07-20",
            "end": "2026-11-30",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [
                _stock("SPY", "16:15", "etf"),
                {
                    "symbol": "SPX",
                    "vendor_symbol": "_SPX",
                    "kind": "index",
                    "roots": [_index_root("SPX", "AM"), _index_root("SPXW", "PM")],
                },
                _stock("MOD"),
                _stock("SPXC"),
            ],
        }
    )


def _coin_universe(format_name: str, start: str, end: str) -> UniverseSpec:
    root = {
        "root": "BTC",
        "style": "E",
        "settlement_time": "08UTC",
        "settlement_type": "cash",
        "multiplier": 1,
    }
    return UniverseSpec.model_validate(
        {
            "name": "btc",
            "description": "test",
            "provider": {"format": format_name, "path": "x"},
            "calendar": "24/7",
            "timezone": "UTC",
            "start": start,
            "end": end,
            "quote_currency": "BTC",
            "settlement_currency": "BTC",
            "underlyings": [{"symbol": "BTC", "kind": "coin", "roots": [root]}],
        }
    )


@pytest.fixture
def optionsdx_universe() -> UniverseSpec:
    return _coin_universe("optionsdx_deribit", "2021-06-01", "2021-06-30")


@pytest.fixture
def surface_universe() -> UniverseSpec:
    return _coin_universe("deribit_surface_csv", "2026-03-17", "2026-05-31")


class CboeFolder:
    """Writes a folder as the collector of CBOE chains leaves it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[str] = []

    def chain(self, ticker: str, day: str, rows: list[str], header: str = CBOE_HEADER) -> Path:
        return self.raw_chain(ticker, day, gzip.compress("\n".join((header, *rows, "")).encode(), mtime=0))

    def raw_chain(self, ticker: str, day: str, payload: bytes, suffix: str = ".csv.gz") -> Path:
        path = self.path / "chains" / ticker / f"{day}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(payload)
        return path

    def underlying(self, ticker: str, day: str, payload_time: str, *, current: float, close: float) -> None:
        """A line of underlying.csv; ``payload_time`` is UTC."""
        self.lines.append(
            f"{day},{ticker},{day}T23:00:00Z,{payload_time},{current},{close},100.0,99.0,103.0,98.0,1000,20.0,0.1,"
            f"{day}T15:59:59,1"
        )
        self.write_underlying()

    def write_underlying(self, header: str = UNDERLYING_HEADER) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / "underlying.csv").write_text("\n".join((header, *self.lines, "")))


def cboe_row(
    day: str,
    ticker: str,
    root: str,
    expiry: str,
    right: str = "C",
    strike: float | str = 100.0,
    *,
    symbol: str | None = None,
    **cells: object,
) -> str:
    """One line of a chain; cells not given are those of an ordinary quote."""
    stamp = expiry.replace("-", "")[2:]
    thousandths = round(float(strike) * 1000) if str(strike).replace(".", "").isdigit() else 100000
    values: dict[str, object] = {
        "session_date": day,
        "ticker": ticker,
        "expiry": expiry,
        "right": right,
        "strike": strike,
        "option": symbol or f"{root}{stamp}{right}{thousandths:08d}",
        "bid": 1.0,
        "bid_size": 10.0,
        "ask": 1.2,
        "ask_size": 11.0,
        "last_trade_price": 1.1,
        "volume": 5.0,
        "open_interest": 50.0,
        "iv": 0.2,
        "last_trade_time": f"{day}T15:59:00",
        **cells,
    }
    return ",".join(str(values.get(column, 0.0)) for column in CBOE_HEADER.split(","))


@pytest.fixture
def folder(tmp_path) -> CboeFolder:
    return CboeFolder(tmp_path / "cboe")


@pytest.fixture
def parse(cboe_universe, folder):
    """``parse(day)``: that day of the CBOE folder, 2026-07-22 unless told."""

    def run(day: dt.date = dt.date(2026, 7, 22)):
        provider = make_provider(cboe_universe, folder.path)
        return provider.parse(day, provider.fetch(day))

    return run


@pytest.fixture
def row():
    return cboe_row
