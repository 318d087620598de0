"""Which files a path of a universe stands for."""

from pathlib import Path


def one_file(path: Path) -> list[Path]:
    """The path itself, where it is a file."""
    return [path] if path.is_file() else []
