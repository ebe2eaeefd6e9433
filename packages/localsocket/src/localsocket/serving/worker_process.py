"""What a worker does: load the service, serve at the doors it is given, and leave when it is told to."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from localsocket.deadlines import Deadline
from localsocket.plain_lines import one_line
from localsocket.services.service import Service
from localsocket.serving.doors import admission_options
from localsocket.serving.log_lines import forget_our_log
from localsocket.serving.run_settings import RunSettings
from localsocket.serving.server_thread import ServerThread
from localsocket.serving.serving_here import serving, telling_of_life
from localsocket.serving.stop_signals import StopSignals
from localsocket.serving.worker_words import LEAVE, Word, names_of_files, say, take_doors
from localsocket.sockets.server import ListenOptions

Load = Callable[[], Service]

SETTLING = 0.5
"""Seconds in which those whom a worker has just let in may make their call, before it drains for the next one."""

_LOOK_AGAIN = 0.01

# A terminal tells all processes of a program; a worker hears from its supervisor.
_NOT_OURS = (signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Job:
    """What all workers of a program do."""

    load: Load
    options: ListenOptions
    settings: RunSettings
    count: int
    reloads: bool


def become_worker(channel: socket.socket, number: int, job: Job) -> None:
    """Do the job in this process, which was forked for it, and end it; what the program did before is not ended."""
    atexit._clear()
    status = 1
    try:
        status = _work(channel, number, job)
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()  # of the module that was loaded here
        logging.shutdown()
        os._exit(status)


def _work(channel: socket.socket, number: int, job: Job) -> int:
    for each in _NOT_OURS:
        signal.signal(each, _pass_over)
    forget_our_log()
    before = set(sys.modules)
    # What was compiled is known by the second and the size of its source: two changes may have both in common.
    sys.dont_write_bytecode |= job.reloads
    try:
        service = job.load()
        job.settings.set_up_log(worker=number)
        service._worker, service._workers = number, job.count
        say(channel, Word("loaded", service=service.name, files=names_of_files(before)))
        return _serve(channel, service, job)
    except SystemExit as end:
        return _failed(channel, before, end, f"it ended with {end.code!r}", end.code)
    except Exception as error:
        return _failed(channel, before, error, str(error) or type(error).__name__, getattr(error, "status", 1))


def _serve(channel: socket.socket, service: Service, job: Job) -> int:
    options = admission_options(job.options)
    options.setdefault("limits", service.limits.of_socket())
    if (given := take_doors(channel, options)) is None:
        return 0
    doors, watchdog = given
    settings = job.settings
    heard: list[bytes] = []
    with StopSignals([signal.SIGTERM]) as stop, serving(service, doors, settings) as servers:
        threading.Thread(target=_listen, args=[channel, heard, stop], daemon=True).start()
        say(channel, Word("ready"))
        with telling_of_life(servers, watchdog, partial(say, channel, Word("alive"))):
            stop.wait()
        if heard == [LEAVE]:
            _let_short_visits_end(servers, min(SETTLING, settings.drain))
    return 0


def _listen(channel: socket.socket, heard: list[bytes], stop: StopSignals) -> None:
    heard.append(channel.recv(len(LEAVE)))
    stop.tell()


def _let_short_visits_end(servers: Sequence[ServerThread], seconds: float) -> None:
    """Let nobody in, which others do now, and wait for those who come for one call and were let in just before."""
    for server in servers:
        server._close_server()
    deadline = Deadline(seconds)
    while any(server.server.open_connections for server in servers) and not deadline.has_passed():
        time.sleep(_LOOK_AGAIN)


def _failed(channel: socket.socket, before: set[str], error: BaseException, text: str, status: object) -> int:
    files = names_of_files(before)
    if isinstance(error.__context__, SyntaxError) and error.__context__.filename:
        files.append(error.__context__.filename)  # of a module that is not there for this
    say(channel, Word("failed", text=one_line(text), files=files))
    return status if isinstance(status, int) and status else 1


def _pass_over(*_: object) -> None:
    """Do nothing; unlike a signal that is ignored, this is not inherited by the programs that a worker starts."""
