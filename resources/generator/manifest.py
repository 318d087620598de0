"""What was generated, by which generator: lets a second call return at once and finds damage."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from resources.generator.atomic_files import write_whole

NAME = "manifest.json"


@lru_cache(maxsize=1)
def generator_digest() -> str:
    """sha256 over the sources that decide the bytes: the simulation and this package."""
    import engine.calendars
    import engine.simulation

    digest = hashlib.sha256()
    folders = [Path(__file__).parent]
    folders += [Path(p.__path__[0]) for p in (engine.simulation, engine.calendars)]
    for folder in folders:
        for source in sorted(folder.glob("*.py")):
            digest.update(f"{folder.name}/{source.name}\0".encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a folder; None where there is none, or none that can be read."""
    path = folder / NAME
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        # not a record to trust: the caller generates anew and says what it wrote
        return None
    return manifest if isinstance(manifest, dict) else None


def is_complete(folder: Path, manifest: dict[str, Any], identity: dict[str, str]) -> bool:
    """Whether the manifest describes the wanted set and every file stands there at its size."""
    files = manifest.get("files")
    if manifest.get("identity") != identity or not isinstance(files, dict):
        return False
    for name, size in files.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            return False
    return True


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    write_whole(folder / NAME, json.dumps(manifest, indent=1, sort_keys=True).encode() + b"\n")


def remove_manifest(folder: Path) -> None:
    """Before a generation begins: whoever finds the folder half finished must not take it for complete."""
    (folder / NAME).unlink(missing_ok=True)
