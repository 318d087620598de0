"""Damaged copies of a vendor's file: the same seed makes the same damage on every machine."""

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable
from typing import Any

_GZIP_MAGIC, _ZIP_MAGIC = b"\x1f\x8b", b"PK\x03\x04"
#: What cells turn into: numbers that are none, far away, of the other sign or scale; dates that are none; text.
_CELLS = (
    *(b"", b" ", b"0", b"-0.0", b"-1", b"nan", b"NaN", b"inf", b"-inf", b"1e308", b"1e-320", b"1e999"),
    *(
        b"999999999999999999999999",
        b"0x1F",
        b"1,000.5",
        b"12.5%",
        b"$3.10",
        b"null",
        b"None",
        b"N/A",
        b"true",
    ),
    *(b"2026-02-30", b"9999-12-31", b"0001-01-01", b"1969-12-31", b"20260230", b"99999999", b"-2026-01-01"),
    *(b'"', b'""', b'"a,b"', b"'", b"\\", b"\t", b"\r", b";", b"\xc3\xa9", b"\xff", b"\x00", b"\xef\xbb\xbf"),
    *(
        b"A" * 5000,
        b"../../etc/passwd",
        b"=1+1",
        b"\xe2\x80\xae",
        b"C",
        b"P",
        b"X",
        b"call",
        b"[1, 2]",
        b"{}",
    ),
)
_JSON_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e308, 10**30, "", "nan", "2026-02-30", "A" * 2000, [], {}, [[]], {"a": 1}),
)


def damaged(payload: bytes, rng: random.Random) -> bytes:
    """A copy with one to three kinds of damage, of the container or of what is in it."""
    if rng.random() < 0.25:
        return _bytes_damage(payload, rng)
    if payload.startswith(_GZIP_MAGIC):
        return gzip.compress(_content_damage(gzip.decompress(payload), rng), compresslevel=1, mtime=0)
    if payload.startswith(_ZIP_MAGIC):
        return _zip_damage(payload, rng)
    return _content_damage(payload, rng)


def _content_damage(content: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.randint(1, 3)):
        first = content.lstrip()[:1]
        if first in (b"{", b"[") and rng.random() < 0.7:
            content = _json_damage(content, rng)
        elif content.startswith(b"PAR1"):
            content = _bytes_damage(content, rng)
        else:
            content = rng.choice(_TEXT_DAMAGE)(content, rng)
    return content


def _zip_damage(payload: bytes, rng: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(payload)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    target = rng.randrange(len(members))
    name, content = members[target]
    kind = rng.randrange(6)
    if kind == 0:
        name = rng.choice(
            ("../../" + name, "/" + name, name + ".zip", "", "a" * 300, name.upper(), "x/" + name)
        )
    elif kind == 1:
        members.append((name + ".copy", content))
    elif kind == 2 and len(members) > 1:
        del members[rng.randrange(len(members))]
        target = min(target, len(members) - 1)
        name, content = members[target]
    else:
        content = _content_damage(content, rng)
    members[target] = name, content
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for member, data in members:
            archive.writestr(zipfile.ZipInfo(member or "empty"), data)
    return buffer.getvalue()


def _bytes_damage(payload: bytes, rng: random.Random) -> bytes:
    data = bytearray(payload)
    if not data:
        return rng.randbytes(20)
    kind = rng.randrange(5)
    if kind == 0:
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del data[rng.randrange(len(data)) :]
    elif kind == 2:
        start = rng.randrange(len(data))
        del data[start : start + rng.randint(1, 64)]
    elif kind == 3:
        start = rng.randrange(len(data))
        data[start:start] = rng.randbytes(rng.randint(1, 64))
    else:
        start = rng.randrange(len(data))
        data[start : start + 32] = data[: rng.randint(1, 32)]
    return bytes(data)


def _json_damage(content: bytes, rng: random.Random) -> bytes:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return _bytes_damage(content, rng)
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    if isinstance(document, dict | list):
        walk(document)
    if places:
        node, key = rng.choice(places)
        kind = rng.randrange(4)
        if kind == 0:
            node[key] = rng.choice(_JSON_VALUES)
        elif kind == 1:
            del node[key]
        elif kind == 2 and isinstance(node, list):
            node.append(node[key])
        else:
            node[key] = [node[key]] if rng.random() < 0.5 else str(node[key])
    return json.dumps(document).encode()


def _cells(text: bytes, rng: random.Random) -> bytes:
    lines = text.split(b"\n")
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(lines))
        cells = lines[at].split(b",")
        cells[rng.randrange(len(cells))] = rng.choice(_CELLS)
        lines[at] = b",".join(cells)
    return b"\n".join(lines)


def _header(text: bytes, rng: random.Random) -> bytes:
    head, _, body = text.partition(b"\n")
    cells = head.split(b",")
    at = rng.randrange(len(cells))
    kind = rng.randrange(4)
    if kind == 0:
        del cells[at]
    elif kind == 1:
        cells.insert(at, cells[at])
    elif kind == 2:
        cells[at] = cells[at].swapcase()
    else:
        other = rng.randrange(len(cells))
        cells[at], cells[other] = cells[other], cells[at]
    return b",".join(cells) + b"\n" + body


def _lines(text: bytes, rng: random.Random) -> bytes:
    lines = text.split(b"\n")
    at, kind = rng.randrange(len(lines)), rng.randrange(5)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, lines[at])
    elif kind == 2:
        lines.insert(at, rng.choice(_CELLS))
    elif kind == 3:
        cells = lines[at].split(b",")
        lines[at] = b",".join(cells[: rng.randrange(len(cells))])
    else:
        rng.shuffle(lines)
    return b"\n".join(lines)


def _encoding(text: bytes, rng: random.Random) -> bytes:
    kind = rng.randrange(6)
    if kind == 0:
        return b"\xef\xbb\xbf" + text
    if kind == 1:
        return text.replace(b"\n", b"\r\n")
    if kind == 2:
        return text.replace(b",", rng.choice((b";", b"\t", b"|")))
    if kind == 3:
        return text.decode("utf-8", "replace").encode(rng.choice(("utf-16", "utf-16-le", "utf-32")))
    if kind == 4:
        return (
            b",".join(b'"' + cell + b'"' for cell in text.split(b",")) if rng.random() < 0.5 else text + b'"'
        )
    return text.replace(b"0", rng.choice((b"O", b"\xd9\xa0", b"")), rng.randint(1, 50))


_TEXT_DAMAGE: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_cells, _cells, _cells, _cells, _lines, _lines, _header, _encoding, _bytes_damage),
)
