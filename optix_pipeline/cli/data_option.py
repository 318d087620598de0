"""``--data``: the folder of real data, for this process and its children."""

import os
from pathlib import Path


def use_data_folder(data: Path | None) -> None:
    """Let ``--data`` stand for OPTIX_REAL_DATA.

    Raises
    ------
    NotADirectoryError
        If it names no folder.
    """
    if data is None:
        return
    folder = data.expanduser().resolve()
    if not folder.is_dir():
        raise NotADirectoryError(f"--data names {data}, which is no folder")
    os.environ["OPTIX_REAL_DATA"] = str(folder)
