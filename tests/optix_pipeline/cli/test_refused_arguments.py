"""Names, dates, folders and addresses that cannot be used end a command with one line that says what to do."""

import pytest


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("run", "nope"), "no study is named nope; known: coin_short_strangle, index_iron_condor"),
        (("harvest", "nope"), "no universe is named nope; known: demo_coin, demo_index, demo_stock"),
        (("harvest", "demo_stock", "--from", "01.02.2025"), "--from 01.02.2025: not a date; write YYYY-MM-DD"),
        (("harvest", "demo_stock", "--from", "20250102"), "--from 20250102: not a date"),
        (("harvest", "demo_stock", "--to", "2025-02-30"), "--to 2025-02-30: not a date"),
        (("harvest", "demo_stock", "--from", "2025-09-01", "--to", "2025-08-01"), "--to 2025-08-01 is before --from"),
        (("harvest", "demo_stock", "--from", "2030-01-01"), "demo_stock has no session from 2030-01-01"),
        (("harvest", "demo_stock", "--from", "2025-08-02", "--to", "2025-08-03"), "no session from 2025-08-02"),
        (("backfill", "nope"), "no universe is named nope; known: demo_coin, demo_index, demo_stock"),
        (("backfill", "demo_stock", "--from", "2030-01-01"), "demo_stock has no session from 2030-01-01"),
        (("backfill", "demo_stock", "--to", "2025-02-30"), "--to 2025-02-30: not a date"),
        (("backfill", "demo_stock", "--data", "/nowhere"), "--data names /nowhere, which is no folder"),
        (("freshness", "--data", "/nowhere"), "--data names /nowhere, which is no folder"),
        (("quality", "show", "demo_stock", "--from", "x"), "--from x: not a date"),
        (("quality", "release", "demo_stock", "--underlying", "XXX", "--from", "2025-07-08", "--reason", "crossed",
          "--because", "x"), "universe demo_stock has no underlying XXX; it has ACME"),
        (("dev", "--port", "65535"), "--port 65535 leaves no next port for --documents-port; name one"),
        (("harvest", "demo_stock", "--data", "/nowhere"), "--data names /nowhere, which is no folder"),
        (("demo", "--data", "/nowhere"), "--data names /nowhere, which is no folder"),
        (("run", "nope", "--data", "/dev/null"), "--data names /dev/null, which is no folder"),
    ],
)  # fmt: skip
def test_an_argument_that_cannot_be_used(refused, command, says):
    assert says in refused(*command)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("ftp://host/lake", "ftp:// is not supported; use a folder or s3://bucket/prefix"),
        ("s3://", "names no bucket"),
        ("file://host/lake", "three slashes"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [("harvest", "demo_stock"), ("backfill", "demo_stock"), ("freshness",), ("run", "stock_covered_call")],
)
def test_an_address_that_is_no_lake(refused, monkeypatch, address, says, command):
    monkeypatch.setenv("OPTIX_LAKE_URI", address)
    assert says in refused(*command)


@pytest.mark.parametrize("ending", ["yml", "YAML"])
@pytest.mark.parametrize(
    ("variable", "command"), [("OPTIX_UNIVERSES", ("harvest", "mine")), ("OPTIX_STUDIES", ("run", "mine"))]
)
def test_a_file_that_does_not_count_is_named(refused, monkeypatch, tmp_path, ending, variable, command):
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / f"mine.{ending}").write_text("name: mine\n")
    monkeypatch.setenv(variable, str(tmp_path / "specs"))
    assert f"mine.{ending} does not count, only *.yaml files do: rename it" in refused(*command)


def test_real_data_that_is_no_folder(refused, monkeypatch):
    monkeypatch.setenv("OPTIX_REAL_DATA", "/nowhere")
    assert "OPTIX_REAL_DATA names /nowhere, which is no folder; correct it or unset it" in refused("run", "x")


@pytest.mark.parametrize(
    "command",
    [("results",), ("quality", "show", "demo_stock"), ("lineage", "x"), ("reproduce", "x"), ("db", "status")],
)
class TestDatabaseAddress:
    def test_a_server_that_does_not_answer(self, refused, monkeypatch, command):
        monkeypatch.setenv("OPTIX_DATABASE_URL", "postgresql://me:sesame@127.0.0.1:1/optix")
        line = refused(*command)
        assert "127.0.0.1:1" in line
        assert "sesame" not in line

    def test_another_kind_of_database(self, refused, monkeypatch, command):
        monkeypatch.setenv("OPTIX_DATABASE_URL", "mysql://me:sesame@host/optix")
        line = refused(*command)
        assert "OPTIX_DATABASE_URL names a mysql database, OPTIX needs Postgres" in line
        assert "sesame" not in line


def test_an_option_that_does_not_exist_is_a_usage_error(optix):
    answer = optix("harvest", "demo_stock", "--form", "2025-01-01")
    assert answer.code == 2
    assert "--form" in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("option", ["--port", "--documents-port"])
@pytest.mark.parametrize("port", ["-1", "0", "65536", "99999"])
def test_a_port_that_does_not_exist_is_a_usage_error(optix, option, port):
    answer = optix("dev", option, port)
    assert answer.code == 2
    assert f"Invalid value for '{option}': Input should be" in answer.err


def test_help_names_every_command(optix):
    answer = optix("--help")
    assert answer.code == 0
    commands = (
        "demo",
        "dev",
        "harvest",
        "backfill",
        "run",
        "freshness",
        "quality",
        "results",
        "lineage",
        "reproduce",
        "doctor",
        "db",
    )
    for command in commands:
        assert f" {command} " in answer.out
        assert optix(command, "--help").code == 0
