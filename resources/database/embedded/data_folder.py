"""PGDATA: made once, whole or not at all, and handed to a server that may run as another user."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from resources.database.embedded.account import Account
from resources.database.embedded.errors import EmbeddedServerError, EmbeddedServerStartError
from resources.database.embedded.installation import Installation
from resources.database.embedded.layout import ServerLayout

#: all that a server of ours needs from the environment; PGDATA, PGOPTIONS and the like must not leak in
SERVER_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@contextmanager
def folder_for_server(folder: Path, account: Account | None) -> Iterator[tuple[str, list[int]]]:
    """The folder's name for a server process, and the descriptors that it must inherit for it.

    An ordinary user's server gets the path. Root's server has dropped to an account that often cannot enter the
    folders above (``/root``, a private temporary folder); it gets an open descriptor of the folder instead, through
    which Linux leads it there. So the data stay in the home folder, and no folder of the user's is opened up.
    """
    if account is None or not sys.platform.startswith("linux"):
        yield str(folder), []
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}", [descriptor]
    finally:
        os.close(descriptor)


def initialize_data_folder(
    layout: ServerLayout, installation: Installation, account: Account | None, user: str, password: str
) -> None:
    """``initdb`` with scram-sha-256 for ``user`` everywhere; nothing if the data folder exists.

    Raises
    ------
    EmbeddedServerStartError
        If initdb fails; the message holds what it said.
    """
    if layout.data.exists():
        _check_owner(layout.data)
        return
    if layout.initializing.exists():
        shutil.rmtree(layout.initializing)  # left by a process that was killed; never was in use
    layout.initializing.mkdir(mode=0o700)
    with _password_file(password, account) as password_file:
        if account is not None:
            account.own(layout.initializing)
        with folder_for_server(layout.initializing, account) as (name, descriptors):
            done = subprocess.run(
                [
                    installation.binary("initdb"),
                    f"--pgdata={name}",
                    f"--username={user}",
                    f"--pwfile=/dev/fd/{password_file.fileno()}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C",
                ],
                capture_output=True,
                text=True,
                cwd="/",
                env=SERVER_ENVIRONMENT,
                pass_fds=[*descriptors, password_file.fileno()],
                **(account.popen_arguments() if account else {}),
            )
    if done.returncode != 0:
        raise EmbeddedServerStartError(f"initdb for {layout.data} failed:\n{done.stdout}\n{done.stderr}")
    layout.initializing.rename(layout.data)
    _sync_folder(layout.folder)


@contextmanager
def _password_file(password: str, account: Account | None) -> Iterator[IO[str]]:
    """The password in a file without a name, which only ``account`` may open."""
    with tempfile.TemporaryFile("w+") as file:
        file.write(password + "\n")
        file.flush()
        file.seek(0)
        if account is not None:
            os.fchown(file.fileno(), account.uid, account.gid)
        yield file


def _check_owner(data: Path) -> None:
    owner = data.stat().st_uid
    if os.geteuid() not in (0, owner):
        raise EmbeddedServerError(
            f"{data} belongs to user {owner}, this process runs as {os.geteuid()} (it was made by another user or as "
            "root): run as before, give OPTIX_HOME another folder, or set OPTIX_DATABASE_URL"
        )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
