"""Files that only their owner may read, written so that nobody sees half of one."""

import json
import os
from pathlib import Path
from typing import Any


def write_private_json(path: Path, content: dict[str, Any]) -> None:
    """Write ``content`` to ``path`` with mode 0600, whole or not at all (temporary file, fsync, rename)."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The object in ``path``."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds no JSON object; delete it and start again")
    return content
