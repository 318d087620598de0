"""Zip archives as vendors send them, read without trusting what they say about themselves."""

import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from resources.providers.payload_text import MAX_UNPACKED_BYTES, UnreadablePayloadError, unpacked

#: A year of one underlying's contracts is below 40,000 members.
MAX_MEMBERS = 200_000
_ZIP_MAGIC = b"PK"
_STEP_BYTES = 1 << 20


@dataclass(frozen=True)
class ArchiveMember:
    """One file of an archive; ``content`` is its unpacked bytes."""

    name: str
    content: bytes


def archive_members(
    payload: bytes, name: str, *, limit_bytes: int = MAX_UNPACKED_BYTES, max_members: int = MAX_MEMBERS
) -> list[ArchiveMember]:
    """Every file of a zip archive, in the order of their names.

    Nothing is written to a disk. An archive inside an archive is a member like any other: the caller decides
    whether its format has such a thing.

    Parameters
    ----------
    limit_bytes
        What all members together may unpack to, counted while unpacking, not as the archive declares it.

    Raises
    ------
    UnreadablePayloadError
        No zip archive, damaged, encrypted, too many or too large members, a name that leaves the archive, or
        two members of one name.
    """
    if not payload:
        raise UnreadablePayloadError(f"{name} is empty; fetch it again from the source")
    if not payload.startswith(_ZIP_MAGIC):
        raise UnreadablePayloadError(f"{name} is no zip archive; fetch it again from the source")
    try:
        with zipfile.ZipFile(io.BytesIO(payload)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
            _require_names(entries, name, max_members)
            members = []
            left = limit_bytes
            for entry in sorted(entries, key=lambda entry: entry.filename):
                content = _unpacked_member(archive, entry, name, left, limit_bytes)
                left -= len(content)
                members.append(ArchiveMember(entry.filename, content))
            return members
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        if isinstance(error, UnreadablePayloadError):
            raise
        raise UnreadablePayloadError(
            f"{name} is a truncated or damaged zip archive ({error}); fetch it again from the source"
        ) from error


def texts_of(payload: bytes, name: str, wanted: Callable[[str], bool]) -> list[tuple[str, bytes]]:
    """The text of a file that may be plain, gzip or a zip archive, with its name for messages.

    Parameters
    ----------
    wanted
        Which members of an archive count, by their names.

    Raises
    ------
    UnreadablePayloadError
        As :func:`archive_members` and ``unpacked``; an archive without any member that counts.
    """
    if not payload.startswith(_ZIP_MAGIC):
        return [(name, unpacked(payload, name))]
    members = [member for member in archive_members(payload, name) if wanted(member.name)]
    if not members:
        raise UnreadablePayloadError(
            f"{name} is an archive without any file of the format; is it of the declared format?"
        )
    return [(f"{name}/{m.name}", unpacked(m.content, f"{name}/{m.name}")) for m in members]


def _require_names(entries: list[zipfile.ZipInfo], name: str, max_members: int) -> None:
    if len(entries) > max_members:
        raise UnreadablePayloadError(f"{name} has {len(entries)} members, more than {max_members}; split it")
    seen: set[str] = set()
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if not entry.filename:
            raise UnreadablePayloadError(
                f"{name} is a damaged zip archive (a member without a name); pack it again"
            )
        if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
            raise UnreadablePayloadError(
                f"{name} has a member named {entry.filename!r}, which leaves the archive; it is not what it says"
            )
        if entry.filename in seen:
            raise UnreadablePayloadError(
                f"{name} has two members named {entry.filename!r}; which one counts is not known: pack it again"
            )
        seen.add(entry.filename)
        if entry.flag_bits & 1:
            raise UnreadablePayloadError(f"{name}: member {entry.filename!r} is encrypted; unlock it first")


def _unpacked_member(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, left: int, limit_bytes: int
) -> bytes:
    pieces: list[bytes] = []
    size = 0
    with archive.open(entry) as file:
        while piece := file.read(_STEP_BYTES):
            size += len(piece)
            if size > left:
                raise UnreadablePayloadError(
                    f"{name} unpacks to more than {limit_bytes >> 20} MB: a damaged file or a zip bomb; split it, "
                    "or fetch it again from the source"
                )
            pieces.append(piece)
    return b"".join(pieces)
