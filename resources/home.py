"""Where OPTIX keeps what it makes on this machine: ``OPTIX_HOME``, or ``.optix`` in the current folder."""

import os
from pathlib import Path


def optix_home() -> Path:
    """The home folder, made if absent."""
    home = Path(os.environ.get("OPTIX_HOME") or Path.cwd() / ".optix").expanduser().resolve()
    home.mkdir(parents=True, exist_ok=True)
    return home


def data_folder() -> Path | None:
    """The folder of real data that the user named with OPTIX_REAL_DATA, if any."""
    named = os.environ.get("OPTIX_REAL_DATA")
    if not named:
        return None
    folder = Path(named).expanduser().resolve()
    if not folder.is_dir():
        raise NotADirectoryError(f"OPTIX_REAL_DATA names {named}, which is no folder; correct it or unset it")
    return folder


def generated_folder() -> Path:
    """Where the generated universes' vendor files lie."""
    return optix_home() / "generated"


def data_docs_folder(universe: str) -> Path:
    """Where the pages about a universe's data quality lie."""
    return optix_home() / "data_docs" / universe


def lake_uri() -> str:
    """``OPTIX_LAKE_URI``, or the lake folder under the home folder."""
    return os.environ.get("OPTIX_LAKE_URI") or str(optix_home() / "lake")
