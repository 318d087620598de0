"""The lake: files under relative paths, in a folder or on S3, written atomically."""

from resources.lake.errors import (
    LakeContentError,
    LakeError,
    LakeFileNotFoundError,
    LakeFormatError,
    LakePathError,
)
from resources.lake.lake import Lake, StoredFile, WrittenFile, WrittenTable
from resources.lake.opening import open_lake

__all__ = [
    "Lake",
    "LakeContentError",
    "LakeError",
    "LakeFileNotFoundError",
    "LakeFormatError",
    "LakePathError",
    "StoredFile",
    "WrittenFile",
    "WrittenTable",
    "open_lake",
]
