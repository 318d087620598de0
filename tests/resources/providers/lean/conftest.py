"""Small Lean data folders and the universes that read them."""

import datetime as dt
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from resources.providers.protocol import ParsedDay, Provider
from resources.providers.registry import make_provider
from resources.universe import UniverseSpec
from tests.resources.providers.lean.real_samples import AAPL_DATA, FRIDAY, MONDAY


def root(name: str, style: str, settlement_time: str = "PM", trading_close: str = "16:00") -> dict[str, Any]:
    return {
        "root": name,
        "style": style,
        "settlement_time": settlement_time,
        "settlement_type": "physical" if style == "A" else "cash",
        "multiplier": 100,
        "trading_close": trading_close,
    }


UNDERLYINGS: dict[str, dict[str, Any]] = {
    "AAPL": {"symbol": "AAPL", "kind": "stock", "roots": [root("AAPL", "A")]},
    "SPX": {
        "symbol": "SPX",
        "kind": "index",
        "roots": [root("SPX", "E", "AM", "16:15"), root("SPXW", "E", "PM", "16:15")],
    },
}


def make_universe(
    symbol: str, settings: dict[str, Any], format_name: str = "lean_options", **fields: Any
) -> UniverseSpec:
    return UniverseSpec.model_validate(
        {
            "name": "lean",
            "description": "test",
            "provider": {"format": format_name, "path": "x", "settings": settings},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": "2014-06-02",
            "end": "2023-12-29",
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [UNDERLYINGS[symbol]],
            **fields,
        }
    )


class LeanFolder:
    """Writes archives where Lean has them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def pack(self, name: str, members: dict[str, list[str]]) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, lines in members.items():
                archive.writestr(zipfile.ZipInfo(member), "\n".join(lines))
        path.write_bytes(buffer.getvalue())
        return path

    def year(
        self, kind: str, contracts: dict[str, list[str]], resolution: str = "daily", year: int = 2014
    ) -> Path:
        """An archive of AAPL; contracts by the end of their member's name (``call_6450000_20140719``)."""
        members = {f"aapl_{kind}_american_{name}.csv": lines for name, lines in contracts.items()}
        return self.pack(f"option/usa/{resolution}/aapl_{year}_{kind}_american.zip", members)

    def minute(
        self, kind: str, contracts: dict[str, list[str]], day: str = "20210106", ticker: str = "spxw"
    ) -> Path:
        """An archive of an index option ticker."""
        members = {f"{day}_{ticker}_minute_{kind}_european_{n}.csv": lines for n, lines in contracts.items()}
        return self.pack(f"indexoption/usa/minute/{ticker}/{day}_{kind}_european.zip", members)

    def provider(self, symbol: str, resolution: str) -> Provider:
        security_type = "option" if symbol == "AAPL" else "indexoption"
        settings = {"resolution": resolution, "security_type": security_type}
        return make_provider(make_universe(symbol, settings), self.path)

    def parse(self, symbol: str, resolution: str, day: str) -> ParsedDay:
        provider = self.provider(symbol, resolution)
        date = dt.date.fromisoformat(day)
        return provider.parse(date, provider.fetch(date))


@pytest.fixture
def folder(tmp_path) -> LeanFolder:
    return LeanFolder(tmp_path / "Data")


@pytest.fixture
def lean_universe():
    """Makes a universe of one of ``UNDERLYINGS``."""
    return make_universe


@pytest.fixture(scope="module")
def data() -> Path:
    folder = os.environ.get("OPTIX_REAL_DATA")
    if not folder:
        pytest.skip("OPTIX_REAL_DATA is not set; it names the folder of real market data")
    return Path(folder)


@pytest.fixture(scope="module")
def facts(data) -> dict:
    return json.loads((data / "facts.json").read_text())


@pytest.fixture
def provider(data, lean_universe):
    def make(symbol: str, resolution: str, folder: str, **fields):
        security_type = "option" if symbol == "AAPL" else "indexoption"
        settings = {"resolution": resolution, "security_type": security_type}
        return make_provider(lean_universe(symbol, settings, **fields), data / folder)

    return make


@pytest.fixture
def daily(provider):
    found = provider("AAPL", "daily", AAPL_DATA)
    return {day: found.parse(day, found.fetch(day)) for day in (FRIDAY, MONDAY)}
