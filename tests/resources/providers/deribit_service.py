"""A universe of Deribit and the service that answers it, from the replay server."""

import datetime as dt
from typing import Any

from resources.universe import UniverseSpec

#: 2026-03-17T18:30:00Z
NOW = 1773772200.0
DAY = dt.date(2026, 3, 17)
API = "/api/v2/public"


def coin_universe(url: str = "", root: str = "BTC", quote: str = "BTC", mode="snapshot_only", **settings):
    network = settings.pop("network", {"attempts": 2, "backoff_seconds": 0.001})
    return UniverseSpec.model_validate(
        {
            "name": "btc_live",
            "description": "test",
            "provider": {
                "format": "deribit_rest",
                "mode": mode,
                "settings": {"base_url": f"{url}/api/v2", "network": network, **settings},
            },
            "calendar": "24/7",
            "timezone": "UTC",
            "start": "2026-03-01",
            "quote_currency": quote,
            "settlement_currency": quote,
            "underlyings": [
                {
                    "symbol": "BTC",
                    "kind": "coin",
                    "roots": [
                        {
                            "root": root,
                            "style": "E",
                            "settlement_time": "08UTC",
                            "settlement_type": "cash",
                            "multiplier": 1,
                        }
                    ],
                }
            ],
        }
    )


class Deribit:
    """Scripts a replay server as the service, its market at the time of a clock."""

    def __init__(self, replay: Any, reply: Any, clock: Any) -> None:
        self.replay, self.reply, self.clock = replay, reply, clock
        self.names = ["BTC-27MAR26-74000-C", "BTC-27MAR26-74000-P"]
        self.testnet = False
        self.index = 74602.46
        self.official = [{"date": "2026-03-17", "delivery_price": 74321.04}]
        for method in (
            "get_instruments",
            "get_book_summary_by_currency",
            "get_order_book",
            "get_index_price",
        ):
            replay.answer(f"{API}/{method}", getattr(self, method))
        replay.answer(f"{API}/get_delivery_prices", self.get_delivery_prices)

    def envelope(self, result: Any, status: int = 200) -> Any:
        us = int(self.clock.now() * 1e6)
        body = {"jsonrpc": "2.0", "result": result, "usIn": us, "usOut": us + 40, "usDiff": 40}
        return self.reply({**body, "testnet": self.testnet}, status=status)

    def get_instruments(self, query: dict[str, str]) -> Any:
        return self.envelope(
            [
                {
                    "instrument_name": name,
                    "kind": "option",
                    "quote_currency": query["currency"],
                    "contract_size": 1.0,
                    "tick_size": 0.0001,
                    "expiration_timestamp": 1774598400000,
                    "is_active": True,
                }
                for name in self.names
            ]
        )

    def get_book_summary_by_currency(self, query: dict[str, str]) -> Any:
        return self.envelope(
            [
                {
                    "instrument_name": name,
                    "quote_currency": query["currency"],
                    "creation_timestamp": int(self.clock.now() * 1000),
                    "bid_price": 0.031,
                    "ask_price": 0.032,
                    "mark_price": 0.0315,
                    "mark_iv": 53.0,
                    "underlying_price": 74655.5,
                    "open_interest": 3.0,
                    "volume": 1.0,
                }
                for name in self.names
            ]
        )

    def get_order_book(self, query: dict[str, str]) -> Any:
        return self.envelope(
            {
                "instrument_name": query["instrument_name"],
                "timestamp": int(self.clock.now() * 1000),
                "state": "open",
                "bids": [[0.0305, 2.0]],
                "asks": [],
                "best_bid_price": 0.0305,
                "best_bid_amount": 2.0,
                "best_ask_price": 0.0,
                "best_ask_amount": 0.0,
                "mark_price": 0.0315,
                "mark_iv": 53.0,
                "index_price": 74600.0,
                "underlying_price": 74655.5,
                "open_interest": 3.0,
                "stats": {"volume": 1.5, "high": None, "low": None, "price_change": None},
                "greeks": {"delta": 0.54, "gamma": 0.00004, "vega": 46.7, "theta": -71.0, "rho": 12.0},
            }
        )

    def get_index_price(self, query: dict[str, str]) -> Any:
        return self.envelope({"index_price": self.index, "estimated_delivery_price": self.index})

    def get_delivery_prices(self, query: dict[str, str]) -> Any:
        start, count = int(query["offset"]), int(query["count"])
        page = self.official[start : start + count]
        return self.envelope({"data": page, "records_total": len(self.official)})
