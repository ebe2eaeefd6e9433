"""What the tests of the anyio face share: one that is a coroutine function runs on asyncio, on uvloop, and on Trio."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import anyio
import pytest

from anyio_face.ends import Run
from localsocket.testing import PATIENCE

BACKENDS: dict[str, dict[str, Any]] = {
    "asyncio": {"backend": "asyncio", "backend_options": {"debug": True}},
    "uvloop": {"backend": "asyncio", "backend_options": {"use_uvloop": True}},
    "trio": {"backend": "trio"},
}


@pytest.fixture(params=BACKENDS)
def run(request: pytest.FixtureRequest) -> Run:
    """Run a coroutine function to its end in a loop of its own; what hangs fails."""

    def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        anyio.run(_in_time, main, **BACKENDS[request.param])

    return run


async def _in_time(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with anyio.fail_after(PATIENCE):
        await main()


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> None:
    if inspect.iscoroutinefunction(obj) and isinstance(collector, pytest.Module):
        pytest.mark.usefixtures("run")(obj)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    run: Run = pyfuncitem.funcargs["run"]
    run(partial(pyfuncitem.obj, **arguments))
    return True
