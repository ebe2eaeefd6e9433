"""A handler that lacks what it needs is refused when it is given, with a sentence that says what is missing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

import pytest

import localsocket
from localsocket import EventLoop, EventSocket, Handler, LocalSocket, ServerThread
from localsocket.errors import UnsuitableHandler


class Reads(Handler):
    def ready_read(self, socket: EventSocket) -> None: ...


class ReadsNothing(Handler):
    def connected(self, socket: EventSocket) -> None: ...


class LooksLikeOne:
    def ready_read(self, socket: EventSocket) -> None: ...


class WithTooFewParameters(Handler):
    def ready_read(self) -> None:  # type: ignore[override]
        ...


class WithTooManyParameters(Reads):
    def bytes_written(self, socket: EventSocket, count: int, _more: int) -> None:  # type: ignore[override]
        ...


class WithACoroutine(Reads):
    async def connected(self, socket: EventSocket) -> None:  # type: ignore[override]
        ...


class WithAnAttribute(Reads):
    disconnected = 5  # type: ignore[assignment]


class InCamelCase(Reads):
    def readyRead(self, socket: EventSocket) -> None: ...  # noqa: N802


class WithAPrefix(Reads):
    def on_disconnected(self, socket: EventSocket) -> None: ...


UNSUITABLE: dict[str, tuple[object, str]] = {
    "nothing": (None, "NoneType does not derive from localsocket.Handler"),
    "an object": (LooksLikeOne(), "LooksLikeOne does not derive from localsocket.Handler"),
    "a class": (Reads, "Reads is a class: pass an instance"),
    "without ready_read": (ReadsNothing(), r"ReadsNothing does not define ready_read\(self, socket\)"),
    "bare": (Handler(), "Handler does not define ready_read"),
    "too few parameters": (WithTooFewParameters(), "WithTooFewParameters.ready_read cannot be called"),
    "too many parameters": (WithTooManyParameters(), "WithTooManyParameters.bytes_written cannot be called"),
    "a coroutine": (WithACoroutine(), "WithACoroutine.connected is a coroutine function"),
    "not callable": (WithAnAttribute(), "WithAnAttribute.disconnected is not a method"),
    "Qt's spelling": (InCamelCase(), "InCamelCase.readyRead would never be called: the event is called ready_read"),
    "a prefix": (WithAPrefix(), "WithAPrefix.on_disconnected would never be called: the event is called disconnected"),
}


@pytest.mark.parametrize(("handler", "reason"), UNSUITABLE.values(), ids=UNSUITABLE)
def test_an_unsuitable_handler_is_refused_with_the_reason(handler: Any, reason: str) -> None:
    with pytest.raises(UnsuitableHandler, match=reason) as caught:
        ServerThread("server", handler)
    assert isinstance(caught.value, TypeError)
    with EventLoop() as loop, localsocket.listen("server") as server:
        with pytest.raises(UnsuitableHandler, match=reason):
            loop.serve(server, handler)
        loop.serve(server, Reads())


def test_methods_may_be_given_to_the_instance() -> None:
    handler = Handler()
    handler.ready_read = lambda socket: None  # type: ignore[method-assign]
    ServerThread("server", handler)


def test_methods_whose_signature_nobody_knows_are_believed() -> None:
    handler = Reads()
    handler.connected = mock.Mock()  # type: ignore[method-assign]
    handler.disconnected = dict.pop  # type: ignore[method-assign, assignment]
    ServerThread("server", handler)


def test_a_handler_without_ready_read_cannot_be_told_of_bytes() -> None:
    with pytest.raises(NotImplementedError):
        Handler().ready_read(None)  # type: ignore[arg-type]


def test_further_methods_and_attributes_are_the_handlers_own() -> None:
    further = {"connected_sockets": [], "read_header": print, "_on_connected": print}
    ServerThread("server", type("Rich", (Reads,), further)())


def no_parameter() -> None: ...


def two_parameters(socket: LocalSocket, other: int) -> None: ...


async def coroutine() -> None: ...


def one_parameter(socket: LocalSocket) -> None: ...


class Called:
    def __call__(self, socket: LocalSocket) -> None: ...


class CalledWithNothing:
    def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (no_parameter, "no_parameter cannot be called with one socket"),
        (two_parameters, "two_parameters cannot be called with one socket"),
        (coroutine, "coroutine cannot be called with one socket"),
        (CalledWithNothing(), "cannot be called with one socket"),
        (partial(one_parameter, None), "cannot be called with one socket"),
    ],
)
def test_an_unsuitable_function_is_refused_with_the_reason(function: Any, reason: str) -> None:
    with pytest.raises(UnsuitableHandler, match=reason):
        ServerThread("server", function)


@pytest.mark.parametrize(
    "function",
    [
        one_parameter,
        Called(),
        partial(two_parameters, other=1),
        lambda socket, _more=1: None,
        print,
        mock.Mock(),
        dict.pop,
    ],
)
def test_whatever_can_be_called_with_one_socket_will_do(function: Callable[..., object]) -> None:
    ServerThread("server", function)
