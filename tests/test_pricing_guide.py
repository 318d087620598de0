"""The examples of the pricing guide give what they say."""

import doctest
from pathlib import Path

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "guide" / "pricing.md"


def test_the_examples_give_what_they_say():
    results = doctest.testfile(str(GUIDE), module_relative=False)
    assert results.attempted >= 8
    assert results.failed == 0
