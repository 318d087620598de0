"""The published rows of tests/golden/pricing_cases.json, by group or by id, and as parameters of a test."""

import json
from collections.abc import Collection
from pathlib import Path

import pytest

_FILE = Path(__file__).parents[2] / "golden" / "pricing_cases.json"
_CASES = json.loads(_FILE.read_text(encoding="utf-8"))["cases"]
RIGHT = {"call": 0, "put": 1}


def cases(*groups: str, only: Collection[str] = (), but: Collection[str] = ()) -> list[dict]:
    """All rows of these groups, or only those with the ids given, or all but those; an error where there are none."""
    found = [c for c in _CASES if c["group"] in groups]
    missing = {*groups} - {c["group"] for c in found} | {*only, *but} - {c["id"] for c in found}
    assert not missing, f"no published rows {sorted(missing)}"
    chosen = [c for c in found if c["id"] not in but and (not only or c["id"] in only)]
    assert chosen, f"no rows are left of {groups}"
    return chosen


def case_of(*, group: str | None = None, id: str | None = None) -> dict:
    """The only row of a group, or the one with an id."""
    (case,) = (c for c in _CASES if group in (None, c["group"]) and id in (None, c["id"]))
    return case


def as_parameters(chosen: list[dict]):
    """Rows as the parameter ``case``."""
    return pytest.mark.parametrize("case", chosen, ids=[c["id"] for c in chosen])


def published(*groups: str, only: Collection[str] = (), but: Collection[str] = ()):
    """Rows as :func:`cases` chooses them, as the parameter ``case``."""
    return as_parameters(cases(*groups, only=only, but=but))


def contract(case: dict) -> tuple:
    """Right, spot, strike, years, rate, yield and volatility."""
    i = case["inputs"]
    years = i["T"] if "T" in i else i["days"] / 365.0
    return RIGHT[i["type"]], i["S"], i["K"], years, i["r"], i["q"], i["sigma"]
