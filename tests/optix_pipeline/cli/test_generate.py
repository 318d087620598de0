"""``optix generate``: what it writes and says, and what it refuses."""

import shlex

import pytest

SHORT = (
    "--from",
    "2024-09-03",
    "--to",
    "2024-10-31",
    "--contracts",
    "150",
    "--defects",
    "crossed=4,missing_day=1",
)


def test_it_writes_a_set_that_the_catalog_finds(optix, tmp_path, monkeypatch):
    answer = optix("generate", str(tmp_path / "set"), "--market", "index", *SHORT, "--json")
    assert answer.code == 0
    said = answer.document
    assert said["defects"] == {"crossed": 4, "missing_day": 1}
    assert said["sessions"] == said["day_files"] + 1 == 43
    monkeypatch.setenv("OPTIX_UNIVERSES", str(tmp_path / "set" / "universes"))
    from optix_pipeline.catalog import load_catalog

    assert load_catalog().universe("generated_index").start.isoformat() == "2024-09-03"


def test_a_file_describes_the_market_and_options_change_it(optix, tmp_path):
    (tmp_path / "m.yaml").write_text(
        "name: mine\nkind: coin\nstart: 2024-09-03\nend: 2024-09-30\nseed: 4\ndefects: none\ncontracts: 120\n"
    )
    answer = optix(
        "generate", str(tmp_path / "set"), "--spec", str(tmp_path / "m.yaml"), "--to", "2024-09-12"
    )
    assert answer.code == 0
    assert "mine: 10 sessions" in answer.out and "optix harvest mine" in answer.out
    assert len(list((tmp_path / "set" / "surfaces").iterdir())) == 10


def test_the_command_that_ingests_it_can_be_pasted_into_a_shell(optix, tmp_path):
    folder = tmp_path / "with a blank & more"
    answer = optix("generate", str(folder), "--market", "index", *SHORT)
    assert answer.code == 0, answer.err
    words = shlex.split(answer.out.splitlines()[-1].removeprefix("to ingest it: "))
    assert words == [f"OPTIX_UNIVERSES={folder}/universes", "optix", "harvest", "generated_index"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("out",), "name either --spec FILE.yaml or --market"),
        (("--market", "index"), "name a new folder"),
        (("out", "--market", "bond"), "--market is index, stock or coin; got 'bond'"),
        (("out", "--market", "index", "--from", "3.9.2024"), "not a date"),
        (("out", "--market", "index", "--defects", "crossed"), "'crossed' is neither"),
        (("out", "--market", "index", "--defects", "crossed=1,crossed=2"), "names crossed twice"),
        (("out", "--market", "index", "--defects", "day_in_dollars=1"), "no defect 'day_in_dollars' can be planted"),
        (("out", "--market", "index", "--contracts", "5"), "contracts: Input should be greater than or equal to 100"),
        (("out", "--score", "--seed", "3"), "is scored as it stands; leave out seed"),
        (("out", "--score"), "holds no generated set"),
        (("out", "--spec", "nowhere.yaml"), "nowhere.yaml: can't be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_generated_is_refused_in_a_line(refused, arguments, says):
    assert says in refused("generate", *arguments)
