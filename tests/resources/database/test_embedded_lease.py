"""Leases: who counts as a user, and whom a client believes."""

import socket
import threading
from contextlib import closing

import pytest

from resources.database.embedded import client as client_module
from resources.database.embedded.errors import AlreadySupervisedError
from resources.database.embedded.folder_lock import is_locked, lock_folder
from resources.database.embedded.layout import ServerLayout
from resources.database.embedded.lease_protocol import decode, encode, new_nonce, new_secret, proof
from resources.database.embedded.lease_server import LeaseServer
from resources.database.embedded.postmaster import free_port, read_pid_file, stop_orphan
from resources.database.embedded.private_files import write_private_json


@pytest.fixture
def leases():
    server = LeaseServer("secret", {"host": "127.0.0.1", "port": 1})
    yield server
    server.close()


def connect(leases: LeaseServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", leases.port), timeout=5)


def settle(leases: LeaseServer) -> None:
    for _ in range(5):
        leases.step(0.02)


def test_a_greeted_connection_is_a_lease_until_it_closes(leases):
    with connect(leases) as connection:
        settle(leases)
        assert leases.count == 0, "an open port is no lease yet"
        connection.sendall(encode({"nonce": "n"}))
        settle(leases)
        assert leases.count == 1
        assert decode(connection.recv(4096))["proof"] == proof("secret", "n")
    settle(leases)
    assert leases.count == 0


def test_a_greeting_in_pieces_is_understood(leases):
    line = encode({"nonce": "abc"})
    with connect(leases) as connection:
        connection.sendall(line[:4])
        settle(leases)
        connection.sendall(line[4:])
        settle(leases)
        assert leases.count == 1


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"[1]\n", b"{}\n", b"x" * 9000])
def test_strangers_are_dropped_and_hold_nothing(leases, noise):
    with connect(leases) as connection:
        connection.sendall(noise)
        settle(leases)
        assert leases.count == 0
        with pytest.raises((ConnectionResetError, AssertionError)):
            assert connection.recv(10) != b""


def test_a_connection_that_says_nothing_is_dropped_after_a_while(leases, monkeypatch):
    monkeypatch.setattr("resources.database.embedded.lease_server.GREETING_SECONDS", 0.01)
    with connect(leases) as connection:
        settle(leases)
        assert connection.recv(10) == b""


def test_a_client_does_not_believe_a_stranger_on_the_port_that_a_dead_supervisor_left(tmp_path):
    layout = ServerLayout.of_home(tmp_path)
    layout.make_folder()
    with closing(socket.create_server(("127.0.0.1", 0))) as stranger:
        write_private_json(
            layout.lease, {"port": stranger.getsockname()[1], "secret": new_secret(), "pid": 1}
        )

        def answer() -> None:
            connection, _ = stranger.accept()
            with connection:
                nonce = decode(connection.recv(4096).strip())["nonce"]
                fake = {"host": "127.0.0.1", "port": 1, "note": "", "proof": proof(new_secret(), nonce)}
                connection.sendall(encode(fake))
                connection.recv(10)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        assert client_module._join(layout) is None
        thread.join(5)


def test_proofs_differ_by_nonce_and_by_secret():
    secret, nonce = new_secret(), new_nonce()
    assert proof(secret, nonce) == proof(secret, nonce)
    assert proof(secret, new_nonce()) != proof(secret, nonce)
    assert proof(new_secret(), nonce) != proof(secret, nonce)


def test_a_lock_is_held_by_one(tmp_path):
    lock = tmp_path / "supervisor.lock"
    assert not is_locked(lock)
    lock_folder(lock)
    assert is_locked(lock)
    with pytest.raises(AlreadySupervisedError):
        lock_folder(lock)


def test_a_taken_port_is_replaced_by_a_free_one():
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port


def test_a_pid_file_of_another_program_is_removed_and_the_program_left_alone(tmp_path, server):
    # the number of a process that is alive and works elsewhere: another server's
    (tmp_path / "postmaster.pid").write_text(f"{server.postgres_pid}\n{tmp_path}\n1\n1\n\n\n1\nready\n")
    assert stop_orphan(tmp_path) is None
    assert read_pid_file(tmp_path) is None
    assert read_pid_file(server.data_dir).pid == server.postgres_pid
