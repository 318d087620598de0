"""The append-only store: nothing received is lost, changed or stored twice."""

import datetime as dt
import gzip
import hashlib

import pytest

from resources.lake import LakeError, LakeFileNotFoundError, open_lake
from resources.raw_store import CorruptPayloadError, MissingHarvestError, RawPart, RawStore

T1 = dt.datetime(2026, 7, 22, 23, 0, tzinfo=dt.UTC)
T2 = dt.datetime(2026, 7, 24, 1, 0, tzinfo=dt.UTC)
DAY = "2026-07-22"


@pytest.fixture
def store(tmp_path) -> RawStore:
    return RawStore(open_lake(str(tmp_path / "lake")), "spx", "raw_quotes")


def _part(payload: bytes, name: str = "chains/SPX.csv", source: str = "/somewhere/SPX.csv") -> RawPart:
    return RawPart.whole("quotes", "SPX", name, source, payload)


def _slice(payload: bytes, lines: bytes) -> RawPart:
    digest = hashlib.sha256(lines).hexdigest()
    return RawPart("underlying_prices", None, "underlying.csv", "/x", payload, f"date={DAY}", digest)


def test_what_was_received_comes_back_byte_for_byte(store):
    plain, packed, empty = b"a,b\n1,2\n" * 500, gzip.compress(b"x,y\n", mtime=0), b""
    parts = [_part(plain), _part(packed, "p.csv.gz"), _part(empty, "e.csv")]
    record = store.put(DAY, parts, received_at=T1)
    assert record.new
    assert {p.payload for p in store.load(record)} == {plain, packed, empty}
    by_name = {p.name: p for p in record.parts}
    assert by_name["p.csv.gz"].path.endswith(f"_blobs/{hashlib.sha256(packed).hexdigest()}.gz")
    assert by_name["chains/SPX.csv"].path.endswith(f"_blobs/{hashlib.sha256(plain).hexdigest()}.zst")
    assert len(store.lake.read_bytes(by_name["chains/SPX.csv"].path)) < len(plain)


def test_the_same_content_again_is_a_no_op(store):
    first = store.put(DAY, [_part(b"one")], received_at=T1)
    files = {path: store.lake.read_bytes(path) for path in store.lake.list()}
    again = store.put(DAY, [_part(b"one", source="/elsewhere")], received_at=T2)
    assert (again.new, again.sequence, again.digest) == (False, 1, first.digest)
    assert again.received_at == first.received_at
    assert {path: store.lake.read_bytes(path) for path in store.lake.list()} == files


def test_other_content_is_a_new_version_beside_the_old(store):
    first = store.put(DAY, [_part(b"one")], received_at=T1)
    second = store.put(DAY, [_part(b"two")], received_at=T2)
    assert (second.new, second.sequence) == (True, 2)
    assert [record.digest for record in store.versions(DAY)] == [first.digest, second.digest]
    assert store.latest(DAY).digest == second.digest
    assert store.load(first)[0].payload == b"one"
    third = store.put(DAY, [_part(b"one")], received_at=T2)
    assert (third.sequence, third.digest) == (3, first.digest)


def test_neither_clock_nor_place_nor_order_enters_the_digest(store, tmp_path):
    a, b = _part(b"one"), _part(b"two", "chains/SPY.csv")
    other = RawStore(open_lake(str(tmp_path / "other")), "spx", "raw_quotes")
    first = store.put(DAY, [a, b], received_at=T1)
    second = other.put(DAY, [_part(b"two", "chains/SPY.csv", "/q"), a], received_at=T2)
    assert first.digest == second.digest
    assert [p.name for p in first.parts] == [p.name for p in second.parts]


def test_a_grown_file_is_a_no_op_for_days_whose_lines_are_unchanged(store):
    store.put(DAY, [_slice(b"d1\n", b"d1")], received_at=T1)
    blobs = store.lake.list("spx/raw_quotes/_blobs")
    assert not store.put(DAY, [_slice(b"d1\nd2\n", b"d1")], received_at=T2).new
    assert store.lake.list("spx/raw_quotes/_blobs") == blobs
    assert store.put(DAY, [_slice(b"d1x\nd2\n", b"d1x")], received_at=T2).new


def test_a_file_of_many_days_is_one_blob(store):
    for i in range(5):
        store.put(f"2026-07-2{i}", [_slice(b"month", b"%d" % i)], received_at=T1)
    assert len(store.lake.list("spx/raw_quotes/_blobs")) == 1
    assert store.keys() == [f"2026-07-2{i}" for i in range(5)]


def test_a_gap_is_on_record_but_never_hides_an_earlier_harvest(store):
    gap = store.put(DAY, [], received_at=T1)
    assert (gap.new, gap.parts) == (True, ())
    assert not store.put(DAY, [], received_at=T2).new
    full = store.put(DAY, [_part(b"late")], received_at=T2)
    assert (full.new, full.sequence) == (True, 2)
    assert store.put(DAY, [], received_at=T2).digest == full.digest


@pytest.mark.parametrize("payload", [b"a,b\n" * 100, gzip.compress(b"a,b\n" * 100)], ids=["plain", "gzip"])
@pytest.mark.parametrize("position", [0, 5, -1])
def test_one_changed_byte_is_found_and_the_file_named(store, payload, position):
    record = store.put(DAY, [_part(payload)], received_at=T1)
    path = record.parts[0].path
    stored = bytearray(store.lake.read_bytes(path))
    stored[position] ^= 1
    store.lake.write_bytes(path, bytes(stored))
    with pytest.raises(CorruptPayloadError, match=path.rsplit("/", 1)[-1]):
        store.payload(record.parts[0])


def test_a_truncated_blob_is_found(store):
    record = store.put(DAY, [_part(b"a,b\n" * 100)], received_at=T1)
    path = record.parts[0].path
    store.lake.write_bytes(path, store.lake.read_bytes(path)[:-3])
    with pytest.raises(CorruptPayloadError, match="harvest again"):
        store.load(record)


def test_a_lost_blob_is_named_and_put_back_by_the_next_harvest(store):
    record = store.put(DAY, [_part(b"one")], received_at=T1)
    store.lake.delete(record.parts[0].path)
    with pytest.raises(LakeFileNotFoundError, match="_blobs"):
        store.load(record)
    assert not store.put(DAY, [_part(b"one")], received_at=T2).new
    assert store.load(record)[0].payload == b"one"


def test_a_lost_blob_of_a_file_that_has_grown_since_gives_a_new_version(store):
    record = store.put(DAY, [_slice(b"d1\n", b"d1")], received_at=T1)
    store.lake.delete(record.parts[0].path)
    again = store.put(DAY, [_slice(b"d1\nd2\n", b"d1")], received_at=T2)
    assert (again.new, again.sequence, again.digest) == (True, 2, record.digest)
    assert store.load(again)[0].payload == b"d1\nd2\n"


def test_an_interrupted_put_leaves_no_record(store, monkeypatch):
    def fail(*_args: object) -> None:
        raise LakeError("disk full")

    monkeypatch.setattr(store.lake, "write_new_json", fail)
    with pytest.raises(LakeError):
        store.put(DAY, [_part(b"one")], received_at=T1)
    monkeypatch.undo()
    assert store.latest(DAY) is None
    assert store.put(DAY, [_part(b"one")], received_at=T1).sequence == 1


def test_export_takes_record_and_payloads_along_verified(store, tmp_path):
    store.put(DAY, [_part(b"old")], received_at=T1)
    record = store.put(DAY, [_part(b"one"), _part(gzip.compress(b"two", mtime=0), "b.gz")], received_at=T1)
    scratch = open_lake(str(tmp_path / "scratch"))
    store.export_to(scratch, record)
    copy = RawStore(scratch, "spx", "raw_quotes")
    assert copy.latest(DAY) == store.latest(DAY)
    assert copy.load(copy.latest(DAY)) == store.load(record)
    store.lake.write_bytes(record.parts[0].path, b"changed")
    with pytest.raises(CorruptPayloadError):
        store.export_to(open_lake(str(tmp_path / "scratch2")), record)


def test_a_changed_record_is_not_exported(store, tmp_path):
    record = store.put(DAY, [_part(b"one")], received_at=T1)
    content = store.lake.read_json(record.path)
    content["parts"][0]["slice_digest"] = "0" * 64
    store.lake.write_json(record.path, content)
    with pytest.raises(CorruptPayloadError, match="record was changed"):
        store.export_to(open_lake(str(tmp_path / "scratch")), store.latest(DAY))


def test_a_key_never_harvested_says_how_to(store):
    with pytest.raises(MissingHarvestError, match="optix harvest spx"):
        store.require(DAY)


def test_a_time_without_zone_is_refused(store):
    with pytest.raises(ValueError, match="time zone"):
        store.put(DAY, [], received_at=dt.datetime(2026, 7, 22))


def test_the_same_harvest_from_two_processes_at_once_is_one_record_and_the_first_stays(store, monkeypatch):
    """Both saw no record; the later one finds the other's in its place."""
    other = RawStore(store.lake, store.universe, store.dataset)
    late = dt.datetime(2026, 7, 23, 8, tzinfo=dt.UTC)
    part = RawPart.whole("quotes", "SPX", "a.csv", "/a.csv", b"payload")
    monkeypatch.setattr(other, "latest", lambda key: None)
    first = store.put("2026-07-22", [part], received_at=late - dt.timedelta(hours=1))
    second = other.put("2026-07-22", [part], received_at=late)
    assert first.new
    assert not second.new
    assert second.received_at == first.received_at
    assert len(store.versions("2026-07-22")) == 1
