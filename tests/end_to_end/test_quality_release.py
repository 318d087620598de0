"""``optix quality``: what was kept out is explained, let through by a rule, on record, and taken back."""

import datetime as dt
import json
import shutil

import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.end_to_end

UNIVERSE = "demo_stock"
#: planted: twelve crossed quotes
CROSSED = dt.date(2025, 12, 10)
SATURDAY = dt.date(2025, 12, 13)


@pytest.fixture(scope="module")
def home(tmp_path_factory, run_optix):
    from resources.generator.demo import generate_universe
    from resources.generator.demo_markets import DEMO_MARKETS

    home = tmp_path_factory.mktemp("quality_release")
    market = next(m for m in DEMO_MARKETS if m.name == UNIVERSE)
    generate_universe(market, home / "generated" / UNIVERSE)
    chains = home / "generated" / UNIVERSE / "chains" / "ACME"
    shutil.copy(chains / "2025-12-12.csv.gz", chains / f"{SATURDAY}.csv.gz")
    outcome = run_optix(home, "harvest", UNIVERSE, "--from", "2025-12-09", "--to", "2025-12-15", "--json")
    assert outcome.returncode == 0, outcome.stderr[-2000:]
    return home


@pytest.fixture(scope="module")
def ask(home, run_optix):
    def run(*arguments: str):
        outcome = run_optix(home, "quality", *arguments, "--json")
        assert outcome.returncode == 0, outcome.stderr[-2000:]
        return json.loads(outcome.stdout)

    return run


def rows_of(home, layer: str) -> list[dict]:
    return pq.read_table(home / "lake" / UNIVERSE / layer / str(CROSSED) / "ACME.parquet").to_pylist()


RELEASE = (
    *("release", UNIVERSE, "--underlying", "ACME", "--from", str(CROSSED), "--reason", "crossed"),
    *("--fix", "swap_bid_ask", "--because", "the vendor swapped the sides that day"),
)


def test_crossed_quotes_are_explained_previewed_released_and_taken_back(home, ask, run_optix):
    explained = ask("explain", UNIVERSE, str(CROSSED))
    assert {"reason": "crossed", "rows": 12, "underlying": "ACME"}.items() <= explained["quarantined"][
        0
    ].items()
    assert {c["check"] for c in explained["checks"] if not c["passed"]} >= {"crossed"}
    listed = ask("rows", UNIVERSE, str(CROSSED), "--reason", "crossed")
    assert len(listed) == 12 and all(r["bid"] > r["ask"] for r in listed)
    before, quarantined = rows_of(home, "validated_quotes"), rows_of(home, "quarantined_quotes")

    preview = ask(*RELEASE, "--dry-run")
    assert preview["sessions"] == [{"session": str(CROSSED), "quarantined": len(quarantined), "rows": 12}]
    assert rows_of(home, "validated_quotes") == before and ask("releases", UNIVERSE) == []

    made = ask(*RELEASE)
    after = rows_of(home, "validated_quotes")
    assert (
        len(after) == len(before) + 12 and len(rows_of(home, "quarantined_quotes")) == len(quarantined) - 12
    )
    mended = {r["symbol"]: r for r in after}
    for row in listed:
        assert (mended[row["symbol"]]["bid"], mended[row["symbol"]]["ask"]) == (row["ask"], row["bid"])
    status = json.loads(
        (home / "lake" / UNIVERSE / "validated_quotes" / str(CROSSED) / "_status.json").read_text()
    )
    assert any(f"quality_releases/_records/{made['release']}" in path for path in status["inputs"])
    chain = pq.read_table(home / "lake" / UNIVERSE / "option_chain" / str(CROSSED) / "ACME.parquet")
    assert chain.num_rows == len(after)

    (audited,) = ask("releases", UNIVERSE)
    assert audited["because"] == "the vendor swapped the sides that day" and audited["released_by"]
    table = json.loads(run_optix(home, "db", "status", "--json").stdout)["tables"]
    assert table["quality_releases"] == 1

    ask("revoke", UNIVERSE, made["release"], "--because", "the sides were right")
    assert rows_of(home, "validated_quotes") == before
    (revoked,) = ask("releases", UNIVERSE)
    assert revoked["revoked_because"] == "the sides were right"


def test_a_payload_of_a_closed_day_is_explained_without_a_layer_of_its_own(ask):
    explained = ask("explain", UNIVERSE, str(SATURDAY))
    assert [c["check"] for c in explained["checks"] if not c["passed"]] == ["closed_day_present"]
    assert explained["quarantined"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("explain", UNIVERSE, "2025-12-08"),
            "has not been judged; run: optix harvest demo_stock --from 2025-12-08",
        ),
        (
            ("rows", UNIVERSE, str(CROSSED), "--reason", "expired"),
            "no quarantined row with the reason expired",
        ),
        (("revoke", UNIVERSE, "zzz", "--because", "x"), "0 releases of demo_stock begin with zzz"),
        ((*RELEASE[:7], "nan_value", "--because", "x"), "nan_value cannot be accepted"),
        ((*RELEASE[:7], "expired", "--fix", "null:bid", "--because", "x"), "would let through"),
    ],
)
def test_what_cannot_be_done_is_one_line(home, run_optix, arguments, said):
    outcome = run_optix(home, "quality", *arguments)
    assert outcome.returncode == 1
    assert said in outcome.stderr and outcome.stderr.count("\n") == 1 and outcome.stderr.startswith("optix: ")
