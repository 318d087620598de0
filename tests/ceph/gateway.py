"""A real object store for tests and benchmarks: Ceph's RADOS gateway with one monitor and one OSD, on loopback.

Needs the programs of the Debian packages in ``PACKAGES``; no systemd, no container, nothing outside its folder. The
daemons are children of this process and end with it, also when it is killed. Standalone::

    python tests/ceph/gateway.py FOLDER

runs until Ctrl-C and prints the variables by which tests and benchmarks find the store.
"""

import argparse
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

PACKAGES = ("ceph-mon", "ceph-osd", "radosgw")
PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool")
_SETTINGS = {
    # one node without secrets of its own: nothing but loopback reaches the cluster
    "auth_cluster_required": "none",
    "auth_service_required": "none",
    "auth_client_required": "none",
    "ms_mon_client_mode": "crc",
    "ms_mon_service_mode": "crc",
    "ms_mon_cluster_mode": "crc",
    "ms_bind_msgr1": "false",
    "public_addr": "127.0.0.1",
    "cluster_addr": "127.0.0.1",
    # one copy on one OSD
    "osd_pool_default_size": "1",
    "osd_pool_default_min_size": "1",
    "mon_allow_pool_size_one": "true",
    "osd_crush_chooseleaf_type": "0",
    "osd_pool_default_pg_num": "4",
    "osd_pool_default_pgp_num": "4",
    "osd_pool_default_pg_autoscale_mode": "off",
    "mon_max_pg_per_osd": "1000",
    # a busy test machine's disk is often fuller than a cluster's should be
    "mon_data_avail_warn": "1",
    "mon_data_avail_crit": "0",
    # the map of a single node needs nobody's agreement: seconds less at start
    "paxos_propose_interval": "0.05",
    "paxos_min_wait": "0.01",
    "osd_objectstore": "bluestore",
    "osd_memory_target": str(1 << 30),
    "osd_class_load_list": "*",
    "osd_class_default_list": "*",
    "rgw_enable_usage_log": "false",
    "log_to_stderr": "false",
}


def missing_programs() -> list[str]:
    """Programs of the store that this machine lacks."""
    return [p for p in PROGRAMS if shutil.which(p) is None]


class GatewayError(RuntimeError):
    """The store could not be started."""


class CephGateway:
    """One store in one folder; starting it again on the same folder finds what was stored.

    Parameters
    ----------
    folder
        Made if absent. Its path must be short: it holds Unix sockets.
    size
        Bytes of the file that the OSD keeps its objects in; it is sparse.
    """

    access_key = "optix-test"
    secret_key = "optix-test-secret"  # of a store that lives as long as its tests

    def __init__(self, folder: Path, size: int = 8 << 30) -> None:
        self.folder = folder.absolute()
        self._size = size
        self._configuration = self.folder / "ceph.conf"
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        ports = self.folder / "ports"
        if not ports.exists():
            for part in ("mon", "osd", "log", "run"):
                (self.folder / part).mkdir(parents=True, exist_ok=True)
            ports.write_text(" ".join(map(str, _free_ports(2))))
        self._monitor_port, self.port = map(int, ports.read_text().split())

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What names this store to tests and benchmarks."""
        return {
            "OPTIX_TEST_S3_ENDPOINT": self.endpoint,
            "OPTIX_TEST_S3_ACCESS_KEY": self.access_key,
            "OPTIX_TEST_S3_SECRET_KEY": self.secret_key,
        }

    def start(self) -> None:
        """Start the daemons and wait until the gateway answers.

        Raises
        ------
        GatewayError
            With the end of the log of what failed.
        """
        fresh = not self._configuration.exists()
        if fresh:
            self._make_monitor()
        self._spawn("ceph-mon", "-i", "a")
        self._ceph("mon", "stat")
        if fresh:
            identity = str(uuid.uuid4())
            self._ceph("osd", "new", identity)
            self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", identity)
        self._spawn("ceph-osd", "-i", "0")
        if fresh:
            keys = ("--access-key", self.access_key, "--secret-key", self.secret_key)
            self._run("radosgw-admin", "user", "create", "--uid", "optix", "--display-name", "optix", *keys)
        self._spawn("radosgw", "-n", "client.rgw")
        self._wait_for_gateway()

    def kill(self) -> None:
        """``kill -9`` of every daemon at once, as when the machine loses power."""
        self._end(signal.SIGKILL, list(self._children))

    def stop(self) -> None:
        """An orderly end: gateway, then OSD, then monitor."""
        for name in reversed(list(self._children)):
            self._end(signal.SIGTERM, [name])

    def _end(self, sign: signal.Signals, names: list[str]) -> None:
        for name in names:
            self._children[name].send_signal(sign)
        for name in names:
            child = self._children.pop(name)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _make_monitor(self) -> None:
        sections = {
            "global": {
                "fsid": str(uuid.uuid4()),
                "mon_host": f"[v2:127.0.0.1:{self._monitor_port}/0]",
                "keyring": self.folder / "keyring",
                "run_dir": self.folder / "run",
                "admin_socket": f"{self.folder}/run/$name.asok",
                "crash_dir": self.folder / "log",
                "log_file": f"{self.folder}/log/$name.log",
                "mon_data": self.folder / "mon",
                "mon_cluster_log_file": self.folder / "log" / "cluster.log",
                "osd_data": self.folder / "osd",
                "bluestore_block_size": self._size,
                **_SETTINGS,
            },
            "client.rgw": {
                "rgw_frontends": f"beast endpoint=127.0.0.1:{self.port} tcp_nodelay=1",
                "rgw_data": self.folder / "rgw",
                "rgw_thread_pool_size": 64,
            },
        }
        lines = []
        for section, settings in sections.items():
            lines.append(f"[{section}]")
            lines += [f"{name} = {value}" for name, value in settings.items()]
        (self.folder / "keyring").touch()
        self._configuration.write_text("\n".join(lines) + "\n")
        map_file = self.folder / "monmap"
        identity = str(sections["global"]["fsid"])
        address = f"[v2:127.0.0.1:{self._monitor_port}/0]"
        self._run(
            "monmaptool", "--create", "--clobber", "--fsid", identity, "--addv", "a", address, str(map_file)
        )
        self._run("ceph-mon", "-i", "a", "--mkfs", "--monmap", str(map_file))

    def _ceph(self, *arguments: str) -> None:
        self._run("ceph", "--connect-timeout", "30", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [program, "-c", str(self._configuration), *arguments],
            env=self._child_environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise GatewayError(
                f"{program} {arguments[0]} ended with {done.returncode}: {done.stderr[-1000:]}"
            )

    def _spawn(self, program: str, *arguments: str) -> None:
        log = (self.folder / "log" / f"{program}.out").open("ab")
        with log:
            self._children[program] = subprocess.Popen(
                [program, "-f", "-c", str(self._configuration), *arguments],
                env=self._child_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )

    @staticmethod
    def _child_environment() -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("CEPH_")}
        return {**kept, "CEPH_ARGS": "--no-mon-config"}

    def _wait_for_gateway(self, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for name, child in self._children.items():
                if child.poll() is not None:
                    raise GatewayError(
                        f"{name} ended with {child.returncode}; its log is in {self.folder}/log"
                    )
            try:
                urllib.request.urlopen(self.endpoint, timeout=2).close()
                return
            except urllib.error.HTTPError:
                return  # it answers, if only to refuse
            except OSError:
                time.sleep(0.1)
        raise GatewayError(
            f"the gateway did not answer within {seconds:.0f} s; logs are in {self.folder}/log"
        )


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def main() -> None:
    """Run a store until interrupted."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="kept at the end; default: one that is removed")
    asked = parser.parse_args()
    missing = missing_programs()
    if missing:
        sys.exit(f"{', '.join(missing)} not found; on Debian: apt-get install {' '.join(PACKAGES)}")
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="ceph-"))
    gateway = CephGateway(folder)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        gateway.start()
        print("".join(f"export {k}={v}\n" for k, v in gateway.environment.items()), flush=True)
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        gateway.stop()
        if asked.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
