"""What can go wrong with the lake; every message names the file."""


class LakeError(OSError):
    """A file of the lake could not be read, written, listed or deleted."""


class LakeFileNotFoundError(LakeError, FileNotFoundError):
    """A file that was asked for is not in the lake."""


class LakePathError(ValueError):
    """A path that could leave the lake, or that would be mistaken for a temporary file."""


class LakeContentError(LakeError):
    """A file has other bytes than the record that names it."""


class LakeFormatError(LakeError, ValueError):
    """The bytes of a file are not what its reader expects (Parquet, JSON)."""
