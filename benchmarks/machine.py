"""On what the figures were measured."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("dagster", "numpy", "pandas", "pyarrow", "scipy", "sqlalchemy", "great-expectations")


def processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def description(load_before: float) -> list[str]:
    """Machine, versions and how busy the machine was."""
    return [
        f"{processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}; " + ", ".join(f"{p} {version(p)}" for p in PACKAGES),
        f"load average before the run {load_before:.1f}, at its end {os.getloadavg()[0]:.1f} (about 0 and 1 where "
        "nothing else runs). On a shared machine absolute times are upper bounds; ratios are of work measured in turn",
    ]
