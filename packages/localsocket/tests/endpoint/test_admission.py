"""Who is let in, and how many: every place that is taken is given back, whatever happens."""

from __future__ import annotations

import logging
import os
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localsocket import ANY_USER, SAME_USER, EventSocket, Handler, LocalSocket, PeerCredentials, ServerThread, listen
from localsocket.endpoint import admission as module
from localsocket.endpoint.admission import Admission, ConnectionPlace
from localsocket.errors import DeadlinePassed, PeerRefused, PeerUnknown, TooManyConnections

US = os.geteuid()


class Gate:
    """An admission, and the places that were taken."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._reserved: list[ConnectionPlace] = []
        self._taken: dict[int, tuple[PeerCredentials, ConnectionPlace]] = {}  # by identity: those of one peer are equal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._admission, name)

    def reserve(self) -> bool:
        place = self._admission.place()
        if place.take():
            self._reserved.append(place)
            return True
        return False

    def cancel(self) -> None:
        self._reserved.pop().give_back()

    def admit(self, sock: socket.socket) -> PeerCredentials:
        place = self._reserved.pop()
        peer = place.admit(sock)
        self._taken[id(peer)] = peer, place
        return peer

    def release(self, peer: PeerCredentials) -> None:
        _, place = self._taken.pop(id(peer))  # in one step, since other threads come and go
        place.give_back()


def admission(
    authorize: Callable[[PeerCredentials], bool] | None = None, *, places: int = 8, share: int | None = None
) -> Gate:
    return Gate(Admission(ANY_USER, authorize, places, share))


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours


@pytest.fixture
def path(runtime_directory: Path) -> Path:
    return runtime_directory / "x.sock"


@pytest.fixture
def knock(path: Path) -> Iterator[Callable[[], socket.socket]]:
    """Give a function that connects in the manner of any program, and close what it made."""
    made: list[socket.socket] = []

    def connect() -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        made.append(client)
        client.connect(str(path))
        return client

    yield connect
    for client in made:
        client.close()


def noting(asked: list[PeerCredentials]) -> Callable[[PeerCredentials], bool]:
    """A hook that lets everybody in and remembers whom."""

    def authorize(peer: PeerCredentials) -> bool:
        asked.append(peer)
        return True

    return authorize


def from_uid(uid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "read_credentials", lambda _: PeerCredentials(7, uid, uid))


# --- places -------------------------------------------------------------------------------------------------------


def test_places_run_out_and_come_back(sock: socket.socket) -> None:
    places = admission(places=2, share=2)
    assert places.reserve()
    assert not places.is_full
    assert places.reserve()
    assert places.is_full
    assert not places.reserve()
    peer = places.admit(sock)
    assert places.open_connections == 2
    places.release(peer)
    places.cancel()
    assert places.open_connections == 0
    assert not places.is_full


def test_one_user_gets_a_share_and_others_the_rest(sock: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    places = admission(places=5, share=2)
    peers = []
    for uid in (7, 7, 8):
        from_uid(uid, monkeypatch)
        places.reserve()
        peers.append(places.admit(sock))
    from_uid(7, monkeypatch)
    places.reserve()
    with pytest.raises(
        TooManyConnections, match="uid 7 already has 2 connections, the most that one user may have"
    ) as caught:
        places.admit(sock)
    assert (caught.value.peer, caught.value.limit) == (peers[0], 2)
    assert places.open_connections == 3
    places.release(peers[0])
    places.reserve()
    places.admit(sock)


@pytest.mark.parametrize(
    ("allow", "places", "descriptors", "share"),
    [
        (SAME_USER, 100, 10, 50),
        (SAME_USER, 1, 1000, 1),
        (ANY_USER, 100, 1000, 50),
        (ANY_USER, 1000, 100, 50),
        ([7, 8], 1000, 100, 50),
        (ANY_USER, 100, resource.RLIM_INFINITY, 50),
    ],
)
def test_the_share_of_one_user_leaves_room_for_another(
    sock: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    allow: str | list[int],
    places: int,
    descriptors: int,
    share: int,
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (descriptors, descriptors))
    monkeypatch.setattr(module, "check_peer", lambda *_: None)
    from_uid(7, monkeypatch)
    gate = Gate(Admission(allow, None, places, None))
    for _ in range(share):
        assert gate.reserve()
        gate.admit(sock)
    if gate.reserve():
        with pytest.raises(TooManyConnections):
            gate.admit(sock)
    assert gate.open_connections == share


@pytest.mark.parametrize(
    ("allow", "expected", "share"),
    [
        (ANY_USER, {"descriptors_each": 2}, 25),
        (ANY_USER, {"descriptors_each": 2, "threads": 30}, 15),
        (ANY_USER, {"descriptors_each": 1, "threads": 500}, 50),
        (SAME_USER, {"descriptors_each": 2, "threads": 30}, 500),
    ],
)
def test_the_share_of_one_user_counts_what_a_connection_really_takes(
    sock: socket.socket, monkeypatch: pytest.MonkeyPatch, allow: str, expected: dict[str, int], share: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 100))
    monkeypatch.setattr(module, "check_peer", lambda *_: None)
    from_uid(7, monkeypatch)
    gate = Gate(Admission(allow, None, 1000, None))
    gate.expect(**expected)
    for _ in range(share):
        gate.reserve()
        gate.admit(sock)
    gate.reserve()
    with pytest.raises(TooManyConnections) as caught:
        gate.admit(sock)
    assert caught.value.limit == share


def test_a_place_that_is_forgotten_is_given_back_and_that_is_told(sock: socket.socket) -> None:
    told: list[int] = []
    gate = Admission(ANY_USER, None, 1, None)
    place = gate.place(lambda: told.append(gate.open_connections))
    assert place.take()
    place.admit(sock)
    assert gate.is_full
    del place
    assert told == [0]
    assert not gate.is_full


# --- refusals -----------------------------------------------------------------------------------------------------


def test_the_policy_is_asked_before_anybody_else() -> None:
    asked: list[PeerCredentials] = []
    gate = Gate(Admission([US + 1], noting(asked), 8, None))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        gate.reserve()
        with pytest.raises(PeerRefused, match=f"but only uid {US + 1} is allowed"):
            gate.admit(ours)
    assert not asked
    assert (gate.open_connections, gate.refused) == (0, 1)


def test_a_user_who_has_too_many_is_turned_away_unasked(sock: socket.socket) -> None:
    asked: list[PeerCredentials] = []
    gate = admission(noting(asked), share=1)
    for _ in range(2):
        gate.reserve()
    gate.admit(sock)
    with pytest.raises(TooManyConnections):
        gate.admit(sock)
    assert len(asked) == 1


@pytest.mark.parametrize("answer", [False, None, 0, ""])
def test_whoever_is_not_authorized_is_refused(sock: socket.socket, answer: object) -> None:
    gate = admission(lambda peer: answer, share=1)  # type: ignore[arg-type,return-value]
    for refused in (1, 2):
        gate.reserve()
        with pytest.raises(PeerRefused, match=r"but only whoever authorize\(\) lets in is allowed"):
            gate.admit(sock)
        assert (gate.open_connections, gate.refused) == (0, refused)


def test_a_failing_authorize_refuses_and_is_logged(sock: socket.socket, caplog: pytest.LogCaptureFixture) -> None:
    def authorize(peer: PeerCredentials) -> bool:
        raise LookupError("no such account")

    gate = admission(authorize)
    gate.reserve()
    with pytest.raises(PeerRefused):
        gate.admit(sock)
    assert gate.open_connections == 0
    assert f"authorize() failed for process {os.getpid()} of uid {US}, which is refused" in caplog.text
    assert "LookupError: no such account" in caplog.text


def test_an_authorize_that_is_interrupted_gives_its_place_back(sock: socket.socket) -> None:
    def authorize(peer: PeerCredentials) -> bool:
        raise KeyboardInterrupt

    gate = admission(authorize, share=1)
    for _ in range(2):
        gate.reserve()
        with pytest.raises(KeyboardInterrupt):
            gate.admit(sock)
    assert (gate.open_connections, gate.refused) == (0, 0)


def test_a_peer_without_credentials_is_refused() -> None:
    gate = admission()
    with socket.socket(socket.AF_UNIX) as unconnected:
        gate.reserve()
        with pytest.raises(PeerUnknown):
            gate.admit(unconnected)
    assert (gate.open_connections, gate.refused) == (0, 1)


def test_refusals_do_not_fill_the_log(sock: socket.socket, caplog: pytest.LogCaptureFixture) -> None:
    gate = admission(lambda peer: False)
    for _ in range(100):
        gate.reserve()
        with pytest.raises(PeerRefused):
            gate.admit(sock)
    assert gate.refused == 100
    counts = [record.args[0] for record in caplog.records if record.args and record.levelno == logging.WARNING]  # type: ignore[index]
    assert counts == [1, 2, 4, 8, 16, 32, 64]


def test_places_are_counted_right_from_many_threads(sock: socket.socket) -> None:
    gate = admission(places=100, share=100)

    def come_and_go() -> None:
        for _ in range(500):
            assert gate.reserve()
            gate.release(gate.admit(sock))

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gate.open_connections == 0


# --- in a server --------------------------------------------------------------------------------------------------


class Closing(Handler):
    """Says one word and hangs up."""

    def connected(self, socket: EventSocket) -> None:
        socket.write(b"welcome")
        socket.close()

    def ready_read(self, socket: EventSocket) -> None:
        socket.skip(socket.bytes_available)


def serve_one(socket: LocalSocket) -> None:
    socket.write(b"welcome")


FACES = pytest.mark.parametrize("handler", [Closing(), serve_one], ids=["loop", "threads"])


@FACES
def test_the_hook_decides_about_each_connection(
    path: Path, knock: Callable[[], socket.socket], handler: Handler
) -> None:
    seen: list[PeerCredentials] = []

    def every_second(peer: PeerCredentials) -> bool:
        seen.append(peer)
        return len(seen) % 2 == 0

    with ServerThread(path, handler, authorize=every_second) as thread:
        answers = []
        for _ in range(4):
            client = knock()
            answers.append(client.recv(100))
        assert answers == [b"", b"welcome", b"", b"welcome"]
        assert thread.server.refused_connections == 2
    assert {(peer.pid, peer.uid, peer.gid) for peer in seen} == {(os.getpid(), US, os.getegid())}


@FACES
def test_a_hook_that_closes_the_server_ends_it_in_order(
    path: Path, knock: Callable[[], socket.socket], handler: Handler
) -> None:
    threads: list[ServerThread] = []

    def close(peer: PeerCredentials) -> bool:
        threads[0].server.close()
        return False

    with ServerThread(path, handler, authorize=close) as thread:
        threads.append(thread)
        assert knock().recv(1) == b""
    assert thread.error is None


def test_a_flood_of_refused_peers_keeps_nobody_past_the_deadline(
    path: Path, knock: Callable[[], socket.socket]
) -> None:
    """Each refusal brings the next peer, as from somebody who connects again at once, for ever."""

    def refuse(peer: PeerCredentials) -> bool:
        knock()
        return False

    with listen(path, authorize=refuse) as server:
        knock()
        with pytest.raises(DeadlinePassed):
            server.accept(timeout=0)
        assert 0 < server.refused_connections < 1000


def test_a_thread_that_finds_the_last_place_taken_for_a_moment_is_woken(
    path: Path, knock: Callable[[], socket.socket]
) -> None:
    deciding, decided = threading.Event(), threading.Event()

    def hesitate(peer: PeerCredentials) -> bool:
        if decided.is_set():
            return True
        deciding.set()
        decided.wait()
        return False

    accepted: list[LocalSocket] = []
    with listen(path, authorize=hesitate, max_connections=1) as server:
        first = threading.Thread(target=server.accept_nowait)
        second = threading.Thread(target=lambda: accepted.append(server.accept(timeout=60)))
        knock()
        first.start()
        assert deciding.wait(60)
        second.start()
        while not server._waiters:  # the second waits for a place, which the first holds
            pass
        decided.set()
        first.join()
        knock()
        second.join()
        accepted[0].close()
