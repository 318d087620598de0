"""``optix lake`` as it is called: exit codes, one line a fault, and nothing touched that was not asked for."""

import datetime as dt
import hashlib
from pathlib import Path

import pyarrow as pa
import pytest

from assets.day_status import DayStatus, UnderlyingStatus
from resources.lake import Lake, open_lake
from resources.lake.digest import table_digest
from resources.raw_store import RawPart, RawStore

DAYS = ("2024-01-02", "2024-01-03")


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Lake:
    """Two days of one layer with their payloads."""
    lake = open_lake(str(tmp_path / "lake"))
    monkeypatch.setenv("OPTIX_LAKE_URI", lake.uri)
    store = RawStore(lake, "u", "raw_quotes")
    for day in DAYS:
        part = RawPart.whole("quotes", "X", "x.csv", "/x.csv", f"payload of {day}".encode() * 50)
        store.put(day, [part], received_at=dt.datetime(2024, 1, 4, tzinfo=dt.UTC))
        table = pa.table({"strike": [1.0, 2.0]})
        written = lake.write_table(f"u/underlying_prices/{day}/X.parquet", table)
        entry = UnderlyingStatus(
            "ok", rows=2, path=written.path, sha256=written.sha256, digest=table_digest(table)
        )
        status = DayStatus(dt.date.fromisoformat(day), {"X": entry})
        lake.write_json(f"u/underlying_prices/{day}/_status.json", status.to_json())
    return lake


def contents(lake: Lake) -> dict[str, str]:
    return {path: hashlib.sha256(lake.read_bytes(path)).hexdigest() for path in lake.list()}


def test_list_counts_partitions_files_and_bytes(lake, optix):
    layers = optix("lake", "list", "--json").document["layers"]
    assert [(x["asset"], x["raw"], x["partitions"], x["files"]) for x in layers] == [
        ("raw_quotes", True, 2, 4),
        ("underlying_prices", False, 2, 4),
    ]
    assert sum(x["size"] for x in layers) == sum(f.size for f in lake.files())
    told = optix("lake", "list", "u").out
    assert "raw_quotes (raw)" in told
    assert "2024-01-03" in told


def test_verify_of_an_intact_lake_says_how_much_was_read(lake, optix):
    answer = optix("lake", "verify")
    assert answer.code == 0
    assert "8 files verified" in answer.out
    assert "0 wrong" in answer.out


def test_verify_names_each_damaged_file_on_one_line_and_ends_with_1(lake, optix):
    layer, blob = "u/underlying_prices/2024-01-02/X.parquet", lake.list("u/raw_quotes/_blobs")[0]
    for path in (layer, blob):
        lake.write_bytes(path, lake.read_bytes(path)[:-3])
    before = contents(lake)
    answer = optix("lake", "verify", "u")
    assert answer.code == 1
    lines = [line for line in answer.out.splitlines() if line.startswith((f"{layer}: ", f"{blob}: "))]
    assert len(lines) == 2
    assert "6 files verified" in answer.out
    assert contents(lake) == before
    document = optix("lake", "verify", "--json").document
    assert {f["damage"] for f in document["faults"]} == {"layer", "payload"}


def test_repair_of_an_intact_lake_starts_nothing(lake, optix, home):
    answer = optix("lake", "repair")
    assert answer.code == 0
    assert "0 faults found, 0 left" in answer.out
    assert [p.name for p in home.iterdir()] == [], "no database was started"


def test_a_dry_run_lists_every_file_that_would_leave_and_changes_nothing(lake, optix, tmp_path):
    before = contents(lake)
    target = tmp_path / "archive"
    answer = optix("lake", "archive", "--keep-days", "30", "--to", str(target), "--dry-run")
    assert answer.code == 0
    would = [
        line.removeprefix("would delete ")
        for line in answer.out.splitlines()
        if line.startswith("would delete")
    ]
    assert sorted(would) == [p for p in before if "/underlying_prices/" in p]
    assert contents(lake) == before
    assert not target.exists()


def test_archive_by_policy_then_restore_ends_where_it_began(lake, optix, tmp_path):
    before = contents(lake)
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        f"archive: {tmp_path / 'archive'}\nlayers:\n  underlying_prices: {{keep_days: 10}}\n  raw: {{keep_days: 10}}\n"
    )
    answer = optix("lake", "archive", "--policy", str(policy))
    assert answer.code == 0
    assert "4 partitions" in answer.out
    assert [p for p in lake.list() if "/_archived/" not in p] == []
    answer = optix("lake", "restore", "u", "--from", "2024-01-03")
    assert answer.code == 0
    assert {p.split("/")[2] for p in lake.list("u/underlying_prices")} == {"2024-01-03"}
    optix("lake", "restore", "u")
    assert {p: d for p, d in contents(lake).items() if "/_archived/" not in p} == before


@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize("name", ["itself", "link", "inside", "link inside", "linked parent", "around"])
def test_an_archive_that_is_the_lake_by_any_name_is_refused_and_nothing_changes(
    lake, refused, tmp_path, name, dry
):
    (tmp_path / "link").symlink_to(tmp_path / "lake")
    (tmp_path / "parent").symlink_to(tmp_path)
    (tmp_path / "universe").symlink_to(tmp_path / "lake" / "u")
    to = {
        "itself": "lake",
        "link": "link",
        "inside": "link/deeper/archive",
        "link inside": "universe",
        "linked parent": "parent/lake",
        "around": ".",
    }[name]
    before = contents(lake)
    arguments = ("--keep-days", "0", "--to", str(tmp_path / to), *(["--dry-run"] if dry else []))
    assert "is this lake itself" in refused("lake", "archive", *arguments)
    assert contents(lake) == before


def test_a_policy_for_universes_that_the_lake_does_not_hold_is_refused_with_its_line(lake, refused, tmp_path):
    policy = tmp_path / "policy.yaml"
    text = f"archive: {tmp_path / 'archive'}\nlayers:\n  underlying_prices: {{keep_days: 10}}\nuniverses:\n"
    policy.write_text(f"{text}  - u\n  - nosuch\n")
    told = refused("lake", "archive", "--policy", str(policy), "--dry-run")
    assert f"{policy}:6: universes: {lake.uri} holds nothing of nosuch" in told
    policy.write_text(f"{text}  - elsewhere\n")
    told = refused("lake", "archive", "u", "--policy", str(policy))
    assert f"{policy}:4: universes: u is not among them (elsewhere)" in told
    policy.write_text(text.replace("universes:", "universes: []"))
    assert f"{policy}:4: universes: " in refused("lake", "archive", "--policy", str(policy))


def test_an_archive_that_was_moved_away_is_named_by_verify_and_by_restore(lake, optix, refused, tmp_path):
    archive = tmp_path / "archive"
    optix("lake", "archive", "--keep-days", "1", "--to", str(archive))
    receipts = {p: d for p, d in contents(lake).items() if "/_archived/" in p}
    assert optix("lake", "verify").code == 0
    archive.rename(tmp_path / "moved")
    answer = optix("lake", "verify")
    assert answer.code == 1
    assert (
        f"u/_archived: {len(receipts)} receipts name the archive {archive}, which holds nothing of u"
        in answer.out
    )
    assert "1 wrong" in answer.out
    assert f"is not in the archive {archive}" in refused("lake", "restore", "u")
    assert {p: d for p, d in contents(lake).items() if "/_archived/" in p} == receipts


def test_what_could_not_be_archived_ends_with_1_and_stays(lake, optix, tmp_path):
    path = "u/underlying_prices/2024-01-02/X.parquet"
    lake.write_bytes(path, b"damaged")
    answer = optix("lake", "archive", "--keep-days", "1", "--to", str(tmp_path / "archive"))
    assert answer.code == 1
    assert "NOT ARCHIVED u/underlying_prices 2024-01-02" in answer.out
    assert lake.read_bytes(path) == b"damaged"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "either --policy FILE or --keep-days N"),
        (("--keep-days", "3"), "--keep-days needs --to"),
        (("--policy", "p.yaml", "--to", "x"), "a policy names its archive itself"),
        (("--policy", "p.yaml", "--keep-days", "3"), "either --policy FILE or --keep-days N"),
        (("--policy", "none.yaml"), "none.yaml: can't be read"),
        (("--keep-days", "3", "--to", "gs://b/x"), "gs:// is not supported"),
    ],
)
def test_archive_without_a_clear_order_is_refused(refused, arguments, words):
    assert words in refused("lake", "archive", *arguments)


@pytest.mark.parametrize("command", ["list", "verify", "repair"])
def test_a_universe_that_is_not_there_is_refused(refused, command):
    assert "holds nothing of nowhere" in refused("lake", command, "nowhere")
