"""Child processes on a socket that they inherit, and services on sockets that are connected already."""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import Any

import pytest

from localsocket import Client, Service, current_call, inherited, serve_socket, spawn
from localsocket.errors import DeadlinePassed, UnsuitableDescriptor, Unsupported
from localsocket.services import child_processes
from localsocket.testing import PATIENCE, Background, wait_until

CHILD = """
import os, sys, localsocket
child = localsocket.Service("child")

@child.method
def tell() -> list:
    paths = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd") if int(name) > 2]
    names = [os.readlink(path) for path in paths if os.path.lexists(path)]
    sockets = [name for name in names if name.startswith("socket:")]
    given = localsocket.current_call().caller.proxy.double(21)
    left = [name for name in os.environ if name.startswith("LOCALSOCKET_") and name != "LOCALSOCKET_PURE"]
    return [given, len(sockets), left]

with localsocket.inherited(serves=child) as host:
    host.proxy.note("ready")
    host.wait_closed()
sys.exit(7)
"""


def host() -> tuple[Service, list[str]]:
    service, notes = Service("host"), list[str]()

    @service.method
    def note(what: str) -> None:
        notes.append(what)

    @service.method
    def double(number: int) -> int:
        return 2 * number

    return service, notes


@pytest.mark.long
def test_a_child_calls_and_is_called_on_its_one_socket_and_ends_with_its_connection() -> None:
    service, notes = host()
    with spawn([sys.executable, "-c", CHILD], serves=service) as child:
        assert child.client.call("tell") == [42, 1, []]
        wait_until(lambda: notes, "it to call by itself")
    assert (notes, child.process.returncode) == (["ready"], 7)
    assert child.close() == 7
    assert "ended with status 7" in repr(child)


def test_a_child_that_does_not_greet_in_time_is_ended() -> None:
    with pytest.raises(DeadlinePassed):
        spawn(["/bin/sleep", "1000"], serves=host()[0], timeout=0.05)


def test_a_program_that_is_not_there_leaves_nothing() -> None:
    with pytest.raises(FileNotFoundError):
        spawn(["/nowhere/no-such-program"])


def test_a_child_that_goes_on_is_killed_at_the_deadline() -> None:
    script = "import localsocket, time; host = localsocket.inherited(); host.notify('note', 'ready'); time.sleep(1000)"
    service, notes = host()
    child = spawn([sys.executable, "-c", script], serves=service)
    wait_until(lambda: notes, "it to have its connection, whose end it would not survive")
    assert child.close(timeout=0.05) == -signal.SIGKILL


def test_who_has_inherited_nothing_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, "", "x", "5", "5:", ":7"):
        if value is not None:
            monkeypatch.setenv(child_processes.VARIABLE, value)
        with pytest.raises(Unsupported, match="spawn"):
            inherited()


def test_a_descriptor_that_is_anothers_by_now_is_not_taken_for_the_inherited_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        monkeypatch.setenv(child_processes.VARIABLE, f"{ours.detach()}:{os.getpid() + 1}")
        with pytest.raises(UnsuitableDescriptor, match=f"by process {os.getpid()}"):
            inherited()
    with open(os.devnull) as file:
        monkeypatch.setenv(child_processes.VARIABLE, f"{file.fileno()}:{os.getpid()}")
        with pytest.raises(UnsuitableDescriptor):
            inherited()


def test_a_service_on_a_connected_socket_serves_it_until_it_is_closed() -> None:
    service, notes = host()

    @service.method
    def ask(number: int) -> int:
        given: int = current_call().caller.proxy.double(number)
        return given

    ours, theirs = socket.socketpair()
    with serve_socket(ours, service) as peer, Client(theirs, serves=host()[0]) as client:
        assert client.call("ask", 4) == 8
        assert peer.call("double", 5) == 10
        client.close()
        assert peer.wait_closed(PATIENCE)
    assert notes == []


def test_a_notification_to_an_end_that_has_not_greeted_waits_for_that() -> None:
    service, notes = host()
    ours, theirs = socket.socketpair()
    with serve_socket(ours, Service("peer")) as peer, Background(lambda: peer.notify("note", "first")) as notifying:
        notifying.wait_until_waiting()
        with Client(theirs, serves=service):
            notifying.result()
            wait_until(lambda: notes, "the notification")
    assert notes == ["first"]


@pytest.mark.parametrize("made", [Client.call, Client.notify])
def test_what_is_made_before_an_end_greets_that_serves_nothing_is_refused_then(made: Any) -> None:
    ours, theirs = socket.socketpair()
    with serve_socket(ours, host()[0]) as peer:
        making = Background(lambda: made(peer, "double", 5))
        making.wait_until_waiting()
        with Client(theirs) as client:
            with pytest.raises(Unsupported, match="serves nothing"):
                making.result()
            assert client.call("double", 4) == 8


def test_the_other_end_of_a_served_socket_need_not_serve() -> None:
    ours, theirs = socket.socketpair()
    with serve_socket(ours, host()[0]) as peer, Client(theirs) as client:
        assert client.call("double", 4) == 8
        with pytest.raises(Unsupported, match="serves nothing"):
            peer.call("double", 5)
