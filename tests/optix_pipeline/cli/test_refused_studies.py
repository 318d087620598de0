"""A study that cannot work is refused before anything runs: one line with file, line, field and rule."""

from pathlib import Path

import pytest

STUDY = """\
name: my_study
description: A study.
universe: demo_stock
underlying: ACME
period: {start: 2025-07-01, end: 2025-12-31}
capital: {amount: 100000}
strategy:
  name: covered_call
  parameters: {days_to_expiry: 30, call_delta: 0.25}
sizing: {contracts: 1}
walk_forward:
  train_months: 2
  grid: {call_delta: [0.15, 0.25]}
"""


@pytest.fixture
def with_study(tmp_path, monkeypatch, refused):
    """Refuses ``optix run my_study`` where STUDY has the change; returns the line without the folder."""
    folder = tmp_path / "studies"
    folder.mkdir()
    monkeypatch.setenv("OPTIX_STUDIES", str(folder))

    def run(old: str, new: str, command: tuple[str, ...] = ("run", "my_study")) -> str:
        assert old in STUDY
        (folder / "mine.yaml").write_text(STUDY.replace(old, new))
        return refused(*command).removeprefix(f"{folder}/")

    return run


@pytest.mark.parametrize(
    ("old", "new", "beginning", "says"),
    [
        ("name: covered_call", "name: covered_cal", "mine.yaml:8: strategy.name: ", "iron_condor"),
        ("call_delta: 0.25}", "call_dleta: 0.25}", "mine.yaml:9: strategy.parameters: ", "call_dleta"),
        ("call_delta: 0.25}", "call_delta: 25}", "mine.yaml:9: strategy.parameters: ", "call_delta"),
        ("end: 2025-12-31", "end: 2025-06-30", "mine.yaml:5: period: ", "not after its start 2025-07-01"),
        ("end: 2025-12-31", "end: 2025-12-32", "mine.yaml:5: period.end: ", "2025-12-32"),
        ("start: 2025-07-01", "start: 2019-07-01", "mine.yaml:5: period.start: ", "before demo_stock starts"),
        ("end: 2025-12-31", "end: 2031-12-31", "mine.yaml:5: period.end: ", "after demo_stock ends (2025-12-31)"),
        ("universe: demo_stock", "universe: mars", "mine.yaml:3: universe: ", "demo_coin, demo_index, demo_stock"),
        ("underlying: ACME", "underlying: SPY", "mine.yaml:4: underlying: ", "demo_stock has no SPY; it has ACME"),
        ("amount: 100000", "amount: -5", "mine.yaml:6: capital.amount: ", "greater than 0"),
        ("amount: 100000", "amount: .nan", "mine.yaml:6: capital.amount: ", "nan"),
        ("amount: 100000", "amount: 1, base_currency: XYZ", "mine.yaml:6: capital.base_currency: ", "XYZ"),
        ("train_months: 2", "train_months: 60", "mine.yaml:12: walk_forward.train_months: ", "60 to train"),
        ("call_delta: [0.15, 0.25]", "call_delta: [0.15, 9]", "mine.yaml:13: walk_forward.grid.call_delta: 9: ", ""),
        ("call_delta: [0.15, 0.25]", "wing: [1]", "mine.yaml:13: walk_forward.grid.wing: ", "wing"),
        ("sizing: {contracts: 1}", "sizing: {}", "mine.yaml:10: sizing: ", "exactly one of"),
        ("name: my_study", "name: demo_stock", "mine.yaml:1: name: ", "is a universe's name"),
        ("name: my_study", "name: stock_covered_call", "mine.yaml:1: name: ", "is defined in"),
        ("capital:", "colour: red\ncapital:", "mine.yaml:6: colour: ", "unknown field"),
        ("sizing:", "sizing: [", "mine.yaml:", "not valid YAML"),
    ],
)  # fmt: skip
def test_a_study_that_cannot_work_is_refused_with_file_line_and_field(with_study, old, new, beginning, says):
    line = with_study(old, new)
    assert line.startswith(beginning)
    assert says in line


@pytest.mark.parametrize(
    "command", [("run", "stock_covered_call"), ("harvest", "demo_stock"), ("demo", "--json")]
)
def test_one_bad_study_stops_every_command_that_would_run_something(with_study, command):
    assert with_study("name: covered_call", "name: nope", command).startswith("mine.yaml:8: strategy.name: ")


def test_a_universe_without_data_is_named_with_the_months_and_the_command(refused):
    line = refused("run", "stock_covered_call")
    assert "universe demo_stock has no data for 2025-07, 2025-08" in line
    assert line.endswith("run: optix harvest demo_stock")


def test_a_folder_of_studies_that_does_not_exist(refused, monkeypatch):
    monkeypatch.setenv("OPTIX_STUDIES", "/nowhere/studies")
    assert "OPTIX_STUDIES names /nowhere/studies, which is no folder" in refused("run", "x")


def test_a_bad_universe_is_refused_with_file_line_and_field(refused, tmp_path, monkeypatch):
    shipped = Path("optix_pipeline/universes/demo_stock.yaml")
    import optix_pipeline

    text = (Path(optix_pipeline.__file__).parent.parent / shipped).read_text()
    folder = tmp_path / "universes"
    folder.mkdir()
    lines = text.replace("name: demo_stock", "name: other").replace("min_rows:", "min_rowz:").splitlines()
    (folder / "u.yaml").write_text("\n".join(lines))
    monkeypatch.setenv("OPTIX_UNIVERSES", str(folder))
    number = next(i for i, line in enumerate(lines, 1) if "min_rowz" in line)
    assert f"{folder}/u.yaml:{number}: quality.min_rowz: unknown field" in refused("harvest", "demo_stock")
