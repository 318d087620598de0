"""What every lake can do, whatever it is stored on: whole files, written atomically, under relative paths."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from resources.lake.errors import LakeContentError, LakeFormatError, LakePathError


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that now stands in the lake; ``sha256`` is of its bytes, ``size`` in bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """A Parquet file that now stands in the lake; ``sha256`` is of the file's bytes, ``size`` in bytes."""

    path: str
    sha256: str
    rows: int
    size: int


def checked_path(path: str) -> str:
    """The path itself, if it is one that a lake takes.

    Raises
    ------
    LakePathError
        If it is empty, absolute, has an empty or dot-prefixed part (``..`` leaves the lake; names with a
        leading dot are temporary files and never listed), a backslash or a control character.
    """
    parts = path.split("/")
    if any(part == "" or part.startswith(".") for part in parts) or "\\" in path or not path.isprintable():
        raise LakePathError(
            f"{path!r} is no lake path: use names joined by '/', relative to the lake, none empty or with a "
            "leading dot"
        )
    return path


class Lake(ABC):
    """Files under relative paths. A reader sees a file whole, as it was before or after a write.

    Safe to use from several threads. Two writers of one path: the last one to finish wins.
    """

    #: requests worth having under way together: more than one where each waits on a network
    requests_at_once: int = 1

    @property
    @abstractmethod
    def uri(self) -> str:
        """Where the lake is: an absolute folder, or ``s3://bucket/prefix``."""

    @abstractmethod
    def read_bytes(self, path: str) -> bytes:
        """The bytes of a file.

        Raises
        ------
        LakeFileNotFoundError
            If there is no such file.
        """

    @abstractmethod
    def _store(self, path: str, data: bytes) -> None:
        """Put the bytes under a checked path, atomically."""

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Whether there is a file (not a folder) of that path."""

    @abstractmethod
    def list(self, prefix: str = "") -> list[str]:
        """Every file below the folder ``prefix`` (all without one), relative to the lake, sorted."""

    @abstractmethod
    def delete(self, path: str) -> None:
        """Remove a file; nothing happens where there is none."""

    def write_bytes(self, path: str, data: bytes) -> WrittenFile:
        """Write a file in one step: readers see the old bytes or the new ones, never a part.

        Raises
        ------
        LakeError
            If it could not be written; what was there before is untouched.
        """
        self._store(checked_path(path), data)
        return WrittenFile(path, hashlib.sha256(data).hexdigest(), len(data))

    def read_table(
        self, path: str, columns: Sequence[str] | None = None, *, sha256: str | None = None
    ) -> pa.Table:
        """A Parquet file as a table; with ``columns`` only these, in that order.

        Parameters
        ----------
        sha256
            What the record that names the file says of its bytes. A partition is several files and its status; a
            rebuild that was killed between them leaves new files under an old status, which must not be read.

        Raises
        ------
        LakeContentError
            If the bytes are others.
        """
        data = self.read_bytes(path)
        if sha256 is not None:
            found = hashlib.sha256(data).hexdigest()
            if found != sha256:
                raise LakeContentError(
                    f"{self.uri}/{path} has sha256 {found[:12]}…, the record beside it says {sha256[:12]}…: it was "
                    "changed, or the rebuild of its partition was interrupted; materialize its asset again"
                )
        try:
            with pq.ParquetFile(pa.BufferReader(data)) as file:
                if columns is not None:
                    missing = sorted(set(columns) - set(file.schema_arrow.names))
                    if missing:
                        raise LakeFormatError(f"{self.uri}/{path} has no column {', '.join(missing)}")
                return file.read(columns=None if columns is None else list(columns))
        except pa.ArrowException as error:
            raise LakeFormatError(
                f"{self.uri}/{path} is no readable Parquet file ({error}); delete it and materialize its "
                "asset again"
            ) from error

    def write_table(self, path: str, table: pa.Table) -> WrittenTable:
        """Write a table as Parquet: zstd, dictionary encoding on the dictionary-typed (key) columns only."""
        keys = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
        sink = pa.BufferOutputStream()
        try:
            pq.write_table(table, sink, compression="zstd", use_dictionary=keys)
        except pa.ArrowException as error:
            raise LakeFormatError(f"{self.uri}/{path}: the table cannot be written: {error}") from error
        written = self.write_bytes(path, sink.getvalue().to_pybytes())
        return WrittenTable(path, written.sha256, table.num_rows, written.size)

    def read_json(self, path: str) -> Any:
        """A JSON file's content."""
        try:
            return json.loads(self.read_bytes(path))
        except ValueError as error:
            raise LakeFormatError(f"{self.uri}/{path} is no JSON file: {error}") from error

    def write_json(self, path: str, obj: Any) -> WrittenFile:
        """Write JSON with sorted keys, so that equal content has equal bytes; NaN is refused.

        Without indentation: with it Python leaves its C encoder, and a backfill writes thousands of these.
        """
        try:
            text = json.dumps(obj, sort_keys=True, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise LakeFormatError(f"{self.uri}/{path}: the object is no JSON: {error}") from error
        return self.write_bytes(path, (text + "\n").encode())

    def copy(self, path: str, other: "Lake") -> WrittenFile:
        """Write this lake's file into another lake under the same path."""
        return other.write_bytes(path, self.read_bytes(path))
