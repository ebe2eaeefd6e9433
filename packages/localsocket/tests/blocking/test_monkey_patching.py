"""Where gevent or eventlet has patched the standard library, what cannot work says so and names them."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# What gevent does to `select`, and how it tells; eventlet takes poll() away, too.
FAKES = {
    "gevent": """
import select, sys, types
sys.modules["gevent"] = types.ModuleType("gevent")
monkey = sys.modules["gevent.monkey"] = types.ModuleType("gevent.monkey")
monkey.is_module_patched = lambda name: True
del select.epoll
""",
    "eventlet": """
import select, sys, types
sys.modules["eventlet"] = types.ModuleType("eventlet")
patcher = sys.modules["eventlet.patcher"] = types.ModuleType("eventlet.patcher")
patcher.is_monkey_patched = lambda name: True
del select.epoll, select.poll
""",
    "something": "import select; del select.epoll, select.poll",
}

USES = """
import json

def serve(socket): ...

outcomes = {}
def use(name, function):
    try:
        function()
    except NotImplementedError as error:
        outcomes[name] = f"{type(error).__name__}: {error}"
    else:
        outcomes[name] = "works"

import localsocket

class Handler(localsocket.Handler):
    def ready_read(self, socket): ...

use("loop", lambda: localsocket.EventLoop().close())
use("thread", lambda: localsocket.ServerThread("a", serve))
use("handler", lambda: localsocket.ServerThread("a", Handler()))
use("service", lambda: localsocket.ServerThread("a", localsocket.Service("a")))
first = localsocket.SingleInstance("a")
use("first copy", first.claim)
first.close()
print(json.dumps(outcomes))
"""

needs_gevent = pytest.mark.skipif(importlib.util.find_spec("gevent") is None, reason="gevent is not installed")


def run(program: str) -> Any:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run([sys.executable, "-c", program], env=inherited, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check_refused(outcomes: dict[str, str], patcher: str) -> None:
    assert set(outcomes) == {"loop", "thread", "handler", "service", "first copy"}
    for outcome in outcomes.values():
        assert outcome.startswith(f"Unsupported: {patcher} has patched this process, but ")
        assert "serve from an unpatched process" in outcome


@pytest.mark.parametrize("patcher", ["gevent", "eventlet"])
@pytest.mark.parametrize("is_late", [False, True])
def test_what_serves_is_refused_whenever_the_process_was_patched(
    runtime_directory: Path, patcher: str, is_late: bool
) -> None:
    early = "import localsocket.blocking.event_loop, localsocket.serving.server_thread" if is_late else ""
    check_refused(run(early + FAKES[patcher] + USES), patcher)


@pytest.mark.long
def test_an_unknown_patcher_is_told_by_what_is_missing(runtime_directory: Path) -> None:
    outcomes = run(FAKES["something"] + USES)
    assert outcomes["loop"].startswith("Unsupported: something has patched this process, but an event loop needs real")


@pytest.mark.long
def test_where_nothing_is_patched_everything_works(runtime_directory: Path) -> None:
    assert set(run(USES).values()) == {"works"}


@needs_gevent
@pytest.mark.parametrize("is_late", [False, True])
def test_gevent_itself_is_known(runtime_directory: Path, is_late: bool) -> None:
    early = "import localsocket.blocking.event_loop, localsocket.serving.server_thread;" if is_late else ""
    outcomes = run(early + "import gevent.monkey; gevent.monkey.patch_all()" + USES)
    check_refused(outcomes, "gevent")
    assert all("gevent.monkey.patch_all(select=False, thread=False)" in outcome for outcome in outcomes.values())


@needs_gevent
def test_what_the_error_says_helps(runtime_directory: Path) -> None:
    program = """
import gevent.monkey
gevent.monkey.patch_all(select=False, thread=False)
import json, localsocket
service = localsocket.Service("demo")
service.method(lambda: 5, name="five")
with localsocket.ServerThread("demo", service), localsocket.Client("demo") as client:
    print(json.dumps(client.call("five", timeout=60)))
"""
    assert run(program) == 5


@needs_gevent
def test_blocking_sockets_work_between_greenlets(runtime_directory: Path) -> None:
    program = """
import gevent.monkey
gevent.monkey.patch_all()
import json, gevent, localsocket
from localsocket.blocking import waiting

def answer(server):
    with server.accept(timeout=60) as socket:
        socket.write(socket.read_line(timeout=60).upper())

with localsocket.listen("demo") as server:
    greenlet = gevent.spawn(answer, server)
    with localsocket.connect("demo") as socket:
        socket.write(b"hello\\n")
        print(json.dumps(socket.read_to_end(timeout=60).decode()))
    greenlet.join()
while waiting._idle_wakers:
    waiting._idle_wakers.pop().close()
"""
    assert run(program) == "HELLO"
