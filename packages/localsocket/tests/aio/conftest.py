"""What the tests of the asyncio face share: each loop that it has to work on, and tests that run in one.

A test that is a coroutine function runs on asyncio's own loop and on uvloop, in some modules in debug mode.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, Protocol, TypeVar

import pytest
import uvloop

from localsocket.testing import PATIENCE

T = TypeVar("T")


class LoopKind(NamedTuple):
    """One of the loops under test."""

    new_loop: Callable[[], asyncio.AbstractEventLoop]
    debug: bool


LOOPS = {
    "stock": LoopKind(asyncio.new_event_loop, debug=False),
    "stock-debug": LoopKind(asyncio.new_event_loop, debug=True),
    "uvloop": LoopKind(uvloop.new_event_loop, debug=False),
    "uvloop-debug": LoopKind(uvloop.new_event_loop, debug=True),
}

PLAIN_LOOPS = ["stock", "uvloop"]
DEBUG_LOOPS = ["stock-debug", "uvloop-debug"]
"""As LOOP_KINDS of a module where much begins and ends: in debug mode loops look for what is used wrongly."""


class Run(Protocol):
    def __call__(self, main: Coroutine[Any, Any, T]) -> T: ...


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "loop_kind" in metafunc.fixturenames:
        metafunc.parametrize("loop_kind", getattr(metafunc.module, "LOOP_KINDS", PLAIN_LOOPS), indirect=True)


@pytest.fixture
def loop_kind(request: pytest.FixtureRequest) -> LoopKind:
    return LOOPS[request.param]


@pytest.fixture
def run(loop_kind: LoopKind) -> Run:
    """Run a coroutine to its end in a loop of its own.

    It fails also where it hangs, where something else goes on after it, and where the loop complains.
    """

    def run(main: Coroutine[Any, Any, T]) -> T:
        complaints: list[dict[str, Any]] = []
        with asyncio.Runner(loop_factory=loop_kind.new_loop, debug=loop_kind.debug) as runner:
            runner.get_loop().set_exception_handler(lambda _, context: complaints.append(context))
            result = runner.run(_to_the_end(main))
        assert not complaints
        return result

    return run


async def _to_the_end(main: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(PATIENCE):
        result = await main
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, "tasks that go on after the test"
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> None:
    if inspect.iscoroutinefunction(obj) and isinstance(collector, pytest.Module | pytest.Class):
        pytest.mark.usefixtures("run")(obj)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    run: Run = pyfuncitem.funcargs["run"]
    run(pyfuncitem.obj(**arguments))
    return True
