"""The clients and message sockets of both faces have the same names and parameters; what differs is meant to differ."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import localsocket
from localsocket import aio
from localsocket.blocking import client as blocking_client
from localsocket.blocking import pending_call

PAIRS: dict[str, tuple[type, type]] = {
    "Client": (localsocket.Client, aio.Client),
    "Calls": (blocking_client.Calls, aio.client.Calls),
    "Stream": (pending_call.Stream, aio.Stream),
    "Subscription": (localsocket.Subscription, aio.Subscription),
    "MessageSocket": (localsocket.MessageSocket, aio.MessageSocket),
}

AWAITED = {
    "Client": {"call", "notify", "describe", "open", "close", "wait_closed"},
    "Calls": {"call", "notify", "describe"},
    "Stream": {"receive", "close"},
    "Subscription": {"receive", "close"},
    "MessageSocket": {"wait_greeted", "send", "receive", "shutdown_write", "close"},
}
"""What is a coroutine function on the asyncio face, exactly."""

DIFFER = {
    ("Client", "subscribe"): "waits for the subscription only when it is awaited or entered, and so has no time-out",
    ("Calls", "subscribe"): "the same",
}

PROTOCOLS = {"__aenter__": "__enter__", "__aexit__": "__exit__", "__aiter__": "__iter__"}


def public_names(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    found = inspect.signature(function).parameters.values()
    return [(parameter.name, parameter.kind, parameter.default) for parameter in found]


@pytest.mark.parametrize("name", PAIRS)
def test_both_have_the_same_names(name: str) -> None:
    blocking, other = PAIRS[name]
    assert public_names(blocking) == public_names(other)


@pytest.mark.parametrize("name", PAIRS)
def test_methods_have_the_same_parameters(name: str) -> None:
    blocking, other = PAIRS[name]
    for each in ("__init__", *public_names(blocking)):
        ours, theirs = getattr(blocking, each), getattr(other, each)
        if callable(ours) and (name, each) not in DIFFER and name not in ("Stream", "Subscription"):
            assert parameters(ours) == parameters(theirs), each


@pytest.mark.parametrize("name", PAIRS)
def test_what_can_wait_is_awaited_and_nothing_else(name: str) -> None:
    blocking, other = PAIRS[name]
    assert {each for each in public_names(other) if inspect.iscoroutinefunction(getattr(other, each))} == AWAITED[name]
    assert not any(inspect.iscoroutinefunction(getattr(blocking, each)) for each in public_names(blocking))


@pytest.mark.parametrize("name", ["Client", "Stream", "Subscription", "MessageSocket"])
def test_blocks_and_iteration_have_their_awaited_counterparts(name: str) -> None:
    blocking, other = PAIRS[name]
    for awaited, plain in PROTOCOLS.items():
        assert hasattr(blocking, plain) == hasattr(other, awaited), plain
        assert not hasattr(blocking, awaited)
        assert not hasattr(other, plain)


def test_connecting_has_the_same_parameters() -> None:
    assert parameters(localsocket.connect_messages) == parameters(aio.connect_messages)
