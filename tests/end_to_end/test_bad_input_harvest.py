"""``optix harvest`` over vendor files that were spoiled: exit 0, each bad day kept out with its reason; a request that
cannot be met ends with one line."""

import gzip
import json

import pytest

pytestmark = pytest.mark.end_to_end

FIRST, LAST = "2025-07-01", "2025-07-11"
SNAPSHOTS = """
name: snapshots
description: A source that shows only the market as it is now.
provider: {{format: cboe_csv, path: {folder}, mode: snapshot_only}}
calendar: XNYS
timezone: America/New_York
start: 2025-07-01
end: 2025-12-31
quote_currency: USD
settlement_currency: USD
underlyings:
  - symbol: ACME
    kind: stock
    roots: [{{root: ACME, style: A, settlement_time: PM, settlement_type: physical, multiplier: 100}}]
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Generated vendor files; nothing harvested yet."""
    from resources.generator.demo import generate_universe
    from resources.generator.demo_markets import DEMO_MARKETS

    home = tmp_path_factory.mktemp("bad_input")
    market = next(m for m in DEMO_MARKETS if m.name == "demo_stock")
    generate_universe(market, home / "generated" / "demo_stock")
    return home


@pytest.fixture(scope="module")
def harvested(home, run_optix):
    """The document of a harvest over five spoiled days and four good ones, and the lake that it left."""
    chains = home / "generated/demo_stock/chains/ACME"
    good = {path.name[:10]: path.read_bytes() for path in chains.glob("2025-07-*.csv.gz")}
    text = gzip.decompress(good["2025-07-08"])
    spoiled = {
        "2025-07-02": b"",
        "2025-07-03": good["2025-07-03"][:500],
        "2025-07-07": gzip.compress(gzip.decompress(good["2025-07-07"]).decode().encode("utf-16")),
        "2025-07-08": gzip.compress(text.replace(b",bid,", b",Bid,", 1)),
        "2025-07-09": good["2025-07-10"],
    }
    for day, payload in spoiled.items():
        (chains / f"{day}.csv.gz").write_bytes(payload)
    outcome = run_optix(home, "harvest", "demo_stock", "--from", FIRST, "--to", LAST, "--json")
    for day in spoiled:
        (chains / f"{day}.csv.gz").write_bytes(good[day])
    assert outcome.returncode == 0, outcome.stderr[-2000:]
    assert outcome.stderr == ""
    return json.loads(outcome.stdout), spoiled


def test_every_spoiled_day_is_kept_out_with_its_reason_and_the_others_are_usable(harvested):
    document, spoiled = harvested
    found = {q["trade_date"]: q for q in document["quality"]}
    assert {day for day, q in found.items() if q["status"] != "ok"} == set(spoiled)
    says = {
        "2025-07-02": "is empty; fetch it again from the source",
        "2025-07-03": "truncated or damaged gzip",
        "2025-07-07": "convert it to UTF-8",
        "2025-07-08": "missing column 'bid'; unknown column 'Bid'",
        "2025-07-09": "holds session 2025-07-10, not 2025-07-09",
    }
    for day, words in says.items():
        assert any(words in reason for reason in found[day]["reasons"]), found[day]
    assert {day for day, q in found.items() if q["status"] == "ok"} == {
        "2025-07-01", "2025-07-10", "2025-07-11"
    }  # fmt: skip


def test_once_the_files_are_mended_the_same_command_makes_the_days_usable(home, harvested, run_optix):
    outcome = run_optix(home, "harvest", "demo_stock", "--from", FIRST, "--to", LAST, "--json")
    assert outcome.returncode == 0, outcome.stderr[-2000:]
    assert {q["status"] for q in json.loads(outcome.stdout)["quality"]} == {"ok"}
    # the bad payloads stay on record beside the good ones
    records = home / "lake/demo_stock/raw_quotes/_records"
    _, spoiled = harvested
    assert {day: len(list((records / day).iterdir())) for day in spoiled} == dict.fromkeys(spoiled, 2)
    rows = json.loads(run_optix(home, "db", "status", "--json").stdout)["tables"]
    assert rows["harvests"] == len(list(records.glob("*/*.json")))


def test_a_past_day_of_a_source_that_shows_only_now_is_refused(home, run_optix, tmp_path):
    (tmp_path / "snapshots.yaml").write_text(SNAPSHOTS.format(folder=home / "generated/demo_stock"))
    outcome = run_optix(
        home, "harvest", "snapshots", "--from", FIRST, "--to", FIRST, OPTIX_UNIVERSES=str(tmp_path)
    )
    assert outcome.returncode == 1
    (line,) = outcome.stderr.splitlines()
    assert "its source shows only the market of now" in line
    assert "no snapshot of 2025-07-01 was taken: 2025-07-01 cannot be harvested any more" in line
    assert not (home / "lake/snapshots").exists()


def test_a_folder_that_is_gone_is_named(home, run_optix, tmp_path):
    text = SNAPSHOTS.format(folder="/nowhere/files").replace(", mode: snapshot_only", "")
    (tmp_path / "snapshots.yaml").write_text(text)
    outcome = run_optix(
        home, "harvest", "snapshots", "--from", FIRST, "--to", FIRST, OPTIX_UNIVERSES=str(tmp_path)
    )
    assert outcome.returncode == 1
    (line,) = outcome.stderr.splitlines()
    assert "the folder /nowhere/files does not exist" in line


def test_a_lake_that_cannot_be_written_is_named(home, run_optix, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    outcome = run_optix(
        home, "harvest", "demo_stock", "--from", FIRST, "--to", FIRST, OPTIX_LAKE_URI=str(blocked / "lake")
    )
    assert outcome.returncode == 1
    (line,) = outcome.stderr.splitlines()
    assert f"{blocked}/lake/" in line and "cannot be" in line
