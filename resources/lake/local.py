"""A lake in a folder."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from resources.lake.errors import LakeError, LakeFileNotFoundError
from resources.lake.lake import Lake, StoredFile, checked_path


class LocalLake(Lake):
    """Files below a folder, which is made on the first write.

    A write goes to a temporary file in the same folder (its name has a leading dot, so it is never listed),
    is flushed to the disk, and replaces the old file in one rename. A process killed in between leaves the
    old file and at most a stray temporary one.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.expanduser().absolute()

    @property
    def uri(self) -> str:
        return str(self._root)

    @property
    def root(self) -> Path:
        return self._root

    def _fetch(self, path: str) -> bytes:
        target = self._root / path
        try:
            return target.read_bytes()
        except FileNotFoundError as error:
            raise LakeFileNotFoundError(f"{target} is not in the lake") from error
        except OSError as error:
            raise LakeError(f"{target} cannot be read: {error}") from error

    def _store(self, path: str, data: bytes, sha256: str) -> None:
        target = self._root / path
        try:
            with self._written(target, data) as temporary:
                temporary.replace(target)
        except OSError as error:
            raise LakeError(
                f"{target} cannot be written: {error}; the file as it was is untouched"
            ) from error

    def _create(self, path: str, data: bytes, sha256: str) -> bool:
        target = self._root / path
        try:
            with self._written(target, data) as temporary:
                # a link, unlike a rename, never replaces; and unlike an exclusive open it shows a whole file
                try:
                    target.hardlink_to(temporary)
                except FileExistsError:
                    if not target.is_file():
                        raise
                    return False
                return True
        except OSError as error:
            raise LakeError(f"{target} cannot be written: {error}") from error

    @contextmanager
    def _written(self, target: Path, data: bytes) -> Iterator[Path]:
        """A temporary file beside the target that holds the data, on the disk; gone at the end."""
        # a random name lets two processes write one path at once; it never reaches a result
        temporary = target.parent / f".{target.name}.{secrets.token_hex(6)}.tmp"
        try:
            with os.fdopen(self._opened(temporary), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)

    @staticmethod
    def _opened(temporary: Path) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            return os.open(temporary, flags, 0o666)
        except FileNotFoundError:
            # folders are made when first needed: one system call saved on every later write
            temporary.parent.mkdir(parents=True, exist_ok=True)
            return os.open(temporary, flags, 0o666)

    def exists(self, path: str) -> bool:
        return (self._root / checked_path(path)).is_file()

    def files(self, prefix: str = "") -> list[StoredFile]:
        top = self._root / checked_path(prefix) if prefix else self._root
        found: list[StoredFile] = []
        pending = [top]
        while pending:
            folder = pending.pop()
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if entry.name.startswith("."):
                            continue
                        if entry.is_dir():
                            pending.append(Path(entry.path))
                        else:
                            path = Path(entry.path).relative_to(self._root).as_posix()
                            with suppress(FileNotFoundError):  # deleted meanwhile
                                found.append(StoredFile(path, entry.stat().st_size))
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise LakeError(f"{folder} cannot be listed: {error}") from error
        return sorted(found, key=lambda file: file.path)

    def delete(self, path: str) -> None:
        target = self._root / checked_path(path)
        try:
            target.unlink(missing_ok=True)
        except OSError as error:
            raise LakeError(f"{target} cannot be deleted: {error}") from error
