"""The ordinary user that Postgres runs as when OPTIX runs as root (Postgres refuses to run as root)."""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resources.database.embedded.errors import EmbeddedServerError, EmbeddedServerUnsupportedError
from resources.database.embedded.installation import Installation

#: tried in this order; initdb looks its user up by name, so a bare number is not enough
ACCOUNTS = ("postgres", "nobody", "daemon")
#: where root copies the binaries to when the account cannot reach the environment; both outlive a reboot
COPY_FOLDERS = (Path("/var/lib"), Path("/var/tmp"))


@dataclass(frozen=True)
class Account:
    """A user and its group, by number."""

    uid: int
    gid: int

    def popen_arguments(self) -> dict[str, Any]:
        """What subprocess needs to run a child as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Give the folder and all in it to this user."""
        os.chown(folder, self.uid, self.gid)
        for path in folder.rglob("*"):
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def server_account(data: Path) -> Account | None:
    """The account to drop to: none unless root; the data folder's owner, else the first that exists."""
    if os.geteuid() != 0:
        return None
    if data.exists():
        owner = data.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerUnsupportedError(
        f"Postgres does not run as root and this machine has none of the users {', '.join(ACCOUNTS)}: run OPTIX as "
        "an ordinary user, or name another server in OPTIX_DATABASE_URL"
    )


def reachable_installation(
    installation: Installation, account: Account, copy_folders: Sequence[Path] = COPY_FOLDERS
) -> tuple[Installation, str]:
    """The installation itself where ``account`` can run it, else a copy in a place that it can enter.

    Returns
    -------
    (installation, message)
        The message says where the copy lies and why; empty when none was needed.
    """
    if _runs(installation, account):
        return installation, ""
    for parent in copy_folders:
        if not (parent.is_dir() and os.access(parent, os.W_OK)):
            continue
        copy = _copied(installation, parent)
        if _runs(copy, account):
            return copy, (
                f"user {account.uid} cannot enter {installation.root} (a folder above it is closed to others); "
                f"its Postgres runs from a copy in {copy.root}"
            )
    tried = ", ".join(map(str, copy_folders))
    raise EmbeddedServerUnsupportedError(
        f"user {account.uid} can run Postgres neither from {installation.root} nor from a copy in {tried}: open the "
        "folders above the environment (chmod o+x), run OPTIX as an ordinary user, or set OPTIX_DATABASE_URL"
    )


def _runs(installation: Installation, account: Account) -> bool:
    """Whether the account can execute the server and read what it needs beside it."""
    for command in ("postgres", "initdb"):
        try:
            done = subprocess.run(
                [installation.binary(command), "--version"],
                capture_output=True,
                cwd="/",
                **account.popen_arguments(),
            )
        except PermissionError:
            return False
        if done.returncode != 0:
            return False
    # a readable share folder: `test -r` run as the account, since only the kernel knows all the rules
    share = installation.root / "share" / "postgresql" / "postgres.bki"
    return (
        subprocess.run(["/bin/sh", "-c", 'test -r "$0"', share], **account.popen_arguments()).returncode == 0
    )


def _copied(installation: Installation, parent: Path) -> Installation:
    """A copy of the binaries under ``parent``, one per version, owned by root and writable by root only."""
    version = subprocess.run(
        [installation.binary("postgres"), "--version"], capture_output=True, text=True, check=True
    ).stdout.split()[-1]
    top = parent / f"optix-postgres-{version}"
    wheel = installation.root.parent
    target = Installation(top / wheel.name / installation.root.name, installation.major)
    if top.is_symlink() or (top.exists() and (top.stat().st_uid != 0 or top.stat().st_mode & stat.S_IWOTH)):
        raise EmbeddedServerError(f"{top} is not a folder of root's own; look at it and remove it")
    if target.binary("postgres").exists():
        return target
    making = parent / f"optix-postgres-{version}.{os.getpid()}"
    making.mkdir(mode=0o755)
    # the binaries find their libraries by a path relative to themselves: keep the wheel's own shape
    shutil.copytree(
        installation.root,
        making / wheel.name / installation.root.name,
        ignore=shutil.ignore_patterns("include"),
    )
    libraries = wheel.parent / f"{wheel.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, making / libraries.name)
    for path in [making, *making.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o111 else 0o644)
    try:
        making.rename(top)
    except OSError:
        # another process made it first
        shutil.rmtree(making)
        if not target.binary("postgres").exists():
            raise
    return target
