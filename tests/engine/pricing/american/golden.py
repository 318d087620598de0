"""The published rows of the groups named american_*."""

import json
from collections.abc import Collection
from pathlib import Path

import pytest

_FILE = Path(__file__).parents[3] / "golden" / "pricing_cases.json"


def rows(group: str, *, only: Collection[str] = (), but: Collection[str] = ()):
    """The rows of a group, or only those with the ids given, or all but those, as parameters of a test."""
    cases = [c for c in json.loads(_FILE.read_text(encoding="utf-8"))["cases"] if c["group"] == group]
    ids = {c["id"] for c in cases}
    assert ids >= {*only, *but}, f"group {group} has no rows {sorted({*only, *but} - ids)}"
    chosen = [c for c in cases if c["id"] in (only or ids - set(but))]
    assert chosen, f"no rows in group {group}"
    return pytest.mark.parametrize("row", chosen, ids=[c["id"] for c in chosen])


def contract(row) -> tuple:
    """Right, spot, strike, years, rate, yield and volatility."""
    i = row["inputs"]
    years = i["T"] if "T" in i else i["days"] / 365.0
    return {"call": 0, "put": 1}[i["type"]], i["S"], i["K"], years, i["r"], i["q"], i["sigma"]
