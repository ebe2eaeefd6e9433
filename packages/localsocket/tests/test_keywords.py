"""A keyword that a public callable does not have is refused where it was given, with those it may have meant."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import localsocket
import localsocket.anyio
from localsocket import (
    CallLimits,
    Client,
    EventLoop,
    Handler,
    Limits,
    LocalServer,
    LocalSocket,
    MessageSocket,
    ServerThread,
    Service,
    SingleInstance,
    aio,
    connect,
    connect_messages,
    listen,
    pair,
)
from localsocket.errors import LocalSocketError, UnknownOption
from localsocket.keywords import check_keywords, known_keywords, similar_names


async def serve_one(socket: aio.LocalSocket) -> None: ...


def connect_in_a_loop(**options: Any) -> None:
    with EventLoop() as loop:
        loop.connect("x", Handler(), **options)


def connect_in_a_loop_soon(**options: Any) -> None:
    with EventLoop() as loop:
        loop.connect_soon("x", Handler(), on_failed=print, **options)


MISTAKES: list[tuple[Callable[..., object], tuple[Any, ...], str, str, str]] = [
    (Client, ("x",), "timout", "Client", "timeout"),
    (Client, ("x",), "reconect", "Client", "reconnect"),
    (aio.Client, ("x",), "timout", "Client", "timeout"),
    (ServerThread, ("x", print), "max_conections", "ServerThread", "max_connections"),
    (ServerThread, ("x", print), "max_thread", "ServerThread", "max_threads"),
    (aio.serve, ("x", serve_one), "max_conections", "serve", "max_connections"),
    (listen, ("x",), "alow", "listen", "allow"),
    (aio.listen, ("x",), "mod", "listen", "mode"),
    (localsocket.anyio.listen, ("x",), "authorise", "listen", "authorize"),
    (connect, ("x",), "wait_for_sever", "connect", "wait_for_server"),
    (aio.connect, ("x",), "allow_servers", "connect", "allow_server"),
    (localsocket.anyio.connect, ("x",), "limit", "connect", "limits"),
    (pair, (), "limit", "pair", "limits"),
    (aio.pair, (), "limit", "pair", "limits"),
    (localsocket.anyio.pair, (), "limit", "pair", "limits"),
    (connect_messages, ("x",), "serialiser", "connect_messages", "serializer"),
    (connect_messages, ("x",), "timout", "connect_messages", "timeout"),
    (aio.connect_messages, ("x",), "max_mesage", "connect_messages", "max_message"),
    (MessageSocket, (None,), "serialiser", "MessageSocket", "serializer"),
    (aio.MessageSocket, (None,), "serialiser", "MessageSocket", "serializer"),
    (connect_in_a_loop, (), "timout", "EventLoop.connect", "timeout"),
    (connect_in_a_loop_soon, (), "timout", "EventLoop.connect_soon", "timeout"),
    (Service, ("x",), "verison", "Service", "version"),
    (lambda **options: Service("x").method(**options), (), "idempotant", "Service.method", "idempotent"),
    (lambda **options: Service("x").method(print, **options), (), "alow", "Service.method", "allow"),
    (lambda **options: Service("x").topic("t", **options), (), "polcy", "Service.topic", "policy"),
    (SingleInstance, ("x",), "onstart", "SingleInstance", "on_start"),
    (Limits, (), "lines", "Limits", "line"),
    (CallLimits, (), "mesage", "CallLimits", "message"),
    (LocalServer.adopt_descriptor, (3,), "alow", "LocalServer.adopt_descriptor", "allow"),
    (aio.LocalServer.adopt_descriptor, (3,), "alow", "LocalServer.adopt_descriptor", "allow"),
    (LocalSocket.adopt_descriptor, (3,), "allow_peers", "LocalSocket.adopt_descriptor", "allow_peer"),
]


@pytest.mark.parametrize(("called", "arguments", "wrong", "named", "right"), MISTAKES)
def test_a_misspelt_option_is_refused_by_what_was_called(
    called: Callable[..., object], arguments: tuple[Any, ...], wrong: str, named: str, right: str
) -> None:
    with pytest.raises(UnknownOption) as caught:
        called(*arguments, **{wrong: 3})
    error = caught.value
    assert str(error).startswith(f"{named}() got an unexpected keyword argument {wrong!r}; did you mean {right!r}")
    assert isinstance(error, TypeError)
    assert (error.called, error.option, error.similar[0]) == (named, wrong, right)


def callables_with_options() -> Iterator[tuple[str, Any]]:
    """Give every public function and class that takes keyword arguments only."""
    for module in (localsocket, aio, localsocket.anyio):
        for name in module.__all__:
            thing = getattr(module, name)
            function = thing.__init__ if inspect.isclass(thing) else thing
            if not inspect.isfunction(inspect.unwrap(function)):
                continue
            kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
            if kinds & {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}:
                yield f"{module.__name__}.{name}", thing


# Made by functions of ours, and not by users; or a coroutine function, with one option, of which Python itself tells.
EXEMPT = {"LocalSocket", "LocalServer", "EventSocket", "PeerCredentials", "Serving", "Start", "SocketState", "publish"}


@pytest.mark.parametrize(("name", "thing"), list(callables_with_options()))
def test_every_public_callable_refuses_an_option_that_it_has_not(name: str, thing: Any) -> None:
    if name.rpartition(".")[2] in EXEMPT:
        return
    required = [
        parameter
        for parameter in inspect.signature(thing).parameters.values()
        if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    arguments: list[Any] = ["x", serve_one, "y"]
    with pytest.raises(UnknownOption, match=r"got an unexpected keyword argument 'no_such_thing'$"):
        thing(*arguments[: len(required)], no_such_thing=1)


def test_what_is_right_passes_through_with_its_signature() -> None:
    @known_keywords
    def add(a: int, /, b: int, *, c: int = 0) -> int:
        """Return the sum."""
        return a + b + c

    assert add(1, 2, c=3) == add(1, b=2, c=3) == 6
    assert str(inspect.signature(add)) == "(a: 'int', /, b: 'int', *, c: 'int' = 0) -> 'int'"
    assert add.__doc__ == "Return the sum."
    with pytest.raises(UnknownOption):
        add(1, 2, a=1)  # type: ignore[call-arg] # it is given by its place only
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'b'"):
        add(1)  # type: ignore[call-arg]


def test_what_passes_options_on_has_to_check_them_itself() -> None:
    def passes_on(**options: object) -> None: ...

    with pytest.raises(AssertionError):
        known_keywords(passes_on)


def test_similar_names_are_few_and_are_found_quickly_for_long_ones() -> None:
    assert similar_names("timout", ["timeout", "time", "x"]) == ["timeout", "time"]
    assert similar_names("x" * 1_000_000, ["timeout"]) == []


def test_what_is_known_is_not_refused() -> None:
    check_keywords("f", {"a": 1, "b": 2}, ["a"], ["b", "c"])
    with pytest.raises(LocalSocketError, match=r"f\(\) got an unexpected keyword argument 'd'$"):
        check_keywords("f", {"d": 1}, ["a"])
