"""The files of the embedded server under ``<home>/postgres``."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ServerLayout:
    """Where one embedded server keeps what; ``folder`` is ``<home>/postgres``."""

    folder: Path

    @classmethod
    def of_home(cls, home: Path) -> "ServerLayout":
        return cls(home.resolve() / "postgres")

    @property
    def data(self) -> Path:
        """PGDATA."""
        return self.folder / "data"

    @property
    def initializing(self) -> Path:
        """A PGDATA in the making; renamed to ``data`` when complete."""
        return self.folder / "data.initializing"

    @property
    def lock(self) -> Path:
        """Held exclusively (flock) by the one supervisor of the folder."""
        return self.folder / "supervisor.lock"

    @property
    def lease(self) -> Path:
        """Where the running supervisor hands out leases (0600 JSON: port, secret, pid)."""
        return self.folder / "lease.json"

    @property
    def credentials(self) -> Path:
        """User and password of the server (0600 JSON)."""
        return self.folder / "credentials.json"

    @property
    def last_port(self) -> Path:
        """The port used last; taken again where free, so that open connection pools find the server again."""
        return self.folder / "last_port"

    @property
    def supervisor_log(self) -> Path:
        return self.folder / "supervisor.log"

    @property
    def server_log(self) -> Path:
        return self.folder / "postgres.log"

    def make_folder(self) -> None:
        """The folder, entered by anybody (the server may run as another user), its secrets readable by none."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
