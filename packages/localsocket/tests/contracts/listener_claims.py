"""The claims about everything that listens."""

from __future__ import annotations

import contextlib

from contracts.subjects import ListenerFace, StreamUnderTest
from localsocket.errors import ClosedByUs, DeadlinePassed, NameTaken, ServerNotFound
from localsocket.testing import FOREVER, PATIENCE, Background, Contract, raises

listener_contract: Contract[ListenerFace] = Contract()

_ADDRESS = "contract.listener"
_SOON = 0.02
_CLIENTS = 20


@listener_contract.claim
def each_client_is_accepted_once_and_in_order(face: ListenerFace) -> None:
    with face.listen(_ADDRESS) as listener, contextlib.ExitStack() as clients:
        for number in range(_CLIENTS):
            client = clients.enter_context(face.connect(_ADDRESS, timeout=PATIENCE))
            client.write(b"%d\n" % number, timeout=PATIENCE)
        for number in range(_CLIENTS):
            accepted = listener.accept(timeout=PATIENCE)
            clients.callback(accepted.abort)
            assert accepted.read_line(timeout=PATIENCE) == b"%d" % number
        raises(DeadlinePassed, lambda: listener.accept(timeout=_SOON))


@listener_contract.claim
def a_waiting_accept_is_woken_by_a_client(face: ListenerFace) -> None:
    with face.listen(_ADDRESS) as listener:
        waiter = Background(lambda: listener.accept(timeout=FOREVER))
        waiter.wait_until_waiting()
        with face.connect(_ADDRESS, timeout=PATIENCE) as client:
            accepted = waiter.result()
            accepted.write(b"welcome", timeout=PATIENCE)
            assert client.read_exactly(7, timeout=PATIENCE) == b"welcome"
            accepted.abort()


@listener_contract.claim
def a_late_accept_says_so_and_can_be_repeated(face: ListenerFace) -> None:
    with face.listen(_ADDRESS) as listener:
        raises(DeadlinePassed, lambda: listener.accept(timeout=0))
        raises(DeadlinePassed, lambda: listener.accept(timeout=_SOON))
        with face.connect(_ADDRESS, timeout=PATIENCE):
            listener.accept(timeout=PATIENCE).abort()


@listener_contract.claim
def a_client_that_left_before_accept_is_still_heard(face: ListenerFace) -> None:
    with face.listen(_ADDRESS) as listener:
        with face.connect(_ADDRESS, timeout=PATIENCE) as client:
            client.write(b"goodbye", timeout=PATIENCE)
            client.close(timeout=PATIENCE)
        accepted = listener.accept(timeout=PATIENCE)
        assert accepted.read_exactly(7, timeout=PATIENCE) == b"goodbye"
        assert accepted.read(timeout=PATIENCE) == b""
        accepted.abort()


@listener_contract.claim
def every_client_goes_to_one_of_many_who_accept(face: ListenerFace) -> None:
    with face.listen(_ADDRESS) as listener, contextlib.ExitStack() as clients:
        waiters = [Background(lambda: listener.accept(timeout=FOREVER)) for _ in range(_CLIENTS)]
        for _ in waiters:
            clients.enter_context(face.connect(_ADDRESS, timeout=PATIENCE))
        accepted = [waiter.result() for waiter in waiters]
        assert len(set(map(id, accepted))) == _CLIENTS
        for stream in accepted:
            stream.abort()


@listener_contract.claim
def closing_wakes_who_waits_for_a_client(face: ListenerFace) -> None:
    with face.listen(_ADDRESS) as listener:
        waiters: list[Background[StreamUnderTest]] = [
            Background(lambda: listener.accept(timeout=FOREVER)) for _ in range(3)
        ]
        for waiter in waiters:
            waiter.wait_until_waiting()
        listener.close()
        for waiter in waiters:
            raises(ClosedByUs, waiter.result)
        raises(ClosedByUs, lambda: listener.accept(timeout=PATIENCE))
        listener.close()


@listener_contract.claim
def closing_gives_the_address_back_and_keeps_connections(face: ListenerFace) -> None:
    with face.listen(_ADDRESS) as listener, face.connect(_ADDRESS, timeout=PATIENCE) as client:
        accepted = listener.accept(timeout=PATIENCE)
        listener.close()
        raises(ServerNotFound, lambda: _connect(face))
        client.write(b"still here", timeout=PATIENCE)
        assert accepted.read_exactly(10, timeout=PATIENCE) == b"still here"
        accepted.abort()
        with face.listen(_ADDRESS):
            _connect(face)


@listener_contract.claim
def closing_turns_away_who_was_not_accepted(face: ListenerFace) -> None:
    with face.listen(_ADDRESS) as listener, face.connect(_ADDRESS, timeout=PATIENCE) as client:
        listener.close()
        assert client.wait_disconnected(PATIENCE)


@listener_contract.claim
def an_address_is_owned_by_one(face: ListenerFace) -> None:
    with face.listen(_ADDRESS), contextlib.ExitStack() as stack:
        raises(NameTaken, lambda: stack.enter_context(face.listen(_ADDRESS)))
        _connect(face)


def _connect(face: ListenerFace) -> None:
    with face.connect(_ADDRESS, timeout=PATIENCE):
        pass
