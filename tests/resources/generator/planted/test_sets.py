"""A set as a whole: complete, reproducible, spoiled where it says so and nowhere else."""

import datetime as dt
import gzip
import hashlib
from collections import Counter

import pytest
import yaml

from engine.calendars import TradingCalendar
from resources.generator.planted.defect_catalogue import KINDS
from resources.generator.planted.market_file import market_spec
from resources.generator.planted.set_writer import write_set
from resources.universe import UniverseSpec


def digests(folder):
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.parent.name != "universes"
    }


def text_of(path):
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def test_every_kind_is_planted_as_often_as_asked(spoiled, csv_rows, asked):
    file, written = spoiled
    assert Counter(p.kind for p in written.planted) == asked(file.kind)
    recorded = csv_rows(written.folder / "truth/planted_defects.csv")
    assert Counter(r["kind"] for r in recorded) == asked(file.kind)
    assert all(r["found_by"] and r["what_was_done"] for r in recorded)


def test_what_is_not_on_record_is_as_in_the_set_without_defects(spoiled, tmp_path):
    file, written = spoiled
    clean = write_set(file.model_copy(update={"defects": "none"}), tmp_path / "clean")
    ours, theirs = digests(written.folder), digests(clean.folder)
    whole = {p.session for p in written.planted if not p.contract}
    rows = Counter(p.session for p in written.planted if p.contract)
    rows += Counter(d.session for d in written.decoys if d.kind == "wide_wing")
    assert clean.planted == ()
    for name in {n for n in (*ours, *theirs) if n.startswith(("chains/", "surfaces/"))}:
        day = dt.date.fromisoformat(name.rsplit("/", 1)[1][:10])
        if day not in whole:
            here, there = (Counter(text_of(s.folder / name)) for s in (written, clean))
            assert (here - there).total() == rows[day], name
    # the market itself is the same
    same = {n for n in theirs if n.startswith("rates/") or n in ("actions.csv", "settlement_prices.csv")}
    assert all(ours[n] == theirs[n] for n in same)


def test_spoiled_quotes_stand_in_their_files_as_recorded(spoiled):
    _file, written = spoiled
    for p in written.planted:
        if KINDS[p.kind].level != "row":
            continue
        path = next(written.folder.rglob(f"{p.session}.csv.gz"))
        lines = text_of(path)
        wanted = 2 if p.kind == "copied_row" else 1
        assert lines.count(p.line) == wanted, p


def test_spoiled_sessions_have_clean_neighbours(spoiled):
    file, written = spoiled
    spec = market_spec(file)
    sessions = TradingCalendar.for_code(spec.calendar, file.start, file.end).sessions()
    at = {day: i for i, day in enumerate(sessions)}
    whole = {at[p.session] for p in written.planted if not p.contract and p.session in at}
    touched = {at[p.session] for p in written.planted if p.session in at}
    assert all(not {i - 1, i + 1} & touched for i in whole)


def test_the_same_description_gives_the_same_bytes_and_another_seed_others(tmp_path, market):
    file = market("stock", end="2024-11-15", jumps=[], split=None, defects={"crossed": 5, "missing_day": 1})
    first, second = (write_set(file, tmp_path / n) for n in ("one", "two"))
    assert digests(first.folder) == digests(second.folder)
    other = write_set(file.model_copy(update={"seed": 6}), tmp_path / "three")
    assert digests(other.folder)["actions.csv"] == digests(first.folder)["actions.csv"]
    assert digests(other.folder)["underlying.csv"] != digests(first.folder)["underlying.csv"]


def test_the_universe_file_is_one_that_ingests(spoiled):
    file, written = spoiled
    universe = UniverseSpec.model_validate(yaml.safe_load(written.universe.read_text()))
    assert (universe.start, universe.end) == (file.start, file.end)
    assert universe.provider.path == str(written.folder)
    stated = universe.root_terms()
    for terms in market_spec(file).roots:
        for field in (
            "style",
            "settlement_time",
            "settlement_type",
            "multiplier",
            "quote_currency",
            "coin_settled",
        ):
            assert getattr(stated[terms.root], field) == getattr(terms, field), field


def test_a_folder_that_holds_something_is_never_written_over(tmp_path, market):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="is not empty"):
        write_set(market("index", defects="none"), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_set_that_is_too_short_for_its_defects_says_so(tmp_path, market):
    file = market("index", end="2024-10-15", jumps=[], defects="all")
    with pytest.raises(
        ValueError,
        match=r"31 sessions are too few for so many defects.*take a longer range.*--defects KIND=COUNT",
    ):
        write_set(file, tmp_path / "set")


@pytest.mark.parametrize("contracts", [150, 1200])
@pytest.mark.parametrize("kind", ["index", "stock", "coin"])
def test_about_as_many_contracts_are_listed_as_asked(kind, contracts, tmp_path, market):
    file = market(
        kind, contracts=contracts, end="2024-10-31", jumps=[], split=None, snapshots=1, defects="none"
    )
    written = write_set(file, tmp_path / "set")
    assert written.quotes / written.sessions == pytest.approx(contracts, rel=0.3)


def test_decoys_are_odd_and_on_record(spoiled):
    file, written = spoiled
    found = Counter(d.kind for d in written.decoys)
    assert found["wide_wing"] > 20 and found["fresh_listing"] and found["jump"]
    assert any(d.kind == "jump" and d.session == dt.date(2024, 11, 5) for d in written.decoys)
    if file.kind != "coin":
        assert found["half_day"] >= 2 and found["expiry_day"] > 20
    if file.kind == "stock":
        assert found["split_day"] == 1 and found["ex_date"] >= 2


def test_wide_wings_still_enclose_the_true_value(spoiled):
    _file, written = spoiled
    for decoy in written.decoys:
        if decoy.kind == "wide_wing":
            bid, _to, ask, *_words, value = decoy.what.split()
            assert float(bid) <= float(value) * 1.01 and float(value) < float(ask)
