"""The published rows of a group, as parameters of a test."""

import json
from pathlib import Path

import pytest

_CASES = json.loads((Path(__file__).parents[2] / "golden" / "pricing_cases.json").read_text())["cases"]
RIGHT = {"call": 0, "put": 1}


def published(*groups: str):
    """All rows of these groups as the parameter ``case``; an error where there are none."""
    rows = [c for c in _CASES if c["group"] in groups]
    assert rows, groups
    return pytest.mark.parametrize("case", rows, ids=lambda case: case["id"])
