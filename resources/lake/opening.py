"""From an address to a lake."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from resources.lake.lake import Lake
from resources.lake.local import LocalLake
from resources.lake.s3 import S3Lake


def open_lake(uri: str) -> Lake:
    """The lake at a folder (a path or ``file://`` address) or at ``s3://bucket/prefix``.

    Nothing is read or made yet.

    Raises
    ------
    ValueError
        If the address is empty, of another scheme, or an S3 one without a bucket.
    """
    if not uri.strip():
        raise ValueError("the lake's address is empty; name a folder or s3://bucket/prefix (OPTIX_LAKE_URI)")
    if "://" not in uri:
        return LocalLake(Path(uri))
    parts = urlsplit(uri)
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost"):
            raise ValueError(f"{uri}: a file:// address has three slashes before the folder")
        return LocalLake(Path(unquote(parts.path)))
    if parts.scheme == "s3":
        if not parts.netloc:
            raise ValueError(f"{uri} names no bucket; write s3://bucket/prefix")
        return S3Lake(parts.netloc, parts.path)
    raise ValueError(f"{uri}: {parts.scheme}:// is not supported; use a folder or s3://bucket/prefix")
