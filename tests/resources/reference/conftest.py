"""Universes for reference data, and the folder of real files."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resources.universe import UniverseSpec

Maker = Callable[..., UniverseSpec]


@pytest.fixture
def make_universe() -> Maker:
    """``make_universe("MOD", "SPY", start=..., **sections)``: stocks on the NYSE's calendar."""

    def make(*symbols: str, **sections: Any) -> UniverseSpec:
        def stock(symbol: str) -> dict[str, Any]:
            root = {"root": symbol, "style": "A", "settlement_time": "PM", "settlement_type": "physical"}
            return {"symbol": symbol, "kind": "stock", "roots": [{**root, "multiplier": 100}]}

        return UniverseSpec.model_validate(
            {
                "name": "stocks",
                "description": "test",
                "provider": {"format": "cboe_csv", "path": "x"},
                "calendar": "XNYS",
                "timezone": "America/New_York",
                "start": "2026-07-20",
                "end": "2026-11-30",
                "quote_currency": "USD",
                "settlement_currency": "USD",
                "underlyings": [stock(symbol) for symbol in symbols],
                **sections,
            }
        )

    return make


@pytest.fixture
def stocks(make_universe: Maker) -> UniverseSpec:
    return make_universe(
        "SPY", "MOD", rates={"path": "x"}, corporate_actions={"format": "actions_csv", "path": "x"}
    )


@pytest.fixture(scope="session")
def data() -> Path:
    folder = os.environ.get("OPTIX_REAL_DATA")
    if not folder:
        pytest.skip("OPTIX_REAL_DATA is not set; it names the folder of real market data")
    return Path(folder)


@pytest.fixture(scope="session")
def facts(data: Path) -> dict[str, Any]:
    """What was counted and computed without this code."""
    return json.loads((data / "facts.json").read_text())
