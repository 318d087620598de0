"""Whether an archive is another place than the lake: what was copied onto itself must not be deleted."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from resources.lake.errors import LakeError
from resources.lake.lake import Lake
from resources.lake.layout import archive_probe_path
from resources.lake.local import LocalLake


def refuse_same_place(lake: Lake, archive: Lake) -> None:
    """Refuse an archive that is the lake, or of which one lies in the other. Writes nothing.

    Folders are compared without their symbolic links, and by device and inode, which a bind mount does not change.

    Raises
    ------
    ValueError
        If they are one place.
    """
    if _within(lake.uri, archive.uri) or _within(archive.uri, lake.uri):
        raise _refusal(lake, archive)
    if isinstance(lake, LocalLake) and isinstance(archive, LocalLake):
        ours, theirs = Path(os.path.realpath(lake.root)), Path(os.path.realpath(archive.root))
        if _holds(ours, theirs) or _holds(theirs, ours):
            raise _refusal(lake, archive)


def refuse_shared_files(lake: Lake, archive: Lake) -> None:
    """Write a file with a random name into the archive, and refuse if the lake has it too.

    That sees what no address tells: two names of one bucket, a folder that a server exports under another path.

    Raises
    ------
    ValueError
        If it is there.
    LakeError
        If the archive takes no file.
    """
    probe = archive_probe_path(secrets.token_hex(8))
    archive.write_bytes(probe, b"")
    try:
        shared = lake.exists(probe)
    finally:
        # an archive may take files and let none go; an empty one harms nothing there
        with suppress(LakeError):
            archive.delete(probe)
    if shared:
        raise _refusal(lake, archive)


def _refusal(lake: Lake, archive: Lake) -> ValueError:
    return ValueError(
        f"the archive {archive.uri} is this lake itself ({lake.uri}), inside it or around it; "
        "name another bucket, region or folder"
    )


def _within(outer: str, inner: str) -> bool:
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")


def _holds(outer: Path, inner: Path) -> bool:
    """Whether a folder is the other or one of the folders above it, by whatever name."""
    for folder in (inner, *inner.parents):
        with suppress(OSError):  # an archive's folder is made with its first file
            if folder.samefile(outer):
                return True
    return False
