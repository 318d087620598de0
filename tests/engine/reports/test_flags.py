"""No flag reaches a reader as a bare code."""

import re
from pathlib import Path

import pytest

import engine
from engine.reports.flags import explained

FOLDER = Path(engine.__file__).parent
RAISED = sorted(
    {
        flag
        for path in FOLDER.rglob("*.py")
        for flag in re.findall(r'\b_?flag\("([a-z_]+)"\)', path.read_text(encoding="utf-8"))
    }
)


def test_the_engine_raises_the_flags_that_are_looked_for():
    assert {"halted", "settled_by_proxy", "closed_on_stale_mark"} <= set(RAISED)


@pytest.mark.parametrize("flag", RAISED)
def test_every_flag_of_the_engine_is_a_sentence_on_the_page(flag, tear_sheet_inputs):
    sentence = explained(flag, tear_sheet_inputs.result)
    assert sentence.endswith(".")
    assert flag not in sentence and "{" not in sentence


def test_an_unknown_flag_stays_as_it_is(tear_sheet_inputs):
    assert explained("something: {else}", tear_sheet_inputs.result) == "something: {else}"
