"""Writing vendor files: whole or not at all, and the same bytes every time."""

import gzip
from pathlib import Path


def write_whole(path: Path, data: bytes) -> int:
    """Write a file by renaming a finished neighbour into place; returns its size.

    Nothing is flushed to disk file by file: a generated file that a power cut spoils is made again, since
    the manifest states every size.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)
    return len(data)


def gzipped(data: bytes) -> bytes:
    """Gzip without a time in its header. The bytes are those of this zlib; another one may pack otherwise."""
    return gzip.compress(data, compresslevel=1, mtime=0)


def csv_bytes(header: str, rows: list[str]) -> bytes:
    """A small csv file from finished lines."""
    return "\n".join([header, *rows, ""]).encode()
