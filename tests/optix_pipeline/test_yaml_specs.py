"""A spec that can't be used is refused with file, line and field."""

import re

import pytest

from engine.backtest.study import StudySpec
from optix_pipeline.catalog import PACKAGE
from optix_pipeline.yaml_specs import SpecError, load_spec
from resources.universe import UniverseSpec

GOOD = """\
name: my_study
description: A study.
universe: demo_index
underlying: OPX
period: {start: 2024-01-02, end: 2024-06-28}
capital: {amount: 100000}
strategy:
  name: iron_condor
sizing:
  contracts: 1
"""


def _load(tmp_path, text):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    return load_spec(path, StudySpec)


def test_a_good_study_loads(tmp_path):
    assert _load(tmp_path, GOOD).strategy.name == "iron_condor"


@pytest.mark.parametrize(
    ("change", "line", "field"),
    [
        (("contracts: 1", "contracts: -1"), 10, "sizing.contracts"),
        (("contracts: 1", "contracts: one"), 10, "sizing.contracts"),
        (("  name: iron_condor", "  name: iron_condor\n  colour: red"), 9, "strategy.colour"),
        (("end: 2024-06-28", "end: 2023-06-28"), 5, "period"),
        (("description: A study.\n", ""), 1, "description"),
        (("name: my_study", "name: My Study"), 1, "name"),
    ],
)
def test_a_broken_rule_names_file_line_and_field(tmp_path, change, line, field):
    with pytest.raises(SpecError, match=rf"study\.yaml:{line}: {re.escape(field)}: "):
        _load(tmp_path, GOOD.replace(*change))


def test_every_broken_rule_has_a_line_of_its_own(tmp_path):
    text = GOOD.replace("contracts: 1", "contracts: -1").replace("amount: 100000", "amount: 0")
    with pytest.raises(SpecError) as error:
        _load(tmp_path, text)
    assert len(str(error.value).splitlines()) == 2


def test_text_that_is_no_yaml_names_the_line(tmp_path):
    with pytest.raises(SpecError, match=r"study\.yaml:3: not valid YAML"):
        _load(tmp_path, "name: x\ndescription: [unclosed\n")


def test_a_field_given_twice_is_refused(tmp_path):
    with pytest.raises(SpecError, match=r"study\.yaml:2: name is given twice"):
        _load(tmp_path, "name: x\n" + GOOD)


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(SpecError, match=r"study\.yaml:1: expected a mapping"):
        _load(tmp_path, "")


def test_a_wrong_encoding_is_refused(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_bytes("description: caf\xe9".encode("latin-1"))
    with pytest.raises(SpecError, match="can't be read"):
        load_spec(path, StudySpec)


def test_a_list_whose_only_entry_is_wrong_is_not_called_too_short(tmp_path):
    text = (PACKAGE / "universes" / "demo_coin.yaml").read_text()
    path = tmp_path / "universe.yaml"
    path.write_text(text.replace("multiplier: 1}", "multiplier: -1}"))
    with pytest.raises(SpecError) as error:
        load_spec(path, UniverseSpec)
    assert len(str(error.value).splitlines()) == 1
    assert "underlyings.0.roots.0.multiplier: " in str(error.value)


def test_a_date_that_does_not_exist_names_line_and_field(tmp_path):
    with pytest.raises(SpecError, match=r"study\.yaml:5: period\.end: .*2024-06-31"):
        _load(tmp_path, GOOD.replace("2024-06-28", "2024-06-31"))
