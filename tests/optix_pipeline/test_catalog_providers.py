"""A universe whose format does not exist, or has no such setting, is refused with file and line."""

import pytest

from optix_pipeline.catalog import load_catalog
from optix_pipeline.yaml_specs import SpecError

UNIVERSE = """\
name: mine
description: one stock
provider:
  format: {format}
  path: "x"
{settings}calendar: XNYS
timezone: America/New_York
start: 2026-01-02
quote_currency: USD
settlement_currency: USD
underlyings:
  - symbol: ACME
    kind: stock
    roots:
      - {{root: ACME, style: A, settlement_time: PM, settlement_type: physical, multiplier: 100}}
"""


@pytest.fixture
def refused(tmp_path, monkeypatch):
    def load(format_name: str, settings: str = "") -> str:
        (tmp_path / "mine.yaml").write_text(UNIVERSE.format(format=format_name, settings=settings))
        monkeypatch.setenv("OPTIX_UNIVERSES", str(tmp_path))
        with pytest.raises(SpecError) as caught:
            load_catalog()
        return str(caught.value)

    return load


def test_an_unknown_format_is_named_with_those_that_exist(refused):
    found = refused("cboe_cvs")
    assert "mine.yaml:4: provider.format: 'cboe_cvs' is unknown; there are" in found
    assert "cboe_csv" in found


def test_an_unknown_setting_is_named_with_its_line(refused):
    found = refused("cboe_csv", "  settings:\n    resolution: minute\n")
    assert (
        "mine.yaml:7: provider.settings.resolution: unknown setting; the format cboe_csv has no settings"
        in found
    )


def test_an_unknown_name_of_a_section_is_named_with_those_of_the_section(refused):
    found = refused("generic_table", "  settings:\n    files: a.csv\n    mapping: {strikes: K}\n")
    assert "mine.yaml:8: provider.settings.mapping.strikes: unknown setting; mapping has symbol, " in found
    assert "strike," in found
    found = refused("generic_table", "  settings:\n    files: a.csv\n    mapping: {strike: K}\n    map: x\n")
    assert (
        "mine.yaml:9: provider.settings.map: unknown setting; the format generic_table has files, " in found
    )
