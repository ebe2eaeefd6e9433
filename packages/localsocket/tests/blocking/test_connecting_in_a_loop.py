"""EventLoop.connect_soon(): connecting while the loop goes on with everything else."""

from __future__ import annotations

import pytest

import localsocket
from blocking.recorder import Recorder, turn
from localsocket import EventLoop, EventSocket, Handler, errors


class Relay(Handler):
    """Connects to another server from within an event."""

    def __init__(self, loop: EventLoop, address: str, handler: Handler) -> None:
        self.loop, self.address, self.handler = loop, address, handler
        self.failures: list[errors.LocalSocketError] = []

    def ready_read(self, socket: EventSocket) -> None:
        socket.read_available()
        self.loop.connect_soon(self.address, self.handler, on_failed=self.failures.append)


def test_a_handler_connects_without_making_anybody_wait(loop: EventLoop) -> None:
    further = Recorder()
    with localsocket.listen("near") as near, localsocket.listen("far") as far:
        loop.serve(near, Relay(loop, "far", further))
        with localsocket.connect("near") as client:
            client.write(b"go")
            turn(loop, lambda: further.events == ["connected"])
            with far.accept(timeout=60) as accepted:
                accepted.write(b"hello")
                turn(loop, lambda: further.received == b"hello")
    turn(loop, lambda: further.events[-1] == "disconnected")


def test_a_server_that_is_not_there_is_told_to_on_failed(loop: EventLoop) -> None:
    failures: list[errors.LocalSocketError] = []
    recorder = Recorder()
    loop.connect_soon("nobody", recorder, on_failed=failures.append)
    assert failures == []
    turn(loop, lambda: failures)
    assert [type(failure) for failure in failures] == [errors.ServerNotFound]
    assert recorder.events == []


def test_a_server_that_comes_later_is_waited_for(loop: EventLoop) -> None:
    failures: list[errors.LocalSocketError] = []
    recorder = Recorder()
    loop.connect_soon("later", recorder, on_failed=failures.append, wait_for_server=True)
    loop.run(timeout=0.01)
    with localsocket.listen("later"):
        turn(loop, lambda: recorder.events == ["connected"])
    turn(loop, lambda: recorder.events[-1] == "disconnected")
    assert failures == []


def test_a_full_accept_queue_is_waited_out_to_the_deadline(loop: EventLoop) -> None:
    failures: list[errors.LocalSocketError] = []
    recorder = Recorder()
    with localsocket.listen("full", backlog=0) as server, localsocket.connect("full"):
        loop.connect_soon("full", recorder, on_failed=failures.append, timeout=0.05)
        turn(loop, lambda: failures)
        assert isinstance(failures[0], errors.DeadlinePassed)
        assert isinstance(failures[0].__cause__, errors.ServerBusy)
        loop.connect_soon("full", recorder, on_failed=failures.append)
        loop.run(timeout=0.01)
        assert recorder.events == []
        server.accept(timeout=60).close()
        turn(loop, lambda: recorder.events == ["connected"])
    assert len(failures) == 1
    turn(loop, lambda: recorder.events[-1] == "disconnected")


def test_what_is_wrong_with_the_call_is_said_at_once(loop: EventLoop) -> None:
    with pytest.raises(errors.InvalidAddress):
        loop.connect_soon("no/name", Recorder(), on_failed=print)
    with pytest.raises(errors.UnsuitableHandler):
        loop.connect_soon("name", object(), on_failed=print)  # type: ignore[arg-type]
    loop.close()
    with pytest.raises(errors.ClosedByUs):
        loop.connect_soon("name", Recorder(), on_failed=print)
