"""``optix doctor`` names a universe that cannot be harvested as it is."""

import pytest

UNIVERSE = """\
name: mine
description: one stock
provider: {{format: cboe_csv, path: "{path}"}}
calendar: {calendar}
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
def findings(optix, tmp_path, monkeypatch):
    """``findings(path, calendar)``: by check, with one universe beside the shipped ones."""
    # no server is started for what is asked here
    monkeypatch.setenv("OPTIX_DATABASE_URL", "postgresql://me@127.0.0.1:1/optix")

    def run(path, calendar="XNYS"):
        folder = tmp_path / "universes"
        folder.mkdir()
        (folder / "mine.yaml").write_text(UNIVERSE.format(path=path, calendar=calendar))
        monkeypatch.setenv("OPTIX_UNIVERSES", str(folder))
        return {f["check"]: f for f in optix("doctor", "--json").document}

    return run


def test_a_folder_that_is_there(findings, tmp_path):
    found = findings(tmp_path)
    assert found["sources"]["ok"] and found["studies"]["ok"]
    assert "folders that universes read, all there: 1" in found["sources"]["found"]


def test_a_folder_that_is_not_there(findings):
    source = findings("/nowhere/files")["sources"]
    assert not source["ok"]
    assert source["found"] == "universe mine: the folder /nowhere/files does not exist"
    assert "provider.path" in source["mend"]


def test_a_data_folder_that_nobody_named(findings):
    source = findings("${data}/files")["sources"]
    assert not source["ok"]
    assert "name it with --data or OPTIX_REAL_DATA" in source["found"]


def test_a_value_that_cannot_work(findings, tmp_path):
    found = findings(tmp_path, calendar="XNYSE")
    assert not found["studies"]["ok"] and not found["sources"]["ok"]
    assert "mine.yaml:4: calendar: neither 24/7 nor a code" in found["studies"]["found"]
