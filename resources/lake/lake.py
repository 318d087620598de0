"""What every lake can do, whatever it is stored on: whole files, written atomically, under relative paths."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from resources.lake.errors import LakeContentError, LakeFormatError, LakePathError
from resources.lake.parquet_bytes import parquet_bytes

Item = TypeVar("Item")
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a listing; ``size`` in bytes."""

    path: str
    size: int


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

    Safe to use from several threads. Of several writers of one path at once, one ends as the file, whole.
    """

    #: requests worth having under way together: more than one where each waits on a network
    requests_at_once: int = 1

    @property
    @abstractmethod
    def uri(self) -> str:
        """Where the lake is: an absolute folder, or ``s3://bucket/prefix``."""

    @abstractmethod
    def _fetch(self, path: str) -> bytes:
        """The whole content of a checked path, verified against whatever the store itself knows of it."""

    @abstractmethod
    def _store(self, path: str, data: bytes, sha256: str) -> None:
        """Put the bytes under a checked path, atomically."""

    @abstractmethod
    def _create(self, path: str, data: bytes, sha256: str) -> bool:
        """As ``_store``, but only where there is no such file: whether this call made it."""

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Whether there is a file (not a folder) of that path."""

    @abstractmethod
    def files(self, prefix: str = "") -> list[StoredFile]:
        """Every file below the folder ``prefix`` (all without one), relative to the lake, sorted by path."""

    @abstractmethod
    def delete(self, path: str) -> None:
        """Remove a file; nothing happens where there is none."""

    def read_bytes(self, path: str, *, sha256: str | None = None) -> bytes:
        """The bytes of a file.

        Parameters
        ----------
        sha256
            What the record that names the file says of its bytes.

        Raises
        ------
        LakeFileNotFoundError
            If there is no such file.
        LakeContentError
            If the bytes are others, or what the store returns is not what was written.
        """
        content = self._fetch(checked_path(path))
        if sha256 is not None:
            found = hashlib.sha256(content).hexdigest()
            if found != sha256:
                raise LakeContentError(
                    f"{self.uri}/{path} has sha256 {found[:12]}…, the record beside it says {sha256[:12]}…: it was "
                    "changed, or the rebuild of its partition was interrupted; materialize its asset again"
                )
        return content

    def write_bytes(self, path: str, data: bytes) -> WrittenFile:
        """Write a file in one step: readers see the old bytes or the new ones, never a part.

        Raises
        ------
        LakeError
            If it could not be written; what was there before is untouched.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        self._store(checked_path(path), data, sha256)
        return WrittenFile(path, sha256, len(data))

    def write_new(self, path: str, data: bytes) -> bool:
        """Write a file in one step unless there is one: of many writers at once, one wins and its bytes stay.

        Returns
        -------
        bool
            Whether there was none. On S3, False can also mean an attempt of this very call that arrived although
            its answer was lost.
        """
        return self._create(checked_path(path), data, hashlib.sha256(data).hexdigest())

    def overlapped(self, work: Callable[[Item], Done], items: Iterable[Item]) -> Iterator[Done]:
        """``work`` of every item, in order, ``requests_at_once`` of them under way together.

        Results are kept until they are asked for, never more than are under way, so memory stays bounded. The first
        error ends it: what has not begun does not begin.
        """
        if self.requests_at_once == 1:
            yield from map(work, items)
            return
        with ThreadPoolExecutor(self.requests_at_once, thread_name_prefix="lake") as pool:
            pending: deque[Future[Done]] = deque()
            try:
                for item in items:
                    pending.append(pool.submit(work, item))
                    if len(pending) >= self.requests_at_once:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()

    def read_many(self, paths: Iterable[str]) -> Iterator[bytes]:
        """``read_bytes`` of every path, in order."""
        return self.overlapped(self.read_bytes, paths)

    def write_many(self, files: Iterable[tuple[str, bytes]]) -> list[WrittenFile]:
        """``write_bytes`` of every (path, data); each is atomic by itself, all together are not."""
        return list(self.overlapped(lambda file: self.write_bytes(*file), files))

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
        data = self.read_bytes(path, sha256=sha256)
        try:
            with pq.ParquetFile(pa.BufferReader(data)) as file:
                if columns is not None:
                    missing = sorted(set(columns) - set(file.schema_arrow.names))
                    if missing:
                        raise LakeFormatError(f"{self.uri}/{path} has no column {', '.join(missing)}")
                return file.read(columns=None if columns is None else list(columns))
        except LakeFormatError:
            raise
        except (pa.ArrowException, OSError, ValueError) as error:  # a damaged header raises any of these
            raise LakeFormatError(
                f"{self.uri}/{path} is no readable Parquet file ({error}); delete it and materialize its "
                "asset again"
            ) from error

    def write_table(self, path: str, table: pa.Table) -> WrittenTable:
        """Write a table as Parquet (see ``resources.lake.parquet_bytes``)."""
        try:
            data = parquet_bytes(table)
        except pa.ArrowException as error:
            raise LakeFormatError(f"{self.uri}/{path}: the table cannot be written: {error}") from error
        written = self.write_bytes(path, data)
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
        return self.write_bytes(path, self._json(path, obj))

    def write_new_json(self, path: str, obj: Any) -> bool:
        """``write_new`` of what ``write_json`` would write."""
        return self.write_new(path, self._json(path, obj))

    def _json(self, path: str, obj: Any) -> bytes:
        try:
            text = json.dumps(obj, sort_keys=True, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise LakeFormatError(f"{self.uri}/{path}: the object is no JSON: {error}") from error
        return (text + "\n").encode()

    def copy(self, path: str, other: "Lake") -> WrittenFile:
        """Write this lake's file into another lake under the same path."""
        return other.write_bytes(path, self.read_bytes(path))

    # last in the class: below it, ``list`` in an annotation would be this method
    def list(self, prefix: str = "") -> list[str]:
        """The paths of ``files``."""
        return [file.path for file in self.files(prefix)]
