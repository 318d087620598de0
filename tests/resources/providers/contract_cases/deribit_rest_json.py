"""Deribit's answers as saved: instruments, a book summary with a future beside the options, a delivery price."""

import datetime as dt
import json
from pathlib import Path

from resources.providers.contract import ContractCase, Fact
from resources.universe import UniverseSpec

#: 2026-03-17T18:30:00.250Z
AT_MS = 1773772200250


def instrument(name: str, right: str, strike: float, **fields: object) -> dict[str, object]:
    return {
        "instrument_name": name,
        "kind": "option",
        "option_type": right,
        "strike": strike,
        "base_currency": "BTC",
        "quote_currency": "BTC",
        "counter_currency": "USD",
        "settlement_currency": "BTC",
        "settlement_period": "month",
        "contract_size": 1.0,
        "tick_size": 0.0001,
        "expiration_timestamp": 1774598400000,
        "creation_timestamp": 1772000000000,
        "is_active": True,
        "price_index": "btc_usd",
        **fields,
    }


def summary(name: str, **fields: object) -> dict[str, object]:
    return {
        "instrument_name": name,
        "base_currency": "BTC",
        "quote_currency": "BTC",
        "creation_timestamp": AT_MS,
        "underlying_index": "BTC-27MAR26",
        "underlying_price": 74655.5,
        "interest_rate": 0.0,
        "estimated_delivery_price": 74602.46,
        "mark_price": 0.0312,
        "mark_iv": 53.12,
        "bid_price": 0.031,
        "ask_price": 0.0315,
        "mid_price": 0.03125,
        "last": 0.0305,
        "high": 0.033,
        "low": 0.03,
        "price_change": -3.1,
        "open_interest": 310.5,
        "volume": 12.25,
        "volume_usd": 28000.5,
        **fields,
    }


def envelope(result: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "result": result, "usIn": 1, "usOut": 2, "usDiff": 1, "testnet": False}


SUMMARIES = [
    summary("BTC-27MAR26-74000-C"),
    summary("BTC-27MAR26-74000-P", bid_price=None, last=None, mark_price=0.0, open_interest=0.0, volume=0.0),
    summary("BTC-27MAR26-150000-C", bid_price=0.0, ask_price=None, mark_iv=0.0, creation_timestamp=AT_MS - 5),
    summary("BTC-27MAR26-80000-C", bid_price="0.01"),
    summary("BTC_USDC-27MAR26-74000-C", quote_currency="USDC", mark_price=2330.0),
    summary("BTC-27MAR26", quote_currency="USD", mark_price=74655.5),
    summary("ETH-27MAR26-3000-C", base_currency="ETH", quote_currency="ETH"),
]


def write(folder: Path) -> None:
    day = folder / "20260317T183000250Z"
    day.mkdir()
    (day / "book_summary.json").write_text(json.dumps(envelope(SUMMARIES), indent=1))
    (day / "index_price.json").write_text(
        json.dumps(envelope({"index_price": 74610.25, "estimated_delivery_price": 74610.25}))
    )
    (folder / "instruments.json").write_text(
        json.dumps(
            envelope(
                [
                    instrument("BTC-27MAR26-74000-C", "call", 74000.0),
                    instrument("BTC-27MAR26-74000-P", "put", 74000.0),
                ]
            )
        )
    )
    official = [
        {"date": "2026-03-18", "delivery_price": 73990.5},
        {"date": "2026-03-17", "delivery_price": 74321.04},
    ]
    (folder / "delivery_prices.json").write_text(json.dumps(envelope({"data": official, "records_total": 2})))


CASE = ContractCase(
    universe=UniverseSpec.model_validate(
        {
            "name": "btc",
            "description": "contract case",
            "provider": {"format": "deribit_rest", "path": "x", "settings": {"source": "files"}},
            "calendar": "24/7",
            "timezone": "UTC",
            "start": "2026-03-01",
            "end": "2026-05-31",
            "quote_currency": "BTC",
            "settlement_currency": "BTC",
            "underlyings": [
                {
                    "symbol": "BTC",
                    "kind": "coin",
                    "roots": [
                        {
                            "root": "BTC",
                            "style": "E",
                            "settlement_time": "08UTC",
                            "settlement_type": "cash",
                            "multiplier": 1,
                        }
                    ],
                }
            ],
        }
    ),
    write=write,
    trade_date=dt.date(2026, 3, 17),
    rows={"BTC": 5},
    rejected={"BTC": 2},
    facts=(
        Fact(
            "BTC-27MAR26-74000-C",
            {
                "bid": 0.031,
                "ask": 0.0315,
                "last": 0.0305,
                "mark": 0.0312,
                "spot": 74610.25,
                "vendor_forward": 74655.5,
                "vendor_iv": 0.5312,
                "open_interest": 310.5,
                "volume": 12.25,
                "quote_currency": "BTC",
                "ts": dt.datetime(2026, 3, 17, 18, 30, 0, 250000, tzinfo=dt.UTC),
                "settles_at": dt.datetime(2026, 3, 27, 8, tzinfo=dt.UTC),
            },
        ),
        Fact("BTC-27MAR26-74000-P", {"bid": None, "ask": 0.0315, "mark": None, "last": None}),
        Fact(
            "BTC-27MAR26-150000-C",
            {
                "bid": None,
                "ask": None,
                "vendor_iv": None,
                "quote_ts": dt.datetime(2026, 3, 17, 18, 30, 0, 245000, tzinfo=dt.UTC),
                "ts": dt.datetime(2026, 3, 17, 18, 30, 0, 250000, tzinfo=dt.UTC),
            },
        ),
    ),
)
