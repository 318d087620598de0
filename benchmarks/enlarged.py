"""Small vendor files made large: each of their contracts comes again at many other strikes.

A vendor's day has every contract once a snapshot, so plain repetition would be parsed as something else: as ties to
be ordered, or as one snapshot after the other. A line without a contract (a header, the underlying's) stands once.
"""

import gzip
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from resources.raw_store import RawPart

_GZIP_MAGIC, _ZIP_MAGIC, _PARQUET_MAGIC = b"\x1f\x8b", b"PK\x03\x04", b"PAR1"
#: From one copy to the next: thousandths of a listed strike, whole ones of a coin's. No two strikes of a sample are
#: so many steps apart that a copy of one is the other.
_STEP = 7
#: strikes in OSI symbols, in Deribit's names, and in those of Lean's members, which are in ten-thousandths
_IN_NAMES = (
    (re.compile(rb"(?<=\d{6}[CP])\d{8}(?!\d)"), b"%08d", _STEP),
    (re.compile(rb"(?<=-)\d+(?=-[CP]\b)"), b"%d", _STEP),
    (re.compile(rb"(?<=_)\d+(?=_\d{8}\.csv)"), b"%d", 10 * _STEP),
)
#: strikes in fields of JSON
_IN_FIELDS = re.compile(rb'(?<="strike":)[\d.]+|(?<="strike_price":)[\d.]+|(?<=\d-\d\d_)\d+\.\d+(?=_)')
#: the time of a line in one of Lean's members, in milliseconds, and more than there is between a sample's lines
_TIME = re.compile(rb"(?<=\n)\d+(?=,)")
_TIME_STEP = 240_000
_CELLS = {b",": re.compile(rb'(?:^|,)("[^"]*"|[^,]*)'), b"|": re.compile(rb"(?:^|\|)([^|]*)")}
_NUMBER = re.compile(rb"\d+(\.\d+)?$")


@dataclass(frozen=True)
class Size:
    """How much is made of a sample.

    Attributes
    ----------
    copies
        How many strikes each contract has.
    lines
        How often each line of a contract comes; with its own time where the line begins with one.
    first
        The first copy's number: another one gives other bytes.
    """

    copies: int = 1
    lines: int = 1
    first: int = 0


@dataclass(frozen=True)
class Unit:
    """A line, or an entry of a list, with slots for what differs between its copies and its lines."""

    form: bytes
    values: tuple[float, ...]
    copy_steps: tuple[float, ...]
    line_steps: tuple[int, ...]

    def text(self, copy: int = 0, line: int = 0) -> bytes:
        slots = zip(self.values, self.copy_steps, self.line_steps, strict=True)
        return self.form % tuple(value + by * copy + later * line for value, by, later in slots)

    @property
    def has_contract(self) -> bool:
        return any(self.copy_steps)

    def texts(self, size: Size) -> list[bytes]:
        if not self.has_contract:
            return [self.text()]
        copies = range(size.first, size.first + size.copies)
        return [self.text(copy, line) for copy in copies for line in range(size.lines)]


@dataclass(frozen=True)
class TextPart:
    """A part as units; ``pack`` makes a payload of their texts, and tells how many bytes it has unpacked."""

    part: RawPart
    units: Sequence[Unit]
    pack: Callable[[list[bytes]], tuple[bytes, int]]
    counted: str = ""

    @property
    def grows(self) -> bool:
        return any(unit.has_contract for unit in self.units)

    def made(self, size: Size, without: Collection[int] = ()) -> tuple[RawPart, int]:
        """The part in a size, without some of its units, and how many bytes are counted."""
        texts = [text for at, unit in enumerate(self.units) if at not in without for text in unit.texts(size)]
        payload, length = self.pack(texts)
        return _with_payload(self.part, payload), length


@dataclass(frozen=True)
class ParquetPart:
    """A part that is a table."""

    part: RawPart
    table: pa.Table
    step: float
    units: Sequence[Unit] = ()
    counted: str = "those of the table in memory"
    grows: bool = True

    def made(self, size: Size, without: Collection[int] = ()) -> tuple[RawPart, int]:
        """The part in a size, and how many bytes are counted."""
        rows = self.table.num_rows
        table = self.table.take(pa.array(np.tile(np.arange(rows), size.copies)))
        name = next(n for n in table.column_names if n in ("strike", "details.strike_price"))
        moved = np.repeat(size.first + np.arange(size.copies), rows) * self.step
        strikes = np.round(table.column(name).to_numpy() + moved, 3)
        changed: dict[str, Any] = {name: strikes}
        if "details.ticker" in table.column_names:
            tickers = zip(table.column("details.ticker").to_pylist(), strikes.tolist(), strict=True)
            changed["details.ticker"] = [f"{ticker[:-8]}{1000 * strike:08.0f}" for ticker, strike in tickers]
        for column, values in changed.items():
            at = table.schema.get_field_index(column)
            field = table.schema.field(at)
            table = table.set_column(at, field, pa.array(values).cast(field.type))
        sink = io.BytesIO()
        pq.write_table(table, sink)
        return _with_payload(self.part, sink.getvalue()), int(table.nbytes)


def opened(part: RawPart, is_coin: bool) -> TextPart | ParquetPart:
    """A part of any kind that the samples have, to be made in other sizes."""
    if part.payload.startswith(_PARQUET_MAGIC):
        table = pq.read_table(io.BytesIO(part.payload))
        return ParquetPart(part, table, _STEP if is_coin else _STEP / 1000)
    if part.payload.startswith(_ZIP_MAGIC):
        return _zip_part(part, is_coin)
    packed = part.payload.startswith(_GZIP_MAGIC)
    text = gzip.decompress(part.payload) if packed else part.payload

    def pack(content: bytes) -> tuple[bytes, int]:
        return gzip.compress(content, compresslevel=1, mtime=0) if packed else content, len(content)

    if part.name.removesuffix(".gz").endswith(".json"):
        head, entries, tail = _around_largest_list(json.loads(text))
        units = [_unit(entry, None, is_coin) for entry in entries]
        return TextPart(part, units, lambda texts: pack(head + b",".join(texts) + tail))
    lines = text.splitlines()
    units = [_unit(line, _strike_cell(lines[0], line), is_coin) for line in lines]
    return TextPart(part, units, lambda texts: pack(b"\n".join((*texts, b""))))


def _zip_part(part: RawPart, is_coin: bool) -> TextPart:
    """An archive; a unit is a member's name and, below it, one of its lines."""
    units = []
    with zipfile.ZipFile(io.BytesIO(part.payload)) as archive:
        for member in archive.namelist():
            name, lines = member.encode() + b"\n", archive.read(member).splitlines()
            for line in lines:
                cell = _strike_cell(lines[0], line)
                below = None if cell is None else (cell[0] + len(name), cell[1] + len(name))
                units.append(_unit(name + line, below, is_coin))

    def pack(texts: list[bytes]) -> tuple[bytes, int]:
        members: dict[bytes, list[bytes]] = {}
        for text in texts:
            name, _, line = text.partition(b"\n")
            members.setdefault(name, []).append(line)
        buffer, size = io.BytesIO(), 0
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, lines in members.items():
                content = b"\n".join((*lines, b""))
                size += len(content)
                archive.writestr(zipfile.ZipInfo(name.decode()), content, zipfile.ZIP_DEFLATED, 1)
        return buffer.getvalue(), size

    return TextPart(part, units, pack, "those of the members of the archive")


def _with_payload(part: RawPart, payload: bytes) -> RawPart:
    """The part with other bytes; its names and its rule stay."""
    return replace(part, payload=payload, slice_digest=hashlib.sha256(payload).hexdigest())


def _around_largest_list(document: Any) -> tuple[bytes, list[bytes], bytes]:
    """What stands before the entries of the largest list of a document, the entries, and what stands behind them."""
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)):
            if isinstance(node[key], list):
                places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(document)
    if not places:
        return _json(document), [], b""
    node, key = max(places, key=lambda place: len(_json(place[0][place[1]])))
    entries = [_json(entry) for entry in node[key]]
    node[key] = ["here they are"]
    head, tail = _json(document).split(_json("here they are"))
    return head, entries, tail


def _json(value: Any) -> bytes:
    """Without blanks, as services send it."""
    return json.dumps(value, separators=(",", ":")).encode()


def _strike_cell(header: bytes, line: bytes) -> tuple[int, int] | None:
    """Where the number of the strike stands in a line; None where the header names no strike, or it is no number."""
    delimiter = b"|" if b"|" in header else b","
    names = [cell.strip(b' []"').lower() for cell in header.split(delimiter)]
    column = next((names.index(name) for name in (b"strike", b"strike_price") if name in names), None)
    cells = list(_CELLS[delimiter].finditer(line))
    if column is None or column >= len(cells):
        return None
    start, end = cells[column].span(1)
    start += len(cells[column][1]) - len(cells[column][1].lstrip())
    return (start, end) if _NUMBER.match(line[start:end]) else None


def _unit(text: bytes, cell: tuple[int, int] | None, is_coin: bool) -> Unit:
    """A text as a unit; ``cell`` is where the strike stands if nothing in the text tells."""
    number, step = (b"%d", _STEP) if is_coin else (b"%.3f", _STEP / 1000)
    slots: list[tuple[tuple[int, int], bytes, float, int]]
    slots = [(m.span(), form, by, 0) for pattern, form, by in _IN_NAMES for m in pattern.finditer(text)]
    slots += [(m.span(), number, step, 0) for m in _IN_FIELDS.finditer(text)]
    slots += [(cell, number, step, 0)] if cell else []
    slots += [(m.span(), b"%d", 0, _TIME_STEP) for m in _TIME.finditer(text)]
    slots.sort()
    pieces, at = [], 0
    for (start, end), form, *_ in slots:
        pieces += [text[at:start].replace(b"%", b"%%"), form]
        at = end
    return Unit(
        b"".join((*pieces, text[at:].replace(b"%", b"%%"))),
        tuple(float(text[start:end]) for (start, end), *_ in slots),
        tuple(by for _, _, by, _ in slots),
        tuple(later for *_, later in slots),
    )
