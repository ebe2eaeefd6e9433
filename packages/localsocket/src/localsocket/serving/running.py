"""Serving a service as a program does: until a signal, under a service manager, with its log."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Literal, TypeAlias, Unpack

from localsocket.blocking.local_server import LocalServer
from localsocket.deadlines import Deadline
from localsocket.endpoint.service_manager import notify, take_activation_descriptors, watchdog_seconds
from localsocket.errors import UnsuitableDescriptor
from localsocket.keywords import check_keywords
from localsocket.services.protocols import ProtocolName
from localsocket.services.service import Service
from localsocket.serving.connection_threads import MAX_THREADS
from localsocket.serving.log_lines import log_to_standard_error
from localsocket.serving.server_thread import ServerThread
from localsocket.serving.stop_signals import StopSignals
from localsocket.sockets.server import AdmissionOptions, ListenOptions

logger = logging.getLogger("localsocket.serving")

LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]

DRAIN = 5.0

# What is cut at the end of the time to drain is looked at before it is gone.
_LOOK = 0.1


def run(
    service: Service,
    address: str | os.PathLike[str] | None = None,
    *,
    drain: float = DRAIN,
    log_level: LogLevel = "info",
    log_json: bool = False,
    max_threads: int = MAX_THREADS,
    protocols: Iterable[ProtocolName] | None = None,
    idle_timeout: float | None = None,
    **options: Unpack[ListenOptions],
) -> None:
    """Serve `service` until SIGTERM or SIGINT, then let the calls under way end for `drain` seconds, and return.

    It listens at `address`, by default the name of the service. Where a service manager has handed over sockets, in
    LISTEN_FDS, these are served and nothing else: their files and modes are the manager's. That is told READY=1,
    STOPPING=1, and WATCHDOG=1 by the loop that serves, so that one that is stuck is restarted.

    What is logged from `log_level` on goes to the standard error, as JSON with `log_json`, unless logging is set up
    already; what is cut at the end of `drain` is logged. A second signal ends the program at once. `options` are those
    of listen(), and the others those of ServerThread. From the main thread.

    Raises what listen() raises; UnsuitableDescriptor for a socket in LISTEN_FDS that is no listening Unix stream
    socket, Unsupported for one that was handed to another process; and what ended the serving before its time.
    """
    check_keywords("run", options, ListenOptions, list(_OWN_OPTIONS))
    Deadline(drain)  # refuses what is no time before anything is served
    log_to_standard_error(getattr(logging, log_level.upper()), as_json=log_json)
    places = _places(service, service.name if address is None else address, options)
    make = partial(
        ServerThread, handler=service, max_threads=max_threads, protocols=protocols, idle_timeout=idle_timeout
    )
    with StopSignals() as stop, contextlib.ExitStack() as ending:
        servers = [make(place, **given) for place, given in places]
        ending.callback(_stop_all, servers, 0.0)  # those that are served where another cannot be
        for server in servers:
            server.start()
        ending.pop_all()
        threading.Thread(target=_tell_when_stopped, args=[servers, stop], daemon=True).start()
        _serve(service, servers, stop, drain)


_OWN_OPTIONS = ("drain", "log_level", "log_json", "max_threads", "protocols", "idle_timeout")


def _places(
    service: Service, address: str | os.PathLike[str], options: ListenOptions
) -> list[tuple[str | os.PathLike[str] | LocalServer, ListenOptions]]:
    """Return where to serve, and with which options: the sockets of the service manager, or else the address."""
    descriptors = take_activation_descriptors()
    if not descriptors:
        return [(address, options)]
    admission = AdmissionOptions(
        **{name: value for name, value in options.items() if name in AdmissionOptions.__annotations__}  # type: ignore[typeddict-item]
    )
    admission.setdefault("limits", service.limits.of_socket())
    return [(_adopted(name, number, admission), ListenOptions()) for name, number in descriptors.items()]


def _adopted(name: str, descriptor: int, options: AdmissionOptions) -> LocalServer:
    try:
        return LocalServer.adopt_descriptor(descriptor, **options)
    except UnsuitableDescriptor as error:
        raise UnsuitableDescriptor(
            descriptor,
            f"{error.reason}; it is {name!r} of LISTEN_FDS, which has to be a Unix stream socket that listens: "
            "ListenStream= with a path, and Accept=no",
        ) from error


def _serve(service: Service, servers: list[ServerThread], stop: StopSignals, drain: float) -> None:
    has_ended = threading.Event()
    try:
        where = ", ".join(server.address for server in servers)
        logger.info("serving %s at %s", service.name, where)
        notify("READY=1", f"STATUS=serving {service.name} at {where}")
        if (seconds := watchdog_seconds()) is not None:
            feed = partial(_feed_watchdog, servers, seconds / 3, has_ended)
            threading.Thread(target=feed, name="localsocket watchdog", daemon=True).start()
        stop.wait()
        notify("STOPPING=1", f"STATUS=stopping, for at most {drain:g} s")
        logger.info("stopping")
    finally:
        has_ended.set()
        telling = threading.Timer(drain, _tell_what_is_cut, [service, drain])
        telling.daemon = True
        telling.start()
        try:
            _stop_all(servers, drain + _LOOK)
        finally:
            telling.cancel()
            telling.join()


def _stop_all(servers: list[ServerThread], seconds: float) -> None:
    """Stop all within the time, however many fail; raise what the first of those raised."""
    deadline = Deadline(seconds)
    for server in servers:
        server._close_server()
    with contextlib.ExitStack() as ending:
        for server in servers:
            ending.callback(lambda each: each.stop(timeout=deadline.remaining()), server)


def _tell_when_stopped(servers: list[ServerThread], stop: StopSignals) -> None:
    for server in servers:
        server.wait_stopped()
    stop.tell()


def _tell_what_is_cut(service: Service, drain: float) -> None:
    if under_way := Counter(service._under_way()):
        named = ", ".join(f"{name} ({count})" for name, count in under_way.most_common())
        logger.warning("cut after %g s, since they had not ended: %s", drain, named)


def _feed_watchdog(servers: list[ServerThread], seconds: float, has_ended: threading.Event) -> None:
    """Have the manager told every so many seconds that each loop goes on: by the last of them, when all have."""
    has_gone_on = threading.Event()
    while not has_ended.is_set():
        has_gone_on.clear()
        _go_through(servers, has_gone_on.set)
        while not has_gone_on.wait(seconds):
            if has_ended.is_set():
                return
        notify("WATCHDOG=1")
        has_ended.wait(seconds)


def _go_through(servers: list[ServerThread], done: Callable[[], object]) -> None:
    """Call `done` in the loop of the last, when each of them has come to it."""
    first, *others = servers
    first._call_in_loop(partial(_go_through, others, done) if others else done)
