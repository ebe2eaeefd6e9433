"""The faces have the same names, with the same parameters, said in the same words; what differs is meant to differ."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import localsocket

CLASSES = ["LocalServer", "LocalSocket"]
FUNCTIONS = ["adopt", "connect", "listen", "pair"]

CAN_WAIT = {
    "LocalServer": {"accept", "wait_pending"},
    "LocalSocket": {
        "close",
        "flush",
        "read",
        "read_exactly",
        "read_line",
        "read_parsed",
        "read_to_end",
        "shutdown_write",
        "wait_disconnected",
        "wait_readable",
        "write",
    },
}
"""What is a coroutine function on the other faces, exactly."""

OPENS = {"connect", "listen"}
"""What gives an Opening there, to be awaited or entered."""

PROTOCOLS = {"__aenter__": "__enter__", "__aexit__": "__exit__", "__aiter__": "__iter__"}

FACES = {"localsocket.aio": "aio", "localsocket.anyio": "anyio"}

ONLY_THERE: dict[tuple[str, str], set[str]] = {
    # What makes it a ByteStream of anyio.
    ("anyio", "LocalSocket"): {"aclose", "extra", "extra_attributes", "lines", "receive", "send", "send_eof"},
    # What makes it a Listener of anyio.
    ("anyio", "LocalServer"): {"aclose", "extra", "extra_attributes", "serve"},
}

OTHER_PROTOCOLS: dict[tuple[str, str], set[str]] = {
    ("anyio", "LocalSocket"): {"__aiter__"},  # iterating gives pieces, as with every ByteStream; lines() gives lines
}


@pytest.fixture(params=FACES)
def face(request: pytest.FixtureRequest) -> ModuleType:
    if request.param == "localsocket.anyio":
        pytest.importorskip("anyio")
    return importlib.import_module(request.param)


def public_names(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def parameters(function: Callable[..., object]) -> list[tuple[str, Any, Any]]:
    found = inspect.signature(function).parameters.values()
    return [(parameter.name, parameter.kind, parameter.default) for parameter in found]


def summary(thing: object) -> str:
    """Return the first line of the docstring, where a task is what a thread is on the blocking face."""
    return (inspect.getdoc(thing) or "").partition("\n")[0].replace("thread", "task")


@pytest.mark.parametrize("name", CLASSES)
def test_the_classes_have_the_same_names(name: str, face: ModuleType) -> None:
    blocking, other = getattr(localsocket, name), getattr(face, name)
    more = ONLY_THERE.get((FACES[face.__name__], name), set())
    assert public_names(other) == public_names(blocking) | more
    assert not public_names(blocking) & more


@pytest.mark.parametrize("name", CLASSES)
def test_methods_have_the_same_parameters_and_summaries(name: str, face: ModuleType) -> None:
    blocking, other = getattr(localsocket, name), getattr(face, name)
    for each in public_names(blocking):
        ours, theirs = getattr(blocking, each), getattr(other, each)
        assert summary(theirs) == summary(ours), each
        assert callable(theirs) == callable(ours), each
        if callable(ours):
            assert parameters(theirs) == parameters(ours), each


@pytest.mark.parametrize("name", CLASSES)
def test_what_can_wait_is_awaited_and_nothing_else(name: str, face: ModuleType) -> None:
    blocking, other = getattr(localsocket, name), getattr(face, name)
    awaited = {each for each in public_names(blocking) if inspect.iscoroutinefunction(getattr(other, each))}
    assert awaited == CAN_WAIT[name]
    assert not any(inspect.iscoroutinefunction(getattr(blocking, each)) for each in public_names(blocking))


@pytest.mark.parametrize("name", CLASSES)
def test_blocks_and_iteration_have_their_awaited_counterparts(name: str, face: ModuleType) -> None:
    blocking, other = getattr(localsocket, name), getattr(face, name)
    for awaited, plain in PROTOCOLS.items():
        assert hasattr(blocking, plain)
        assert hasattr(other, awaited)
        assert not hasattr(blocking, awaited)
        assert not hasattr(other, plain)
        if awaited not in OTHER_PROTOCOLS.get((FACES[face.__name__], name), set()):
            assert summary(getattr(other, awaited)) == summary(getattr(blocking, plain))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_the_same_parameters_and_summaries(name: str, face: ModuleType) -> None:
    blocking, other = getattr(localsocket, name), getattr(face, name)
    assert summary(blocking)
    assert summary(other) == summary(blocking)
    assert parameters(other) == parameters(blocking)
    gives = inspect.signature(blocking).return_annotation
    assert inspect.signature(other).return_annotation == (f"Opening[{gives}]" if name in OPENS else gives)


def test_each_public_name_of_a_face_is_there(face: ModuleType) -> None:
    assert set(FUNCTIONS) | set(CLASSES) | {"Opening"} <= set(face.__all__)
    for name in face.__all__:
        assert summary(getattr(face, name)), name
