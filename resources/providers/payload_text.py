"""From received bytes to text: unpacking, encoding, and the lines of one day."""

import hashlib
import zlib
from collections.abc import Iterator

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
#: What a payload may unpack to. A day of the whole US options market in minutes is below it; a gzip or zip bomb
#: is not.
MAX_UNPACKED_BYTES = 1 << 29
#: No vendor writes a longer line; one that is longer is no line of a table.
MAX_LINE_BYTES = 1 << 20
_STEP_BYTES = 1 << 22


class UnreadablePayloadError(ValueError):
    """A file as a whole cannot be read; the message names the file, the rule and the way out."""


def unpacked(payload: bytes, name: str, *, limit_bytes: int = MAX_UNPACKED_BYTES) -> bytes:
    """The text of a file as UTF-8 bytes without a byte-order mark, unzipped where it is gzip.

    Raises
    ------
    UnreadablePayloadError
        Empty, truncated or damaged gzip, larger than the limit, not UTF-8, binary, or with a line that is none.
    """
    if not payload:
        raise UnreadablePayloadError(f"{name} is empty; fetch it again from the source")
    data = payload
    if payload.startswith(_GZIP_MAGIC):
        data = _gunzipped(payload, name, limit_bytes)
    elif name.endswith(".gz"):
        raise _no_gzip(name)
    data = data.removeprefix(_BOM)
    if not data.strip():
        raise UnreadablePayloadError(f"{name} is empty; fetch it again from the source")
    return _checked_text(data, name, first=False)


def _no_gzip(name: str) -> UnreadablePayloadError:
    return UnreadablePayloadError(
        f"{name} is named .gz but is no gzip file; fetch it again, or rename it if it is plain text"
    )


def _checked_text(data: bytes, name: str, first: bool) -> bytes:
    """Data that is UTF-8 without NUL; of a file's first block without the byte-order mark."""
    if first:
        data = data.removeprefix(_BOM)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadablePayloadError(
            f"{name} is not UTF-8 text (byte {error.start}: {data[error.start : error.start + 1]!r}); "
            "convert it to UTF-8"
        ) from error
    if b"\x00" in data:
        raise UnreadablePayloadError(f"{name} holds NUL bytes: binary or UTF-16; convert it to UTF-8")
    return data


def require_lines(text: bytes, name: str) -> None:
    """Refuse delimited text with a line that no vendor writes, before a parser takes memory for it.

    Raises
    ------
    UnreadablePayloadError
        Naming the line.
    """
    position, number = 0, 1
    while len(text) - position > MAX_LINE_BYTES:
        end = text.rfind(b"\n", position, position + MAX_LINE_BYTES)
        if end < 0:
            number += text.count(b"\n", 0, position)
            raise UnreadablePayloadError(
                f"{name}: line {number} is longer than {MAX_LINE_BYTES} bytes; is it a table of lines?"
            )
        position = end + 1


def _gunzipped(payload: bytes, name: str, limit_bytes: int) -> bytes:
    """Every member of a gzip file, never more than the limit in memory at once."""
    return b"".join(_gunzipped_pieces(payload, name, limit_bytes))


def _gunzipped_pieces(payload: bytes, name: str, limit_bytes: int) -> Iterator[bytes]:
    size = 0
    rest = memoryview(payload)
    while rest[:2] == _GZIP_MAGIC:
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        while not member.eof:
            given, rest = rest[:_STEP_BYTES], rest[_STEP_BYTES:]
            waiting: bytes | memoryview = given
            while not member.eof:
                try:
                    piece = member.decompress(waiting, _STEP_BYTES)
                except zlib.error as error:
                    raise _damaged(name, str(error)) from error
                size += len(piece)
                if size > limit_bytes:
                    raise UnreadablePayloadError(
                        f"{name} unpacks to more than {limit_bytes >> 20} MB: a damaged file or a gzip bomb; "
                        "split it, or fetch it again from the source"
                    )
                if piece:
                    yield piece
                waiting = member.unconsumed_tail
                if not waiting and len(piece) < _STEP_BYTES:
                    break
            if not member.eof and not len(rest):
                raise _damaged(name, "it ends before its end-of-stream marker")
        unused = len(member.unused_data)
        if unused:
            rest = memoryview(payload)[len(payload) - len(rest) - unused :]
    if len(rest) and bytes(rest).strip(b"\x00"):
        raise _damaged(name, f"{len(rest)} bytes of other data follow it")


def line_blocks(
    payload: bytes, name: str, *, block_bytes: int = 1 << 24, limit_bytes: int = MAX_UNPACKED_BYTES
) -> Iterator[bytes]:
    """The text of a file in blocks of whole lines, so that a file of any size needs the memory of one block.

    The rules are those of :func:`unpacked`, block by block.

    Raises
    ------
    UnreadablePayloadError
        As :func:`unpacked`, when the block in question is reached.
    """
    if not payload:
        raise UnreadablePayloadError(f"{name} is empty; fetch it again from the source")
    if payload.startswith(_GZIP_MAGIC):
        pieces = _gunzipped_pieces(payload, name, limit_bytes)
    elif name.endswith(".gz"):
        raise _no_gzip(name)
    else:
        pieces = (payload[at : at + block_bytes] for at in range(0, len(payload), block_bytes))
    waiting = bytearray()
    first = True
    for piece in pieces:
        waiting += piece
        if len(waiting) < block_bytes:
            continue
        end = waiting.rfind(b"\n") + 1
        if end == 0 and len(waiting) > max(block_bytes, MAX_LINE_BYTES):
            raise UnreadablePayloadError(
                f"{name}: a line is longer than {MAX_LINE_BYTES} bytes; is it a table of lines?"
            )
        if end:
            yield _checked_text(bytes(waiting[:end]), name, first)
            first = False
            del waiting[:end]
    if first and not waiting.removeprefix(_BOM).strip():
        raise UnreadablePayloadError(f"{name} is empty; fetch it again from the source")
    if waiting:
        yield _checked_text(bytes(waiting), name, first)


def _damaged(name: str, why: str) -> UnreadablePayloadError:
    return UnreadablePayloadError(
        f"{name} is a truncated or damaged gzip file ({why}); fetch it again from the source"
    )


def lines_by_day(text: bytes, column: int) -> dict[str, bytes]:
    """The lines of a delimited file by the text of one column, each value with the header in front.

    Parameters
    ----------
    text
        As from :func:`unpacked`; the delimiter is a comma, blanks around cells are ignored.
    column
        Position of the column that tells the day; it and those before it must not be quoted.

    Returns
    -------
    dict
        Column text -> header line plus lines in the order of the file. Lines too short to have the column
        stand under ``""``.
    """
    header, _, body = text.partition(b"\n")
    groups: dict[str, list[bytes]] = {}
    for line in body.split(b"\n"):
        if not line.strip():
            continue
        cells = line.split(b",", column + 1)
        key = cells[column].strip().decode() if len(cells) > column else ""
        groups.setdefault(key, []).append(line)
    head = header.rstrip(b"\r")
    return {
        key: b"\n".join((head, *(line.rstrip(b"\r") for line in lines), b"")) for key, lines in groups.items()
    }


def column_position(text: bytes, column: str, name: str) -> int:
    """Where a column stands in the header line.

    Raises
    ------
    UnreadablePayloadError
        If the header does not have it.
    """
    header = text.partition(b"\n")[0].decode()
    cells = [cell.strip() for cell in header.split(",")]
    if column not in cells:
        raise UnreadablePayloadError(
            f"{name} has no column {column} (its header: {header.strip()[:200]}); is it of the declared format?"
        )
    return cells.index(column)


def text_digest(text: bytes) -> str:
    """SHA-256 of a slice, as records keep it."""
    return hashlib.sha256(text).hexdigest()
