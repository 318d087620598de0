"""Where OPTIX keeps what it makes on this machine: ``OPTIX_HOME``, or ``.optix`` in the current folder."""

import os
from pathlib import Path
from urllib.parse import quote

DATA_DOCS, TEAR_SHEETS = "data_docs", "tear_sheets"
#: where ``optix dev`` serves the documents unless it is told another port
DOCUMENTS_URL = "http://127.0.0.1:3001"


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
    return optix_home() / DATA_DOCS / universe


def tear_sheet_file(study: str) -> Path:
    """A study's tear sheet as a file of this machine, wherever the lake is."""
    return optix_home() / TEAR_SHEETS / f"{study}.html"


def document_url(page: Path) -> str:
    """Where a browser finds a page of the home folder while ``optix dev`` runs (``OPTIX_DOCUMENTS_URL``)."""
    base = (os.environ.get("OPTIX_DOCUMENTS_URL") or DOCUMENTS_URL).rstrip("/")
    return f"{base}/{quote(page.relative_to(optix_home()).as_posix())}"


def lake_uri() -> str:
    """``OPTIX_LAKE_URI``, or the lake folder under the home folder."""
    return os.environ.get("OPTIX_LAKE_URI") or str(optix_home() / "lake")
