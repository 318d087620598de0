"""The lake: files under relative paths, in a folder or on S3, written atomically."""

from resources.lake.errors import LakeError, LakeFileNotFoundError, LakeFormatError, LakePathError
from resources.lake.lake import Lake, WrittenFile, WrittenTable
from resources.lake.opening import open_lake

__all__ = [
    "Lake",
    "LakeError",
    "LakeFileNotFoundError",
    "LakeFormatError",
    "LakePathError",
    "WrittenFile",
    "WrittenTable",
    "open_lake",
]
