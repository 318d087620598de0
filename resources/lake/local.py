"""A lake in a folder."""

import os
import secrets
from pathlib import Path

from resources.lake.errors import LakeError, LakeFileNotFoundError
from resources.lake.lake import Lake, checked_path


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

    def read_bytes(self, path: str) -> bytes:
        target = self._root / checked_path(path)
        try:
            return target.read_bytes()
        except FileNotFoundError as error:
            raise LakeFileNotFoundError(f"{target} is not in the lake") from error
        except OSError as error:
            raise LakeError(f"{target} cannot be read: {error}") from error

    def _store(self, path: str, data: bytes) -> None:
        target = self._root / path
        # a random name lets two processes write one path at once; it never reaches a result
        temporary = target.parent / f".{target.name}.{secrets.token_hex(6)}.tmp"
        try:
            try:
                descriptor = self._create(temporary)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(target)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            raise LakeError(
                f"{target} cannot be written: {error}; the file as it was is untouched"
            ) from error

    @staticmethod
    def _create(temporary: Path) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            return os.open(temporary, flags, 0o666)
        except FileNotFoundError:
            # folders are made when first needed: one system call saved on every later write
            temporary.parent.mkdir(parents=True, exist_ok=True)
            return os.open(temporary, flags, 0o666)

    def exists(self, path: str) -> bool:
        return (self._root / checked_path(path)).is_file()

    def list(self, prefix: str = "") -> list[str]:
        top = self._root / checked_path(prefix) if prefix else self._root
        found: list[str] = []
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
                            found.append(Path(entry.path).relative_to(self._root).as_posix())
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise LakeError(f"{folder} cannot be listed: {error}") from error
        return sorted(found)

    def delete(self, path: str) -> None:
        target = self._root / checked_path(path)
        try:
            target.unlink(missing_ok=True)
        except OSError as error:
            raise LakeError(f"{target} cannot be deleted: {error}") from error
