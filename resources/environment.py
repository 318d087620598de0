"""What a run records of the machine that it ran on."""

import platform
from importlib.metadata import version


def environment() -> dict[str, str]:
    """Python, processor and library versions; recorded beside a run, never part of a digest."""
    names = ("numpy", "scipy", "pandas", "pyarrow", "numba", "dagster")
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        **{name: version(name) for name in names},
    }
