"""Where rows are looked for, whose they are, and that none gets lost on the way."""

import datetime as dt
import gzip
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from resources.providers.contract import load_case
from resources.providers.file_pattern import FilePattern
from resources.providers.payload_text import UnreadablePayloadError, line_blocks
from resources.providers.registry import make_provider
from resources.providers.row_slices import Placing, row_slices

CASES = Path(__file__).parent / "contract_cases"
DAY = dt.date(2011, 1, 3)


def key_of(cells):
    symbol, day = cells
    if not day:
        return Placing.UNPLACED
    return (symbol, day) if symbol == "A" else Placing.OTHER


def test_a_row_without_a_day_stands_with_the_row_before_it():
    body = b"A,\nA,1,x\nB,1,y\n\nA,2,z\nA,,lost\nA,1,more\nshort\r\n"
    slices = row_slices(body, b"s,d,v", (0, 1), key_of)
    assert slices == {
        ("A", "1"): b"s,d,v\nA,\nA,1,x\nA,1,more\nshort\n",
        ("A", "2"): b"s,d,v\nA,2,z\nA,,lost\n",
    }


def test_quoted_cells_before_the_day_do_not_shift_it():
    body = b'A,"Apple, Inc. ""the""",7\n'
    assert row_slices(body, b"s,n,d", (0, 2), key_of) == {("A", "7"): b"s,n,d\n" + body}


@pytest.mark.parametrize(
    ("pattern", "name", "underlying", "days"),
    [
        ("{underlying}_eod_{yyyymm}.txt", "SPY_EOD_202302.txt.gz", "SPY", ("2023-02-01", "2023-02-28")),
        ("*options_{yyyymmdd}.csv", "L2_options_20190910.csv", None, ("2019-09-10", "2019-09-10")),
        ("{underlying}/{date}.csv", "BRK.B/2020-02-29.csv", "BRK.B", ("2020-02-29", "2020-02-29")),
        ("*.csv", "a.csv.zip", None, None),
    ],
)
def test_a_pattern_reads_what_a_name_says(pattern, name, underlying, days):
    found = FilePattern(pattern).read(name)
    assert found.underlying == underlying
    assert found.days == (days and tuple(map(dt.date.fromisoformat, days)))


@pytest.mark.parametrize("name", ["a.csv.bak", "x/a.csv", "b_20190231.csv"])
def test_a_pattern_passes_over_other_files_and_impossible_days(name):
    assert FilePattern("b_{yyyymmdd}.csv").read(name) is None
    assert FilePattern("a.csv").read(name) is None


@pytest.mark.parametrize("pattern", ["/etc/*.csv", "../a.csv", "~/a", "{day}.csv", "{date}_{date}.csv", " "])
def test_a_pattern_that_cannot_work_is_refused(pattern):
    with pytest.raises(ValueError):
        FilePattern(pattern)


def test_a_pattern_finds_its_files_in_either_case(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("sub/SPX[1]_2020-01-02.CSV", "sub/spx[1]_2020-01-03.csv.gz", "sub/other.csv"):
        (tmp_path / name).touch()
    found = FilePattern("sub/{underlying}[1]_{date}.csv").files(tmp_path)
    assert [(file.underlying, file.days[0].day) for file in found] == [("SPX", 2), ("spx", 3)]


def test_blocks_are_whole_lines_of_any_kind_of_file():
    text = b"\xef\xbb\xbf" + b"".join(b"%d,%s\n" % (n, b"x" * (n % 50)) for n in range(5000)) + b"end"
    for payload in (text, gzip.compress(text), gzip.compress(text[:70_000]) + gzip.compress(text[70_000:])):
        blocks = list(line_blocks(payload, "a", block_bytes=10_000))
        assert b"".join(blocks) == text[3:]
        assert payload is not text or len(blocks) > 10
        assert all(block.endswith(b"\n") for block in blocks[:-1])


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "is empty"),
        (gzip.compress(b"\n"), "is empty"),
        (gzip.compress(b"a,b\n" * 9999)[:-20], "truncated or damaged"),
        (gzip.compress(b"a,b\n") + b"tail", "other data follow"),
        (gzip.compress(b"0" * 3_000_000), "gzip bomb"),
        (b"a\n\xff\xfe\n", "not UTF-8"),
    ],
    # a gzip stream holds the time, and names of tests must be the same in every process
    ids=["nothing", "blank", "cut off", "with a tail", "bomb", "latin"],
)
def test_blocks_refuse_what_whole_texts_refuse(payload, why):
    with pytest.raises(UnreadablePayloadError, match=why):
        list(line_blocks(payload, "a", limit_bytes=1 << 20))


@pytest.fixture
def spx(tmp_path):
    case = load_case(CASES / "ivolatility_csv.py")
    case.write(tmp_path)
    return make_provider(case.universe, tmp_path), tmp_path


def test_a_part_of_one_day_is_not_taken_for_another(spx):
    provider, _ = spx
    problem = provider.parse(dt.date(2011, 1, 4), provider.fetch(DAY)).underlyings["SPX"].problem
    assert "was received as the rows of date=2011-01-03" in problem


def test_a_file_that_grows_leaves_the_digest_of_a_day_alone(spx):
    provider, folder = spx
    before = provider.fetch(DAY)[0]
    path = folder / "sample.csv.gz"
    text = gzip.decompress(path.read_bytes())
    path.write_bytes(
        gzip.compress(text + text.splitlines()[-2].replace(b"01/04/2011", b"01/05/2011") + b"\n")
    )
    after = provider.fetch(DAY)[0]
    assert before.payload != after.payload and before.slice_digest == after.slice_digest
    assert dt.date(2011, 1, 5) in provider.available_days()


def test_a_day_in_two_files_and_an_unreadable_file_beside_it_are_problems(spx):
    provider, folder = spx
    (folder / "again.csv.gz").write_bytes((folder / "sample.csv.gz").read_bytes())
    both = provider.parse(DAY, provider.fetch(DAY)).underlyings["SPX"]
    assert "again.csv.gz and sample.csv.gz both hold SPX" in both.problem
    (folder / "again.csv.gz").write_bytes(b"\x1f\x8b rubbish")
    # nobody knows of which day it is, so it is a fault of each
    assert "again.csv.gz" in provider.parse(DAY, provider.fetch(DAY)).underlyings["SPX"].problem
    assert provider.available_days() == [DAY, dt.date(2011, 1, 4)]


def test_two_members_of_an_archive_with_the_same_rows_are_a_problem(spx):
    provider, folder = spx
    text = gzip.decompress((folder / "sample.csv.gz").read_bytes())
    (folder / "sample.csv.gz").unlink()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", text)
        archive.writestr("readme.pdf", b"\x00")
    (folder / "one.csv.zip").write_bytes(buffer.getvalue())
    assert provider.parse(DAY, provider.fetch(DAY)).underlyings["SPX"].quotes.num_rows == 3
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("b.csv", text)
    (folder / "one.csv.zip").write_bytes(buffer.getvalue())
    assert "two members that hold SPX" in provider.parse(DAY, provider.fetch(DAY)).underlyings["SPX"].problem


def test_a_day_in_a_name_is_an_index_and_no_proof(tmp_path):
    case = load_case(CASES / "historicaloptiondata_csv.py")
    case.write(tmp_path)
    (tmp_path / "L2_20190910.zip").rename(tmp_path / "L2_20190911.zip")
    provider = make_provider(case.universe, tmp_path)
    day = dt.date(2019, 9, 11)
    assert provider.available_days() == [day] and provider.fetch(case.trade_date) == []
    problem = provider.parse(day, provider.fetch(day)).underlyings["SPY"].problem
    assert "L2_20190911.zip has no row of SPY on 2019-09-11 (it holds SPY 2019-09-10)" in problem


def test_closing_quotes_of_a_day_without_session_have_no_time(tmp_path):
    case = load_case(CASES / "ivolatility_csv.py")
    case.write(tmp_path)
    path = tmp_path / "sample.csv.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"01/03/2011", b"01/02/2011")))
    provider = make_provider(case.universe, tmp_path)
    sunday = dt.date(2011, 1, 2)
    parsed = provider.parse(sunday, provider.fetch(sunday)).underlyings["SPX"]
    assert "2011-01-02 is no session of XNYS" in parsed.problem and parsed.quotes.num_rows == 0


def test_what_was_kept_in_another_place_parses_the_same(spx):
    provider, _ = spx
    parts = [replace(part, source="/elsewhere") for part in provider.fetch(DAY)]
    assert provider.parse(DAY, parts).underlyings["SPX"].quotes.num_rows == 3
