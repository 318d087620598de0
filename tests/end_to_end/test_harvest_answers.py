"""What ``optix harvest`` says of a day of which nothing can be used, of warnings, and when it is stopped."""

import gzip
import json
import os
import signal
import time

import pytest

pytestmark = pytest.mark.end_to_end

ABSENT, CUT = "2025-07-08", "2025-07-10"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Vendor files of which one is missing and one lacks its last third."""
    from resources.generator.demo import generate_universe
    from resources.generator.demo_markets import DEMO_MARKETS

    home = tmp_path_factory.mktemp("answers")
    market = next(m for m in DEMO_MARKETS if m.name == "demo_stock")
    generate_universe(market, home / "generated" / "demo_stock")
    chains = home / "generated/demo_stock/chains/ACME"
    (chains / f"{ABSENT}.csv.gz").unlink()
    lines = gzip.decompress((chains / f"{CUT}.csv.gz").read_bytes()).splitlines(keepends=True)
    (chains / f"{CUT}.csv.gz").write_bytes(gzip.compress(b"".join(lines[: len(lines) * 2 // 3])))
    return home


def test_a_single_day_that_is_absent_is_told_as_a_verdict(home, run_optix):
    day = ("harvest", "demo_stock", "--from", ABSENT, "--to", ABSENT)
    outcome = run_optix(home, *day)
    assert outcome.returncode == 1
    assert outcome.stderr == ""
    assert "0 of 1 judged sessions are usable" in outcome.stdout
    assert "Kept out of every layer" in outcome.stdout
    assert "the calendar has a session, but no payload was delivered" in outcome.stdout
    outcome = run_optix(home, *day, "--json")
    assert (outcome.returncode, outcome.stderr) == (1, "")
    document = json.loads(outcome.stdout)
    assert [q["status"] for q in document["quality"]] == ["absent"]
    assert len(document["dagster_runs"]) == 2, "the reference data and the day"


def test_the_warnings_of_the_sessions_that_were_harvested_are_told(home, run_optix):
    outcome = run_optix(home, "harvest", "demo_stock", "--from", "2025-07-09", "--to", CUT)
    assert outcome.returncode == 0, outcome.stderr
    shown = run_optix(home, "quality", "show", "demo_stock", "--from", "2025-07-09", "--to", CUT)
    assert "Kept, with a warning" in outcome.stdout
    assert outcome.stdout.endswith(shown.stdout)
    document = json.loads(
        run_optix(home, "harvest", "demo_stock", "--from", CUT, "--to", CUT, "--json").stdout
    )
    assert {w["trade_date"] for w in document["warnings"]} == {CUT}


def test_interrupted_it_says_so_in_one_line(home, start_optix):
    process = start_optix(home, "harvest", "demo_stock", "--from", "2025-07-14")
    status = home / "lake" / "demo_stock" / "raw_quotes" / "_records" / "2025-07-16"
    try:
        deadline = time.monotonic() + 120
        while not status.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130
    (line,) = errors.splitlines()
    assert line.startswith("optix: demo_stock: stopped; ")
