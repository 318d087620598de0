"""``optix demo`` on a bare machine: what it makes, that it can be repeated, and that every command answers from it."""

import datetime as dt
import hashlib
import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def ask(demo_home, run_optix):
    """The JSON document that a command prints, and nothing else."""

    def run(*arguments: str):
        outcome = run_optix(demo_home.home, *arguments, "--json")
        assert outcome.returncode == 0, outcome.stderr[-2000:]
        assert outcome.stderr == ""
        return json.loads(outcome.stdout)

    return run


def test_every_study_has_metrics_out_of_sample_too(demo_home):
    assert len(demo_home.summary["studies"]) == 4
    for study in demo_home.summary["studies"]:
        full, oos = study["metrics"]["full"], study["metrics"]["out_of_sample"]
        wanted = {
            "total_return",
            "annual_return",
            "annual_volatility",
            "sharpe_ratio",
            "max_drawdown",
            "win_rate",
        }
        assert wanted <= full.keys() and {"sharpe_ratio", "total_return"} <= oos.keys()
        assert full["trade_count"] > 0 and full["annual_volatility"] > 0


def test_tear_sheets_are_self_contained_pages(demo_home):
    for study in demo_home.summary["studies"]:
        page = (demo_home.home / "tear_sheets" / f"{study['study']}.html").read_text(encoding="utf-8")
        assert study["tear_sheet"] == str(demo_home.home / "tear_sheets" / f"{study['study']}.html")
        assert study["run_id"][:8] in page
        assert "<svg" in page or "data:image/png" in page
        for outside in ('src="http', "<link rel", "@import", "url(http"):
            assert outside not in page


def test_the_planted_bad_days_are_kept_out(demo_home):
    """The defects that block a session, as the generator's own record has them; none else is kept out."""
    blocking = {"missing_day": "absent", "repeated_day": "blocked", "truncated_file": "blocked"}
    planted = set()
    for universe in ("demo_index", "demo_stock", "demo_coin"):
        lines = (demo_home.home / "generated" / universe / "planted_defects.csv").read_text().splitlines()[1:]
        for day, underlying, kind, _ in (line.split(",") for line in lines):
            if kind in blocking:
                planted.add((universe, day, underlying, blocking[kind]))
    found = {
        (q["universe"], q["trade_date"], q["underlying"], q["status"])
        for q in demo_home.summary["quality"]
        if q["status"] != "ok"
    }
    assert found == planted
    assert {status for *_, status in found} == {"absent", "blocked"}


def test_a_second_demo_changes_nothing(demo_home, run_optix, lake_of, ask):
    before = {row["id"]: row for row in ask("results")}
    # in one process, where the first had one for each core: how the work is shared out changes nothing either
    outcome = run_optix(demo_home.home, "demo", "--json", "--workers", "1")
    assert outcome.returncode == 0, outcome.stderr[-3000:]
    again = json.loads(outcome.stdout)
    assert again["studies"] == demo_home.summary["studies"]
    assert again["quality"] == demo_home.summary["quality"]
    assert again["tables"] == demo_home.summary["tables"]
    assert lake_of(demo_home.home) == demo_home.lake
    after = {row["id"]: row for row in ask("results")}
    times = {"completed_at", "created_at"}
    for rows in (before, after):
        for row in rows.values():
            assert times < row.keys()
    assert {i: {k: v for k, v in r.items() if k not in times} for i, r in after.items()} == {
        i: {k: v for k, v in r.items() if k not in times} for i, r in before.items()
    }


def test_results_lists_the_runs_newest_first(demo_home, ask):
    rows = ask("results")
    assert sorted(r["study"] for r in rows) == sorted(demo_home.studies)
    completed = [dt.datetime.fromisoformat(r["completed_at"]) for r in rows]
    assert completed == sorted(completed, reverse=True)
    (only,) = ask("results", "index_iron_condor")
    assert only["id"] in {r["id"] for r in rows}


def test_lineage_walks_back_to_files_that_hold_the_harvested_bytes(demo_home, ask):
    run_id = next(s["run_id"] for s in demo_home.summary["studies"] if s["study"] == "stock_covered_call")
    document = ask("lineage", run_id[:8])
    assert document["run"]["id"] == run_id
    assert all(demo_home.lake[row["path"]] == row["sha256"] for row in document["layers"])
    days = {r["key"] for r in document["harvests"] if "/raw_quotes/" in r["path"]}
    assert {"2025-07-01", "2025-12-31"} <= days
    seen = 0
    for record in document["harvests"]:
        for part in record["parts"]:
            payload = Path(part["source"]).read_bytes()
            assert hashlib.sha256(payload).hexdigest() == part["sha256"]
            seen += 1
    assert seen > 500


def test_quality_tells_what_was_kept_out_and_which_checks_failed(demo_home, ask):
    document = ask("quality", "show", "demo_stock")
    shown = [q for q in demo_home.summary["quality"] if q["universe"] == "demo_stock"]
    assert document["judged"] == len(shown)
    assert document["kept_out"] == [q for q in shown if q["status"] != "ok"]
    assert {c["trade_date"] for c in document["failed_checks"]} >= {
        q["trade_date"] for q in document["kept_out"]
    }
    day = document["kept_out"][0]["trade_date"]
    assert ask("quality", "show", "demo_stock", "--from", day, "--to", day)["judged"] == 1


def test_status_and_doctor_answer(demo_home, ask):
    status = ask("db", "status")
    assert status["revision"] == status["head"]
    assert status["tables"] == demo_home.summary["tables"]
    assert ask("db", "upgrade") == {"before": status["head"], "after": status["head"]}
    findings = ask("doctor")
    checks = {"python", "disk", "lake", "database", "data", "studies", "sources"}
    assert {f["check"] for f in findings} == checks
    assert all(f["ok"] for f in findings)


def test_one_study_runs_again_on_its_own_to_the_same_run(demo_home, ask, lake_of):
    shown = next(s for s in demo_home.summary["studies"] if s["study"] == "coin_short_strangle")
    assert ask("run", "coin_short_strangle") == shown
    assert lake_of(demo_home.home) == demo_home.lake


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize(
    "command",
    [
        ("results",),
        ("lineage", "stock_covered_call"),
        ("quality", "show", "demo_index"),
        ("db", "status"),
        ("doctor",),
    ],
)
def test_answers_fit_the_terminal(demo_home, command, columns):
    """On a terminal of that width no table is cut, and no column is squeezed to single letters."""
    import os
    import pty
    import re
    import struct
    import subprocess
    import sys
    import termios
    from fcntl import ioctl

    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OPTIX_", "DAGSTER_", "COLUMNS"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "optix_pipeline.cli.main", *command],
        env={**environment, "OPTIX_HOME": str(demo_home.home), "TERM": "xterm"},
        cwd=demo_home.home,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    text = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other end is closed: all has been said
            break
        if not piece:
            break
        text += piece
    os.close(master)
    assert process.wait() == 0
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text.decode()).replace("\r", "").splitlines()
    table = [line for line in lines if line.startswith((" ", "─"))]
    assert all(len(line.rstrip()) <= columns for line in table)
    assert not any("…" in line for line in table)
    body = [line for line in table if line.strip() and set(line.strip()) != {"─"}]
    assert not any(max(len(word) for word in line.split()) == 1 for line in body), "\n".join(lines)
