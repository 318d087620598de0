"""Archives that lie about themselves are refused with the archive's name and the rule."""

import io
import struct
import warnings
import zipfile

import pytest

from resources.providers.archive import archive_members
from resources.providers.payload_text import UnreadablePayloadError, require_lines, unpacked


def packed(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def refused(payload: bytes, **limits: int) -> str:
    with pytest.raises(UnreadablePayloadError) as caught:
        archive_members(payload, "aapl.zip", **limits)
    message = str(caught.value)
    assert "aapl.zip" in message and "\n" not in message
    return message


def test_members_come_in_the_order_of_their_names_with_their_bytes():
    found = archive_members(packed({"b.csv": b"2", "a.csv": b"1", "folder/": b""}), "aapl.zip")
    assert [(m.name, m.content) for m in found] == [("a.csv", b"1"), ("b.csv", b"2")]


def test_a_bomb_is_stopped_while_unpacking():
    assert "zip bomb" in refused(packed({"a.csv": b"0" * 5_000_000}), limit_bytes=1 << 20)


def test_members_are_counted_together():
    many = packed({f"{i}.csv": b"0" * 400_000 for i in range(4)})
    assert "zip bomb" in refused(many, limit_bytes=1 << 20)


def test_a_size_that_the_archive_declares_too_small_is_found_out():
    payload = bytearray(packed({"a.csv": b"0" * 1000}))
    directory = payload.rindex(b"PK\x01\x02")
    struct.pack_into("<I", payload, directory + 24, 10)
    assert "damaged zip archive" in refused(bytes(payload))


@pytest.mark.parametrize("name", ["../a.csv", "/etc/a.csv", "x/../../a.csv", "..\\a.csv", "C:\\a.csv"])
def test_a_member_that_leaves_the_archive_is_refused(name):
    assert "leaves the archive" in refused(packed({name: b"1"}))


def test_a_member_without_a_name_is_refused():
    payload = packed({"a": b"1"})
    # its name begins with the character that ends names in a directory entry
    unnamed = payload.replace(b"a", b"\0")
    assert "member without a name" in refused(unnamed)


def test_two_members_of_one_name_are_refused():
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a.csv", b"1")
        archive.writestr("a.csv", b"2")
    assert "two members named 'a.csv'" in refused(buffer.getvalue())


def test_too_many_members_are_refused():
    assert "more than 2" in refused(packed({f"{i}": b"" for i in range(3)}), max_members=2)


def test_an_encrypted_member_is_refused():
    payload = bytearray(packed({"a.csv": b"1"}))
    for marker, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        payload[payload.index(marker) + offset] |= 1
    assert "encrypted" in refused(bytes(payload))


def test_every_truncation_is_an_error_of_ours():
    whole = packed({"a.csv": b"time,bid\n" * 50, "b.csv": b"time,ask\n" * 50})
    for end in range(len(whole) - 1):
        refused(whole[:end])


def test_a_gzip_bomb_is_stopped_while_unpacking():
    import gzip

    with pytest.raises(UnreadablePayloadError, match=r"a\.csv\.gz unpacks to more than 1 MB"):
        unpacked(gzip.compress(b"0" * 30_000_000), "a.csv.gz", limit_bytes=1 << 20)


def test_members_of_a_gzip_file_are_joined_and_trailing_garbage_is_refused():
    import gzip

    two = gzip.compress(b"a\n") + gzip.compress(b"b\n")
    assert unpacked(two, "a.gz") == b"a\nb\n"
    with pytest.raises(UnreadablePayloadError, match="other data follow"):
        unpacked(two + b"garbage", "a.gz")


def test_a_gigantic_line_is_refused_by_its_number_before_it_is_parsed():
    text = b"a,b\n1,2\n" + b"9" * 3_000_000 + b"\n"
    with pytest.raises(UnreadablePayloadError, match="line 3 is longer"):
        require_lines(text, "a.csv")
    require_lines(b"1,2\n" * 1_000_000, "a.csv")
