"""The rows of one underlying and day, cut out of a delimited file that holds many."""

import csv
from collections.abc import Callable, Sequence
from enum import Enum

SliceKey = tuple[str, str]


class Placing(Enum):
    """What is known of a row that belongs to no slice."""

    #: it is of an underlying that is not asked for
    OTHER = "other"
    #: it does not say whose or of which day it is; it stands with the row before it, where it is rejected
    UNPLACED = "unplaced"


def row_slices(
    body: bytes,
    header: bytes,
    columns: Sequence[int],
    key_of: Callable[[tuple[str, ...]], SliceKey | Placing],
    delimiter: str = ",",
) -> dict[SliceKey, bytes]:
    """Lines by what some of their cells say, each slice with the header in front.

    Parameters
    ----------
    body
        The lines below the header line. A cell may be quoted, but a row is one line.
    columns
        Positions of the cells that decide.
    key_of
        From their texts, without blanks around, to (underlying, day), or why there is none.

    Returns
    -------
    dict
        (underlying, day) -> header line plus lines in the order of the file. A line without a place before
        every other stands with the first that has one.
    """
    separator = delimiter.encode()
    last = max(columns, default=-1)
    known: dict[tuple[bytes, ...], SliceKey | Placing] = {}
    slices: dict[SliceKey, list[bytes]] = {}
    leading: list[bytes] = []
    before: SliceKey | Placing = Placing.UNPLACED
    for raw in body.split(b"\n"):
        line = raw.rstrip(b"\r")
        if not line.strip():
            continue
        cells = line.split(separator, last + 1) if b'"' not in line else _quoted_cells(line, delimiter)
        if len(cells) <= last:
            key: SliceKey | Placing = Placing.UNPLACED
        else:
            texts = tuple(cells[column] for column in columns)
            if texts not in known:
                known[texts] = key_of(tuple(text.strip().decode() for text in texts))
            key = known[texts]
        if key is Placing.UNPLACED:
            key = before
            if key is Placing.UNPLACED:
                leading.append(line)
                continue
        before = key
        if not isinstance(key, Placing):
            slices.setdefault(key, []).append(line)
    if slices and leading:
        first = next(iter(slices))
        slices[first] = leading + slices[first]
    return {key: b"\n".join((header, *lines, b"")) for key, lines in slices.items()}


def _quoted_cells(line: bytes, delimiter: str) -> list[bytes]:
    try:
        cells = next(csv.reader([line.decode()], delimiter=delimiter), [])
    except csv.Error:
        return []
    return [cell.encode() for cell in cells]
