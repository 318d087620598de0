"""What every lake promises, on a folder and on S3 alike."""

import datetime as dt
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from resources.lake import LakeFileNotFoundError, LakeFormatError, LakePathError, open_lake
from resources.lake.digest import table_digest
from resources.lake.errors import LakeContentError
from resources.schemas import QUARANTINE_SCHEMA, RATES_SCHEMA


def test_bytes_come_back_as_written_with_their_digest(lake):
    written = lake.write_bytes("a/b/c.bin", b"abc\x00")
    assert written.sha256 == hashlib.sha256(b"abc\x00").hexdigest()
    assert (written.path, written.size) == ("a/b/c.bin", 4)
    assert lake.read_bytes("a/b/c.bin") == b"abc\x00"


def test_a_second_write_replaces_the_first(lake):
    lake.write_bytes("a", b"old")
    lake.write_bytes("a", b"new")
    assert lake.read_bytes("a") == b"new"
    assert lake.list() == ["a"]


def test_an_empty_file_is_a_file(lake):
    lake.write_bytes("empty", b"")
    assert lake.exists("empty")
    assert lake.read_bytes("empty") == b""


def test_a_missing_file_is_named(lake):
    assert not lake.exists("x/y.parquet")
    with pytest.raises(LakeFileNotFoundError, match=r"x/y\.parquet"):
        lake.read_bytes("x/y.parquet")
    with pytest.raises(FileNotFoundError):
        lake.read_table("x/y.parquet")


def test_list_is_recursive_sorted_relative_and_by_whole_folder(lake):
    for path in ("u/raw/2/b", "u/raw/1/a", "u/raw-other/x", "u/top", "v/raw/z"):
        lake.write_bytes(path, b".")
    assert lake.list("u/raw") == ["u/raw/1/a", "u/raw/2/b"]
    assert lake.list() == ["u/raw-other/x", "u/raw/1/a", "u/raw/2/b", "u/top", "v/raw/z"]
    assert lake.list("nothing/here") == []


def test_a_folder_is_not_a_file(lake):
    lake.write_bytes("u/a", b".")
    assert not lake.exists("u")


def test_delete_removes_once_and_does_not_mind_a_second_time(lake):
    lake.write_bytes("a", b".")
    lake.delete("a")
    lake.delete("a")
    assert not lake.exists("a")


@pytest.mark.parametrize(
    "path", ["", "/etc/x", "a/../b", "../x", "a//b", ".hidden", "a/.tmp", "a\\b", "a\nb"]
)
def test_paths_that_could_leave_the_lake_or_hide_in_it_are_refused(lake, path):
    for use in (lake.read_bytes, lake.exists, lake.delete):
        with pytest.raises(LakePathError, match="no lake path"):
            use(path)
    with pytest.raises(LakePathError):
        lake.write_bytes(path, b"")


def _rates() -> pa.Table:
    stamp = dt.datetime(2026, 7, 23, 12, tzinfo=dt.UTC)
    day = dt.date(2026, 7, 22)
    columns = [
        [day] * 2,
        ["USD"] * 2,
        ["SOFR", "DGS1"],
        [1, 365],
        [0.03, 0.04],
        [day] * 2,
        [stamp] * 2,
        ["f"] * 2,
    ]
    return pa.table(
        [pa.array(c, type=f.type) for c, f in zip(columns, RATES_SCHEMA, strict=True)], RATES_SCHEMA
    )


def test_a_table_comes_back_with_its_schema_and_equal_bytes_for_equal_tables(lake):
    table = _rates()
    first = lake.write_table("t.parquet", table)
    second = lake.write_table("t2.parquet", table)
    assert first.sha256 == second.sha256 == hashlib.sha256(lake.read_bytes("t.parquet")).hexdigest()
    assert first.rows == 2
    back = lake.read_table("t.parquet")
    assert back.schema.equals(table.schema)
    assert back.equals(table)
    assert table_digest(back) == table_digest(table)
    assert lake.read_table("t.parquet", ["rate", "series"]).column_names == ["rate", "series"]


def test_a_table_with_lists_and_no_rows_comes_back(lake):
    table = QUARANTINE_SCHEMA.empty_table()
    lake.write_table("q.parquet", table)
    assert lake.read_table("q.parquet").schema.equals(QUARANTINE_SCHEMA)


def test_only_key_columns_are_dictionary_encoded_and_the_codec_is_zstd(lake):
    import pyarrow.parquet as pq

    lake.write_table("t.parquet", _rates())
    group = pq.ParquetFile(pa.BufferReader(lake.read_bytes("t.parquet"))).metadata.row_group(0)
    encoded = {
        group.column(i).path_in_schema
        for i in range(group.num_columns)
        if any("DICTIONARY" in e for e in group.column(i).encodings)
    }
    assert encoded == {"currency", "series", "source"}
    assert {group.column(i).compression for i in range(group.num_columns)} == {"ZSTD"}


def test_a_null_in_a_required_column_is_refused_and_the_old_file_stays(lake):
    lake.write_bytes("t.parquet", b"old")
    broken = _rates().set_column(4, RATES_SCHEMA.field("rate"), pa.array([None, 1.0]))
    with pytest.raises(LakeFormatError, match=r"t\.parquet"):
        lake.write_table("t.parquet", broken)
    assert lake.read_bytes("t.parquet") == b"old"


def test_a_damaged_table_and_a_missing_column_are_named(lake):
    lake.write_bytes("bad.parquet", b"PAR1 nonsense")
    with pytest.raises(LakeFormatError, match=r"bad\.parquet is no readable Parquet"):
        lake.read_table("bad.parquet")
    lake.write_table("t.parquet", _rates())
    with pytest.raises(LakeFormatError, match="no column nothing"):
        lake.read_table("t.parquet", ["nothing"])


def test_json_has_one_form_and_refuses_nan(lake):
    lake.write_json("a.json", {"b": 1, "a": [None, "é"]})
    lake.write_json("b.json", {"a": [None, "é"], "b": 1})
    assert lake.read_bytes("a.json") == lake.read_bytes("b.json")
    assert lake.read_json("a.json") == {"a": [None, "é"], "b": 1}
    with pytest.raises(LakeFormatError, match=r"c\.json"):
        lake.write_json("c.json", {"x": float("nan")})
    lake.write_bytes("d.json", b"{")
    with pytest.raises(LakeFormatError, match=r"d\.json"):
        lake.read_json("d.json")


def test_copy_keeps_path_and_bytes(lake, tmp_path):
    lake.write_bytes("u/x", b"payload")
    other = open_lake(str(tmp_path / "other"))
    lake.copy("u/x", other)
    assert other.read_bytes("u/x") == b"payload"


def test_many_threads_share_a_lake(lake):
    def work(i: int) -> bytes:
        lake.write_bytes(f"t/{i % 4}", bytes([i % 4]) * 1000)
        return lake.read_bytes(f"t/{i % 4}")

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(40)))
    assert all(data == bytes([i % 4]) * 1000 for i, data in enumerate(results))
    assert lake.list() == ["t/0", "t/1", "t/2", "t/3"]


def test_a_table_with_other_bytes_than_its_record_says_is_refused_and_named(lake):
    """Two files and a status are no single write: a reader that knows the digest never sees a mixture."""
    table = pa.table({"x": [1.0, 2.0]})
    written = lake.write_table("a/b.parquet", table)
    assert lake.read_table("a/b.parquet", sha256=written.sha256).equals(table)
    lake.write_table("a/b.parquet", pa.table({"x": [1.0, 3.0]}))
    with pytest.raises(LakeContentError, match=r"a/b\.parquet has sha256 .*materialize its asset again"):
        lake.read_table("a/b.parquet", ["x"], sha256=written.sha256)


def test_a_table_damaged_at_any_place_is_named_and_never_another_kind_of_error(lake):
    """Arrow raises errors of several families for one flipped bit."""
    lake.write_table("t.parquet", _rates())
    whole = lake.read_bytes("t.parquet")
    for place in range(0, len(whole), max(1, len(whole) // 40)):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        lake.write_bytes("t.parquet", bytes(damaged))
        try:
            lake.read_table("t.parquet")
        except LakeFormatError as error:
            assert "t.parquet" in str(error)
        with pytest.raises(LakeContentError):
            lake.read_table("t.parquet", sha256=hashlib.sha256(whole).hexdigest())
