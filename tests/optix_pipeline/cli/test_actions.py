"""``optix actions``: what is on record, what happened to a contract, and records that are added whole or not at all."""

from pathlib import Path

import pytest
import yaml

CSV = """\
underlying,effective_date,kind,new_shares,old_shares,cash_amount,currency,known_at,source
MOD,2025-03-03,split,2,1,,USD,2025-02-20T21:00:00Z,filing
MOD,2025-05-05,cash_dividend,1,1,0.25,USD,2025-04-20T21:00:00Z,filing
MOD,2025-08-04,split,1,8,,USD,2025-07-20T21:00:00Z,filing
"""
MEMOS = """\
events:
  - underlying: MOD
    effective_date: 2025-08-04
    kind: split
    new_shares: 1
    old_shares: 8
    announced_at: 2025-07-20T21:00:00Z
    memos:
      - {number: 5, old_root: MOD, new_root: MOD1, deliverable: [12 MOD, cash in lieu of 0.5 MOD]}
"""


@pytest.fixture
def universe(optix, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The universe ``mine`` with one stock and its events; returns the folder of its files."""
    (tmp_path / "actions.csv").write_text(CSV)
    (tmp_path / "memos.yaml").write_text(MEMOS)
    root = {
        "root": "MOD",
        "style": "A",
        "settlement_time": "PM",
        "settlement_type": "physical",
        "multiplier": 100,
    }
    spec = {
        "name": "mine",
        "description": "one stock",
        "provider": {"format": "cboe_csv", "path": "nowhere"},
        "corporate_actions": {"path": str(tmp_path / "actions.csv"), "memos": str(tmp_path / "memos.yaml")},
        "calendar": "XNYS",
        "timezone": "America/New_York",
        "start": "2025-01-02",
        "end": "2025-12-31",
        "quote_currency": "USD",
        "settlement_currency": "USD",
        "underlyings": [{"symbol": "MOD", "kind": "stock", "roots": [root]}],
    }
    folder = tmp_path / "universes"
    folder.mkdir()
    (folder / "mine.yaml").write_text(yaml.safe_dump(spec))
    monkeypatch.setenv("OPTIX_UNIVERSES", str(folder))
    return tmp_path


def test_the_list_says_what_each_event_does_to_contracts(universe, optix) -> None:
    answer = optix("actions", "list", "mine")
    assert answer.code == 0, answer.err
    rows = [line.split() for line in answer.out.splitlines() if line.strip().startswith("2025")]
    assert [r[0] for r in rows] == ["2025-03-03", "2025-05-05", "2025-08-04"]
    assert "contracts x 2, strike / 2" in answer.out
    assert "memo 5: MOD to MOD1, delivers 12 MOD + cash in lieu of 0.5 MOD" in " ".join(answer.out.split())
    document = optix(
        "actions", "list", "mine", "--from", "2025-05-01", "--to", "2025-05-31", "--json"
    ).document
    assert [(d["kind"], d["option_contracts"]) for d in document] == [("cash_dividend", "none")]
    assert "no corporate action there" in optix("actions", "list", "mine", "--from", "2025-09-01").out


def test_a_missing_memo_is_told_with_the_way_to_record_it(universe, optix) -> None:
    (universe / "memos.yaml").write_text("events: []\n")
    answer = optix("actions", "list", "mine")
    assert "memo missing" in answer.out and "1 change option contracts and have no memo" in answer.out
    told = optix("actions", "explain", "mine", "MOD250919C00050000", "--on", "2025-07-01")
    assert "cannot be told: MOD 1-for-8 split of 2025-08-04" in " ".join(told.out.split())


def test_a_contract_is_told_step_by_step(universe, optix) -> None:
    answer = optix("actions", "explain", "mine", "MOD1250919C00050000")
    assert answer.code == 0, answer.err
    words = " ".join(answer.out.split())
    assert "at first 1 x MOD strike 100, multiplier 100, delivers 100 MOD" in words
    assert "standing rule of whole n-for-1 splits, strike / 2, contracts x 2 2 x MOD strike 50" in words
    assert (
        "memo 5, MOD becomes MOD1 2 x MOD1 strike 50, multiplier 100, delivers 12 MOD + cash in lieu of"
        in words
    )
    assert "1 event (2025-05-05, dividend of USD 0.25): ordinary dividends adjust no contract" in words
    document = optix("actions", "explain", "mine", "MOD1250919C00050000", "--json").document
    before = optix(
        "actions", "explain", "mine", "MOD250919C00100000", "--on", "2025-02-03", "--json"
    ).document
    assert document["contract_id"] == before["contract_id"]
    assert [s["changed"] for s in document["steps"]] == [True, False, True]
    until = optix(
        "actions", "explain", "mine", "MOD250919C00100000", "--on", "2025-02-03", "--until", "2025-06-30"
    )
    assert "1 event (2025-08-04, 1-for-8 split): passed over: not known by then" in " ".join(
        until.out.split()
    )
    assert until.out.count("known from") == 1
    every = optix("actions", "explain", "mine", "MOD1250919C00050000", "--all")
    assert every.out.count("known from") == 3


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("list", "nope"), "no universe is named nope"),
        (("list", "mine", "--underlying", "XXX"), "universe mine has no underlying XXX; it has MOD"),
        (("list", "mine", "--from", "x"), "--from x: not a date"),
        (("explain", "mine", "MOD25C"), "is no OSI symbol"),
        (("explain", "mine", "XYZ250919C00050000"), "universe mine has no root XYZ; it has MOD, MOD1"),
        (("explain", "mine", "12345"), "contract_id 12345 needs --on"),
        (("explain", "demo_coin", "BTC250919C00050000"), "universe demo_coin names no corporate_actions"),
        (("draft", "mine", "MOD", "2025-08-04"), "MOD 1-for-8 split of 2025-08-04 has its memo"),
        (("draft", "mine", "MOD", "2025-08-05"), "universe mine has no event of MOD on 2025-08-05"),
        (("draft", "mine", "MOD", "2025-05-05"), "dividend of USD 0.25 of 2025-05-05 adjusts no contract"),
        (
            ("draft", "mine", "MOD", "2025-08-04", "--method", "x"),
            "--method x: no such method; there are strike_and",
        ),
        (("import", "mine", "none.csv", "--format", "actions_csv", "--to", "x.yaml"), "none.csv"),
        (
            ("import", "mine", "none.csv", "--format", "x", "--to", "x.yaml"),
            "--format x: no such format; there are",
        ),
    ],
)
def test_what_cannot_be_used_is_one_line(universe, refused, command, says) -> None:
    assert says in refused("actions", *command)


def test_events_of_a_file_are_added_once_and_nothing_is_lost(universe, optix) -> None:
    target, file = universe / "new" / "records.yaml", universe / "actions.csv"
    arguments = ("actions", "import", "mine", str(file), "--format", "actions_csv", "--to", str(target))
    dry = optix(*arguments, "--dry-run")
    assert "Would be added" in dry.out and not target.exists()
    added = optix(*arguments)
    assert "3 new, 0 on record already, 0 of other underlyings" in added.out
    assert len(yaml.safe_load(target.read_text())["events"]) == 3
    before = target.read_bytes()
    assert "0 new, 3 on record already" in optix(*arguments).out
    assert target.read_bytes() == before
    file.write_text(CSV + "MOD,2025-11-03,cash_dividend,1,1,0.3,USD,2025-10-20T21:00:00Z,filing\n")
    assert optix(*arguments, "--json").document["added"][0]["cash_amount"] == 0.3
    assert len(yaml.safe_load(target.read_text())["events"]) == 4


def test_a_contradiction_writes_nothing(universe, refused) -> None:
    target, file = universe / "memos.yaml", universe / "other.csv"
    file.write_text(CSV.replace(",split,1,8,", ",split,1,10,"))
    says = refused("actions", "import", "mine", str(file), "--format", "actions_csv", "--to", str(target))
    assert "1-for-8 split" in says and "1-for-10 split" in says and "contradict" in says
    assert target.read_text() == MEMOS


def test_a_failed_write_leaves_the_old_file(universe, refused, monkeypatch) -> None:
    target = universe / "memos.yaml"

    def full(self: Path, *_: object, **__: object) -> int:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", full)
    says = refused(
        "actions",
        "import",
        "mine",
        str(universe / "actions.csv"),
        "--format",
        "actions_csv",
        "--to",
        str(target),
    )
    assert "No space left" in says
    assert target.read_bytes().decode() == MEMOS and not list(universe.glob(".memos*"))


def test_a_draft_is_a_record_that_can_be_written_down(universe, optix) -> None:
    (universe / "memos.yaml").write_text("events: []\n")
    answer = optix("actions", "draft", "mine", "MOD", "2025-08-04")
    assert answer.code == 0, answer.err
    assert "hold every field against the clearing house's memo" in answer.out
    (universe / "memos.yaml").write_text(answer.out)
    told = optix("actions", "list", "mine", "--from", "2025-08-01")
    assert "MOD to MOD1, multiplier 100, delivers 12 MOD + cash in lieu of 0.5 MOD" in " ".join(
        told.out.split()
    )
