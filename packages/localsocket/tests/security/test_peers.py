"""Who is at the door, on both sides of it: lessons S7, S10 and S11."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localsocket import (
    ANY_USER,
    SAME_USER,
    EventLoop,
    EventSocket,
    Handler,
    LocalServer,
    LocalSocket,
    PeerCredentials,
    ServerThread,
    connect,
    listen,
)
from localsocket.endpoint.credentials import read_credentials
from localsocket.errors import PeerRefused, PeerUnknown, UnsuitableDescriptor
from programs import NOBODY, STRANGER, Program, run


class Talker(Handler):
    """Sends as soon as it may."""

    def connected(self, socket: EventSocket) -> None:
        socket.write(b"secret")

    def ready_read(self, socket: EventSocket) -> None:
        socket.skip(socket.bytes_available)


class Welcome(Handler):
    """Says so, and no more."""

    def connected(self, socket: EventSocket) -> None:
        socket.write(b'"welcome"\n')

    def ready_read(self, socket: EventSocket) -> None:
        socket.skip(socket.bytes_available)


def talk_blocking(address: Path, allow_server: Any) -> None:
    with connect(address, allow_server=allow_server) as socket:
        socket.write(b"secret")


def talk_from_a_loop(address: Path, allow_server: Any) -> None:
    with EventLoop() as loop:
        loop.connect(address, Talker(), allow_server=allow_server).close()
        loop.run(timeout=0)


# --- S7: the client knows its server ------------------------------------------------------------------------------


@pytest.mark.root
@pytest.mark.parametrize("talk", [talk_blocking, talk_from_a_loop])
def test_s7_an_impostor_gets_not_one_byte(public_directory: Path, talk: Callable[[Path, Any], None]) -> None:
    path = public_directory / "x.sock"
    with Program("record.py", path, uid=NOBODY) as impostor:
        assert impostor.read() == {"listening": str(path)}
        with pytest.raises(PeerRefused) as caught:
            talk(path, SAME_USER)
        assert caught.value.peer == PeerCredentials(impostor.pid, NOBODY, NOBODY)
        assert f"process {impostor.pid} of uid {NOBODY}, but only uid 0 is allowed" in str(caught.value)
        assert impostor.end() == [{"received": 0}]


@pytest.mark.root
@pytest.mark.parametrize("allow_server", [[NOBODY], {STRANGER, NOBODY}, ANY_USER])
def test_s7_a_server_of_another_user_is_spoken_to_when_it_is_named(public_directory: Path, allow_server: Any) -> None:
    path = public_directory / "x.sock"
    with Program("record.py", path, uid=NOBODY) as server:
        server.read()
        talk_blocking(path, allow_server)
        assert server.end() == [{"received": 6}]


@pytest.mark.long
@pytest.mark.root
def test_s7_a_client_trusts_a_server_of_root(public_directory: Path) -> None:
    path = public_directory / "x.sock"
    with Program("serve.py", path, "--mode=666", "--any-user") as server:
        server.read()
        (greeting,) = run("call.py", path, uid=NOBODY)
        assert (greeting["server"], greeting["uid"], greeting["gid"]) == (server.pid, NOBODY, NOBODY)


# --- the server knows its client ----------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.root
def test_another_user_whom_the_file_lets_in_is_turned_away_at_accept(public_directory: Path) -> None:
    path = public_directory / "x.sock"
    with Program("serve.py", path, "--mode=666") as server:
        server.read()
        assert run("knock.py", path, uid=NOBODY) == [{"received": ""}]
        (greeting,) = run("call.py", path)
        assert greeting["uid"] == 0


@pytest.mark.root
@pytest.mark.parametrize("closed", ["file", "directory"])
def test_whom_the_file_or_a_directory_keeps_out_is_told_which(public_directory: Path, closed: str) -> None:
    place = public_directory / "place"
    place.mkdir()
    place.chmod(0o700 if closed == "directory" else 0o755)
    with listen(place / "x.sock"):
        (refusal,) = run("call.py", place / "x.sock", uid=NOBODY)
    assert refusal["failed"] == "AccessDenied"
    what = {
        "file": f"{str(place / 'x.sock')!r} (mode 0600, of uid 0) does not let them write, which connecting needs",
        "directory": f"{str(place)!r} (mode 0700, of uid 0) does not let them through",
    }[closed]
    assert refusal["message"] == f"this user (uid {NOBODY}) may not connect to {str(place / 'x.sock')!r}: {what}"
    place.rmdir()


@pytest.mark.long
@pytest.mark.root
def test_root_is_admitted_by_a_server_of_another_user(public_directory: Path) -> None:
    path = public_directory / "x.sock"
    with Program("serve.py", path, uid=NOBODY) as server:
        assert server.read()["pid"] == server.pid
        (refusal,) = run("call.py", path)
        assert refusal["failed"] == "PeerRefused"  # but it does not trust that server, unless told to
        (greeting,) = run("call.py", path, "--any-server")
        assert (greeting["server"], greeting["uid"]) == (server.pid, 0)


@pytest.mark.long
@pytest.mark.root
def test_each_user_is_decided_about_by_the_hook(public_directory: Path) -> None:
    path = public_directory / "x.sock"
    asked: list[int] = []

    def authorize(peer: PeerCredentials) -> bool:
        asked.append(peer.uid)
        return peer.uid == STRANGER

    with ServerThread(path, Welcome(), mode=0o666, allow=[NOBODY, STRANGER], authorize=authorize) as thread:
        answers = {uid: run("call.py", path, "--any-server", uid=uid)[0] for uid in (NOBODY, STRANGER, 0)}
        assert thread.server.refused_connections == 2
    assert answers[STRANGER] == "welcome"
    assert answers[NOBODY]["failed"] == answers[0]["failed"] == "EndOfStream"
    assert asked == [NOBODY, STRANGER]


# --- S10: credentials come from the kernel and from nowhere else --------------------------------------------------


@pytest.mark.long
@pytest.mark.root
@pytest.mark.parametrize("own_path", ["x;uid=0;", "uid=0;pid=1", "a\nuid=0\x1b[31m"])
def test_s10_a_client_is_who_it_is_whatever_it_calls_itself(public_directory: Path, own_path: str) -> None:
    path = public_directory / "x.sock"
    with Program("serve.py", path, "--mode=666", "--any-user") as server:
        server.read()
        with Program("knock.py", path, f"--bound-to={public_directory / own_path}", uid=NOBODY) as client:
            (answer,) = client.end()
            seen = json.loads(answer["received"])
            assert seen == {"server": server.pid, "pid": client.pid, "uid": NOBODY, "gid": NOBODY}


# --- S11: no answer is no permission ------------------------------------------------------------------------------


@pytest.mark.root
def test_s11_a_client_that_is_gone_before_the_accept_is_still_known(public_directory: Path) -> None:
    path = public_directory / "x.sock"
    with listen(path, mode=0o666, allow=ANY_USER) as server:
        (left,) = run("knock.py", path, "--leave", uid=NOBODY)
        with server.accept(timeout=60) as connection:
            assert connection.peer == PeerCredentials(left["left"], NOBODY, NOBODY)
            assert connection.read_to_end() == b"I was never here\n"


@pytest.mark.root
def test_s11_a_client_that_is_gone_before_the_accept_gains_nothing(public_directory: Path) -> None:
    path = public_directory / "x.sock"
    with listen(path, mode=0o666) as server:
        run("knock.py", path, "--leave", uid=NOBODY)
        assert not server.wait_pending(0)
        assert server.refused_connections == 1


def test_s11_a_socket_pair_is_a_peer_of_this_process() -> None:
    ends = socket.socketpair()
    with ends[0], ends[1], LocalSocket.adopt_descriptor(os.dup(ends[0].fileno())) as adopted:
        assert adopted.peer.pid == os.getpid()


def test_s11_a_tcp_socket_has_no_peer_and_is_no_door() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        for sock in (server, client):
            with pytest.raises(PeerUnknown):
                read_credentials(sock)
        with pytest.raises(UnsuitableDescriptor):
            LocalServer.adopt_descriptor(server.fileno())
        with pytest.raises(UnsuitableDescriptor):
            LocalSocket.adopt_descriptor(client.fileno())


def test_s11_an_unconnected_socket_has_no_peer() -> None:
    with socket.socket(socket.AF_UNIX) as sock, pytest.raises(PeerUnknown):
        LocalSocket.adopt_descriptor(sock.fileno())
