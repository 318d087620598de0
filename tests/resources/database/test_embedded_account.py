"""As root the server runs as an ordinary user, wherever the home folder and the environment lie."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from resources.database.embedded.account import Account, reachable_installation, server_account
from resources.database.embedded.client import acquire_embedded_server
from resources.database.embedded.errors import EmbeddedServerError, EmbeddedServerUnsupportedError
from resources.database.embedded.installation import Installation, choose_installation, wheel_folder

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
NOBODY = Account(65534, 65534)
PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture
def open_folder():
    """A folder that every user can enter (pytest's own are closed to others)."""
    folder = Path(tempfile.mkdtemp(prefix="optix-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@root_only
def test_as_root_the_server_runs_as_the_owner_of_its_folder_below_a_folder_closed_to_it(server, server_home):
    assert server_home.parent.stat().st_mode & 0o077 == 0, (
        "pytest's folder is expected to be closed to others"
    )
    owner = Path(f"/proc/{server.postgres_pid}").stat().st_uid
    assert owner != 0
    assert owner == server.data_dir.stat().st_uid
    assert server_account(server.data_dir) == Account(owner, server.data_dir.stat().st_gid)


@root_only
def test_binaries_below_a_closed_folder_are_copied_to_where_the_account_can_run_them(open_folder, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / wheel_folder().name).symlink_to(wheel_folder())
    libraries = wheel_folder().parent / f"{wheel_folder().name}.libs"
    (closed / libraries.name).symlink_to(libraries)
    newest = choose_installation(wheel_folder(), tmp_path / "no data")
    hidden = Installation(closed / wheel_folder().name / newest.root.name, newest.major)

    copy, message = reachable_installation(hidden, NOBODY, [open_folder])

    assert copy.root.is_relative_to(open_folder)
    assert str(copy.root) in message and "cannot enter" in message
    done = subprocess.run(
        [copy.binary("initdb"), "--version"], capture_output=True, user=65534, group=65534, cwd="/"
    )
    assert done.returncode == 0
    assert reachable_installation(hidden, NOBODY, [open_folder])[0] == copy, "the copy is used again"


@root_only
def test_a_copy_folder_that_is_not_roots_own_is_not_trusted(open_folder, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / wheel_folder().name).symlink_to(wheel_folder())
    newest = choose_installation(wheel_folder(), tmp_path / "no data")
    hidden = Installation(closed / wheel_folder().name / newest.root.name, newest.major)
    version = subprocess.run(
        [newest.binary("postgres"), "--version"], capture_output=True, text=True
    ).stdout.split()[-1]
    planted = open_folder / f"optix-postgres-{version}"
    planted.mkdir()
    os.chown(planted, 65534, 65534)
    with pytest.raises(EmbeddedServerError, match="not a folder of root's own"):
        reachable_installation(hidden, NOBODY, [open_folder])


def test_a_reachable_installation_is_used_where_it_is(tmp_path):
    newest = choose_installation(wheel_folder(), tmp_path)
    assert newest.major >= 16
    if os.geteuid() == 0:
        if not _open_to_others(newest.root):
            pytest.skip("this environment lies below a folder closed to others")
        assert reachable_installation(newest, NOBODY, []) == (newest, "")


def _open_to_others(path: Path) -> bool:
    """Whether every folder above the path lets other users through."""
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)


def _python_for_anybody() -> str | None:
    """A Python 3.11 or newer that the account can run (a root user's own often lies below /root)."""
    for candidate in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            done = subprocess.run(
                [candidate, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"],
                user=65534,
                group=65534,
                extra_groups=[],
                cwd="/",
                capture_output=True,
            )
        except OSError:
            continue
        if done.returncode == 0:
            return candidate
    return None


@root_only
def test_an_ordinary_users_server_runs_as_that_user(open_folder, gone):
    python = _python_for_anybody()
    if python is None:
        pytest.skip("no Python 3.11 on this machine that another user can run")
    if not (_open_to_others(PROJECT / "resources") and _open_to_others(wheel_folder())):
        pytest.skip("this checkout or its environment lies below a folder closed to others")
    home = open_folder / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from resources.database.embedded.client import acquire_embedded_server\n"
        "h = acquire_embedded_server(Path(sys.argv[1]))\n"
        "print(Path(f'/proc/{h.postgres_pid}').stat().st_uid, os.geteuid(), h.supervisor_pid, h.postgres_pid)"
    )
    done = subprocess.run(
        [python, "-S", "-c", code, str(home)],
        user=65534,
        group=65534,
        extra_groups=[],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{PROJECT}{os.pathsep}{wheel_folder().parent}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    server_user, user, supervisor, postgres = map(int, done.stdout.split())
    assert server_user == user == 65534
    assert gone(supervisor, postgres)


def test_a_data_folder_of_a_version_that_the_wheel_lacks_is_refused(tmp_path):
    (tmp_path / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedServerUnsupportedError, match="Postgres 12"):
        choose_installation(wheel_folder(), tmp_path)


def test_an_existing_data_folder_keeps_its_major_version(tmp_path):
    newest = choose_installation(wheel_folder(), tmp_path)
    (tmp_path / "PG_VERSION").write_text(f"{newest.major}\n")
    assert choose_installation(wheel_folder(), tmp_path) == newest


def test_missing_credentials_are_an_error_that_says_what_to_do(tmp_path):
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    with pytest.raises(EmbeddedServerError, match=r"credentials\.json is missing"):
        acquire_embedded_server(tmp_path)
