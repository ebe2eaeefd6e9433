"""Serving a service in this process, at doors that are open, until a word to stop, and draining it then."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from localsocket.blocking.local_server import LocalServer
from localsocket.deadlines import Deadline
from localsocket.services.service import Service
from localsocket.serving.run_settings import RunSettings
from localsocket.serving.server_thread import ServerThread
from localsocket.serving.stop_signals import StopSignals

logger = logging.getLogger("localsocket.serving")


@contextlib.contextmanager
def serving(service: Service, doors: Sequence[LocalServer], settings: RunSettings) -> Iterator[list[ServerThread]]:
    """Serve at each door within the `with` block, which drains the service at its end. Closes the doors."""
    with contextlib.ExitStack() as ending:
        for door in doors:
            ending.enter_context(door)
        servers = [
            ServerThread(
                door,
                service,
                max_threads=settings.max_threads,
                protocols=settings.protocols,
                idle_timeout=settings.idle_timeout,
            )
            for door in doors
        ]
        ending.callback(_stop_all, servers, 0.0)  # those that are served where another cannot be
        for server in servers:
            server.start()
        ending.pop_all()
    try:
        yield servers
    finally:
        _drain(servers, settings.drain)


def tell_when_stopped(servers: Sequence[ServerThread], stop: StopSignals) -> None:
    """Have `stop` told when all have ended by themselves."""

    def wait() -> None:
        for server in servers:
            server.wait_stopped()
        stop.tell()

    threading.Thread(target=wait, daemon=True).start()


@contextlib.contextmanager
def telling_of_life(
    servers: Sequence[ServerThread], seconds: float | None, tell: Callable[[], object]
) -> Iterator[None]:
    """Within the `with` block, tell() again and again that each loop goes on, so that it is known in `seconds`."""
    has_ended = threading.Event()
    if seconds is not None:
        feed = partial(_feed, servers, seconds / 3, tell, has_ended)
        threading.Thread(target=feed, name="localsocket watchdog", daemon=True).start()
    try:
        yield
    finally:
        has_ended.set()


def _drain(servers: Sequence[ServerThread], seconds: float) -> None:
    try:
        _stop_all(servers, seconds)
    finally:
        if cut := Counter(name for server in servers for name in server._methods_cut):
            named = ", ".join(f"{name} ({count})" for name, count in cut.most_common())
            logger.warning("cut off after %g s, because they had not ended: %s", seconds, named)


def _stop_all(servers: Sequence[ServerThread], seconds: float) -> None:
    """Stop all within the time, however many fail; raise what the first of those raised."""
    deadline = Deadline(seconds)
    for server in servers:
        server._close_server()
    with contextlib.ExitStack() as ending:
        for server in servers:
            ending.callback(lambda each: each.stop(timeout=deadline.remaining()), server)


def _feed(
    servers: Sequence[ServerThread], seconds: float, tell: Callable[[], object], has_ended: threading.Event
) -> None:
    """Tell every so many seconds that each loop goes on: by the last of them, when all have."""
    has_gone_on = threading.Event()
    while not has_ended.is_set():
        has_gone_on.clear()
        _go_through(servers, has_gone_on.set)
        while not has_gone_on.wait(seconds):
            if has_ended.is_set():
                return
        tell()
        has_ended.wait(seconds)


def _go_through(servers: Sequence[ServerThread], done: Callable[[], object]) -> None:
    """Call `done` in the loop of the last, when each of them has come to it."""
    first, *others = servers
    first._call_in_loop(partial(_go_through, others, done) if others else done)
