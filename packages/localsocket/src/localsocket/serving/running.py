"""Serving a service as a program does: until a signal, under a service manager, with its log."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable
from functools import partial
from typing import Unpack

from localsocket.deadlines import check_count
from localsocket.endpoint.service_manager import notify, watchdog_seconds
from localsocket.keywords import check_keywords
from localsocket.services.protocols import ProtocolName
from localsocket.services.service import Service, protocols_at_address
from localsocket.serving.connection_threads import MAX_THREADS
from localsocket.serving.doors import open_doors
from localsocket.serving.run_settings import DRAIN, LogLevel, RunSettings
from localsocket.serving.serving_here import serving, tell_when_stopped, telling_of_life
from localsocket.serving.stop_signals import StopSignals
from localsocket.serving.supervisor import Supervisor
from localsocket.sockets.server import ListenOptions

logger = logging.getLogger("localsocket.serving")


def run(
    service: Service,
    address: str | os.PathLike[str] | None = None,
    *,
    workers: int | None = None,
    drain: float = DRAIN,
    log_level: LogLevel = "info",
    log_json: bool = False,
    max_threads: int = MAX_THREADS,
    protocols: Iterable[ProtocolName] | None = None,
    idle_timeout: float | None = None,
    **options: Unpack[ListenOptions],
) -> None:
    """Serve `service` until SIGTERM or SIGINT, give running calls `drain` seconds to end, and return.

    It listens at `address`, by default the name of the service. If a service manager hands over sockets (LISTEN_FDS),
    only those are served, with the files and modes that the manager gave them. The manager is sent READY=1, STOPPING=1,
    and WATCHDOG=1 by the serving loop itself, so a loop that is stuck is restarted.

    With `workers`, that many processes serve the address. They are forked from this one, which keeps the name, replaces
    a worker that ends unexpectedly, and replaces all of them, one by one, on SIGHUP. Each has its own copy of
    everything: publishing, counting and limits hold within one worker. Raises RuntimeError if other threads are
    running, which the workers would lack, and WorkersFailed if workers keep ending before they serve.

    Log records from `log_level` on go to standard error, as JSON with `log_json`, unless logging is already set up;
    calls that are cut off after `drain` are logged. A second signal ends the program at once. `options` are those of
    listen(), the others those of ServerThread. Call it from the main thread.

    Raises what listen() raises; UnsuitableDescriptor for a socket in LISTEN_FDS that is no listening Unix stream
    socket, Unsupported for one that was handed to another process; and what ended the serving before its time.
    """
    check_keywords("run", options, ListenOptions, list(_OWN_OPTIONS))
    settings = RunSettings(drain, log_level, log_json, max_threads, protocols, idle_timeout)
    place = service.name if address is None else address
    if workers is not None:
        check_count(workers, "workers", minimum=1)
        if idle_timeout is not None:
            raise ValueError("idle_timeout= and workers= cannot be combined: workers that leave are replaced")
        protocols_at_address(protocols, service)
        if (others := threading.active_count() - 1) > 0:
            raise RuntimeError(
                f"run(workers={workers}) forks this process, and its other threads ({others}) would be missing in each "
                "worker: start them later, or use `localsocket serve MODULE:SERVICE --workers`, where each worker "
                "imports the module"
            )
        Supervisor(lambda: service, place, options, settings, count=workers).run()
        return
    settings.set_up_log()
    _serve(service, place, options, settings)


_OWN_OPTIONS = ("workers", "drain", "log_level", "log_json", "max_threads", "protocols", "idle_timeout")


def _serve(service: Service, place: str | os.PathLike[str], options: ListenOptions, settings: RunSettings) -> None:
    options.setdefault("limits", service.limits.of_socket())
    with StopSignals() as stop, serving(service, open_doors(place, options), settings) as servers:
        tell_when_stopped(servers, stop)
        where = ", ".join(server.address for server in servers)
        logger.info("serving %s at %s", service.name, where)
        notify("READY=1", f"STATUS=serving {service.name} at {where}")
        with telling_of_life(servers, watchdog_seconds(), partial(notify, "WATCHDOG=1")):
            stop.wait()
        notify("STOPPING=1", f"STATUS=stopping, for at most {settings.drain:g} s")
        logger.info("stopping")
